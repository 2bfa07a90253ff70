// Hopper's heuristics for attention (docs/performance.md has the measurements).
#include "../Common/Schedule.h"
#include "SM90a.h"

using namespace mlir;

namespace girih::sm90a {

/// To 240 for each thread of two workers, 160 for each of three.
static constexpr AttentionNeeds kNeeds = {.leastLoad = 24, .mostLoad = 32, .mostCompute = 240, .maxHeadSize = 256};

/// Two warpgroups of 64 rows with 240 registers each, or three with 160, beside a
/// loader: the splits of 64 Ki registers that waste none.
static tile::Schedule defaultsFor(attn::ForwardOp op, int64_t headColumns) {
  bool masked = op.hasMask();
  tile::Schedule schedule;
  schedule.workers = headColumns <= 64 ? 3 : 2;
  schedule.rows = kMma.rows * *schedule.workers;
  schedule.columns = headColumns <= 128 ? 128 : headColumns <= 192 ? 96 : 64;
  schedule.stages = 2;
  schedule.overlap = 1;
  schedule.pingPong = 1;
  schedule.lazyRescale = 0; // the output is in registers, where a product costs less than a branch
  schedule.exp2Polynomial = 0;
  // Work items of a mask differ in length: whoever is done takes the next, the long
  // ones first. Fixed shares are as good where all are equal, and cost less. With the widest
  // output a CTA for each item is better still.
  schedule.persistent = !masked ? 1 : headColumns > 192 ? 0 : tile::Schedule::kDynamic;
  schedule.longestFirst = masked ? 1 : 0;
  schedule.groupBytes = masked ? 32 << 20 : 0;
  // Where the assembler's placement of the wait was measured to be best.
  schedule.anchor = 1;
  return schedule;
}

tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, Missing &missing) {
  return completeAttention(op, given, *getSM90aTarget(), kMma, kNeeds, missing, defaultsFor);
}

} // namespace girih::sm90a
