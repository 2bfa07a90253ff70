// tile-specialize: give every warp role its own program.
//
//   for j: %k = tile.load %K[...] ring("k") stages(2); ... %s = tile.await ...
// becomes
//   %c = tile.channel "k" : !tile.channel<2 x ...>
//   tile.role "load":    for j: %slot = tile.acquire %c; tile.copy %K[...] to %slot; tile.commit %c
//   tile.role "compute": for j: %k = tile.wait %c; ... %s = tile.await ...; tile.release %c
#include "ControlFlow.h"
#include "LiveLoops.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Fragment.h"
#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILESPECIALIZEPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

Operation *later(Operation *a, Operation *b) { return !a || a->isBeforeInBlock(b) ? b : a; }
Operation *earlier(Operation *a, Operation *b) { return !a || b->isBeforeInBlock(a) ? b : a; }

/// The ops that read a loaded tile, through slices.
SmallVector<Operation *> readers(Value tile) {
  SmallVector<Operation *> result;
  for (Operation *user : tile.getUsers()) {
    if (auto slice = dyn_cast<tile::SliceOp>(user))
      result.append(readers(slice.getResult()));
    else
      result.push_back(user);
  }
  return result;
}

/// The first op of the load's block that reads the tile, itself or within.
Operation *firstReader(tile::LoadOp load) {
  Operation *first = nullptr;
  for (Operation *reader : readers(load.getResult()))
    if (Operation *ancestor = load->getBlock()->findAncestorOpInBlock(*reader))
      first = earlier(first, ancestor);
  return first;
}

struct TileSpecializePass : impl::TileSpecializePassBase<TileSpecializePass> {
  void runOnOperation() override;

  LogicalResult makeChannels(gpu::GPUFuncOp kernel, OpBuilder &builder);
  void numberLoops(gpu::GPUFuncOp kernel);
  void makeLoader(tile::RoleOp role);
  LogicalResult makeConsumer(tile::RoleOp role, int64_t anchor);
  Operation *releasePoint(tile::LoadOp load);

  llvm::MapVector<StringAttr, Value> channels;
};

