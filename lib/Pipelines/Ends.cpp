#include "Ends.h"

#include "dialects/Attn/Attn.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {

FailureOr<Phase> entryPhase(ModuleOp module) {
  gpu::GPUFuncOp first;
  Phase found = Phase::Tiles;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    for (auto kernel : kernels.getOps<gpu::GPUFuncOp>()) {
      Phase phase = phaseOf(kernel);
      if (!first) {
        first = kernel;
        found = phase;
      } else if (phase != found) {
        InFlightDiagnostic diagnostic = kernel.emitError() << "the kernel is " << nameOf(phase)
                                                           << ": all kernels of a module must have come equally far";
        diagnostic.attachNote(first.getLoc()) << "this one is " << nameOf(found);
        return diagnostic;
      }
    }
  WalkResult problems = module.walk([](attn::ForwardOp) { return WalkResult::interrupt(); });
  if (first && found != Phase::Tiles && problems.wasInterrupted())
    return first.emitError() << "the kernel is " << nameOf(found)
                             << ": attn.forward in the same module has not come that far";
  return found;
}

LogicalResult checkTranslatable(ModuleOp module) {
  Operation *cast = nullptr, *other = nullptr;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>())
    kernels.getBodyRegion().walk([&](Operation *op) {
      if (isa_and_nonnull<LLVM::LLVMDialect, NVVM::NVVMDialect>(op->getDialect()))
        return WalkResult::advance();
      if (isa<UnrealizedConversionCastOp>(op)) {
        cast = cast ? cast : op;
        return WalkResult::advance();
      }
      other = op;
      return WalkResult::interrupt();
    });
  if (other)
    return other->emitError() << "'" << other->getName() << "' has no translation to LLVM IR";
  if (cast)
    return cast->emitError() << "a value of type " << cast->getOperandTypes().front() << " has no place in LLVM IR";
  return success();
}

LogicalResult reportNoKernel(ModuleOp module) {
  Operation *elsewhere = nullptr;
  module.walk([&](Operation *op) {
    if (isa<gpu::GPUFuncOp, LLVM::LLVMFuncOp>(op) && op->getParentOfType<gpu::GPUModuleOp>())
      elsewhere = op;
  });
  if (elsewhere)
    return elsewhere->emitError("a kernel must stand in a gpu.module of the outermost module");
  return module.emitError("there is nothing to compile: no attn.forward and no kernel in a gpu.module");
}

} // namespace girih
