#include "TilePlaceBudget.h"
#include "CutColumns.h"
#include "Roles.h"
#include "SharedLayout.h"

#include "dialects/Tile/Fragment.h"
#include "girih/Conversion/Lowering.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace girih {
namespace {

/// Registers of 32 bits that each thread needs for a tile.
int64_t registersOf(Type type) {
  tile::FragmentAttr encoding = tile::fragmentEncoding(type);
  if (!encoding)
    return 0;
  if (auto async = dyn_cast<tile::AsyncType>(type))
    type = async.getTile();
  int64_t bits = cast<RankedTensorType>(type).getElementTypeBitWidth();
  return llvm::divideCeil(tile::Fragment(encoding).numRegisters() * std::max<int64_t>(bits, 1), 32);
}

/// What is gathered at the same indices for all rows is there once for all rows of a thread.
int64_t registersOf(Value value) {
  auto gather = value.getDefiningOp<tile::GatherOp>();
  auto isTile = [](Value index) { return isa<RankedTensorType>(index.getType()); };
  if (!gather || !tile::fragmentEncoding(value.getType()) || llvm::any_of(gather.getIndices(), isTile))
    return registersOf(value.getType());
  tile::Fragment layout(tile::fragmentEncoding(value.getType()));
  llvm::SmallDenseSet<int64_t> columns;
  for (int64_t i = 0; i < layout.numRegisters(); ++i)
    columns.insert(layout.registerOffset(i).back());
  return columns.size();
}

/// Whether all that is made of a value goes to shared memory, column by column.
bool endsInMemory(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    return isa<tile::ToSharedOp>(user) || (keepsColumns(user) && endsInMemory(user->getResult(0)));
  });
}

/// Values that need no registers of their own: repeated rows, parts, constants,
/// comparisons, narrow numbers that are widened, which are fused into their users, what is gathered in pieces
/// (tile-cut-columns), and what elementwise ops make of
/// these alone, such as a bias of row and column: it is there when it is used.
DenseSet<Value> findFreeValues(gpu::GPUFuncOp kernel) {
  DenseSet<Value> found;
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool isFree = isa<tile::BroadcastOp, tile::SplatOp, tile::IotaOp, tile::SliceOp, arith::ConstantOp, arith::CmpIOp,
                      arith::ExtFOp>(op) ||
                  (isa<tile::GatherOp>(op) && isGathered(op->getResult(0)) && endsInMemory(op->getResult(0)));
    bool isMadeOfFree = op->hasTrait<OpTrait::Elementwise>() &&
                        llvm::all_of(op->getOperands(), [&](Value operand) { return found.contains(operand); });
    if (isFree || isMadeOfFree)
      found.insert_range(op->getResults());
  });
  return found;
}

/// Whether CTAs exchange a tile: that is done with all of it at once.
bool isExchanged(Value value) {
  return value.getDefiningOp<tile::ClusterReduceOp>() ||
         llvm::any_of(value.getUsers(), [](Operation *user) { return isa<tile::ClusterReduceOp>(user); });
}

/// The most registers that tiles take at any op of the block, a tile `most` at a time if that
/// is possible. An elementwise op may write over an operand that dies in it.
int64_t peakRegisters(Block *block, const DenseSet<Value> &freeValues, int64_t most) {
  auto sizeOf = [&](Value value) {
    return isExchanged(value) ? registersOf(value) : std::min(registersOf(value), most);
  };
  DenseMap<Value, Operation *> lastUse;
  auto note = [&](Value value) {
    if (sizeOf(value) == 0 || freeValues.contains(value))
      return;
    for (Operation *user : value.getUsers())
      if (Operation *ancestor = block->findAncestorOpInBlock(*user)) {
        Operation *&last = lastUse[value];
        if (!last || last->isBeforeInBlock(ancestor))
          last = ancestor;
      }
  };
  int64_t live = 0, peak = 0;
  auto define = [&](Value value) {
    note(value);
    if (lastUse.count(value))
      live += sizeOf(value);
  };
  // Tiles defined outside the block live through it.
  llvm::SmallDenseSet<Value> outer;
  block->walk([&](Operation *op) {
    for (Value operand : op->getOperands())
      if (!block->findAncestorOpInBlock(*operand.getParentBlock()->getParentOp()) &&
          operand.getParentBlock() != block && !freeValues.contains(operand) && outer.insert(operand).second)
        live += sizeOf(operand);
  });
  for (Value argument : block->getArguments())
    define(argument);
  peak = live;
  for (Operation &op : *block) {
    llvm::SmallDenseSet<Value> dead;
    for (Value operand : op.getOperands()) {
      auto last = lastUse.find(operand);
      if (last != lastUse.end() && last->second == &op && dead.insert(operand).second)
        live -= sizeOf(operand);
    }
    for (Value result : op.getResults())
      define(result);
    peak = std::max(peak, live);
  }
  return peak;
}

} // namespace

