// Work items that CTAs take while they run, and numbers in shared memory.
#include "Patterns.h"
#include "girih/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/Support/FormatVariadic.h"
#include <limits>

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
    if (!adaptor.getCounter())
      return op.emitOpError("has no counter: run tile-specialize first");
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

struct ConvertRequestWork : OpConversionPattern<tile::RequestWorkOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::RequestWorkOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getBarriers())
      return op.emitOpError("has no barrier: run tile-lower-channels first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value barrier = barrierAddress(b, adaptor.getBarriers(), op.getBarrier());
    if (op->hasAttr(kElectedAttr)) {
      StringRef multicast = op.getPair() ? ".multicast::cluster::all" : "";
      std::string request = ("@one clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes" +
                             multicast + ".b128 [$0], [$1]; }")
                                .str();
      emitPtx(b, {}, "{ " + kElect.str() + request, "r,r", {adaptor.getDest(), barrier});
    } else {
      NVVM::ClusterLaunchControlTryCancelOp::create(b, op.getPair(), sharedPointer(b, adaptor.getDest()),
                                                    sharedPointer(b, barrier));
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// Every lane has read before the first tells so. That it is one number for the warp, so
/// that loops and branches that depend on it are uniform, the assembler learns from the
/// shuffle.
Value sameInWarp(ImplicitLocOpBuilder &b, Operation *op, Value number) {
  if (op->hasAttr(kOneThreadAttr))
    return number;
  Value all = constantI32(b, -1);
  NVVM::SyncWarpOp::create(b, all);
  return NVVM::ShflOp::create(b, b.getI32Type(), all, number, constantI32(b, 0), constantI32(b, 31),
                              NVVM::ShflKind::idx, UnitAttr());
}

/// As soon as the slot is released, the next answer may be written over this one, by the
/// asynchronous proxy: hence the fence.
struct ConvertReadWork : OpConversionPattern<tile::ReadWorkOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::ReadWorkOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    // Only where there is an item has the answer a number, so that is asked for under a predicate: LLVM would
    // do so before a branch.
    int64_t ctas = ctasOfProgram(op);
    std::string ptx = llvm::formatv(
        "{{ .reg .pred there; .reg .b128 answer; ld.shared.b128 answer, [$1]; "
        "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 there, answer; mov.u32 $0, {0}; "
        "@there clusterlaunchcontrol.query_cancel.get_first_ctaid::x.b32.b128 $0, answer; {1}}",
        std::numeric_limits<int32_t>::max(), ctas > 1 ? llvm::formatv("@there div.u32 $0, $0, {0}; ", ctas).str() : "");
    Value work = emitPtx(b, b.getI32Type(), ptx, "=r,r", adaptor.getSource()).getResult(0);
    NVVM::FenceProxyOp::create(b, NVVM::ProxyKindAttr::get(b.getContext(), NVVM::ProxyKind::async_shared),
                               NVVM::SharedSpaceAttr::get(b.getContext(), NVVM::SharedSpace::shared_cta));
    Value number = sameInWarp(b, op, work);
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, b.getIndexType(), number);
    return success();
  }
};

struct ConvertReadNumber : OpConversionPattern<tile::ReadNumberOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::ReadNumberOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value number = LLVM::LoadOp::create(b, b.getI32Type(), sharedPointer(b, adaptor.getSource()));
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, b.getIndexType(), sameInWarp(b, op, number));
    return success();
  }
};

} // namespace

void populateWorkPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertNextWork, ConvertRequestWork, ConvertReadWork, ConvertWriteNumber, ConvertReadNumber>(
      converter, patterns.getContext());
}

} // namespace girih
