// CTAs of a cluster, which share work items and see each other's shared memory.
#include "Patterns.h"
#include "girih/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace girih {

void syncAll(ImplicitLocOpBuilder &b, int64_t cluster) {
  if (cluster == 1) {
    NVVM::Barrier0Op::create(b);
    return;
  }
  NVVM::ClusterArriveOp::create(b, b.getUnitAttr());
  NVVM::ClusterWaitOp::create(b, b.getUnitAttr());
}

Value isLeader(ImplicitLocOpBuilder &b) {
  Value cta = gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, cta, arith::ConstantIndexOp::create(b, 0));
}

Value clusterPointer(ImplicitLocOpBuilder &b, Value address) {
  auto space = static_cast<unsigned>(NVVM::NVVMMemorySpace::SharedCluster);
  return LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), space), address);
}

/// PTX ISA, "mapa". Without effects, so that loops compute it once.
static Value mapAddress(ImplicitLocOpBuilder &b, StringRef cta, StringRef constraints, ValueRange operands) {
  return LLVM::InlineAsmOp::create(b, b.getI32Type(), operands, ("mapa.shared::cluster.u32 $0, $1, " + cta + ";").str(),
                                   constraints, /*has_side_effects=*/false, /*is_align_stack=*/false,
                                   LLVM::TailCallKind::None,
                                   LLVM::AsmDialectAttr::get(b.getContext(), LLVM::AsmDialect::AD_ATT), ArrayAttr())
      .getRes();
}

Value inCta(ImplicitLocOpBuilder &b, Value address, int64_t cta) {
  return mapAddress(b, std::to_string(cta), "=r,r", address);
}

Value inLeader(ImplicitLocOpBuilder &b, Value address) { return inCta(b, address, 0); }

namespace {

/// The registers of a worker's threads in a slot: vectors of 16 bytes where they suffice, those of all threads
/// side by side, so that banks are even.
class Exchange {
public:
  Exchange(ImplicitLocOpBuilder &b, tile::ClusterReduceOp op, Value buffer, size_t registers)
      : b(b), width(registers % 4 == 0   ? 4
                    : registers % 2 == 0 ? 2
                                         : 1),
        registers(registers) {
    Value worker = arith::IndexCastOp::create(b, b.getI32Type(), op.getWorker());
    Value offset = arith::MulIOp::create(b, worker, constantI32(b, tile::sharedBytes(op.slotType())));
    Value warp = arith::MulIOp::create(b, warpInWorker(b), constantI32(b, kThreadsPerWorker / kWarpsPerWorker));
    Value thread = arith::AddIOp::create(b, warp, laneId(b));
    mine = arith::AddIOp::create(b, arith::AddIOp::create(b, buffer, offset),
                                 arith::MulIOp::create(b, thread, constantI32(b, bytes())));
  }

  void write(ValueRange values) {
    for (size_t i = 0; i < registers; i += width) {
      Value vector = vector::FromElementsOp::create(b, type(), values.slice(i, width));
      LLVM::StoreOp::create(b, vector, sharedPointer(b, at(mine, i)), bytes());
    }
  }

  SmallVector<Value> read(Value cta) {
    Value start = mapAddress(b, "$2", "=r,r,r", {mine, cta});
    SmallVector<Value> values;
    for (size_t i = 0; i < registers; i += width) {
      Value vector = LLVM::LoadOp::create(b, type(), clusterPointer(b, at(start, i)), bytes());
      llvm::append_range(values, vector::ToElementsOp::create(b, vector).getResults());
    }
    return values;
  }

private:
  int64_t bytes() const { return width * 4; }
  VectorType type() { return VectorType::get(int64_t(width), b.getF32Type()); }
  Value at(Value start, size_t i) {
    return b.createOrFold<arith::AddIOp>(start, constantI32(b, int64_t(i) * 4 * kThreadsPerWorker));
  }

