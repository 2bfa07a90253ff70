// tile-pipeline: overlap loads, matrix units and elementwise work.
//
// Loops are expanded as the stages and positions of their ops say (ExpandLoop.cpp); then
//   %s = tile.mma %q, %k ...
//   %p = "work"(%s)
// becomes
//   %a = tile.mma_async %q, %k ...
//   %s = tile.await %a in_flight(0)
//   %p = "work"(%s)
// with everything that does not need %s between the two.
#include "ControlFlow.h"
#include "ExpandLoop.h"
#include "TensorViews.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEPIPELINEPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// Whether this is an innermost loop with MMAs.
bool holdsMma(scf::ForOp loop) {
  return !loop.getBody()->getOps<tile::MmaOp>().empty() && loop.getBody()->getOps<scf::ForOp>().empty();
}

/// Names the ring of every load after its tensor, that of what is transposed after the load,
/// and gives those in MMA loops `stages` slots, those in a loop around one, over work items,
/// `itemStages`.
void nameRings(gpu::GPUFuncOp kernel, int64_t stages, int64_t itemStages) {
  llvm::StringSet<> taken;
  auto unique = [&](StringRef base) {
    std::string name = base.str();
    for (int i = 1; !taken.insert(name).second; ++i)
      name = (base + "_" + Twine(i)).str();
    return name;
  };
  auto slots = [&](Operation *op) -> int64_t {
    auto loop = dyn_cast<scf::ForOp>(op->getParentOp());
    bool isInLoop = isa<LoopLikeOpInterface>(op->getParentOp());
    return loop && holdsMma(loop) ? stages : isInLoop ? itemStages : 1;
  };
  kernel.walk([&](tile::LoadOp load) {
    StringRef base = "tile";
    auto argument = dyn_cast<BlockArgument>(tensorOf(load.getSource()));
    if (argument && argument.getOwner() == &kernel.getBody().front())
      if (auto name = kernel.getArgAttrOfType<StringAttr>(argument.getArgNumber(), tile::kNameAttr))
        base = name.getValue();
    load.setRing(unique(base));
    load.setStages(slots(load));
  });
  kernel.walk([&](tile::TransposeOp transposition) {
    auto load = transposition.getTile().getDefiningOp<tile::LoadOp>();
    transposition.setRing(unique((load ? *load.getRing() : StringRef("tile")).str() + "_transposed"));
    transposition.setStages(slots(transposition));
  });
}

/// The op of `block` that is or contains `op`.
Operation *ancestorIn(Block *block, Operation *op) { return block->findAncestorOpInBlock(*op); }

Operation *earlier(Operation *a, Operation *b) { return !a || b->isBeforeInBlock(a) ? b : a; }

/// The op before which the MMA must have completed: the first user of its result;
/// the definition of the loop-carried tile that will take the place of its left
/// operand in registers, which the MMA reads until it completes; or the end of the
/// block.
Operation *awaitPoint(tile::MmaOp mma) {
  Block *block = mma->getBlock();
  Operation *point = block->getTerminator();
  for (Operation *user : mma->getUsers())
    if (Operation *ancestor = ancestorIn(block, user))
      point = earlier(point, ancestor);
  auto argument = dyn_cast<BlockArgument>(mma.getA());
  auto loop = dyn_cast<scf::ForOp>(block->getParentOp());
  if (argument && argument.getOwner() == block && loop) {
    Value next = loop.getTiedLoopYieldedValue(argument)->get();
    if (Operation *definition = next.getDefiningOp(); definition && definition->getBlock() == block)
      point = earlier(point, definition);
  }
  return point;
}

void makeAsync(tile::MmaOp mma) {
  OpBuilder builder(mma);
  auto tileType = mma.getResult().getType();
  auto async = tile::MmaAsyncOp::create(builder, mma.getLoc(), tile::AsyncType::get(mma.getContext(), tileType),
                                        mma.getA(), mma.getB(), mma.getAcc(), mma.getScales(), mma.getSecondHalf(),
                                        mma.getTransposeB(), mma.getPair());
  if (Attribute source = mma->getAttr(tile::kSourceAttr))
    async->setAttr(tile::kSourceAttr, source);
  builder.setInsertionPoint(awaitPoint(mma));
  auto await = tile::AwaitOp::create(builder, mma.getLoc(), tileType, async.getResult(), 0);
  mma.replaceAllUsesWith(await.getResult());
  mma.erase();
}

/// How many MMAs of the block start between the awaited one and its await. MMAs
/// in a nested region may or may not run, so none may be left in flight then.
void countInFlight(tile::AwaitOp await) {
  Operation *start = await.getValue().getDefiningOp();
  int64_t count = 0;
  for (Operation *op = start->getNextNode(); op != await; op = op->getNextNode()) {
    if (isa<tile::MmaAsyncOp>(op))
      ++count;
    else if (op->getNumRegions() > 0)
      op->walk([&](tile::MmaAsyncOp) { count = INT64_MIN / 2; });
  }
  await.setInFlight(std::max<int64_t>(count, 0));
}

/// Lets the worker take its turn before each run of MMAs in the loop that has no
/// wait for one of them in between.
void takeTurns(scf::ForOp loop) {
  Operation *first = nullptr, *last = nullptr;
  auto close = [&] {
    if (!first)
      return;
    OpBuilder builder(first);
    tile::TakeTurnOp::create(builder, first->getLoc());
    builder.setInsertionPointAfter(last);
    tile::PassTurnOp::create(builder, last->getLoc());
    first = last = nullptr;
  };
  for (Operation &op : llvm::make_early_inc_range(*loop.getBody())) {
    if (isa<tile::MmaAsyncOp>(op)) {
      first = first ? first : &op;
      last = &op;
    } else if (isa<tile::AwaitOp>(op)) {
      close();
    }
  }
  close();
}

/// The outermost loop first whose ops have stages: the stages of those in it go with them.
scf::ForOp findStagedLoop(gpu::GPUFuncOp kernel) {
  scf::ForOp found;
  kernel.walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
    if (!LoopSchedule::isOn(loop))
      return WalkResult::advance();
    found = loop;
    return WalkResult::interrupt();
  });
  return found;
}

LogicalResult expandLoops(gpu::GPUFuncOp kernel) {
  while (scf::ForOp loop = findStagedLoop(kernel)) {
    FailureOr<LoopSchedule> schedule = LoopSchedule::read(loop);
    if (failed(schedule))
      return failure();
    expandLoop(loop, *schedule);
  }
  return success();
}

struct TilePipelinePass : impl::TilePipelinePassBase<TilePipelinePass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Pipelined, kernel)) || failed(checkControlFlow(kernel)))
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    nameRings(kernel, schedule.stages.value_or(1), schedule.itemStages.value_or(1));

    auto collectLoops = [&] {
      SmallVector<scf::ForOp> loops;
      kernel.walk([&](scf::ForOp loop) {
        if (holdsMma(loop))
          loops.push_back(loop);
      });
      return loops;
    };
    if (failed(expandLoops(kernel)))
      return signalPassFailure();
    SmallVector<scf::ForOp> mmaLoops = collectLoops();

    SmallVector<tile::MmaOp> mmas;
    kernel.walk([&](tile::MmaOp mma) { mmas.push_back(mma); });
    for (tile::MmaOp mma : mmas)
      makeAsync(mma);
    kernel.walk(countInFlight);
    if (schedule.pingPong.value_or(0) && schedule.workers.value_or(1) > 1)
      for (scf::ForOp loop : mmaLoops)
        takeTurns(loop);
  }
};

} // namespace
} // namespace girih
