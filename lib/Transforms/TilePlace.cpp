// tile-place: choose a memory and a layout for every tile.
//
//   %k = tile.load ... -> tensor<128x64xbf16>
//   %s = tile.mma_async %q, %k ... -> !tile.async<tensor<64x128xf32>>
// becomes
//   %k = tile.load ... -> tensor<128x64xbf16, #tile.shared<swizzle = 128>>
//   %s = tile.mma_async %q, %k ... -> !tile.async<tensor<64x128xf32, #tile.fragment<...>>>
#include "ControlFlow.h"
#include "SharedLayout.h"
#include "TilePlaceBudget.h"
#include "TilePlaceLeft.h"
#include "TilePlaceTensorMemory.h"
#include "TileTies.h"
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEPLACEPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// Bytes of the shortest row of a tile and its slices, which share their panels.
int64_t rowBytes(Value tile) {
  RankedTensorType type = tileType(tile);
  int64_t bytes = type.getShape().back() * type.getElementTypeBitWidth() / 8;
  for (Operation *user : tile.getUsers())
    if (auto slice = dyn_cast<tile::SliceOp>(user))
      bytes = std::min(bytes, rowBytes(slice.getResult()));
  return bytes;
}

/// The widest swizzle that divides a row.
FailureOr<tile::SharedAttr> chooseSwizzle(Operation *op, int64_t rowBytes) {
  for (int64_t swizzle : {128, 64, 32})
    if (rowBytes % swizzle == 0)
      return tile::SharedAttr::get(op->getContext(), swizzle);
  return op->emitError() << "a tile row of " << rowBytes << " bytes is no multiple of 32, the least swizzle";
}

/// Whether it is the scales of MMAs, which nothing permutes.
bool isOfScales(Value tile) {
  return !tile.use_empty() && llvm::all_of(tile.getUses(), [&](OpOperand &use) {
    if (auto slice = dyn_cast<tile::SliceOp>(use.getOwner()))
      return isOfScales(slice.getResult());
    auto mma = dyn_cast<tile::MmaAsyncOp>(use.getOwner());
    return mma && llvm::is_contained(mma.getScales(), tile);
  });
}

struct TilePlacePass : impl::TilePlacePassBase<TilePlacePass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Placed, kernel)) || failed(checkControlFlow(kernel)))
      return signalPassFailure();
    target = lookupTarget(kernel);
    if (!target)
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    separateTileUses(kernel);
    if (failed(checkConstants(kernel)) || failed(placeLoads(kernel)))
      return signalPassFailure();
    if (schedule.leftInRegisters.value_or(0))
      moveLeftsToRegisters(kernel);
    if (failed(placeMmas(kernel)) || failed(spread()) || failed(checkComplete(kernel)) ||
        failed(stageStores(kernel, schedule)) || failed(checkBudget(kernel, schedule, *target)))
      signalPassFailure();
  }

  LogicalResult checkConstants(gpu::GPUFuncOp kernel);
  LogicalResult placeLoads(gpu::GPUFuncOp kernel);
  LogicalResult placeSlices(Value tile);
  void moveToRegisters(Value tile);
  LogicalResult placeTranspositions(gpu::GPUFuncOp kernel);
  LogicalResult placeMmas(gpu::GPUFuncOp kernel);
  LogicalResult placeLeft(tile::MmaAsyncOp mma);
  LogicalResult placeInTensorMemory(tile::MmaAsyncOp mma, const tile::Fragment &layout);
  LogicalResult place(Value value, const tile::Fragment &layout);
  LogicalResult spread();
  LogicalResult spreadFrom(Value value);
  LogicalResult checkComplete(gpu::GPUFuncOp kernel);
  int64_t stagedColumns(RankedTensorType tile, const tile::Schedule &schedule, int64_t bytes) const;
  LogicalResult stageStores(gpu::GPUFuncOp kernel, const tile::Schedule &schedule);

  const Target *target = nullptr;
  SmallVector<Value> worklist;
};

