// Both ends of the passes: where a module enters them, and what must have become of it.
#ifndef GIRIH_LIB_PIPELINES_ENDS_H
#define GIRIH_LIB_PIPELINES_ENDS_H

#include "girih/Transforms/Phase.h"
#include "mlir/IR/BuiltinOps.h"

namespace girih {

/// The phase that all kernels of the module have reached; Phase::Tiles if there is a
/// problem or nothing. A diagnostic if they are at different ones.
mlir::FailureOr<Phase> entryPhase(mlir::ModuleOp module);

/// Whether all that stands in the kernels' modules is LLVM's; else a diagnostic on the
/// first op that is not.
mlir::LogicalResult checkTranslatable(mlir::ModuleOp module);

/// Says where the kernels are that do not stand in a gpu.module of the module itself,
/// or that there are none.
mlir::LogicalResult reportNoKernel(mlir::ModuleOp module);

} // namespace girih

#endif // GIRIH_LIB_PIPELINES_ENDS_H
