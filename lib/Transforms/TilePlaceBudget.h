// The resource checks of tile-place.
#ifndef GIRIH_LIB_TRANSFORMS_TILEPLACEBUDGET_H
#define GIRIH_LIB_TRANSFORMS_TILEPLACEBUDGET_H

#include "dialects/Tile/Schedule.h"
#include "girih/Target/Target.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// The shared memory of the kernel's placed tiles and their barriers, as
/// tile-lower-channels will lay them out.
int64_t sharedBytesOf(mlir::gpu::GPUFuncOp kernel, const tile::Schedule &schedule);

/// Fails, with a diagnostic at the kernel, if the placed tiles do not fit into the
/// shared memory of a CTA, the registers of a thread or the register file.
mlir::LogicalResult checkBudget(mlir::gpu::GPUFuncOp kernel, const tile::Schedule &schedule, const Target &target);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TILEPLACEBUDGET_H
