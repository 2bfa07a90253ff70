// Hopper's heuristics for attention (docs/performance.md has the measurements).
#include "../Common/Registers.h"
#include "SM90a.h"

using namespace mlir;

namespace girih::sm90a {

/// To 240 for each thread of two workers, 160 for each of three.
static constexpr RegisterNeeds kNeeds = {.leastLoad = 24, .mostLoad = 32, .mostCompute = 240};

/// Beside a loader, in a CTA of 1024 threads.
static constexpr int64_t kMaxWorkers = 7;

/// Two warpgroups of 64 rows with 240 registers each, or three with 160, beside a
/// loader: the splits of 64 Ki registers that waste none.
static tile::Schedule defaultsFor(attn::ForwardOp op, int64_t headSize) {
  bool causal = op.getMask() == attn::Mask::Causal;
  tile::Schedule schedule;
  schedule.workers = headSize == 64 ? 3 : 2;
  schedule.rows = kMmaRows * *schedule.workers;
  schedule.columns = 128;
  schedule.stages = 2;
  schedule.overlap = 1;
  schedule.pingPong = 1;
  schedule.lazyRescale = 0; // the output is in registers, where a product costs less than a branch
  // Work items of a causal mask differ in length: the hardware's own scheduler
  // spreads them better than a fixed share for each CTA, if the long ones come first.
  schedule.persistent = causal ? 0 : 1;
  schedule.longestFirst = causal ? 1 : 0;
  schedule.groupBytes = causal ? 32 << 20 : 0;
  // Where the assembler's placement of the wait was measured to be best.
  schedule.anchor = 1;
  return schedule;
}

FailureOr<tile::Schedule> completeSchedule(attn::ForwardOp op, const tile::Schedule &given) {
  int64_t headSize = op.getQ().getType().getDimSize(3);
  if (headSize != 64 && headSize != 128)
    return op.emitError() << "head size " << headSize << " is not supported on sm_90a; 64 and 128 are";
  tile::Schedule schedule = given;
  // Rows and workers go together: a worker's MMA has a fixed number of rows.
  if (schedule.workers && !schedule.rows)
    schedule.rows = kMmaRows * *schedule.workers;
  if (schedule.rows && !schedule.workers)
    schedule.workers = std::clamp<int64_t>(*schedule.rows / kMmaRows, 1, kMaxWorkers);
  schedule = schedule.completedFrom(defaultsFor(op, headSize));
  if (*schedule.rows != kMmaRows * *schedule.workers)
    return op.emitError() << "knob rows is " << *schedule.rows << " when knob workers is " << *schedule.workers
                          << ", each worker has " << kMmaRows << " rows on sm_90a";
  // Columns are the inner size of the second product.
  if (*schedule.columns % kMmaDepth != 0 || *schedule.columns > kMmaMaxColumns)
    return op.emitError() << "knob columns is " << *schedule.columns << ", MMAs on sm_90a take multiples of "
                          << kMmaDepth << " up to " << kMmaMaxColumns;
  completeRegisters(schedule, getSM90aTarget()->limits(), kNeeds);
  return schedule;
}

} // namespace girih::sm90a