  ImplicitLocOpBuilder &b;
  size_t width, registers;
  Value mine;
};

struct ConvertClusterReduce : OpConversionPattern<tile::ClusterReduceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::ClusterReduceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getBuffer())
      return op.emitOpError("has no slots: run tile-lower-channels first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> registers(adaptor.getTile());
    Exchange exchange(b, op, adaptor.getBuffer().front(), registers.size());
    Value hasRows = findRows(b, op);
    runIf(b, hasRows, {}, [&]() -> SmallVector<Value> {
      exchange.write(registers);
      return {};
    });
    Value barrier = barrierAddress(b, adaptor.getBarriers().front(), adaptor.getWorker().front());
    arrive(b, barrier, clusterOf(op));
    SmallVector<Value> result = runIf(b, op.getLeader() ? isLeader(b) : Value(), registers, [&] {
      awaitPhase(b, barrier, constantI32(b, 0), /*hearsCluster=*/true);
      return runIf(b, hasRows, registers, [&] { return combineAll(b, op, exchange); });
    });
    rewriter.replaceOpWithMultiple(op, {result});
    return success();
  }

  /// Whether the thread has one of the rows that are combined; null if all threads do.
  static Value findRows(ImplicitLocOpBuilder &b, tile::ClusterReduceOp op) {
    if (!op.getRows())
      return {};
    tile::Fragment layout(tile::fragmentEncoding(op.getTile().getType()));
    Value rows = arith::IndexCastOp::create(b, b.getI32Type(), op.getRows());
    return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, threadOffset(b, layout, 0), rows);
  }

  /// What the body makes if the condition holds or is null, else `otherwise`.
  static SmallVector<Value> runIf(ImplicitLocOpBuilder &b, Value condition, ValueRange otherwise,
                                  function_ref<SmallVector<Value>()> body) {
    if (!condition)
      return body();
    auto choice = scf::IfOp::create(b, otherwise.getTypes(), condition, /*withElseRegion=*/!otherwise.empty());
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    SmallVector<Value> made = body();
    if (otherwise.empty())
      return made;
    scf::YieldOp::create(b, made);
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, otherwise);
    return SmallVector<Value>(choice.getResults());
  }

  /// Two CTAs at a time where a thread has many registers, so that it holds theirs beside the sums and no more.
  static SmallVector<Value> combineAll(ImplicitLocOpBuilder &b, tile::ClusterReduceOp op, Exchange &exchange) {
    constexpr size_t kFewRegisters = 16, kManyRegisters = 64;
    int64_t cluster = clusterOf(op), next = 1;
    SmallVector<Value> sums = exchange.read(constantI32(b, 0));
    int64_t together = sums.size() <= kManyRegisters ? 2 : 1;
    auto add = [&](Value cta) {
      for (auto [sum, value] : llvm::zip_equal(sums, exchange.read(cta)))
        sum = combine(b, op.getKind(), sum, value);
    };
    while (next < cluster && (sums.size() <= kFewRegisters || (cluster - next) % together != 0))
      add(constantI32(b, next++));
    if (next == cluster)
      return sums;
    auto loop = scf::ForOp::create(b, constantI32(b, next), constantI32(b, cluster), constantI32(b, together), sums);
    keepRolled(loop);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    sums.assign(loop.getRegionIterArgs().begin(), loop.getRegionIterArgs().end());
    for (int64_t i = 0; i < together; ++i)
      add(b.createOrFold<arith::AddIOp>(loop.getInductionVar(), constantI32(b, i)));
    scf::YieldOp::create(b, sums);
    return SmallVector<Value>(loop.getResults());
  }

  /// Each of the first lanes of a warp arrives at another CTA, for all that the warp has written.
  static void arrive(ImplicitLocOpBuilder &b, Value barrier, int64_t cluster) {
    NVVM::SyncWarpOp::create(b, constantI32(b, -1));
    emitPtx(b, {},
            "{ .reg .pred one; .reg .b32 remote; setp.lt.u32 one, $1, " + std::to_string(cluster) +
                "; @one mapa.shared::cluster.u32 remote, $0, $1; "
                "@one mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote]; }",
            "r,r", {barrier, laneId(b)});
  }
};

} // namespace

void populateClusterPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertClusterReduce>(converter, patterns.getContext());
}

} // namespace girih
