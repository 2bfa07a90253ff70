// The work items of a CTA, or of a cluster of CTAs.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNITEMS_H
#define GIRIH_LIB_TRANSFORMS_ATTNITEMS_H

#include "dialects/Tile/IndexBuilder.h"
#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Builds the body for each item, by its number, as the schedule's grid hands them out. `count` builds how many
/// there are.
void forEachWorkItem(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel, const tile::Schedule &schedule,
                     llvm::function_ref<mlir::Value()> count, llvm::function_ref<void(mlir::Value)> body);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNITEMS_H
