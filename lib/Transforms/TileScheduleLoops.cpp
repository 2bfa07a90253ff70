// tile-schedule-loops: say in which round an op of a loop runs.
//
//   for j: %s = tile.mma %q, %k; %p = "work"(%s); %o = tile.mma %p, %v, %acc
// becomes
//   for j: %s = tile.mma %q, %k {tile.stage = 0, tile.position = 0}
//          %p = "work"(%s) {tile.stage = 0, tile.position = 2}
//          %o = tile.mma %p, %v, %acc {tile.stage = 1, tile.position = 1}
#include "ControlFlow.h"
#include "LoopStages.h"
#include "girih/Target/Target.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILESCHEDULELOOPSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

class LoopScheduler {
public:
  LoopScheduler(scf::ForOp loop, bool oldestFirst)
      : loop(loop), oldestFirst(oldestFirst), body(loop.getBody()), needs(findNeeds(loop)) {
    for (Operation &op : body->without_terminator())
      ops.push_back(&op);
  }

  /// Whether there is a schedule in which something overlaps.
  bool run() {
    if (!chooseStages() || schedule.lastStage() == 0)
      return false;
    delayToUsers();
    findPredecessors();
    return chooseOrder() && succeeded(schedule.verify(loop, /*isSilent=*/true));
  }

  const LoopSchedule &getSchedule() const { return schedule; }

private:
  bool chooseStages();
  bool raiseStage(const LoopNeed &need);
  void delayToUsers();
  void findPredecessors();
  bool chooseOrder();
  bool dependsOnMma(Operation *op, bool otherStages, int64_t stage) const;
  void emit(Operation *op);
  bool isOn(Operation *op) const { return emitted.contains(op); }

  scf::ForOp loop;
  bool oldestFirst; ///< of the MMAs of a round
  Block *body;
  SmallVector<LoopNeed> needs;
  SmallVector<Operation *> ops;
  LoopSchedule schedule;
  llvm::DenseMap<Operation *, int64_t> mmaStages; ///< of the last MMA on which an op depends in its iteration, plus one
  llvm::DenseMap<Operation *, SmallVector<Operation *>> predecessors; ///< in a round
  llvm::DenseSet<Operation *> emitted;
};

/// Runs as early as it can: an MMA a stage after the MMAs on whose results, by way of other
/// ops, it depends, so that it starts beside what comes between; all else with what it uses.
bool LoopScheduler::raiseStage(const LoopNeed &need) {
  int64_t &stage = schedule.stages[need.user], &mmaStage = mmaStages[need.user];
  int64_t least = schedule.stages[need.maker] - need.distance, leastMma = mmaStage;
  if (need.distance == 0) {
    leastMma = std::max(leastMma, mmaStages[need.maker]);
    auto mma = dyn_cast<tile::MmaOp>(need.user);
    bool isAdded = mma && mma.getAcc() == need.value && isa<tile::MmaOp>(need.maker);
    if (mma && !isAdded)
      least = std::max(least, mmaStages[need.maker]);
  }
  if (isa<tile::MmaOp>(need.user))
    leastMma = std::max({leastMma, stage + 1, least + 1});
  bool isRaised = least > stage || leastMma > mmaStage;
  stage = std::max(stage, least);
  mmaStage = std::max(mmaStage, leastMma);
  return isRaised;
}

bool LoopScheduler::chooseStages() {
  int64_t most = 1;
  for (Operation *op : ops) {
    bool isMma = isa<tile::MmaOp>(op);
    most += isMma;
    schedule.stages[op] = 0;
    mmaStages[op] = isMma;
  }
  for (bool isRaised = true; isRaised;) {
    isRaised = false;
    for (const LoopNeed &need : needs) {
      isRaised |= raiseStage(need);
      if (schedule.stageOf(need.user) > most)
        return false; // iterations depend on each other in a circle that no stage ends
    }
  }
  return true;
}

