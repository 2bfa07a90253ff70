#include "ScoreSpec.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <cmath>

using namespace mlir;

namespace girih {

const char *const kScoreNames = "softcap(NUMBER) alibi alibi(slopes) bias bias(DIMENSIONS) relative(N) temperature";

/// Tables of relative positions have up to 2 N + 1 entries.
static constexpr int64_t kMostDistance = 1 << 24;

LogicalResult ScoreSpec::parse(StringRef text, function_ref<InFlightDiagnostic(StringRef)> error) {
  SmallVector<StringRef> names;
  text.split(names, '+');
  for (StringRef name : names) {
    FailureOr<Term> term = parseTerm(name, error);
    if (failed(term))
      return failure();
    terms.push_back(*term);
  }
  return success();
}

/// Some of the letters b, h, q and k, in this order.
static bool areDimensions(StringRef text) {
  size_t last = 0;
  for (char letter : text) {
    size_t place = StringRef("bhqk").find(letter, last);
    if (place == StringRef::npos)
      return false;
    last = place + 1;
  }
  return !text.empty();
}

FailureOr<ScoreSpec::Term> ScoreSpec::parseTerm(StringRef term, function_ref<InFlightDiagnostic(StringRef)> error) {
  auto [name, inner] = term.split('(');
  bool hasParentheses = term.contains('(');
  if (hasParentheses && !inner.consume_back(")"))
    name = ""; // none of those
  if (!hasParentheses && (name == "alibi" || name == "bias" || name == "temperature"))
    return Term{name == "alibi" ? Kind::Alibi : name == "bias" ? Kind::Bias : Kind::Temperature, "", 0};
  if (name == "alibi" && inner == "slopes")
    return Term{Kind::Slopes, inner, 0};
  if (name == "bias" && hasParentheses) {
    if (!areDimensions(inner))
      return error(inner.empty() ? term : inner)
             << "bias has '" << inner << "', must be some of the letters of bhqk in this order";
    return Term{Kind::Bias, inner, 0};
  }
  if (name == "relative" && hasParentheses) {
    int64_t most;
    if (inner.getAsInteger(10, most) || most < 1 || most > kMostDistance)
      return error(inner.empty() ? term : inner)
             << "relative has '" << inner << "', must be a number from 1 to " << kMostDistance;
    return Term{Kind::Relative, inner, double(most)};
  }
  if (name != "softcap" || !hasParentheses)
    return error(term) << "score is '" << term << "', must be one of " << kScoreNames << ", or several joined by +";
  double value;
  if (inner.getAsDouble(value) || !(value > 0) || !std::isnormal(static_cast<float>(value)))
    return error(inner.empty() ? term : inner) << "softcap has '" << inner << "', must be a number above 0";
  return Term{Kind::SoftCap, inner, value};
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

static Value toFloat(ImplicitLocOpBuilder &b, Value index) {
  return arith::SIToFPOp::create(b, b.getF32Type(), arith::IndexCastOp::create(b, b.getI32Type(), index));
}

/// 2^(-8 (h + 1) / heads) * (k - q).
static Value alibi(ImplicitLocOpBuilder &b, Value head, Value query, Value key, int64_t heads) {
  Value one = arith::ConstantIndexOp::create(b, 1);
  Value perHead = arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(-8.0 / double(heads))));
  Value exponent = arith::MulFOp::create(b, toFloat(b, arith::AddIOp::create(b, head, one)), perHead);
  Value distance = toFloat(b, arith::SubIOp::create(b, key, query));
  return arith::MulFOp::create(b, distance, math::Exp2Op::create(b, exponent));
}

/// The same with a captured slope for each head.
static Value slopes(ImplicitLocOpBuilder &b, attn::ForwardOp op, Block &block) {
  auto type = RankedTensorType::get(op.getQ().getType().getDimSize(1), b.getF32Type());
  Value tensor = attn::capture(op, "slopes", type, {"h"});
  Value slope = attn::LookupOp::create(b, b.getF32Type(), tensor, block.getArgument(2));
  Value distance = toFloat(b, arith::SubIOp::create(b, block.getArgument(4), block.getArgument(3)));
  return arith::MulFOp::create(b, distance, slope);
}

