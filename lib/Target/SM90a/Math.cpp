// Functions and conversions that have an instruction of their own.
#include "SM90a.h"
#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace girih::sm90a {
namespace {

constexpr int kBenefit = 2; // over the shared elementwise pattern

bool isF32Fragment(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile && tile::fragmentEncoding(tile) && tile.getElementType().isF32();
}

/// One approximate instruction per element. Their errors, 2 units in the last
/// place of f32 at most (PTX ISA, "ex2", "lg2", "div.approx"), vanish beside the
/// rounding of 16-bit operands.
template <typename OpTy> struct ConvertToIntrinsic : OpConversionPattern<OpTy> {
  ConvertToIntrinsic(const TypeConverter &converter, MLIRContext *context, StringRef intrinsic)
      : OpConversionPattern<OpTy>(converter, context, kBenefit), intrinsic(intrinsic) {}

  LogicalResult matchAndRewrite(OpTy op, typename OpTy::template GenericAdaptor<ArrayRef<ValueRange>> adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isF32Fragment(op.getType()))
      return rewriter.notifyMatchFailure(op, "not an f32 tile in registers");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ArrayRef<ValueRange> columns = adaptor.getOperands();
    SmallVector<Value> elements;
    for (size_t i = 0; i < columns[0].size(); ++i) {
      SmallVector<Value> scalars;
      for (ValueRange column : columns)
        scalars.push_back(column[i]);
      elements.push_back(
          LLVM::CallIntrinsicOp::create(b, b.getF32Type(), b.getStringAttr(intrinsic), scalars).getResult(0));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }

  StringRef intrinsic;
};

/// Two elements round into one register by one instruction, the second into the
/// upper half (PTX ISA, "cvt").
struct ConvertTruncF : OpConversionPattern<arith::TruncFOp> {
  ConvertTruncF(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, kBenefit) {}

  LogicalResult matchAndRewrite(arith::TruncFOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!type || !isF32Fragment(op.getIn().getType()) || type.getElementTypeBitWidth() != 16)
      return rewriter.notifyMatchFailure(op, "not f32 to 16 bits in registers");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    StringRef intrinsic = type.getElementType().isBF16() ? "llvm.nvvm.ff2bf16x2.rn" : "llvm.nvvm.ff2f16x2.rn";
    auto pair = VectorType::get(2, type.getElementType());
    ValueRange elements = adaptor.getIn();
    SmallVector<Value> registers;
    for (size_t i = 0; i < elements.size(); i += 2)
      registers.push_back(
          LLVM::CallIntrinsicOp::create(b, pair, b.getStringAttr(intrinsic), ValueRange{elements[i + 1], elements[i]})
              .getResult(0));
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

} // namespace

void populateMathPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<ConvertToIntrinsic<math::Exp2Op>>(converter, context, "llvm.nvvm.ex2.approx.ftz.f32");
  patterns.add<ConvertToIntrinsic<math::Log2Op>>(converter, context, "llvm.nvvm.lg2.approx.ftz.f");
  patterns.add<ConvertToIntrinsic<arith::DivFOp>>(converter, context, "llvm.nvvm.div.approx.ftz.f");
  patterns.add<ConvertTruncF>(converter, context);
}

} // namespace girih::sm90a