LogicalResult TileSpecializePass::makeChannels(gpu::GPUFuncOp kernel, OpBuilder &builder) {
  WalkResult result = kernel.walk([&](tile::LoadOp load) {
    if (!load.getRing() || !load.getStages() || !tile::sharedEncoding(load.getResult().getType())) {
      load.emitError("a load must have a ring, stages and a place in shared memory by now");
      return WalkResult::interrupt();
    }
    auto type = tile::ChannelType::get(&getContext(), *load.getStages(), load.getResult().getType(), 1);
    Value &channel = channels[load.getRingAttr()];
    if (channel && channel.getType() != type) {
      load.emitError() << "ring \"" << *load.getRing() << "\" has loads of different tiles or depths";
      return WalkResult::interrupt();
    }
    if (!channel)
      channel = tile::ChannelOp::create(builder, load.getLoc(), type, *load.getRing());
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Copies of one loop in different roles run the same number of times; the number
/// lets a reader of the roles know which loops those are.
void TileSpecializePass::numberLoops(gpu::GPUFuncOp kernel) {
  int64_t next = 0;
  kernel.walk<WalkOrder::PreOrder>(
      [&](scf::ForOp loop) { loop->setAttr(tile::kLoopAttr, Builder(&getContext()).getI64IntegerAttr(next++)); });
}

/// Loads become copies into acquired slots. Among loads that the same op waits
/// for, the deeper ring goes first: its slot is free earlier.
void TileSpecializePass::makeLoader(tile::RoleOp role) {
  SmallVector<tile::LoadOp> loads;
  role.walk([&](tile::LoadOp load) { loads.push_back(load); });
  llvm::stable_sort(loads, [](tile::LoadOp a, tile::LoadOp b) { return *a.getStages() > *b.getStages(); });
  for (tile::LoadOp load : loads)
    if (Operation *reader = firstReader(load))
      load->moveBefore(reader);
  for (tile::LoadOp load : loads) {
    OpBuilder builder(load);
    Location loc = load.getLoc();
    Value channel = channels[load.getRingAttr()];
    Value slot = tile::AcquireOp::create(builder, loc, load.getResult().getType(), channel, Value());
    tile::CopyOp::create(builder, loc, load.getSource(), load.getIndices(), slot, Value(), Value());
    tile::CommitOp::create(builder, loc, channel, Value());
    load.replaceAllUsesWith(slot);
    load.erase();
  }
  eraseAllBut(&role.getBody().front(),
              [](Operation *op) { return isa<tile::AcquireOp, tile::CopyOp, tile::CommitOp>(op); });
}

/// The op after which no MMA reads the tile any more.
Operation *TileSpecializePass::releasePoint(tile::LoadOp load) {
  Operation *point = load;
  for (Operation *reader : readers(load.getResult())) {
    Operation *end = reader;
    if (auto mma = dyn_cast<tile::MmaAsyncOp>(reader))
      for (Operation *user : mma->getUsers())
        if (isa<tile::AwaitOp>(user))
          end = user;
    if (Operation *ancestor = load->getBlock()->findAncestorOpInBlock(*end))
      point = later(point, ancestor);
  }
  return point;
}

/// Where a consumer waits for a tile: before its first reader, and not in the turn
/// that the reader opens, for another worker may need that time.
Operation *waitPoint(Operation *reader) {
  Operation *before = reader->getPrevNode();
  while (before && (isPure(before) || isa<tile::SliceOp>(before)))
    before = before->getPrevNode();
  return before && isa<tile::TakeTurnOp>(before) ? before : reader;
}

/// The wait for the MMA that starts after the one awaited at `from`, if it is in
/// the same block; and the exponentials in between.
std::pair<Operation *, Value> nextAwait(Operation *from) {
  Value exponential;
  for (Operation *op = from->getNextNode(); op; op = op->getNextNode()) {
    if (isa<tile::AwaitOp>(op))
      return {op, exponential};
    if (auto exp = dyn_cast<math::Exp2Op>(op))
      if (auto type = dyn_cast<RankedTensorType>(exp.getType());
          type && type.getRank() == 2 && type.getElementType().isF32() && tile::fragmentEncoding(type) && !exponential)
        exponential = exp;
  }
  return {nullptr, Value()};
}

/// Slices that a tile was moved past follow it.
void keepSlicesAfter(Operation *tile) {
  for (Operation *user : llvm::make_early_inc_range(tile->getUsers()))
    if (isa<tile::SliceOp>(user)) {
      if (user->getBlock() == tile->getBlock() && user->isBeforeInBlock(tile))
        user->moveAfter(tile);
      keepSlicesAfter(user);
    }
}

LogicalResult TileSpecializePass::makeConsumer(tile::RoleOp role, int64_t anchor) {
  SmallVector<tile::LoadOp> loads;
  role.walk([&](tile::LoadOp load) { loads.push_back(load); });
  for (tile::LoadOp load : loads) {
    Operation *reader = firstReader(load);
    if (!reader)
      return load.emitError("nothing reads this load");
    load->moveBefore(waitPoint(reader));
    keepSlicesAfter(load);
    Operation *point = releasePoint(load);
    OpBuilder builder(point->getContext());
    builder.setInsertionPointAfter(point);
    Value after;
    int64_t element = 0;
    if (auto await = dyn_cast<tile::AwaitOp>(point); anchor > 0 && await && await.getInFlight() > 0)
      if (auto [next, exponential] = nextAwait(point); next && exponential) {
        builder.setInsertionPoint(next);
        after = exponential;
        tile::Fragment layout(tile::fragmentEncoding(exponential.getType()));
        element = std::min(anchor, layout.numRegisters()) - 1;
      }
    Value channel = channels[load.getRingAttr()];
    tile::ReleaseOp::create(builder, load.getLoc(), channel, Value(), after, element);
    builder.setInsertionPoint(load);
    Value tile = tile::WaitOp::create(builder, load.getLoc(), load.getResult().getType(), channel, Value());
    load.replaceAllUsesWith(tile);
    load.erase();
  }
  return success();
}

void TileSpecializePass::runOnOperation() {
  gpu::GPUFuncOp kernel = getOperation();
  if (failed(checkBefore(Phase::Specialized, kernel)) || failed(checkControlFlow(kernel)))
    return signalPassFailure();
  auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
  if (!schedule.workers || !schedule.loadRegisters || !schedule.computeRegisters) {
    kernel.emitError("the schedule must say workers, load_registers and compute_registers");
    return signalPassFailure();
  }
  channels.clear();
  numberLoops(kernel);

  Block *entry = &kernel.getBody().front();
  Operation *terminator = entry->getTerminator();
  OpBuilder builder(terminator);
  SmallVector<Operation *> program;
  for (Operation &op : entry->without_terminator())
    program.push_back(&op);

  if (failed(makeChannels(kernel, builder)))
    return signalPassFailure();
  auto makeRole = [&](StringRef name, int64_t warps, int64_t registers, bool oneThread) {
    auto role = tile::RoleOp::create(builder, kernel.getLoc(), name, warps, registers, oneThread);
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&role.getBody());
    IRMapping map;
    for (Operation *op : program)
      builder.clone(*op, map);
    return role;
  };
  auto loader = makeRole("load", tile::kWarpsPerWorker, *schedule.loadRegisters, /*oneThread=*/true);
  auto consumer =
      makeRole("compute", tile::kWarpsPerWorker * *schedule.workers, *schedule.computeRegisters, /*oneThread=*/false);
  for (Operation *op : llvm::reverse(program))
    op->erase();
  makeLoader(loader);
  if (failed(makeConsumer(consumer, schedule.anchor.value_or(0))))
    signalPassFailure();
}

} // namespace
} // namespace girih
