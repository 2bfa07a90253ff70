// Hopper's heuristics for attention (docs/performance.md has the measurements).
#include "SM90a.h"

using namespace mlir;

namespace girih::sm90a {

/// Two warpgroups of 64 rows with 240 registers each, or three with 160, beside a
/// loader: the splits of 64 Ki registers that waste none.
static tile::Schedule defaultsFor(attn::ForwardOp op, int64_t headSize) {
  bool causal = op.getMask() == attn::Mask::Causal;
  tile::Schedule schedule;
  bool narrow = headSize == 64;
  schedule.workers = narrow ? 3 : 2;
  schedule.rows = kMmaRows * *schedule.workers;
  // A causal mask needs registers that 160 do not leave beside 128 columns.
  schedule.columns = narrow && causal ? 112 : 128;
  schedule.stages = 2;
  schedule.loadRegisters = narrow ? 32 : 24;
  schedule.computeRegisters = narrow ? 160 : 240;
  schedule.overlap = 1;
  schedule.pingPong = 1;
  // Work items of a causal mask differ in length: the hardware's own scheduler
  // spreads them better than a fixed share for each CTA, if the long ones come first.
  schedule.persistent = causal ? 0 : 1;
  schedule.longestFirst = causal ? 1 : 0;
  schedule.groupBytes = causal ? 32 << 20 : 0;
  // Where the assembler's placement of the wait was measured to be best.
  schedule.anchor = narrow && causal ? 15 : 1;
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
    schedule.workers = std::max<int64_t>(1, *schedule.rows / kMmaRows);
  if (schedule.workers == 3 && !schedule.computeRegisters)
    schedule.computeRegisters = 160;
  if (schedule.workers == 3 && !schedule.loadRegisters)
    schedule.loadRegisters = 32;
  if (schedule.workers == 1 || schedule.workers == 2) {
    schedule.computeRegisters = schedule.computeRegisters.value_or(240);
    schedule.loadRegisters = schedule.loadRegisters.value_or(24);
  }
  schedule = schedule.completedFrom(defaultsFor(op, headSize));
  // The inner size of the second product, whose steps are 16 deep.
  if (*schedule.columns % 16 != 0 || *schedule.columns > 256)
    return op.emitError() << "knob columns is " << *schedule.columns
                          << ", MMAs on sm_90a take multiples of 16 up to 256";
  for (auto [knob, registers] : {std::pair("load_registers", *schedule.loadRegisters),
                                 std::pair("compute_registers", *schedule.computeRegisters)})
    if (registers % 8 != 0)
      return op.emitError() << "knob " << knob << " is " << registers << ", must be a multiple of 8";
  return schedule;
}

} // namespace girih::sm90a
