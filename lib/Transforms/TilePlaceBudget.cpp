#include "TilePlaceBudget.h"

#include "dialects/Tile/Fragment.h"
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

/// Values that need no registers of their own: repeated rows, constants, and
/// comparisons, which are fused into their users.
bool isFree(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (isa<tile::BroadcastOp, tile::SplatOp, tile::IotaOp, arith::ConstantOp, arith::CmpIOp>(op));
}

/// The most registers that tiles take at any op of the block. An elementwise op
/// may write over an operand that dies in it.
int64_t peakRegisters(Block *block) {
  DenseMap<Value, Operation *> lastUse;
  auto note = [&](Value value) {
    if (registersOf(value.getType()) == 0 || isFree(value))
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
      live += registersOf(value.getType());
  };
  for (Value argument : block->getArguments())
    define(argument);
  peak = live;
  for (Operation &op : *block) {
    // Tiles defined outside the block live through it.
    llvm::SmallDenseSet<Value> dead;
    for (Value operand : op.getOperands()) {
      auto last = lastUse.find(operand);
      if (last != lastUse.end() && last->second == &op && dead.insert(operand).second)
        live -= registersOf(operand.getType());
    }
    for (Value result : op.getResults())
      define(result);
    peak = std::max(peak, live);
  }
  return peak;
}

int64_t sharedBytesOf(gpu::GPUFuncOp kernel, int64_t workers) {
  llvm::StringMap<int64_t> rings;
  int64_t barriers = 0, staging = 0;
  kernel.walk([&](tile::LoadOp load) {
    if (!rings.try_emplace(load.getRing().value_or(""), 0).second)
      return;
    int64_t stages = load.getStages().value_or(1);
    rings[load.getRing().value_or("")] = stages * tile::sharedBytes(load.getResult().getType());
    barriers += 2 * stages;
  });
  kernel.walk(
      [&](tile::ToSharedOp op) { staging = std::max(staging, workers * tile::sharedBytes(op.getResult().getType())); });
  int64_t total = staging + 8 * barriers;
  for (const auto &ring : rings)
    total += ring.second;
  return total;
}

} // namespace

LogicalResult checkBudget(gpu::GPUFuncOp kernel, const tile::Schedule &schedule, const Target &target) {
  Limits limits = target.limits();
  int64_t workers = schedule.workers.value_or(1);
  int64_t shared = sharedBytesOf(kernel, workers);
  if (shared > limits.sharedBytes)
    return kernel.emitError() << "tiles need " << shared << " bytes of shared memory, " << target.chip() << " has "
                              << limits.sharedBytes << " (knobs rows, columns and stages)";

  int64_t budget = schedule.computeRegisters.value_or(limits.registersPerThread);
  int64_t needed = 0;
  kernel.walk([&](Block *block) { needed = std::max(needed, peakRegisters(block)); });
  if (needed > budget)
    return kernel.emitError() << "tiles need " << needed << " registers a thread, the compute role has " << budget
                              << " (knobs rows, columns, workers and compute_registers)";

  int64_t load = schedule.loadRegisters.value_or(0), file = limits.registersPerProcessor;
  int64_t total = 128 * (load + workers * budget);
  if (total > file)
    return kernel.emitError() << "roles ask for " << total << " registers, " << target.chip() << " has " << file
                              << " (knobs workers, load_registers and compute_registers)";
  return success();
}

} // namespace girih
