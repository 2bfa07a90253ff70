// tile-place: left operands that a loop does not change, in registers.
//
//   %q = tile.load ...
//   scf.for ... { %mine = tile.slice %q[...]; %s = tile.mma_async %mine, %k ... }
// becomes
//   %q = tile.load ...; %mine = tile.slice %q[...]; %left = tile.move %mine
//   scf.for ... { %s = tile.mma_async %left, %k ... }
#include "TilePlaceLeft.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;

namespace girih {
namespace {

/// A loaded tile and how MMAs use it.
class LoadedTile {
public:
  explicit LoadedTile(tile::LoadOp load) : load(load) { collect(load.getResult()); }

  bool isLeftOfLoop() const { return isLeftOnly && isInLoop; }
  bool isHoisted() const {
    return llvm::all_of(slices, [&](tile::SliceOp slice) { return slice->getBlock() == load->getBlock(); });
  }
  void hoistSlices();
  void moveToRegisters();

private:
  void collect(Value tile);

  tile::LoadOp load;
  SmallVector<tile::SliceOp> slices;
  bool isLeftOnly = true, isInLoop = false;
};

void LoadedTile::collect(Value tile) {
  for (OpOperand &use : tile.getUses()) {
    if (auto slice = dyn_cast<tile::SliceOp>(use.getOwner())) {
      slices.push_back(slice);
      collect(slice.getResult());
      continue;
    }
    auto mma = dyn_cast<tile::MmaAsyncOp>(use.getOwner());
    Operation *ancestor = load->getBlock()->findAncestorOpInBlock(*use.getOwner());
    isLeftOnly &= mma && ancestor && use.getOperandNumber() == mma.getAMutable().getOperandNumber();
    isInLoop |= isa_and_nonnull<LoopLikeOpInterface>(ancestor);
  }
}

/// Moves the slices to the load with the index arithmetic of their offsets, unless that
/// depends on a loop in between.
void LoadedTile::hoistSlices() {
  Block *block = load->getBlock();
  auto isBefore = [&](Operation *op) {
    Operation *ancestor = block->findAncestorOpInBlock(*op);
    return !ancestor || ancestor == load || ancestor->isBeforeInBlock(load);
  };
  llvm::SetVector<Operation *> moved;
  for (tile::SliceOp slice : slices) {
    BackwardSliceOptions options;
    options.inclusive = true;
    options.omitUsesFromAbove = false;
    options.omitBlockArguments = true;
    options.filter = [&](Operation *op) { return !isBefore(op); };
    if (failed(getBackwardSlice(slice.getOperation(), &moved, options)))
      return;
  }
  for (Operation *op : moved) {
    bool isOfInnerLoop = llvm::any_of(op->getOperands(), [&](Value operand) {
      auto argument = dyn_cast<BlockArgument>(operand);
      return argument && block->getParentOp()->isProperAncestor(argument.getOwner()->getParentOp());
    });
    if (!isPure(op) || op->getNumRegions() > 0 || isOfInnerLoop)
      return;
  }
  Operation *last = load;
  for (Operation *op : moved) {
    op->moveAfter(last);
    last = op;
  }
}

void LoadedTile::moveToRegisters() {
  auto move = [&](Value tile) {
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : tile.getUses())
      if (isa<tile::MmaAsyncOp>(use.getOwner()))
        uses.push_back(&use);
    if (uses.empty())
      return;
    OpBuilder builder(tile.getContext());
    builder.setInsertionPointAfterValue(tile);
    auto shared = cast<RankedTensorType>(tile.getType());
    auto type = RankedTensorType::get(shared.getShape(), shared.getElementType());
    Value left = tile::MoveOp::create(builder, tile.getLoc(), type, tile);
    for (OpOperand *use : uses)
      use->set(left);
  };
  for (tile::SliceOp slice : slices)
    move(slice.getResult());
  move(load.getResult());
}

} // namespace

void moveLeftsToRegisters(gpu::GPUFuncOp kernel) {
  auto collect = [&] {
    SmallVector<LoadedTile> tiles;
    kernel.walk([&](tile::LoadOp load) {
      if (LoadedTile tile(load); tile.isLeftOfLoop())
        tiles.push_back(tile);
    });
    return tiles;
  };
  SmallVector<LoadedTile> tiles = collect();
  if (tiles.empty())
    return;
  for (LoadedTile &tile : tiles)
    tile.hoistSlices();
  // Loops that are copies of one slice the tile in the same way: one copy in registers.
  IRRewriter rewriter(kernel.getContext());
  DominanceInfo dominance(kernel);
  eliminateCommonSubExpressions(rewriter, dominance, kernel);
  for (LoadedTile &tile : collect())
    if (tile.isHoisted())
      tile.moveToRegisters();
}

} // namespace girih
