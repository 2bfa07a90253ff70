// Which tiles are tied element by element, row by row, or through control flow.
#ifndef GIRIH_LIB_TRANSFORMS_TILETIES_H
#define GIRIH_LIB_TRANSFORMS_TILETIES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Operation.h"

namespace girih {

/// Calls `visit` for every tile that must have the same rows as `value`: other
/// operands and results of elementwise ops, sources and results of reductions and
/// broadcasts, and the other names of a value that a loop or a choice carries.
/// MMAs are left to the caller.
void forEachTied(mlir::Value value, mlir::function_ref<void(mlir::Value)> visit);

/// Only the other names of a value that a loop or a choice carries.
void forEachCarried(mlir::Value value, mlir::function_ref<void(mlir::Value)> visit);

/// Gives every use of a constant, index or splat tile its own copy, so that a
/// decision for one use does not bind the others.
void separateTileUses(mlir::gpu::GPUFuncOp kernel);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TILETIES_H
