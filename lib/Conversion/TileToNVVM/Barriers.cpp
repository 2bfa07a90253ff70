// Barriers in shared memory.
#include "Patterns.h"
#include "girih/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace mlir;

namespace girih {

void syncThreads(ImplicitLocOpBuilder &b, Value barrier, Value threads) {
  LLVM::CallIntrinsicOp::create(b, b.getStringAttr("llvm.nvvm.barrier.cta.sync.aligned.count"), {barrier, threads});
}

/// The loop around try_wait stands inside the assembly, so that the kernel's main
/// loop stays one block for LLVM.
void awaitPhase(ImplicitLocOpBuilder &b, Value barrier, Value parity, bool hearsCluster) {
  StringRef scope = hearsCluster ? ".acquire.cluster" : "";
  emitPtx(b, {},
          ("{ .reg .pred done; again: "
           "mbarrier.try_wait.parity" +
           scope +
           ".shared::cta.b64 done, [$0], $1; "
           "@!done bra again; }")
              .str(),
          "r,r", {barrier, parity});
}

namespace {

/// Whether the chip has the tensor memory that a barrier orders; else a diagnostic.
LogicalResult checkOrdered(Operation *op, bool ordersTensorMemory, const Target &target) {
  if (!ordersTensorMemory || target.hasTensorMemory())
    return success();
  return op->emitOpError() << "orders accesses of tensor memory, which " << target.chip() << " does not have";
}

struct ConvertWait : OpConversionPattern<tile::BarrierWaitOp> {
  ConvertWait(const TypeConverter &converter, MLIRContext *context, const Target &target)
      : OpConversionPattern(converter, context), target(target) {}

  LogicalResult matchAndRewrite(tile::BarrierWaitOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(checkOrdered(op, op.getTensorMemory(), target)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value address = barrierAddress(b, adaptor.getBarriers(), adaptor.getIndex());
    awaitPhase(b, address, adaptor.getParity(), op.getCluster() && !isAssumed(op, tile::kRemoteScope));
    if (op.getTensorMemory())
      target.fenceTensorMemory(b, Target::Fence::AfterWait);
    rewriter.eraseOp(op);
    return success();
  }

  const Target &target;
};

/// Whoever waits at the barrier of another CTA hears of this thread by the scope, or because there is no
/// cache between them.
StringRef remoteScope(Operation *op) { return isAssumed(op, tile::kRemoteScope) ? "" : ".release.cluster"; }

/// Lane 0 of each warp arrives, or the role's one thread; at all CTAs of a cluster, a lane for each. With `after`, the
/// address is computed from the sign bit of that element, which is zero (also in a NaN that an instruction
/// makes), so that neither LLVM nor ptxas can arrive before the element is known.
struct ConvertArrive : OpConversionPattern<tile::BarrierArriveOp> {
  ConvertArrive(const TypeConverter &converter, MLIRContext *context, const Target &target)
      : OpConversionPattern(converter, context), target(target) {}

  LogicalResult matchAndRewrite(tile::BarrierArriveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (failed(checkOrdered(op, op.getTensorMemory(), target)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value address = barrierAddress(b, adaptor.getBarriers().front(), adaptor.getIndex().front());
    if (op.getAfter()) {
      Value bits = arith::BitcastOp::create(b, b.getI32Type(), adaptor.getAfter()[op.getElement()]);
      address = arith::AddIOp::create(b, address, arith::ShRUIOp::create(b, bits, constantI32(b, 31)));
    }
    std::string arrive = "mbarrier.arrive.shared::cta.b64 _, [$0];";
    std::string remote = ("mbarrier.arrive" + remoteScope(op) + ".shared::cluster.b64 _, ").str();
    if (op.getLeader()) {
      arrive = remote + "[$0];";
      address = inLeader(b, address);
    }
    if (op->hasAttr(kOneThreadAttr)) {
      for (int64_t cta = 0; op.getMulticast() && cta < clusterOf(op); ++cta)
        emitPtx(b, {}, remote + "[$0];", "r", {inCta(b, address, cta)});
      if (!op.getMulticast())
        emitPtx(b, {}, arrive, "r", {address});
      rewriter.eraseOp(op);
      return success();
    }
    Value lane = laneId(b);
    if (!op.getMulticast()) {
      Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lane, constantI32(b, 0));
      lane = arith::ExtUIOp::create(b, b.getI32Type(), isFirst);
      arrive = "{ .reg .pred first; setp.ne.b32 first, $1, 0; @first " + arrive + " }";
    } else { // a lane for each CTA
      arrive = "{ .reg .pred one; .reg .b32 remote; setp.lt.u32 one, $1, " + std::to_string(clusterOf(op)) +
               "; @one mapa.shared::cluster.u32 remote, $0, $1; @one " + remote + "[remote]; }";
    }
    if (op.getTensorMemory())
      target.fenceTensorMemory(b, Target::Fence::BeforeSignal);
    emitPtx(b, {}, arrive, "r,r", {address, lane});
    if (op->hasAttr(kEarlyAttr))
      endBlock(b, address);
    rewriter.eraseOp(op);
    return success();
  }

  /// ptxas puts arrivals behind all arithmetic of their block, so the block ends: by a branch of
  /// which ptxas cannot tell that it is never taken. No address in shared memory is that high.
  static void endBlock(ImplicitLocOpBuilder &b, Value address) {
    emitPtx(b, {},
            "{ .reg .pred go; again: setp.ne.u32 go, $0, 0x7ffffff8; @go bra done; "
            "nanosleep.u32 1; bra again; done: }",
            "r", address);
  }

  const Target &target;
};

struct ConvertExpect : OpConversionPattern<tile::BarrierExpectOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::BarrierExpectOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value address = barrierAddress(b, adaptor.getBarriers(), adaptor.getIndex());
    SmallVector<Value> operands = {address, constantI32(b, op.getBytes())};
    std::string before, predicate;
    if (op.getLeader() && clusterOf(op) > 1) {
      operands.push_back(arith::ExtUIOp::create(b, b.getI32Type(), isLeader(b)));
      before = ".reg .pred leader; setp.ne.b32 leader, $2, 0; ";
      predicate = "@leader ";
    } else if (op->hasAttr(kElectedAttr)) {
      before = kElect;
      predicate = "@one ";
    }
    std::string expect = predicate + "mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1;";
    for (int64_t cta = 1, ctas = op.getPair() ? ctasOfProgram(op) : 1; cta < ctas; ++cta) {
      expect += llvm::formatv(" {0}mbarrier.arrive.expect_tx{1}.shared::cluster.b64 _, [${2}], $1;", predicate,
                              remoteScope(op), operands.size());
      operands.push_back(inCta(b, address, cta));
    }
    std::string constraints = llvm::join(SmallVector<StringRef>(operands.size(), "r"), ",");
    emitPtx(b, {}, before.empty() ? expect : "{ " + before + expect + " }", constraints, operands);
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertSync : OpConversionPattern<tile::SyncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::SyncOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    syncThreads(b, op.getBarrier(), op.getThreads());
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void populateBarrierPatterns(const TypeConverter &converter, RewritePatternSet &patterns, const Target &target) {
  patterns.add<ConvertWait, ConvertArrive>(converter, patterns.getContext(), target);
  patterns.add<ConvertExpect, ConvertSync>(converter, patterns.getContext());
}

} // namespace girih
