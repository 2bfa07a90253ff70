#include "Exp2.h"
#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace girih::exp2 {
namespace {

/// 0 below 2^-126, as the special function unit's form with .ftz has it; NaN stays NaN.
Value evaluate(ImplicitLocOpBuilder &b, Value x) {
  auto constant = [&](float value) -> Value { return arith::ConstantOp::create(b, b.getF32FloatAttr(value)); };
  x = arith::MaximumFOp::create(b, x, constant(kLeastInput));
  Value bias = constant(kFloorBias);
  Value biased =
      LLVM::CallIntrinsicOp::create(b, x.getType(), b.getStringAttr("llvm.nvvm.add.rm.f"), ValueRange{x, bias})
          .getResult(0);
  Value fraction = arith::SubFOp::create(b, x, arith::SubFOp::create(b, biased, bias));
  Value mantissa = constant(kCoefficients[3]);
  for (int degree = 2; degree >= 0; --degree)
    mantissa = math::FmaOp::create(b, fraction, mantissa, constant(kCoefficients[degree]));
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), biased);
  Value power = arith::BitcastOp::create(b, b.getF32Type(), arith::ShLIOp::create(b, bits, constantI32(b, 23)));
  return arith::MulFOp::create(b, mantissa, power);
}

/// Which elements are computed so is a matter of their number in the thread alone, so that
/// all threads run the same code: the last ones of every period.
struct ConvertExp2 : OpConversionPattern<math::Exp2Op> {
  ConvertExp2(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(math::Exp2Op op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto count = op->getAttrOfType<IntegerAttr>(tile::kExp2PolynomialAttr);
    if (!count || !tile::fragmentEncoding(op.getType()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    int64_t first = tile::kExp2Period - count.getInt();
    SmallVector<Value> results;
    for (auto [i, x] : llvm::enumerate(adaptor.getOperand()))
      results.push_back(static_cast<int64_t>(i) % tile::kExp2Period >= first
                            ? evaluate(b, x)
                            : math::Exp2Op::create(b, x, op.getFastmath()).getResult());
    rewriter.replaceOpWithMultiple(op, {results});
    return success();
  }
};

} // namespace

void populatePatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertExp2>(converter, patterns.getContext());
}

} // namespace girih::exp2
