// How far a kernel has come on its way through the passes.
#ifndef GIRIH_TRANSFORMS_PHASE_H
#define GIRIH_TRANSFORMS_PHASE_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// What a kernel on tiles becomes, in the order of the passes.
enum class Phase { Tiles, Partitioned, Pipelined, Placed, Assigned, Specialized, Lowered, Bound };

/// The phase as a property of a kernel, for messages.
llvm::StringRef nameOf(Phase phase);

/// The phase that the kernel has reached. It is read off the kernel's ops and types,
/// which a mark beside them could contradict. `witness`, if given, gets the op that
/// tells.
Phase phaseOf(mlir::gpu::GPUFuncOp kernel, mlir::Operation **witness = nullptr);

/// Whether the kernel has not become that yet, and so the pass that makes it so may
/// run; else a diagnostic.
mlir::LogicalResult checkBefore(Phase phase, mlir::gpu::GPUFuncOp kernel);

} // namespace girih

#endif // GIRIH_TRANSFORMS_PHASE_H
