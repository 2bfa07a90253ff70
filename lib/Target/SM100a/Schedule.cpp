// Blackwell's heuristics for attention. Nothing here has been timed: no chip was at hand.
#include "../Common/Registers.h"
#include "SM100a.h"

using namespace mlir;

namespace girih::sm100a {

/// Beside four warps of the other roles, in a CTA of 1024 threads.
static constexpr int64_t kMaxWorkers = 7;

/// The thread that starts MMAs keeps descriptors and barriers of two workers.
static constexpr RegisterNeeds kNeeds = {.leastLoad = 56, .mostLoad = 64, .mostCompute = 240};

/// Two workers of 128 rows, one in its softmax while the other's MMAs run. In tensor
/// memory each has scores, weights (half a column each) and its output: 2 x (1.5 N + D)
/// columns of the 512.
static tile::Schedule defaultsFor(attn::ForwardOp op, int64_t headSize) {
  bool causal = op.getMask() == attn::Mask::Causal;
  tile::Schedule schedule;
  schedule.workers = 2;
  schedule.rows = kMmaRows * *schedule.workers;
  schedule.columns = headSize == 64 ? 128 : 80;
  schedule.stages = 2;
  schedule.accumulators = 1;
  schedule.overlap = 1;
  schedule.pingPong = 0;
  schedule.lazyRescale = 8; // as FlashAttention-4 has it; weights up to 256 are far inside f16
  schedule.persistent = causal ? 0 : 1;
  schedule.longestFirst = causal ? 1 : 0;
  schedule.groupBytes = causal ? 32 << 20 : 0;
  schedule.anchor = 0;
  return schedule;
}

FailureOr<tile::Schedule> completeSchedule(attn::ForwardOp op, const tile::Schedule &given, const Target &target) {
  int64_t headSize = op.getQ().getType().getDimSize(3);
  if (headSize != 64 && headSize != 128)
    return op.emitError() << "head size " << headSize << " is not supported on " << target.chip() << "; 64 and 128 are";
  tile::Schedule schedule = given;
  // Rows and workers go together: a worker's MMA has a fixed number of rows.
  if (schedule.workers && !schedule.rows)
    schedule.rows = kMmaRows * *schedule.workers;
  if (schedule.rows && !schedule.workers)
    schedule.workers = std::clamp<int64_t>(*schedule.rows / kMmaRows, 1, kMaxWorkers);
  schedule = schedule.completedFrom(defaultsFor(op, headSize));
  if (*schedule.rows != kMmaRows * *schedule.workers)
    return op.emitError() << "knob rows is " << *schedule.rows << " when knob workers is " << *schedule.workers
                          << ", each worker has " << kMmaRows << " rows on " << target.chip();
  // Columns are the inner size of the second product.
  if (*schedule.columns % kMmaDepth != 0 || *schedule.columns > kMmaMaxColumns)
    return op.emitError() << "knob columns is " << *schedule.columns << ", MMAs on " << target.chip()
                          << " take multiples of " << kMmaDepth << " up to " << kMmaMaxColumns;
  // Scores are handed to the workers and weights back one iteration apart.
  if (*schedule.overlap == 0)
    return op.emitError() << "knob overlap is 0, attention on " << target.chip() << " needs 1";
  completeRegisters(schedule, target.limits(), kNeeds);
  return schedule;
}

} // namespace girih::sm100a
