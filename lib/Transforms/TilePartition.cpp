// tile-partition: split the rows of a kernel over its workers.
//
//   %q = tile.load ... -> tensor<128x64xbf16>
//   %s = tile.mma %q, %k transpose_b ... -> tensor<128x128xf32>
// becomes, for 2 workers,
//   %q = tile.load ... -> tensor<128x64xbf16>
//   %w = tile.worker
//   %mine = tile.slice %q[%w * 64] : ... -> tensor<64x64xbf16>
//   %s = tile.mma %mine, %k transpose_b ... -> tensor<64x128xf32>
// Where CTAs share work items, the rows are split over these before, and so is what they load.
#include "ClusterLoads.h"
#include "ControlFlow.h"
#include "TileTies.h"
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Target/Kernel.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEPARTITIONPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// Whether this is a part of a loaded tile, or all of it.
bool isLoaded(Value tile) {
  while (auto slice = tile.getDefiningOp<tile::SliceOp>())
    tile = slice.getTile();
  return isa_and_nonnull<tile::LoadOp, tile::TransposeOp>(tile.getDefiningOp());
}

/// Whether the tile is loaded, and MMAs and elementwise ops are all that uses it: these can have
/// parts of it.
bool isLoadedForParts(Value tile) {
  return tile.getDefiningOp<tile::LoadOp>() && llvm::all_of(tile.getUsers(), [](Operation *user) {
           return isa<tile::MmaOp>(user) || user->hasTrait<OpTrait::Elementwise>();
         });
}

/// Finds the tiles that have one row per output row: MMA results and whatever
/// is tied to them element by element or through a loop.
class RowTiles {
public:
  explicit RowTiles(gpu::GPUFuncOp kernel) {
    kernel.walk([&](tile::MmaOp mma) { add(mma.getResult()); });
    while (!worklist.empty()) {
      Value value = worklist.pop_back_val();
      forEachTied(value, [&](Value other) { add(other); });
      for (OpOperand &use : value.getUses())
        addMma(use.getOwner(), value);
      if (Operation *definition = value.getDefiningOp())
        addMma(definition, value);
    }
  }
  const llvm::SetVector<Value> &get() const { return tiles; }

private:
  void add(Value value) {
    if (isa<RankedTensorType>(value.getType()) && !isLoadedForParts(value) && tiles.insert(value))
      worklist.push_back(value);
  }

  /// An MMA ties its accumulator, its result and a computed left operand.
  void addMma(Operation *op, Value value) {
    auto mma = dyn_cast<tile::MmaOp>(op);
    if (!mma || value == mma.getB())
      return;
    add(mma.getResult());
    if (mma.getAcc())
      add(mma.getAcc());
    if (!isLoaded(mma.getA()))
      add(mma.getA());
  }

  llvm::SetVector<Value> tiles;
  SmallVector<Value> worklist;
};

struct TilePartitionPass : impl::TilePartitionPassBase<TilePartitionPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkControlFlow(kernel)))
      return signalPassFailure();
    auto attr = kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr);
    auto schedule = tile::Schedule::decode(attr);
    int64_t cluster = schedule.cluster.value_or(1), workers = schedule.workers.value_or(1);
    if (clusterOf(kernel) == cluster)
      cluster = 1; // they have their parts already
    if (cluster == 1 && workers == 1)
      return;
    if (failed(checkBefore(Phase::Partitioned, kernel)))
      return signalPassFailure();
    if (cluster > 1) {
      if (clusterOf(kernel) != 1) {
        kernel.emitError() << "knob cluster is " << cluster << ", the kernel has clusters of " << clusterOf(kernel)
                           << " CTAs";
        return signalPassFailure();
      }
      if (failed(splitLoads(kernel, cluster)) || failed(split({cluster, "CTAs", /*sharesLoads=*/false})))
        return signalPassFailure();
      kernel.setKnownClusterSize(SmallVector<int32_t>{static_cast<int32_t>(cluster), 1, 1});
    }
    if (workers > 1 && failed(split({workers, "workers", /*sharesLoads=*/true})))
      return signalPassFailure();
  }

  /// Those over whom rows are split.
  struct Parts {
    int64_t count;
    StringRef name;
    bool sharesLoads; ///< what is loaded is loaded whole, for all of them
  };

  LogicalResult split(const Parts &over) {
    parts = over;
    separateTileUses(getOperation());
    RowTiles rowTiles(getOperation());
    if (failed(check(rowTiles)))
      return failure();
    for (Value value : rowTiles.get())
      shrink(value);
    getOperation().walk([&](Operation *op) { adjust(op, rowTiles); });
    return success();
  }

  LogicalResult check(const RowTiles &rowTiles) {
    for (Value value : rowTiles.get()) {
      auto type = cast<RankedTensorType>(value.getType());
      if (isKernelArgument(value))
        return emitError(value.getLoc(), "a tile cannot be an argument of a kernel: load it from a memref");
      if (type.getDimSize(0) % parts.count != 0)
        return emitError(value.getLoc()) << "a tile of " << type.getDimSize(0) << " rows cannot be split over "
                                         << parts.count << " " << parts.name;
      if (auto constant = value.getDefiningOp<arith::ConstantOp>();
          constant && !isa<SplatElementsAttr>(constant.getValue()))
        return constant.emitError("a constant tile that is split over workers must have one value");
      if (isLoaded(value))
        return emitError(value.getLoc(),
                         "a loaded tile that is split over workers can only be the left operand of an MMA, or of an "
                         "elementwise op");
    }
    return success();
  }

  RankedTensorType mine(RankedTensorType type) {
    SmallVector<int64_t> shape(type.getShape());
    shape[0] /= parts.count;
    return type.clone(shape);
  }

  void shrink(Value value) {
    auto type = mine(cast<RankedTensorType>(value.getType()));
    if (auto constant = value.getDefiningOp<arith::ConstantOp>())
      constant.setValueAttr(cast<SplatElementsAttr>(constant.getValue()).resizeSplat(type));
    value.setType(type);
  }

  Value firstRow(OpBuilder &builder, Location loc, int64_t rows) {
    IndexBuilder b(loc, builder);
    Value number = parts.sharesLoads ? tile::WorkerOp::create(b).getResult()
                                     : gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x).getResult();
    return b.mul(number, b.index(rows));
  }

  void adjust(Operation *op, const RowTiles &rowTiles);

  Parts parts;
};

