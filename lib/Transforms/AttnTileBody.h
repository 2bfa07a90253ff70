// The body of an attention kernel; the pass around it is AttnTile.cpp.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNTILEBODY_H
#define GIRIH_LIB_TRANSFORMS_ATTNTILEBODY_H

#include "girih/Target/Target.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/IRMapping.h"

namespace girih {

/// Weights of e4m3 are 2 to that power times as large: the largest are then 256, of the 448
/// that there are, and small ones keep bits. 0 for wider weights.
inline int64_t weightExponent(attn::ForwardOp op, const tile::Schedule &schedule) {
  return op.hasNarrowInputs() ? kMaxWeightExponent - schedule.lazyRescale.value_or(0) : 0;
}

/// Fills the empty kernel with the tile program for `op`. The schedule's rows
/// and columns are set; the target says how many partial row sums to keep. `captures` maps
/// what the op's regions capture to the kernel's arguments.
void buildAttentionKernel(attn::ForwardOp op, mlir::gpu::GPUFuncOp kernel, const tile::Schedule &schedule,
                          const Target &target, const mlir::IRMapping &captures);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNTILEBODY_H
