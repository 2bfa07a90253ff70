#include "AttnSoftmax.h"
#include "AttnTileBody.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>
#include <numbers>

using namespace mlir;

namespace girih {

/// Finite, so that -inf scores before the first finite one weigh 0 and not NaN.
double firstMaximum(const tile::Schedule &schedule) {
  return schedule.fixedMaximum.value_or(0) ? 0 : std::numeric_limits<float>::lowest();
}

static RankedTensorType f32Tile(IndexBuilder &b, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, b.getF32Type());
}

Value f32Constant(IndexBuilder &b, ArrayRef<int64_t> shape, double value) {
  return arith::ConstantOp::create(b, DenseElementsAttr::get(f32Tile(b, shape), APFloat(static_cast<float>(value))));
}

Value multiple(IndexBuilder &b, ArrayRef<int64_t> shape, double number, Value factor) {
  if (!factor)
    return f32Constant(b, shape, number);
  Value scalar = arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(number)));
  return tile::SplatOp::create(b, f32Tile(b, shape), arith::MulFOp::create(b, factor, scalar));
}

Value fastExp2(IndexBuilder &b, Value exponent) { return math::Exp2Op::create(b, exponent, arith::FastMathFlags::afn); }

/// The maximum as exponents subtract it, less what makes the weights larger. Their sum, the
/// output and the log-sum-exp then need nothing else: the factor is in all of them.
static Value scaleMaximum(IndexBuilder &b, Value maximum, Value scale, Value offset, int64_t weightExponent) {
  Value added = offset;
  if (weightExponent) {
    added = f32Constant(b, cast<RankedTensorType>(maximum.getType()).getShape(), -weightExponent);
    if (offset)
      added = arith::AddFOp::create(b, offset, added);
  }
  if (!added)
    return arith::MulFOp::create(b, maximum, scale);
  return math::FmaOp::create(b, maximum, scale, added);
}

Weights weigh(IndexBuilder &b, attn::ForwardOp op, const tile::Schedule &schedule, const FactoredScores &scores,
              Value left, Value oldMaximum) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(scores.tile.getType()).getShape(), rows = shape.take_front();
  // exp(factor * x) is exp2(exponentScale * x)
  auto exponentScale = [&](ArrayRef<int64_t> of) { return multiple(b, of, scores.factor * std::numbers::log2e, left); };
  Weights result = {Value(), oldMaximum, Value(), Value()};
  auto exponentials = [&](Value exponents) {
    Value weights = fastExp2(b, exponents);
    if (int64_t polynomial = schedule.exp2Polynomial.value_or(0))
      weights.getDefiningOp()->setAttr(tile::kExp2PolynomialAttr, b.getI64IntegerAttr(polynomial));
    return weights;
  };
  auto scaledOffset = [&]() -> Value {
    if (!scores.offset)
      return {};
    return arith::MulFOp::create(b, scores.offset, f32Constant(b, rows, std::numbers::log2e));
  };
  auto scaledScores = [&](Value added) -> Value {
    if (!added)
      return arith::MulFOp::create(b, scores.tile, exponentScale(shape));
    Value shift = tile::BroadcastOp::create(b, f32Tile(b, shape), added);
    return math::FmaOp::create(b, scores.tile, exponentScale(shape), shift);
  };
  if (schedule.fixedMaximum.value_or(0)) {
    result.tile = exponentials(scaledScores(scaledOffset()));
    return result;
  }

  // The maximum is carried scaled and rounded, just as the exponents subtract it:
  // alpha is exactly 1 while it stays, so that no error grows with the length.
  Value tileMaximum = tile::ReduceOp::create(b, f32Tile(b, rows), tile::ReduceKind::Max, scores.tile);
  Value offset = scaledOffset();
  Value scaledMaximum = scaleMaximum(b, tileMaximum, exponentScale(rows), offset, weightExponent(op, schedule));
  Value maximum = arith::MaxNumFOp::create(b, oldMaximum, scaledMaximum);
  if (int64_t least = schedule.lazyRescale.value_or(0)) {
    // Weights may be up to 2^least too large: their sum has the same factor.
    Value growth = arith::SubFOp::create(b, maximum, oldMaximum);
    result.grown = arith::CmpFOp::create(b, arith::CmpFPredicate::UGT, growth, f32Constant(b, rows, least));
    maximum = arith::SelectOp::create(b, result.grown, maximum, oldMaximum);
  }
  result.maximum = maximum;
  Value negative = offset ? arith::SubFOp::create(b, offset, maximum) : arith::NegFOp::create(b, maximum).getResult();
  result.tile = exponentials(scaledScores(negative));
  result.alpha = fastExp2(b, arith::SubFOp::create(b, oldMaximum, maximum));
  // Who rescales in a role of its own is told the factor alone, which is 1 in other rows.
  if (result.grown && schedule.correctionRegisters.value_or(0))
    result.grown = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, result.alpha, f32Constant(b, rows, 1.0));
  return result;
}

} // namespace girih