/// Rewrites the ops at the border between row tiles and the rest: left operands
/// and others that are loaded whole, row numbers, stores.
void TilePartitionPass::adjust(Operation *op, const RowTiles &rowTiles) {
  OpBuilder builder(op);
  Location loc = op->getLoc();
  if (auto reduce = dyn_cast<tile::ClusterReduceOp>(op)) {
    if (!reduce.getRows() || !rowTiles.get().contains(reduce.getResult()))
      return;
    IndexBuilder b(loc, builder);
    Value before = firstRow(builder, loc, reduce.getResult().getType().getDimSize(0));
    reduce.getRowsMutable().assign(b.sub(reduce.getRows(), before));
  } else if (op->hasTrait<OpTrait::Elementwise>() && op->getNumResults() == 1 &&
             rowTiles.get().contains(op->getResult(0))) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isLoadedForParts(operand.get()) || !parts.sharesLoads)
        continue;
      RankedTensorType type = mine(cast<RankedTensorType>(operand.get().getType()));
      Value offset = firstRow(builder, loc, type.getDimSize(0));
      operand.set(tile::SliceOp::create(builder, loc, type, operand.get(), offset));
    }
  } else if (auto mma = dyn_cast<tile::MmaOp>(op)) {
    if (rowTiles.get().contains(mma.getA()) || !parts.sharesLoads)
      return;
    RankedTensorType type = mine(cast<RankedTensorType>(mma.getA().getType()));
    Value offset = firstRow(builder, loc, type.getDimSize(0));
    mma.getAMutable().assign(tile::SliceOp::create(builder, loc, type, mma.getA(), offset));
    if (mma.getScales().empty())
      return;
    Value scales = mma.getScales().front();
    RankedTensorType part = mine(cast<RankedTensorType>(scales.getType()));
    offset = firstRow(builder, loc, part.getDimSize(0));
    mma.getScalesMutable().slice(0, 1).assign(tile::SliceOp::create(builder, loc, part, scales, offset));
  } else if (auto iota = dyn_cast<tile::IotaOp>(op)) {
    if (!rowTiles.get().contains(iota.getResult()) || iota.getDimension() != 0)
      return;
    builder.setInsertionPointAfter(iota);
    RankedTensorType type = iota.getResult().getType();
    Value offset = firstRow(builder, loc, type.getDimSize(0));
    Value scalar = arith::IndexCastOp::create(builder, loc, builder.getI32Type(), offset);
    Value splat = tile::SplatOp::create(builder, loc, type, scalar);
    auto sum = arith::AddIOp::create(builder, loc, iota.getResult(), splat);
    iota.getResult().replaceAllUsesExcept(sum, sum);
  } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
    if (!rowTiles.get().contains(store.getTile()))
      return;
    RankedTensorType type = store.getTile().getType();
    unsigned rowIndex = store.getIndices().size() - type.getRank();
    IndexBuilder b(loc, builder);
    Value row = b.add(store.getIndices()[rowIndex], firstRow(builder, loc, type.getDimSize(0)));
    store.getIndicesMutable().slice(rowIndex, 1).assign(row);
  }
}

} // namespace
} // namespace girih
