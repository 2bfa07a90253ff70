#include "girih/Target/Target.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace girih {

#define GIRIH_TARGET(GETTER) const Target *GETTER();
#include "Targets.def"
#undef GIRIH_TARGET

void Target::reserveColumns(ImplicitLocOpBuilder &, Value, int64_t) const {
  llvm_unreachable("this chip has no tensor memory");
}
void Target::releaseColumns(ImplicitLocOpBuilder &, Value, int64_t) const {
  llvm_unreachable("this chip has no tensor memory");
}
void Target::fenceTensorMemory(ImplicitLocOpBuilder &, Fence) const {
  llvm_unreachable("this chip has no tensor memory");
}

ArrayRef<const Target *> allTargets() {
  static const Target *const targets[] = {
#define GIRIH_TARGET(GETTER) GETTER(),
#include "Targets.def"
#undef GIRIH_TARGET
  };
  return targets;
}

const Target *lookupTarget(StringRef chip, function_ref<InFlightDiagnostic()> emitError) {
  for (const Target *target : allTargets())
    if (target->chip() == chip)
      return target;
  InFlightDiagnostic diagnostic = emitError() << "unknown target '" << chip << "'; targets are";
  for (const Target *target : allTargets())
    diagnostic << " " << target->chip();
  return nullptr;
}

const Target *lookupTarget(Operation *op) {
  NVVM::NVVMTargetAttr attr;
  if (auto module = op->getParentOfType<gpu::GPUModuleOp>()) {
    if (ArrayAttr targets = module.getTargetsAttr(); targets && targets.size() == 1)
      attr = dyn_cast<NVVM::NVVMTargetAttr>(targets[0]);
  } else if (auto top = op->getParentOfType<ModuleOp>()) {
    attr = top->getAttrOfType<NVVM::NVVMTargetAttr>(kTargetAttr);
  }
  if (!attr) {
    op->emitError("no target: run attn-schedule with a target first");
    return nullptr;
  }
  return lookupTarget(attr.getChip(), [&] { return op->emitError(); });
}

} // namespace girih