bool transposes(gpu::GPUFuncOp kernel) {
  return kernel.walk([](tile::TransposeOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

namespace {

/// The most barriers of what MMAs leave and find in tensor memory: copies of one MMA share them.
int64_t tensorBarriers(gpu::GPUFuncOp kernel, const tile::Schedule &schedule) {
  llvm::SmallDenseSet<const void *> sources;
  int64_t barriers = 0;
  kernel.walk([&](tile::MmaAsyncOp mma) {
    Attribute source = mma->getAttr(tile::kSourceAttr);
    if (!tile::isInTensorMemory(mma.getResult().getType()) ||
        !sources.insert(source ? source.getAsOpaquePointer() : mma.getAsOpaquePointer()).second)
      return;
    barriers += 2 * schedule.accumulators.value_or(1);
    if (tile::isInTensorMemory(mma.getA().getType()))
      barriers += 2 * (schedule.lastPart.value_or(0) > 1 ? 2 : 1);
  });
  return barriers * schedule.workers.value_or(1);
}

} // namespace

int64_t sharedBytesOf(gpu::GPUFuncOp kernel, const tile::Schedule &schedule) {
  SharedLayout layout;
  llvm::StringMap<int64_t> stagesOf;
  auto addRing = [&](auto op) {
    int64_t stages = op.getStages().value_or(1);
    if (stagesOf.try_emplace(op.getRing().value_or(""), stages).second)
      layout.addTiles(stages, op.getResult().getType());
  };
  kernel.walk([&](tile::LoadOp load) { addRing(load); });
  kernel.walk([&](tile::TransposeOp transposition) { addRing(transposition); });
  int64_t numbers = 0;
  kernel.walk([&](tile::NextWorkOp) {
    layout.addTiles(schedule.stages.value_or(1), numberSlot(kernel.getContext()));
    numbers += schedule.stages.value_or(1);
  });
  int64_t workers = schedule.workers.value_or(1);
  bool isStaged = false, hasCorrection = schedule.correctionRegisters.value_or(0) > 0;
  kernel.walk([&](tile::ToSharedOp op) {
    if (!std::exchange(isStaged, true))
      layout.addTiles(hasCorrection ? 1 : schedule.workers.value_or(1), op.getResult().getType());
  });
  if (hasCorrection && schedule.rows) // the factors of a worker's rows
    layout.addTiles(workers, tile::vectorSlot(RankedTensorType::get({*schedule.rows / workers},
                                                                    Float32Type::get(kernel.getContext()))));
  for (const auto &ring : stagesOf)
    layout.addBarriers(2 * ring.second); // full and empty
  layout.addBarriers(2 * numbers + (hasCorrection ? 2 * workers : 0));
  if (int64_t barriers = tensorBarriers(kernel, schedule))
    layout.addBarriers(barriers + 1); // and where the columns begin
  kernel.walk([&](tile::ClusterReduceOp op) {
    layout.addTiles(workers, op.slotType());
    layout.addBarriers(workers);
  });
  return layout.getBytes();
}

namespace {

/// Whether the assembler can give every MMA its registers.
LogicalResult checkMmas(gpu::GPUFuncOp kernel, const tile::Schedule &schedule, const Target &target) {
  int64_t threads =
      kThreadsPerWorker * (schedule.workers.value_or(1) + schedule.otherWarpgroups() + transposes(kernel));
  Limits has = target.limitsOf(schedule);
  int64_t launched = has.launchRegisters(threads);
  WalkResult result = kernel.walk([&](tile::MmaAsyncOp mma) {
    int64_t needed = target.launchRegistersFor(mma);
    if (needed <= launched)
      return WalkResult::advance();
    RankedTensorType tile = mma.getResult().getType().getTile();
    mma.emitError() << "an MMA of " << tile.getDimSize(0) << "x" << tile.getDimSize(1) << " needs " << needed
                    << " registers a thread at launch, " << target.chip() << " launches " << threads << " threads with "
                    << launched << has.share() << " (knobs columns and workers)";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

/// The tiles in registers that the correction role has: what it moves from sums in tensor
/// memory, what is made of that, and what it moves back.
FailureOr<DenseSet<Value>> findSums(gpu::GPUFuncOp kernel) {
  FailureOr<std::vector<TensorPlace>> places = findTensorPlaces(&kernel.getBody().front());
  if (failed(places))
    return failure();
  DenseSet<Value> sums;
  SmallVector<Value> worklist;
  for (const TensorPlace &place : *places) {
    if (place.kind != TensorPlace::Exchanged)
      continue;
    for (tile::MoveOp read : place.reads)
      worklist.push_back(read.getResult());
    for (tile::MoveOp write : place.writes)
      sums.insert(write.getTile());
  }
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    if (registersOf(value.getType()) > 0 && sums.insert(value).second)
      for (Operation *user : value.getUsers())
        llvm::append_range(worklist, user->getResults());
  }
  return sums;
}

/// Whether a role's threads have registers for its tiles: all but the values in `excepted`,
/// `most` of a tile at a time.
LogicalResult checkRegisters(gpu::GPUFuncOp kernel, StringRef role, std::optional<int64_t> registers,
                             const DenseSet<Value> &excepted, const Target &target,
                             int64_t most = std::numeric_limits<int64_t>::max()) {
  Limits limits = target.limits();
  int64_t budget = registers.value_or(limits.registersPerThread) - limits.registersBesideTiles;
  int64_t needed = 0;
  kernel.walk([&](Block *block) { needed = std::max(needed, peakRegisters(block, excepted, most)); });
  if (needed <= budget)
    return success();
  return kernel.emitError() << "tiles need " << needed << " registers a thread, the " << role << " role has " << budget
                            << " beside " << limits.registersBesideTiles << " for all else (knobs rows, columns, "
                            << "workers and " << role << "_registers)";
}

} // namespace

LogicalResult checkBudget(gpu::GPUFuncOp kernel, const tile::Schedule &schedule, const Target &target) {
  if (schedule.workers && schedule.loadRegisters && schedule.computeRegisters &&
      failed(target.checkRoles(kernel, target.rolesOf(schedule, transposes(kernel)), target.limitsOf(schedule))))
    return failure();
  if (failed(target.checkSharedBytes(kernel, sharedBytesOf(kernel, schedule), target.limitsOf(schedule))) ||
      failed(checkMmas(kernel, schedule, target)))
    return failure();

  DenseSet<Value> freeValues = findFreeValues(kernel);
  if (!schedule.correctionRegisters.value_or(0))
    return checkRegisters(kernel, "compute", schedule.computeRegisters, freeValues, target);
  FailureOr<DenseSet<Value>> sums = findSums(kernel);
  if (failed(sums))
    return failure();
  DenseSet<Value> others = freeValues;
  kernel.walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (!sums->contains(result))
        others.insert(result);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        others.insert_range(block.getArguments());
  });
  freeValues.insert_range(*sums);
  return failure(
      failed(checkRegisters(kernel, "compute", schedule.computeRegisters, freeValues, target)) ||
      failed(checkRegisters(kernel, "correction", schedule.correctionRegisters, others, target, kMostPieceRegisters)));
}

} // namespace girih
