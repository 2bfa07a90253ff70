#include "ScoreSpec.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <cmath>

using namespace mlir;

namespace girih {

LogicalResult ScoreSpec::parse(StringRef text, function_ref<InFlightDiagnostic(StringRef)> error) {
  SmallVector<StringRef> names;
  text.split(names, '+');
  for (StringRef term : names) {
    if (term == "alibi") {
      terms.push_back({Kind::Alibi, "", 0});
      continue;
    }
    StringRef number = term;
    if (!number.consume_front("softcap(") || !number.consume_back(")"))
      return error(term) << "score is '" << term << "', must be one of softcap(NUMBER) alibi, or several joined by +";
    double value;
    if (number.getAsDouble(value) || !(value > 0) || !std::isnormal(static_cast<float>(value)))
      return error(number) << "softcap has '" << number << "', must be a number above 0";
    terms.push_back({Kind::SoftCap, number, value});
  }
  return success();
}

bool ScoreSpec::needsHeads() const {
  return llvm::any_of(terms, [](const Term &term) { return term.kind == Kind::Alibi; });
}

/// cap * tanh(score / cap), by the hardware's tanh.
static Value softCap(ImplicitLocOpBuilder &b, Value score, double cap) {
  Value limit = arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(cap)));
  Value inside = math::TanhOp::create(b, arith::DivFOp::create(b, score, limit), arith::FastMathFlags::afn);
  return arith::MulFOp::create(b, inside, limit);
}

/// score + 2^(-8 (h + 1) / heads) * (k - q).
static Value alibi(ImplicitLocOpBuilder &b, Value score, Value head, Value query, Value key, int64_t heads) {
  auto toFloat = [&](Value index) -> Value {
    return arith::SIToFPOp::create(b, b.getF32Type(), arith::IndexCastOp::create(b, b.getI32Type(), index));
  };
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value perHead = arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(-8.0 / double(heads))));
  Value exponent = arith::MulFOp::create(b, toFloat(arith::AddIOp::create(b, head, one)), perHead);
  Value distance = toFloat(arith::SubIOp::create(b, key, query));
  Value bias = arith::MulFOp::create(b, distance, math::Exp2Op::create(b, exponent));
  return arith::AddFOp::create(b, score, bias);
}

void ScoreSpec::build(attn::ForwardOp op, int64_t heads) const {
  if (terms.empty())
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
  SmallVector<Type> types(5, b.getIndexType());
  types[0] = b.getF32Type();
  Block *block = b.createBlock(&op.getScore(), {}, types, SmallVector<Location>(5, op.getLoc()));
  Value score = block->getArgument(0);
  for (const Term &term : terms)
    score = term.kind == Kind::SoftCap
                ? softCap(b, score, term.value)
                : alibi(b, score, block->getArgument(2), block->getArgument(3), block->getArgument(4), heads);
  attn::YieldOp::create(b, score);
}

std::string ScoreSpec::suffix() const {
  std::string text;
  for (const Term &term : terms)
    text += term.kind == Kind::SoftCap ? "_softcap" + term.number.str() : "_alibi";
  return text;
}

} // namespace girih
