#include "Exp2.h"
#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace girih::exp2 {
namespace {

/// A sum rounded down, for which arith has no op.
Value addDownwards(ImplicitLocOpBuilder &b, Value x, Value y) {
  auto pair = dyn_cast<VectorType>(x.getType());
  if (!pair)
    return LLVM::CallIntrinsicOp::create(b, x.getType(), b.getStringAttr("llvm.nvvm.add.rm.f"), ValueRange{x, y})
        .getResult(0);
  SmallVector<Value> sums;
  for (int64_t i = 0; i < pair.getNumElements(); ++i)
    sums.push_back(addDownwards(b, vector::ExtractOp::create(b, x, i), vector::ExtractOp::create(b, y, i)));
  return vector::FromElementsOp::create(b, pair, sums);
}

/// Of an f32 or of a pair of such: 0 below 2^-126, as the special function unit's form with
/// .ftz has it; NaN stays NaN.
Value evaluate(ImplicitLocOpBuilder &b, Value x) {
  auto withShape = [&](Type element) -> Type {
    auto pair = dyn_cast<VectorType>(x.getType());
    return pair ? Type(pair.clone(element)) : element;
  };
  auto constant = [&](TypedAttr value) -> Value {
    if (auto type = dyn_cast<VectorType>(withShape(value.getType())))
      value = DenseElementsAttr::get(type, Attribute(value));
    return arith::ConstantOp::create(b, value);
  };
  auto number = [&](float value) { return constant(b.getF32FloatAttr(value)); };
  x = arith::MaximumFOp::create(b, x, number(kLeastInput));
  Value bias = number(kFloorBias);
  Value biased = addDownwards(b, x, bias);
  Value fraction = arith::SubFOp::create(b, x, arith::SubFOp::create(b, biased, bias));
  Value mantissa = number(kCoefficients[3]);
  for (int degree = 2; degree >= 0; --degree)
    mantissa = math::FmaOp::create(b, fraction, mantissa, number(kCoefficients[degree]));
  Value bits = arith::BitcastOp::create(b, withShape(b.getI32Type()), biased);
  bits = arith::ShLIOp::create(b, bits, constant(b.getI32IntegerAttr(23)));
  return arith::MulFOp::create(b, mantissa, arith::BitcastOp::create(b, x.getType(), bits));
}

/// Which elements are computed so is a matter of their number in the thread alone, so that
/// all threads run the same code: the last ones of every period. Where there are
/// instructions on pairs, neighbours go together.
struct ConvertExp2 : OpConversionPattern<math::Exp2Op> {
  ConvertExp2(const TypeConverter &converter, MLIRContext *context, bool hasPairs)
      : OpConversionPattern(converter, context, /*benefit=*/2), hasPairs(hasPairs) {}

  LogicalResult matchAndRewrite(math::Exp2Op op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto count = op->getAttrOfType<IntegerAttr>(tile::kExp2PolynomialAttr);
    if (!count || !tile::fragmentEncoding(op.getType()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ValueRange inputs = adaptor.getOperand();
    auto isPolynomial = [&](size_t i) {
      return i < inputs.size() && static_cast<int64_t>(i) % tile::kExp2Period >= tile::kExp2Period - count.getInt();
    };
    SmallVector<Value> results;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (!isPolynomial(i)) {
        results.push_back(math::Exp2Op::create(b, inputs[i], op.getFastmath()));
      } else if (hasPairs && i % 2 == 0 && isPolynomial(i + 1)) {
        auto type = VectorType::get(2, b.getF32Type());
        Value pair = evaluate(b, vector::FromElementsOp::create(b, type, ValueRange{inputs[i], inputs[i + 1]}));
        for (int64_t half = 0; half < 2; ++half)
          results.push_back(vector::ExtractOp::create(b, pair, half));
        ++i;
      } else {
        results.push_back(evaluate(b, inputs[i]));
      }
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }

  bool hasPairs;
};

} // namespace

void populatePatterns(const TypeConverter &converter, RewritePatternSet &patterns, bool hasPairs) {
  patterns.add<ConvertExp2>(converter, patterns.getContext(), hasPairs);
}

} // namespace girih::exp2
