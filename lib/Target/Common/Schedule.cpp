#include "Schedule.h"
#include "dialects/Attn/Dense.h"
#include "girih/Conversion/Lowering.h"

using namespace mlir;

namespace girih {

constexpr int64_t kHeadStep = 8; // rows of multiples of 16 bytes, for TMA
constexpr int64_t kLeastHead = 16;

/// To compute what the launch brings beside the least of the others, to these what is left.
static void completeRegisters(tile::Schedule &schedule, const Limits &limits, const AttentionNeeds &needs) {
  int64_t warpgroups = *schedule.workers + schedule.otherWarpgroups();
  int64_t perLane = warpgroups * limits.launchRegisters(kThreadsPerWorker * warpgroups);
  perLane -= schedule.correctionRegisters.value_or(0);
  auto legal = [&](int64_t registers, int64_t most) {
    registers -= registers % limits.registerGranularity;
    return std::clamp(registers, limits.minRoleRegisters, most);
  };
  if (!schedule.computeRegisters) {
    int64_t load = schedule.loadRegisters.value_or(needs.leastLoad);
    schedule.computeRegisters = legal((perLane - load) / *schedule.workers, needs.mostCompute);
  }
  if (!schedule.loadRegisters)
    schedule.loadRegisters = legal(perLane - *schedule.workers * *schedule.computeRegisters, needs.mostLoad);
}

/// A work item's queries are loaded while the item before is computed, where a CTA has
/// several and shared memory has room for them beside keys, values, the output and what is loaded
/// with `dense` bytes for each score.
static int64_t defaultItemStages(const tile::Schedule &schedule, int64_t headColumns, int64_t dense,
                                 const Limits &limits) {
  constexpr int64_t kElementBytes = 2, kBarrierBytes = 1024;
  int64_t rows = 3 * *schedule.rows + 2 * *schedule.stages * *schedule.columns;
  int64_t beside = *schedule.stages * *schedule.rows * *schedule.columns * dense;
  bool fits = rows * headColumns * kElementBytes + beside + kBarrierBytes <= limits.sharedBytes;
  return *schedule.persistent != 0 && fits ? 2 : 1;
}

/// Bytes of what score regions load for each query and key.
static int64_t denseBytes(attn::ForwardOp op) {
  int64_t bytes = 0;
  op.getScore().walk([&](attn::LookupOp lookup) {
    if (attn::isDense(lookup))
      bytes += lookup.getTensor().getType().getElementTypeBitWidth() / 8;
  });
  return bytes;
}

/// The most columns of which shared memory has stages of keys, values and what is loaded beside
/// them, with queries and the output.
static int64_t mostColumns(const tile::Schedule &schedule, int64_t headColumns, int64_t dense, const Limits &limits) {
  constexpr int64_t kElementBytes = 2, kBarrierBytes = 2048;
  int64_t rest = limits.sharedBytes - 2 * *schedule.rows * headColumns * kElementBytes - kBarrierBytes;
  return rest / (*schedule.stages * (2 * headColumns * kElementBytes + *schedule.rows * dense));
}

/// Whether a region reads an element of a captured tensor for each key.
static bool readsAtKey(Region &region) {
  if (region.empty())
    return false;
  llvm::SmallPtrSet<Value, 16> ofKey = {region.getArguments().back()};
  bool found = false;
  for (Operation &op : region.front())
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return ofKey.contains(operand); })) {
      ofKey.insert(op.result_begin(), op.result_end());
      auto lookup = dyn_cast<attn::LookupOp>(op);
      found |= lookup && !attn::isDense(lookup);
    }
  return found;
}

tile::Schedule completeAttention(attn::ForwardOp op, const tile::Schedule &given, const Target &target,
                                 const MmaShape &shape, const AttentionNeeds &needs, Missing &missing,
                                 function_ref<tile::Schedule(attn::ForwardOp, int64_t)> defaultsFor) {
  int64_t headSize = op.getQ().getType().getDimSize(3);
  if (headSize % kHeadStep != 0 || headSize < kLeastHead || headSize > needs.maxHeadSize)
    missing.add("head size " + Twine(headSize) + " is not supported on " + target.chip() + "; multiples of " +
                Twine(kHeadStep) + " from " + Twine(kLeastHead) + " to " + Twine(needs.maxHeadSize) + " are");
  Limits limits = target.limits();
  tile::Schedule schedule = given;
  // Rows and workers go together: a worker's MMA has a fixed number of rows. One worker's
  // threads are for the other roles.
  if (schedule.workers && !schedule.rows)
    schedule.rows = shape.rows * *schedule.workers;
  if (schedule.rows && !schedule.workers)
    schedule.workers = std::clamp<int64_t>(*schedule.rows / shape.rows, 1, limits.threads / kThreadsPerWorker - 1);
  int64_t headColumns = Target::tileColumns(headSize);
  schedule = schedule.completedFrom(defaultsFor(op, headColumns));
  // What is read for each score has registers of its own; a mask keeps one bit of it.
  if (bool score = readsAtKey(op.getScore()); !given.columns && (score || readsAtKey(op.getMaskRegion()))) {
    int64_t columns = score ? *schedule.columns / 2 : *schedule.columns * 3 / 4;
    schedule.columns = std::max(columns / shape.depth * shape.depth, shape.depth);
  }
  int64_t dense = denseBytes(op);
  if (dense > 0 && !given.columns) {
    int64_t most = std::min(*schedule.columns, mostColumns(schedule, headColumns, dense, limits));
    schedule.columns = std::max(most / shape.depth * shape.depth, shape.depth);
  }
  if (!schedule.itemStages)
    schedule.itemStages = defaultItemStages(schedule, headColumns, dense, limits);
  if (*schedule.rows != shape.rows * *schedule.workers)
    missing.add("knob rows is " + Twine(*schedule.rows) + " when knob workers is " + Twine(*schedule.workers) +
                ", each worker has " + Twine(shape.rows) + " rows on " + target.chip());
  // Columns are the inner size of the second product.
  if (*schedule.columns % shape.depth != 0 || *schedule.columns > shape.maxColumns)
    missing.add("knob columns is " + Twine(*schedule.columns) + ", MMAs on " + target.chip() + " take multiples of " +
                Twine(shape.depth) + " up to " + Twine(shape.maxColumns));
  completeRegisters(schedule, limits, needs);
  return schedule;
}

} // namespace girih
