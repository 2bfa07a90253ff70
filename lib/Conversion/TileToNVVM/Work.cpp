// Work items that CTAs take from a counter, and numbers in shared memory.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {
namespace {

/// CTAs start with the first items, so the first answer is the number of CTAs. Each of
/// the others' items is asked for once, and once more by each CTA that finds none left:
/// as often as there are items. An increment that wraps there leaves the counter at 0 for
/// the next launch.
struct ConvertNextWork : OpConversionPattern<tile::NextWorkOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::NextWorkOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!isa<LLVM::LLVMPointerType>(adaptor.getCounter().getType()))
      return op.emitOpError("has a counter that the loader does not pass: run tile-bind-arguments first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value items = arith::IndexCastOp::create(b, b.getI32Type(), op.getItems());
    Value last = arith::SubIOp::create(b, items, constantI32(b, 1));
    Value taken = LLVM::AtomicRMWOp::create(b, LLVM::AtomicBinOp::uinc_wrap, adaptor.getCounter(), last,
                                            LLVM::AtomicOrdering::monotonic, "device");
    Value ctas = arith::IndexCastOp::create(b, b.getI32Type(), gpu::GridDimOp::create(b, gpu::Dimension::x));
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, b.getIndexType(), arith::AddIOp::create(b, ctas, taken));
    return success();
  }
};

struct ConvertWriteNumber : OpConversionPattern<tile::WriteNumberOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::WriteNumberOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value number = arith::IndexCastOp::create(b, b.getI32Type(), op.getNumber());
    LLVM::StoreOp::create(b, number, sharedPointer(b, adaptor.getDest()));
    rewriter.eraseOp(op);
    return success();
  }
};

/// Every lane has read before the first tells so. That it is one number for the warp, so
/// that loops and branches that depend on it are uniform, the assembler learns from the
/// shuffle.
struct ConvertReadNumber : OpConversionPattern<tile::ReadNumberOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::ReadNumberOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value number = LLVM::LoadOp::create(b, b.getI32Type(), sharedPointer(b, adaptor.getSource()));
    if (!op->hasAttr(kOneThreadAttr)) {
      Value all = constantI32(b, -1);
      NVVM::SyncWarpOp::create(b, all);
      number = NVVM::ShflOp::create(b, b.getI32Type(), all, number, constantI32(b, 0), constantI32(b, 31),
                                    NVVM::ShflKind::idx, UnitAttr());
    }
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, b.getIndexType(), number);
    return success();
  }
};

} // namespace

void populateWorkPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertNextWork, ConvertWriteNumber, ConvertReadNumber>(converter, patterns.getContext());
}

} // namespace girih
