// What a loader must check before a launch.
#ifndef GIRIH_LIB_TARGET_EMIT_CONSTRAINTS_H
#define GIRIH_LIB_TARGET_EMIT_CONSTRAINTS_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/JSON.h"

namespace girih {

/// The names of the manifest's sizes in the order in which its tensors' shapes name
/// them first.
std::vector<std::string> sizesInOrder(const llvm::json::Object &manifest);

/// The constraints of the manifest, which has sizes, tensors and launch by now; a
/// diagnostic where the kernel breaks one of them itself.
mlir::FailureOr<llvm::json::Array> makeConstraints(mlir::LLVM::LLVMFuncOp kernel, const llvm::json::Object &manifest);

} // namespace girih

#endif // GIRIH_LIB_TARGET_EMIT_CONSTRAINTS_H
