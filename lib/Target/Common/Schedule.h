// What completing a schedule for attention is on every chip.
#ifndef GIRIH_LIB_TARGET_COMMON_SCHEDULE_H
#define GIRIH_LIB_TARGET_COMMON_SCHEDULE_H

#include "Mma.h"

namespace girih {

/// What attention needs of a chip.
struct AttentionNeeds {
  /// Registers of a thread of a role, the second where another one transposes; beyond the
  /// most it gains nothing.
  int64_t leastLoad, leastTranspose, mostLoad, mostCompute;
};

/// Bytes of what score regions load for each query and key.
int64_t denseBytes(attn::ForwardOp op);

/// As many workers of so many rows, or fewer, as share blocks of queries whose keys are listed.
int64_t workersInBlock(attn::ForwardOp op, int64_t workers, int64_t rows);

/// The schedule with its open knobs filled in from the chip's defaults for the problem and
/// what is given of the schedule, `heads` at least; rows and workers following each other, and registers last; what the
/// chip cannot do is added to `missing`.
tile::Schedule completeAttention(attn::ForwardOp op, const tile::Schedule &given, const Target &target,
                                 const MmaShape &shape, const AttentionNeeds &needs, Missing &missing,
                                 llvm::function_ref<tile::Schedule(const tile::Schedule &, HeadColumns)> defaultsFor);

} // namespace girih

#endif // GIRIH_LIB_TARGET_COMMON_SCHEDULE_H
