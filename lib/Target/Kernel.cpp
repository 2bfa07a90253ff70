#include "girih/Target/Kernel.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

/// PTX ISA, "identifiers"; `%` is left to the registers.
LogicalResult checkKernelName(Operation *op, StringRef name) {
  auto follows = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '$'; };
  bool isLegal = !name.empty() && follows(name.front()) && !llvm::isDigit(name.front()) &&
                 llvm::all_of(name, follows) && name != "_" && name != "$";
  if (name == "WARP_SZ")
    return op->emitError("a kernel cannot be called 'WARP_SZ': PTX keeps that name for itself");
  if (isLegal)
    return success();
  return op->emitError() << "a kernel cannot be called '" << name
                         << "': PTX has names of letters, digits, _ and $ that start with no digit";
}

LogicalResult checkKernel(gpu::GPUFuncOp kernel) {
  if (!kernel.isKernel())
    return kernel.emitError("a function in a gpu.module that is no kernel cannot be compiled: mark it `kernel`");
  if (failed(checkKernelName(kernel, kernel.getName())))
    return failure();
  if (!kernel.getBody().hasOneBlock())
    return kernel.getBody().front().getTerminator()->emitError(
        "a kernel must have one block: loops and choices are scf.for and scf.if");
  if (kernel.getBody().getNumArguments() != kernel.getNumArguments())
    return kernel.emitError("a kernel cannot have workgroup or private attributions: shared memory is laid out for it");
  return success();
}

} // namespace girih
