// The range of each value of a score region follows from those of its operands. Scores, and what is captured,
// can be anything; tanh and its like have ranges of their own, from which the others take theirs.
#include "dialects/Attn/ScoreBound.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/IR/ConstantFPRange.h"

using namespace mlir;
using namespace girih;
using llvm::ConstantFPRange;

static ConstantFPRange between(float least, float most) {
  return ConstantFPRange::getNonNaN(APFloat(least), APFloat(most));
}

namespace {

class Ranges {
public:
  ConstantFPRange of(Value value) {
    if (auto known = ranges.find(value); known != ranges.end())
      return known->second;
    ConstantFPRange range = compute(value);
    ranges.try_emplace(value, range);
    return range;
  }

  /// Of a result: what hides a score needs no bound.
  ConstantFPRange ofShown(Value score);

private:
  ConstantFPRange compute(Value value);

  llvm::DenseMap<Value, ConstantFPRange> ranges;
};

ConstantFPRange Ranges::compute(Value value) {
  const ConstantFPRange full = ConstantFPRange::getFull(APFloat::IEEEsingle());
  Operation *op = value.getDefiningOp();
  if (!op || !value.getType().isF32())
    return full;
  auto operand = [&](unsigned i) { return of(op->getOperand(i)); };
  return llvm::TypeSwitch<Operation *, ConstantFPRange>(op)
      .Case([](arith::ConstantOp constant) { return ConstantFPRange(cast<FloatAttr>(constant.getValue()).getValue()); })
      .Case<math::TanhOp, math::ErfOp, math::SinOp, math::CosOp>([](auto) { return between(-1, 1); })
      .Case<math::ExpOp, math::Exp2Op>([](auto) { return between(0, std::numeric_limits<float>::infinity()); })
      .Case([&](math::AbsFOp) { return operand(0).abs(); })
      .Case([&](arith::NegFOp) { return operand(0).negate(); })
      .Case([&](arith::AddFOp) { return operand(0).add(operand(1)); })
      .Case([&](arith::SubFOp) { return operand(0).sub(operand(1)); })
      .Case([&](arith::MulFOp) { return operand(0).mul(operand(1)); })
      .Case([&](arith::DivFOp) { return operand(0).div(operand(1)); })
      .Case([&](arith::SelectOp) { return operand(1).unionWith(operand(2)); })
      .Default(full);
}

ConstantFPRange Ranges::ofShown(Value score) {
  auto select = score.getDefiningOp<arith::SelectOp>();
  if (!select)
    return of(score);
  if (matchPattern(select.getTrueValue(), m_NegInfFloat()))
    return ofShown(select.getFalseValue());
  if (matchPattern(select.getFalseValue(), m_NegInfFloat()))
    return ofShown(select.getTrueValue());
  return ofShown(select.getTrueValue()).unionWith(ofShown(select.getFalseValue()));
}

} // namespace

std::optional<double> attn::scoreBound(ForwardOp op) {
  if (op.getScore().empty())
    return std::nullopt;
  ConstantFPRange range = Ranges().ofShown(op.getScore().front().getTerminator()->getOperand(0)).abs();
  if (!range.getUpper().isFinite())
    return std::nullopt;
  return range.getUpper().convertToFloat();
}