/// The threads of a worker run one program, so a constant tile is one constant.
LogicalResult TilePlacePass::checkConstants(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([&](arith::ConstantOp constant) {
    if (!tileType(constant.getResult()) || isa<SplatElementsAttr>(constant.getValue()))
      return WalkResult::advance();
    constant.emitError("a constant tile must have one value");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// Elementwise ops have a tile in registers, from the first of them on.
void TilePlacePass::moveToRegisters(Value tile) {
  SmallVector<OpOperand *> uses;
  Operation *first = nullptr;
  for (OpOperand &use : tile.getUses())
    if (Operation *user = use.getOwner(); user->hasTrait<OpTrait::Elementwise>()) {
      uses.push_back(&use);
      Operation *inBlock = tile.getParentBlock()->findAncestorOpInBlock(*user);
      first = !first || inBlock->isBeforeInBlock(first) ? inBlock : first;
    }
  if (uses.empty())
    return;
  OpBuilder builder(first);
  RankedTensorType shared = tileType(tile);
  auto type = RankedTensorType::get(shared.getShape(), shared.getElementType());
  Value moved = tile::MoveOp::create(builder, first->getLoc(), type, tile);
  for (OpOperand *use : uses)
    use->set(moved);
}

/// The slices of a tile in shared memory are views of it, and MMA operands as it is.
LogicalResult TilePlacePass::placeSlices(Value tile) {
  moveToRegisters(tile);
  for (Operation *user : tile.getUsers()) {
    if (isa<tile::MmaAsyncOp, tile::MoveOp, tile::TransposeOp>(user))
      continue;
    auto slice = dyn_cast<tile::SliceOp>(user);
    if (!slice)
      return tile.getDefiningOp()->emitError(
          "a loaded tile can only be an operand of an MMA or of elementwise ops, or be transposed");
    slice.getResult().setType(tile::sliceType(tileType(tile), slice.getResult().getType().getShape()));
    if (failed(slice.verify()) || failed(slice.checkOffsets()) || failed(placeSlices(slice.getResult())))
      return failure();
  }
  return success();
}

LogicalResult TilePlacePass::placeLoads(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([&](tile::LoadOp load) {
    FailureOr<tile::SharedAttr> shared = tile::SharedAttr::get(load.getContext(), tile::kScaleColumns);
    if (!isOfScales(load.getResult()))
      shared = chooseSwizzle(load, rowBytes(load.getResult()));
    return WalkResult(success(succeeded(shared) && succeeded(setEncoding(load.getResult(), *shared)) &&
                              succeeded(placeSlices(load.getResult()))));
  });
  return failure(result.wasInterrupted() || failed(placeTranspositions(kernel)));
}

/// A tile that was transposed has its columns as the exchange of bytes leaves them.
LogicalResult TilePlacePass::placeTranspositions(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([&](tile::TransposeOp op) {
    RankedTensorType source = tileType(op.getTile());
    if (!target->readsTransposedOnly(source.getElementTypeBitWidth())) {
      op.emitError() << "MMAs of " << source.getElementType() << " on " << target->chip()
                     << " read operands in either order: nothing is transposed";
      return WalkResult::interrupt();
    }
    if (!tile::sharedEncoding(source) || source.getElementTypeBitWidth() != 8 || source.getDimSize(0) % 32 != 0 ||
        source.getDimSize(1) % 64 != 0) {
      op.emitError() << "only a loaded tile of 8 bits is transposed, of multiples of 32 rows and 64 columns, not "
                     << source;
      return WalkResult::interrupt();
    }
    FailureOr<tile::SharedAttr> shared = chooseSwizzle(op, rowBytes(op.getResult()));
    if (failed(shared))
      return WalkResult::interrupt();
    auto encoding = tile::SharedAttr::get(&getContext(), shared->getSwizzle(), /*rows=*/0, /*interleaved=*/true);
    return WalkResult(
        success(succeeded(setEncoding(op.getResult(), encoding)) && succeeded(placeSlices(op.getResult()))));
  });
  return failure(result.wasInterrupted());
}

LogicalResult TilePlacePass::placeMmas(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([&](tile::MmaAsyncOp mma) {
    RankedTensorType type = tileType(mma.getResult());
    RankedTensorType a = tileType(mma.getA()), b = tileType(mma.getB());
    if (tile::isInTensorMemory(type)) // by an MMA that adds to the same tile
      type = RankedTensorType::get(type.getShape(), type.getElementType());
    FailureOr<tile::Fragment> layout = target->accumulatorLayout(mma, type.getDimSize(0), type.getDimSize(1));
    if (failed(layout) || failed(target->checkMma(mma, a, b, type, mma.getTransposeB())))
      return WalkResult::interrupt();
    if (!tile::sharedEncoding(b)) {
      mma.emitError("the right operand of an MMA must be loaded");
      return WalkResult::interrupt();
    }
    for (Value scales : mma.getScales())
      if (tile::SharedAttr shared = tile::sharedEncoding(scales.getType());
          !shared || shared.getSwizzle() != tile::kScaleColumns) {
        mma.emitError("the scales of an MMA must be loaded, and be for nothing else");
        return WalkResult::interrupt();
      }
    if (target->hasTensorMemory())
      return WalkResult(placeInTensorMemory(mma, *layout));
    if (failed(place(mma.getResult(), *layout)) || (mma.getAcc() && failed(place(mma.getAcc(), *layout))))
      return WalkResult::interrupt();
    return WalkResult(tile::sharedEncoding(a) ? success() : placeLeft(mma));
  });
  return failure(result.wasInterrupted());
}

/// A left operand in registers lies as an accumulator of its shape does, or is moved from
/// there to where the MMA has it.
LogicalResult TilePlacePass::placeLeft(tile::MmaAsyncOp mma) {
  RankedTensorType a = tileType(mma.getA());
  int64_t rows = a.getDimSize(0), columns = a.getDimSize(1);
  bool interleaved = tile::sharedEncoding(mma.getB().getType()).getInterleaved();
  FailureOr<tile::Fragment> left = target->leftLayout(mma, rows, columns, a.getElementTypeBitWidth(), interleaved);
  FailureOr<tile::Fragment> accumulator = target->accumulatorLayout(mma, rows, columns);
  if (failed(left) || failed(accumulator))
    return failure();
  tile::FragmentAttr encoding = left->toAttr(&getContext());
  if (encoding == accumulator->toAttr(&getContext()) || mma.getA().getDefiningOp<tile::MoveOp>())
    return place(mma.getA(), *left);
  auto type = RankedTensorType::get(a.getShape(), a.getElementType(), encoding);
  if (failed(place(mma.getA(), *accumulator)))
    return failure();
  OpBuilder builder(mma);
  mma.getAMutable().assign(tile::RelayoutOp::create(builder, mma.getLoc(), type, mma.getA()));
  return success();
}

LogicalResult TilePlacePass::placeInTensorMemory(tile::MmaAsyncOp mma, const tile::Fragment &layout) {
  auto placeInRegisters = [&](Value value, const tile::Fragment &as) { return place(value, as); };
  if (failed(girih::placeInTensorMemory(mma.getResult(), layout, placeInRegisters)))
    return failure();
  RankedTensorType a = tileType(mma.getA());
  if (tile::sharedEncoding(a))
    return success();
  FailureOr<tile::Fragment> left = target->accumulatorLayout(mma, a.getDimSize(0), a.getDimSize(1));
  if (failed(left))
    return failure();
  return girih::placeInTensorMemory(mma.getA(), *left, placeInRegisters);
}

LogicalResult TilePlacePass::place(Value value, const tile::Fragment &layout) {
  if (isKernelArgument(value))
    return emitError(value.getLoc(), "a tile cannot be an argument of a kernel: load it from a memref");
  tile::FragmentAttr encoding = layout.toAttr(&getContext());
  if (tile::FragmentAttr present = tile::fragmentEncoding(value.getType())) {
    if (present == encoding)
      return success();
    return emitError(value.getLoc()) << "a tile is needed in two layouts, " << present << " and " << encoding;
  }
  worklist.push_back(value);
  return setEncoding(value, encoding);
}

LogicalResult TilePlacePass::spread() {
  while (!worklist.empty())
    if (failed(spreadFrom(worklist.pop_back_val())))
      return failure();
  return success();
}

/// Elementwise partners share the layout; a reduction drops or folds columns; a
/// broadcast reads the rows of its result.
LogicalResult TilePlacePass::spreadFrom(Value value) {
  tile::Fragment layout(tile::fragmentEncoding(value.getType()));
  LogicalResult result = success();
  auto placeAs = [&](Value other, const tile::Fragment &as) {
    if (succeeded(result) && tileType(other))
      result = place(other, as);
  };
  forEachTied(value, [&](Value other) {
    // Reductions and broadcasts change the shape; they are handled below.
    if (tileType(other) && tileType(other).getShape() == tileType(value).getShape())
      placeAs(other, layout);
  });
  auto throughAwait = [&](Operation *op) {
    if (auto await = dyn_cast_or_null<tile::AwaitOp>(op)) {
      placeAs(await.getValue(), layout);
      placeAs(await.getResult(), layout);
    }
  };
  throughAwait(value.getDefiningOp());
  for (Operation *user : value.getUsers()) {
    throughAwait(user);
    if (auto reduce = dyn_cast<tile::ReduceOp>(user))
      placeAs(reduce.getResult(),
              tileType(reduce.getResult()).getRank() == 1 ? layout.dropColumns() : layout.foldColumnRegisters());
  }
  if (auto broadcast = value.getDefiningOp<tile::BroadcastOp>())
    placeAs(broadcast.getTile(), layout.dropColumns());
  if (auto gather = value.getDefiningOp<tile::GatherOp>())
    for (Value index : gather.getIndices())
      if (tileType(index) && tileType(index).getRank() < tileType(value).getRank())
        placeAs(index, layout.dropColumns());
  return result;
}

LogicalResult TilePlacePass::checkComplete(gpu::GPUFuncOp kernel) {
  WalkResult result = kernel.walk([&](Operation *op) {
    for (Value value : op->getResults())
      if (RankedTensorType type = tileType(value); type && !type.getEncoding()) {
        // Constants that clean-up has merged have no place of their own.
        bool isConstant = op->hasTrait<OpTrait::ConstantLike>() && !value.use_empty();
        Operation *at = isConstant ? *value.user_begin() : op;
        at->emitError("nothing decides the layout of ")
            << (isConstant ? "this op's operand" : "this tile") << ": it is tied to no MMA";
        return WalkResult::interrupt();
      }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// All columns of a tile, or, where shared memory has no room for them in each worker's
/// staging buffer, the widest equal part for which it has. A correction role has few registers
/// for what it stores, and one buffer: a panel at a time.
int64_t TilePlacePass::stagedColumns(RankedTensorType tile, const tile::Schedule &schedule, int64_t bytes) const {
  constexpr int64_t kPanelBytes = 128; // what one copy moves of a row
  int64_t columns = tile.getDimSize(1), elementBytes = tile.getElementTypeBitWidth() / 8;
  bool corrects = schedule.correctionRegisters.value_or(0) > 0;
  int64_t workers = corrects ? 1 : schedule.workers.value_or(1);
  auto fits = [&](int64_t part) {
    return bytes + workers * tile.getDimSize(0) * part * elementBytes <= target->limitsOf(schedule).sharedBytes;
  };
  int64_t part = columns;
  while ((corrects || !fits(part)) && part % 2 == 0 && part * elementBytes > kPanelBytes)
    part /= 2;
  return fits(part) ? part : columns;
}

/// Matrices are stored by TMA from shared memory, row vectors from registers.
LogicalResult TilePlacePass::stageStores(gpu::GPUFuncOp kernel, const tile::Schedule &schedule) {
  SmallVector<tile::StoreOp> stores;
  kernel.walk([&](tile::StoreOp store) { stores.push_back(store); });
  int64_t bytes = llvm::alignTo(sharedBytesOf(kernel, schedule), kTileAlignment);
  for (tile::StoreOp store : stores) {
    RankedTensorType whole = store.getTile().getType();
    if (whole.getRank() != 2)
      continue;
    IndexBuilder b(store.getLoc(), store);
    int64_t columns = stagedColumns(whole, schedule, bytes);
    RankedTensorType type = tile::sliceType(whole, {whole.getDimSize(0), columns});
    if (!type)
      std::tie(type, columns) = std::pair(whole, whole.getDimSize(1));
    for (int64_t first = 0; first < whole.getDimSize(1); first += columns) {
      Value part = store.getTile();
      if (type != whole)
        part = tile::SliceOp::create(b, type, part, ValueRange{b.index(0), b.index(first)});
      FailureOr<tile::SharedAttr> shared = chooseSwizzle(store, rowBytes(part));
      if (failed(shared))
        return failure();
      SmallVector<Value> indices(store.getIndices());
      if (first > 0)
        indices.back() = b.add(indices.back(), b.index(first));
      Value staged = tile::ToSharedOp::create(b, withEncoding(type, *shared), part);
      tile::StoreOp::create(b, staged, store.getDest(), indices);
    }
    store.erase();
  }
  return success();
}

} // namespace
} // namespace girih