/// Loads, transpositions, views, repeated rows and index arithmetic run in the stage that uses them.
void LoopScheduler::delayToUsers() {
  for (Operation *op : llvm::reverse(ops)) {
    if (!isa<tile::LoadOp, tile::TransposeOp, tile::SliceOp, tile::BroadcastOp, tile::SplatOp>(op) &&
        !isRecomputed(op, loop))
      continue;
    int64_t stage = std::numeric_limits<int64_t>::max();
    for (Operation *user : op->getUsers())
      if (Operation *inBody = body->findAncestorOpInBlock(*user))
        stage = std::min(stage, inBody == body->getTerminator() ? 0 : schedule.stageOf(inBody));
    schedule.stages[op] = std::max(schedule.stageOf(op), op->use_empty() ? 0 : stage);
  }
}

void LoopScheduler::findPredecessors() {
  for (const LoopNeed &need : needs)
    if (schedule.stageOf(need.user) + need.distance == schedule.stageOf(need.maker))
      predecessors[need.user].push_back(need.maker);
  for (Operation *op : ops)
    forEachUsed(op, [&](Value value) {
      Operation *maker = value.getDefiningOp();
      if (maker && maker->getBlock() == body && isRecomputed(maker, loop) &&
          schedule.stageOf(maker) == schedule.stageOf(op))
        predecessors[op].push_back(maker);
    });
  for (auto &[op, before] : predecessors)
    llvm::sort(before, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
}

/// Whether the op waits, in its round, for an MMA; with `otherStages`, for one of another
/// stage than that.
bool LoopScheduler::dependsOnMma(Operation *op, bool otherStages, int64_t stage) const {
  auto found = predecessors.find(op);
  return found != predecessors.end() && llvm::any_of(found->second, [&](Operation *before) {
           bool counts = isa<tile::MmaOp>(before) && (!otherStages || schedule.stageOf(before) != stage);
           return counts || dependsOnMma(before, otherStages, stage);
         });
}

void LoopScheduler::emit(Operation *op) {
  if (!emitted.insert(op).second)
    return;
  if (auto found = predecessors.find(op); found != predecessors.end())
    for (Operation *before : found->second)
      emit(before);
  schedule.round.push_back(op);
}

/// First the MMAs, stage by stage, each after what stands before it and waits for no MMA;
/// then all else.
bool LoopScheduler::chooseOrder() {
  int64_t last = schedule.lastStage();
  for (int64_t i = 0; i <= last; ++i) {
    int64_t stage = oldestFirst ? last - i : i;
    for (Operation *mma : ops) {
      if (!isa<tile::MmaOp>(mma) || schedule.stageOf(mma) != stage)
        continue;
      if (dependsOnMma(mma, /*otherStages=*/true, stage))
        return false; // it would wait for the other before it starts
      for (Operation *op : ops)
        if (op->isBeforeInBlock(mma) && schedule.stageOf(op) == stage && !isa<tile::MmaOp>(op) &&
            !dependsOnMma(op, /*otherStages=*/false, stage))
          emit(op);
      emit(mma);
    }
  }
  for (int64_t stage = 0; stage <= last; ++stage)
    for (Operation *op : ops)
      if (schedule.stageOf(op) == stage)
        emit(op);
  return true;
}

/// Innermost loops with MMAs that nobody has scheduled.
SmallVector<scf::ForOp> findLoops(gpu::GPUFuncOp kernel) {
  SmallVector<scf::ForOp> loops;
  kernel.walk([&](scf::ForOp loop) {
    Block *body = loop.getBody();
    if (!body->getOps<tile::MmaOp>().empty() && body->getOps<scf::ForOp>().empty() && canHaveStages(loop) &&
        !LoopSchedule::isOn(loop))
      loops.push_back(loop);
  });
  return loops;
}

struct TileScheduleLoopsPass : impl::TileScheduleLoopsPassBase<TileScheduleLoopsPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Pipelined, kernel)) || failed(checkControlFlow(kernel)))
      return signalPassFailure();
    const Target *target = lookupTarget(kernel);
    if (!target)
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    if (!schedule.overlap.value_or(0))
      return;
    for (scf::ForOp loop : findLoops(kernel)) {
      LoopScheduler scheduler(loop, schedule.oldestFirst.value_or(0));
      // An accumulator in tensor memory starts in a loop that is known to run.
      if (scheduler.run() && (!target->hasTensorMemory() || leastTrips(loop) >= scheduler.getSchedule().lastStage()))
        scheduler.getSchedule().write();
    }
  }
};

} // namespace
} // namespace girih
