// The control flow that passes on tiles understand.
#ifndef GIRIH_LIB_TRANSFORMS_CONTROLFLOW_H
#define GIRIH_LIB_TRANSFORMS_CONTROLFLOW_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Whether the value is an argument of a kernel, whose type the passes cannot change.
bool isKernelArgument(mlir::Value value);

/// Whether tiles pass only through loops and choices that the passes can take apart:
/// scf.for and scf.if. Other ops with regions may compute scalars. Else a diagnostic
/// on the op.
mlir::LogicalResult checkControlFlow(mlir::gpu::GPUFuncOp kernel);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_CONTROLFLOW_H
