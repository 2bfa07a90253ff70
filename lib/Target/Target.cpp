#include "girih/Target/Target.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace girih {

#define GIRIH_TARGET(GETTER) const Target *GETTER();
#include "Targets.def"
#undef GIRIH_TARGET

void Target::reserveColumns(ImplicitLocOpBuilder &, Value, int64_t, int64_t) const {
  llvm_unreachable("this chip has no tensor memory");
}
void Target::releaseColumns(ImplicitLocOpBuilder &, Value, int64_t, int64_t) const {
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

static const Target *findTarget(StringRef chip) {
  const auto *found = llvm::find_if(allTargets(), [&](const Target *target) { return target->chip() == chip; });
  return found == allTargets().end() ? nullptr : *found;
}

/// The chip that the enclosing module names, or null.
static NVVM::NVVMTargetAttr targetAttrOf(Operation *op) {
  if (auto module = op->getParentOfType<gpu::GPUModuleOp>()) {
    ArrayAttr targets = module.getTargetsAttr();
    return targets && targets.size() == 1 ? dyn_cast<NVVM::NVVMTargetAttr>(targets[0]) : NVVM::NVVMTargetAttr();
  }
  auto top = op->getParentOfType<ModuleOp>();
  return top ? top->getAttrOfType<NVVM::NVVMTargetAttr>(kTargetAttr) : NVVM::NVVMTargetAttr();
}

const Target *lookupTarget(StringRef chip, function_ref<InFlightDiagnostic()> emitError) {
  if (const Target *target = findTarget(chip))
    return target;
  InFlightDiagnostic diagnostic = emitError() << "unknown target '" << chip << "'; targets are";
  for (const Target *target : allTargets())
    diagnostic << " " << target->chip();
  return nullptr;
}

const Target *lookupTarget(Operation *op) {
  NVVM::NVVMTargetAttr attr = targetAttrOf(op);
  if (!attr) {
    op->emitError("no target: run attn-schedule with a target first");
    return nullptr;
  }
  return lookupTarget(attr.getChip(), [&] { return op->emitError(); });
}

const Target *findTarget(Operation *op) {
  NVVM::NVVMTargetAttr attr = targetAttrOf(op);
  return attr ? findTarget(attr.getChip()) : nullptr;
}

} // namespace girih
