#include "LoopStages.h"

#include "dialects/Tile/Tile.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace girih {

void forEachUsed(Operation *op, function_ref<void(Value)> visit) {
  op->walk([&](Operation *inner) { llvm::for_each(inner->getOperands(), visit); });
}

bool isRecomputed(Operation *op, scf::ForOp loop) {
  auto isTile = [](Type type) { return isa<RankedTensorType>(type); };
  if (!isPure(op) || op->getNumRegions() > 0 || llvm::any_of(op->getResultTypes(), isTile))
    return false;
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Operation *definition = operand.getDefiningOp();
    if (operand == loop.getInductionVar() || loop.isDefinedOutsideOfLoop(operand))
      return true;
    return definition && definition->getBlock() == loop.getBody() && isRecomputed(definition, loop);
  });
}

/// Whether what the op does to memory, or what nobody knows of it, must keep its place among
/// others. Loads are made by copies that channels order.
static bool hasEffects(Operation *op) { return !isMemoryEffectFree(op) && !isa<tile::LoadOp, tile::MmaOp>(op); }

/// Whether the op gives a tile in a slot of shared memory or a view of one.
static bool isLoaded(Operation *op) {
  auto slice = dyn_cast<tile::SliceOp>(op);
  if (!slice)
    return isa<tile::LoadOp, tile::TransposeOp>(op);
  Operation *whole = slice.getTile().getDefiningOp();
  return whole && isLoaded(whole);
}

SmallVector<LoopNeed> findNeeds(scf::ForOp loop) {
  SmallVector<LoopNeed> needs;
  Block *body = loop.getBody();
  SmallVector<Operation *> withEffects;
  for (Operation &op : body->without_terminator()) {
    if (hasEffects(&op))
      withEffects.push_back(&op);
    forEachUsed(&op, [&](Value used) {
      // Through what the loop hands on, unless that comes back to itself.
      Value value = used;
      int64_t distance = 0;
      for (; distance <= static_cast<int64_t>(loop.getNumRegionIterArgs()); ++distance) {
        auto argument = dyn_cast<BlockArgument>(value);
        if (!argument || argument.getOwner() != body || argument == loop.getInductionVar())
          break;
        value = loop.getTiedLoopYieldedValue(argument)->get();
      }
      Operation *maker = value.getDefiningOp();
      if (maker && maker->getBlock() == body && !isRecomputed(maker, loop))
        needs.push_back({&op, maker, distance, value});
    });
  }
  for (size_t i = 0; i < withEffects.size() && withEffects.size() > 1; ++i)
    needs.push_back({withEffects[i], i ? withEffects[i - 1] : withEffects.back(), i ? 0 : 1, Value()});
  return needs;
}

bool canHaveStages(scf::ForOp loop) {
  return !loop.getUnsignedCmp() && loop.getInductionVar().getType().isIndex() && matchPattern(loop.getStep(), m_One());
}

int64_t leastTrips(scf::ForOp loop) {
  if (std::optional<APInt> trips = loop.getStaticTripCount())
    return trips->getLimitedValue(std::numeric_limits<int32_t>::max());
  return loop->hasAttr(tile::kNonEmptyAttr) ? 1 : 0;
}

int64_t LoopSchedule::lastStage() const {
  int64_t last = 0;
  for (auto [op, stage] : stages)
    last = std::max(last, stage);
  return last;
}

bool LoopSchedule::isOn(scf::ForOp loop) {
  return llvm::any_of(loop.getBody()->without_terminator(),
                      [](Operation &op) { return op.hasAttr(tile::kStageAttr) || op.hasAttr(tile::kPositionAttr); });
}

FailureOr<LoopSchedule> LoopSchedule::read(scf::ForOp loop) {
  if (!canHaveStages(loop))
    return loop.emitError("a loop whose ops have stages must count an index in steps of 1, not unsigned");
  LoopSchedule schedule;
  for (Operation &op : loop.getBody()->without_terminator()) {
    auto stage = op.getAttrOfType<IntegerAttr>(tile::kStageAttr);
    if (!stage || !op.getAttrOfType<IntegerAttr>(tile::kPositionAttr))
      return op.emitError() << "has no " << (stage ? tile::kPositionAttr : tile::kStageAttr)
                            << ", which others of its loop have";
    schedule.stages[&op] = stage.getInt();
    schedule.round.push_back(&op);
  }
  llvm::stable_sort(schedule.round, [](Operation *a, Operation *b) {
    auto positionOf = [](Operation *op) { return op->getAttrOfType<IntegerAttr>(tile::kPositionAttr).getInt(); };
    return positionOf(a) < positionOf(b);
  });
  if (failed(schedule.verify(loop, /*isSilent=*/false)))
    return failure();
  return schedule;
}

/// Ops that follow each other in a round as in the loop have one position.
void LoopSchedule::write() const {
  int64_t position = 0;
  Operation *last = nullptr;
  for (Operation *op : round) {
    if (last && (stageOf(op) != stageOf(last) || op->isBeforeInBlock(last)))
      ++position;
    last = op;
    Builder builder(op->getContext());
    op->setAttr(tile::kStageAttr, builder.getI64IntegerAttr(stageOf(op)));
    op->setAttr(tile::kPositionAttr, builder.getI64IntegerAttr(position));
  }
}

LogicalResult LoopSchedule::verify(scf::ForOp loop, bool isSilent) const {
  llvm::DenseMap<Operation *, size_t> places;
  for (auto [i, op] : llvm::enumerate(round))
    places[op] = i;
  auto positionOf = [](Operation *op) { return op->getAttrOfType<IntegerAttr>(tile::kPositionAttr).getInt(); };
  auto iteration = [](int64_t distance) {
    return distance == 0   ? std::string("its iteration")
           : distance == 1 ? std::string("the iteration before")
                           : std::to_string(distance) + " iterations before";
  };
  for (const LoopNeed &need : findNeeds(loop)) {
    int64_t user = stageOf(need.user), maker = stageOf(need.maker), kept = user + need.distance - maker;
    bool isTooLate = kept == 0 && places.lookup(need.maker) >= places.lookup(need.user);
    bool isSlotKept = kept > 0 && isLoaded(need.maker);
    if (kept >= 0 && !isTooLate && !isSlotKept)
      continue;
    if (isSilent)
      return failure();
    InFlightDiagnostic error = need.user->emitError();
    StringRef what = need.value ? "uses what" : "has effects that come after those which";
    StringRef does = need.value ? "makes" : "has";
    if (isSlotKept)
      error << "runs in stage " << user << " and uses a tile that is loaded in stage " << maker << " of "
            << iteration(need.distance) << ": its slot cannot be kept for " << kept << " more round(s)";
    else if (isTooLate)
      error << "runs at position " << positionOf(need.user) << " of a round and " << what << " an op at position "
            << positionOf(need.maker) << " " << does << " in it";
    else
      error << "runs in stage " << user << " and " << what << " an op in stage " << maker << " of "
            << iteration(need.distance) << " " << does << ", " << -kept << " round(s) later";
    error.attachNote(need.maker->getLoc()) << "the other op is here";
    return error;
  }
  return success();
}

} // namespace girih
