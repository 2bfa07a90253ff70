// The manifest and the C header of a compiled kernel (docs/manifest.md).
#ifndef GIRIH_TARGET_MANIFEST_H
#define GIRIH_TARGET_MANIFEST_H

#include "girih/Target/Emit.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/JSON.h"

namespace girih {

/// The largest size that a kernel can take, and the most work items. Kernels count
/// in 32 bits; what is left to 2^31 is room for the end of a tile and for the step
/// of a loop over work items.
inline constexpr int64_t kLargestSize = (int64_t(1) << 31) - (int64_t(1) << 16);

/// A compiled kernel and what was learnt on the way.
struct CompiledKernel {
  std::string name;       ///< stem of the files
  std::string ptx, cubin; ///< of its whole module
  Resources resources;
  std::vector<std::pair<std::string, double>> milliseconds; ///< phase, time
};

/// The manifest of a kernel, from the attributes that the passes left on it.
mlir::FailureOr<llvm::json::Object> makeManifest(mlir::LLVM::LLVMFuncOp kernel, const Target &target,
                                                 const CompiledKernel &compiled);

/// A C header that embeds the cubin and launches it through the driver API, after
/// it has checked the manifest's constraints.
std::string makeHeader(const llvm::json::Object &manifest, llvm::StringRef cubin);

} // namespace girih

#endif // GIRIH_TARGET_MANIFEST_H
