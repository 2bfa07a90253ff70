// What a function must be to become a kernel.
#ifndef GIRIH_TARGET_KERNEL_H
#define GIRIH_TARGET_KERNEL_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Whether PTX can name a kernel so; else a diagnostic on `op`.
mlir::LogicalResult checkKernelName(mlir::Operation *op, llvm::StringRef name);

/// Whether the function is a kernel that passes can work on: one block, no memory
/// attributions, a name that PTX can have; else a diagnostic.
mlir::LogicalResult checkKernel(mlir::gpu::GPUFuncOp kernel);

/// How many CTAs, a cluster, share each work item of the kernel around `op`, or that it is.
int64_t clusterOf(mlir::Operation *op);
/// How many of these run one program together: all, where one tells the leader or a pair what it does, else 1.
int64_t ctasOfProgram(mlir::Operation *op);
/// On a kernel whose CTAs do, while the ops that say so are converted.
inline constexpr llvm::StringLiteral kSharedProgramAttr = "shared_program";

/// What the kernel relies on beside the PTX ISA (`tile.assumes`).
void addAssumption(mlir::gpu::GPUFuncOp kernel, llvm::StringRef name);
/// Of the kernel around `op`.
bool isAssumed(mlir::Operation *op, llvm::StringRef name);

} // namespace girih

#endif // GIRIH_TARGET_KERNEL_H