/// The sizes of the problem by the letters of a bias.
static int64_t sizeOf(attn::ForwardOp op, char letter) {
  RankedTensorType q = op.getQ().getType();
  return letter == 'k' ? op.getK().getType().getDimSize(2) : q.getDimSize(StringRef("bhq").find(letter));
}

static Value bias(ImplicitLocOpBuilder &b, attn::ForwardOp op, Block &block, StringRef letters) {
  std::string name = letters.empty() ? "bias" : ("bias_" + letters).str();
  SmallVector<int64_t> shape;
  SmallVector<StringRef> sizes;
  SmallVector<Value> indices;
  for (char letter : letters.empty() ? StringRef("bhqk") : letters) {
    size_t place = StringRef("bhqk").find(letter);
    constexpr StringLiteral kSizes[] = {"b", "h", "sq", "skv"};
    shape.push_back(sizeOf(op, letter));
    sizes.push_back(kSizes[place]);
    indices.push_back(block.getArgument(1 + place));
  }
  // No scores are added in 8 bits.
  Type element = (op.hasNarrowInputs() ? op.getOutput() : op.getQ()).getType().getElementType();
  Value tensor = attn::capture(op, name, RankedTensorType::get(shape, element), sizes);
  return attn::LookupOp::create(b, b.getF32Type(), tensor, indices);
}

/// The entry of a table [h, 2 most + 1] for the distance of the key from the query; beyond the
/// table, its first or last.
static Value relative(ImplicitLocOpBuilder &b, attn::ForwardOp op, Block &block, int64_t most) {
  auto type = RankedTensorType::get({sizeOf(op, 'h'), 2 * most + 1}, b.getF32Type());
  Value tensor = attn::capture(op, "relative", type, {"h", "distances"});
  Value distance = arith::SubIOp::create(b, block.getArgument(4), block.getArgument(3));
  Value index = arith::AddIOp::create(b, distance, arith::ConstantIndexOp::create(b, most));
  return attn::LookupOp::create(b, b.getF32Type(), tensor, ValueRange{block.getArgument(2), index});
}

void ScoreSpec::build(attn::ForwardOp op, int64_t heads) const {
  if (terms.empty())
    return;
  ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
  SmallVector<Type> types(5, b.getIndexType());
  types[0] = b.getF32Type();
  Block *block = b.createBlock(&op.getScore(), {}, types, SmallVector<Location>(5, op.getLoc()));
  Value score = block->getArgument(0);
  auto add = [&](Value other) { score = arith::AddFOp::create(b, score, other); };
  for (const Term &term : terms)
    switch (term.kind) {
    case Kind::SoftCap:
      score = softCap(b, score, term.value);
      break;
    case Kind::Alibi:
      add(alibi(b, block->getArgument(2), block->getArgument(3), block->getArgument(4), heads));
      break;
    case Kind::Slopes:
      add(slopes(b, op, *block));
      break;
    case Kind::Bias:
      add(bias(b, op, *block, term.text));
      break;
    case Kind::Relative:
      add(relative(b, op, *block, static_cast<int64_t>(term.value)));
      break;
    case Kind::Temperature:
      score = arith::MulFOp::create(b, score, attn::capture(op, "temperature", b.getF32Type()));
      break;
    }
  attn::YieldOp::create(b, score);
}

std::string ScoreSpec::suffix() const {
  std::string text;
  for (const Term &term : terms) {
    constexpr StringLiteral kNames[] = {"softcap", "alibi", "alibi_", "bias", "relative", "temperature"};
    text += ("_" + kNames[static_cast<int>(term.kind)] + term.text).str();
  }
  return text;
}

} // namespace girih
