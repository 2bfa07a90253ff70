// tile-assign-roles: say which role runs an op.
//
//   %k = tile.load ...; %a = tile.mma_async ...; %s = tile.await %a ...; tile.store ...
// becomes, where MMAs accumulate in tensor memory,
//   %k = tile.load ... {tile.role = "load"}
//   %a = tile.mma_async ... {tile.role = "mma"}; %s = tile.await %a ... {tile.role = "mma"}
//   tile.store ... {tile.role = "compute"}
#include "ControlFlow.h"
#include "girih/Target/Target.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEASSIGNROLESPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// Whether the op is left to whoever needs it: scalars, views, constants, loops and
/// choices.
bool isShared(Operation *op) {
  if (isa<RegionBranchOpInterface, tile::SliceOp, tile::WorkerOp>(op) || op->hasTrait<OpTrait::IsTerminator>() ||
      op->hasTrait<OpTrait::ConstantLike>())
    return true;
  auto isTile = [](Type type) { return isa<RankedTensorType, tile::AsyncType>(type); };
  return isMemoryEffectFree(op) && llvm::none_of(op->getResultTypes(), isTile) &&
         llvm::none_of(op->getOperandTypes(), isTile);
}

/// The role that runs an op, if it says nothing else.
StringRef roleFor(Operation *op) {
  if (isa<tile::LoadOp, tile::NextWorkOp>(op))
    return "load";
  // What accumulates in tensor memory is started by one thread for all workers.
  if (isa<tile::MmaAsyncOp, tile::AwaitOp>(op) && tile::isInTensorMemory(op->getResult(0).getType()))
    return "mma";
  return "compute";
}

struct TileAssignRolesPass : impl::TileAssignRolesPassBase<TileAssignRolesPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Assigned, kernel)) || failed(checkControlFlow(kernel)))
      return signalPassFailure();
    const Target *target = lookupTarget(kernel);
    if (!target)
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    if (!schedule.workers || !schedule.loadRegisters || !schedule.computeRegisters) {
      kernel.emitError("the schedule must say workers, load_registers and compute_registers");
      return signalPassFailure();
    }
    SmallVector<RoleShape> roles = target->rolesOf(schedule);
    if (failed(assign(kernel, roles, *target)))
      return signalPassFailure();
    kernel->setAttr(tile::kRolesAttr, describe(roles));
  }

  LogicalResult assign(gpu::GPUFuncOp kernel, ArrayRef<RoleShape> roles, const Target &target) {
    WalkResult result = kernel.getBody().walk([&](Operation *op) {
      if (auto work = dyn_cast<tile::NextWorkOp>(op); work && !work.getCounter() && !target.limits().handsOutWork) {
        op->emitError() << "needs a counter: " << target.chip() << " does not hand out work items";
        return WalkResult::interrupt();
      }
      auto given = op->getAttrOfType<StringAttr>(tile::kRoleAttr);
      if (!given && !isShared(op))
        op->setAttr(tile::kRoleAttr, StringAttr::get(&getContext(), roleFor(op)));
      if (!given || llvm::any_of(roles, [&](const RoleShape &role) { return role.name == given.getValue(); }))
        return WalkResult::advance();
      InFlightDiagnostic error = op->emitError() << "the kernel has no role " << given << "; roles are";
      for (const RoleShape &role : roles)
        error << " " << role.name;
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  ArrayAttr describe(ArrayRef<RoleShape> roles) {
    Builder builder(&getContext());
    SmallVector<Attribute> entries;
    for (const RoleShape &role : roles) {
      NamedAttrList entry;
      entry.set("name", builder.getStringAttr(role.name));
      entry.set("warps", builder.getI64IntegerAttr(role.warps));
      entry.set("registers", builder.getI64IntegerAttr(role.registers));
      if (role.oneThread)
        entry.set("one_thread", builder.getUnitAttr());
      entries.push_back(entry.getDictionary(&getContext()));
    }
    return builder.getArrayAttr(entries);
  }
};

} // namespace
} // namespace girih
