// From a lowered kernel module to PTX and a cubin.
#ifndef GIRIH_TARGET_EMIT_H
#define GIRIH_TARGET_EMIT_H

#include "girih/Target/Target.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/StringMap.h"

namespace girih {

/// What ptxas reports of a kernel.
struct Resources {
  int64_t registers = 0;  ///< per thread at launch
  int64_t spillBytes = 0; ///< stores and loads to local memory, bytes per thread
  int64_t stackBytes = 0;
};

/// An assembled module.
struct Assembly {
  std::string cubin;
  llvm::StringMap<Resources> kernels; ///< by name, as ptxas reports them
  std::string log;                    ///< all that ptxas wrote
};

/// Translates the module, whose functions are in the LLVM dialect, to LLVM IR,
/// optimizes it for the target and writes PTX. Errors go to the module's location.
mlir::FailureOr<std::string> emitPtxText(mlir::gpu::GPUModuleOp module, const Target &target);

/// The path of ptxas: `given` if not empty, looked up on PATH if it names no folder;
/// else the one of the CUDA toolkit named by CUDA_ROOT, CUDA_HOME or CUDA_PATH, on
/// PATH, or in its usual place; empty if none.
std::string findPtxas(llvm::StringRef given);

/// What ptxas says of its version, such as "V13.0.88"; empty if it cannot be run.
std::string assemblerVersion(llvm::StringRef ptxas);

/// Assembles the PTX of a module. ptxas' errors become a diagnostic at the module;
/// a spill, or its warning that it ignored or serialized something, becomes a warning
/// at the kernel. The cubin is known to be whole. With `hasLineInfo` it keeps the
/// PTX's line directives, for profilers.
mlir::FailureOr<Assembly> assemble(mlir::gpu::GPUModuleOp module, llvm::StringRef ptx, llvm::StringRef chip,
                                   llvm::StringRef ptxas, bool hasLineInfo = false);

} // namespace girih

#endif // GIRIH_TARGET_EMIT_H
