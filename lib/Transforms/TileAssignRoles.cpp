// tile-assign-roles: say which role runs an op.
//
//   %k = tile.load ...; %a = tile.mma_async ...; %s = tile.await %a ...; tile.store ...
// becomes, where MMAs accumulate in tensor memory,
//   %k = tile.load ... {tile.role = "load"}
//   %a = tile.mma_async ... {tile.role = "mma"}; %s = tile.await %a ... {tile.role = "mma"}
//   tile.store ... {tile.role = "compute"}
#include "ControlFlow.h"
#include "Roles.h"
#include "TensorPlaces.h"
#include "TileTies.h"
#include "girih/Target/Kernel.h"
#include "girih/Target/Target.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILEASSIGNROLESPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

constexpr StringLiteral kCompute = "compute", kCorrection = "correction";

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

/// Who takes work items for all that share them: a thread that there is once.
StringRef askerOf(ArrayRef<RoleShape> roles) {
  const RoleShape *leader = llvm::find_if(roles, [](const RoleShape &role) { return role.leader; });
  return leader == roles.end() ? "load" : leader->name;
}

/// The role that runs an op, if it says nothing else.
StringRef roleFor(Operation *op, ArrayRef<RoleShape> roles) {
  if (isa<tile::NextWorkOp>(op))
    return askerOf(roles);
  if (isa<tile::LoadOp>(op))
    return "load";
  if (isa<tile::TransposeOp>(op))
    return "transpose";
  // What accumulates in tensor memory is started by one thread for all workers.
  if (isa<tile::MmaAsyncOp, tile::AwaitOp>(op) && tile::isInTensorMemory(op->getResult(0).getType()))
    return "mma";
  return kCompute;
}

/// Gives the correction role what changes sums in tensor memory between MMAs, what is made
/// of these, and what only that needs. Vectors stay with those who make them: they can be
/// handed over.
class CorrectionRole {
public:
  LogicalResult assign(gpu::GPUFuncOp kernel) {
    FailureOr<std::vector<TensorPlace>> places = findTensorPlaces(&kernel.getBody().front());
    if (failed(places))
      return failure();
    for (const TensorPlace &place : *places)
      if (place.kind == TensorPlace::Exchanged) {
        llvm::for_each(place.reads, [&](Operation *read) { give(read); });
        llvm::for_each(place.writes, [&](Operation *write) { give(write); });
      }
    while (!made.empty())
      follow(made.pop_back_val());
    kernel->walk<WalkOrder::PostOrder, ReverseIterator>([&](Operation *op) {
      if (isOnlyForCorrection(op))
        give(op);
    });
    return success();
  }

private:
  static StringRef roleOf(Operation *op) {
    auto role = op->getAttrOfType<StringAttr>(tile::kRoleAttr);
    return role ? role.getValue() : StringRef();
  }

  void give(Operation *op) {
    if (roleOf(op) != kCompute)
      return;
    op->setAttr(tile::kRoleAttr, StringAttr::get(op->getContext(), kCorrection));
    llvm::append_range(made, op->getResults());
  }

  void follow(Value value) {
    if (tile::isInTensorMemory(value.getType()) || !followed.insert(value).second)
      return;
    for (Operation *user : value.getUsers()) {
      if (isa<tile::SliceOp>(user)) // left to whoever needs it, as the value is
        made.push_back(user->getResult(0));
      else
        give(user);
    }
    forEachCarried(value, [&](Value other) { made.push_back(other); });
  }

  static bool isCorrection(Operation *user) {
    if (!isa<scf::IfOp>(user))
      return roleOf(user) == kCorrection;
    bool isAny = false;
    return !user->walk([&](Operation *op) {
                  isAny |= roleOf(op) == kCorrection;
                  return roleOf(op).empty() || roleOf(op) == kCorrection ? WalkResult::advance()
                                                                         : WalkResult::interrupt();
                })
                .wasInterrupted() &&
           isAny;
  }

  static bool isOnlyForCorrection(Operation *op) {
    auto isVector = [](Type type) {
      auto tile = dyn_cast<RankedTensorType>(type);
      return tile && tile.getRank() == 1 && tile.getElementTypeBitWidth() == 32;
    };
    return roleOf(op) == kCompute && isMemoryEffectFree(op) && !op->use_empty() &&
           llvm::none_of(op->getResultTypes(), isVector) && llvm::all_of(op->getUsers(), isCorrection);
  }

  SmallVector<Value> made;
  llvm::DenseSet<Value> followed;
};

/// In which order the thread that starts MMAs does so for several workers. What waits for a
/// worker's threads begins a run, and the MMAs behind it that wait for none of them go with it:
/// the thread turns to the next worker rather than wait twice.
class MmaRuns {
public:
  LogicalResult assign(gpu::GPUFuncOp kernel) {
    FailureOr<std::vector<TensorPlace>> places = findTensorPlaces(&kernel.getBody().front());
    if (failed(places))
      return failure();
    llvm::DenseSet<Operation *> waiting;
    for (const TensorPlace &place : *places) {
      if (place.kind == TensorPlace::Exchanged)
        waiting.insert(place.mmas.begin(), place.mmas.end());
      waiting.insert(place.readers.begin(), place.readers.end());
    }
    Builder builder(kernel.getContext());
    int64_t next = 0;
    kernel.walk([&](Block *block) {
      Attribute run;
      for (auto mma : block->getOps<tile::MmaAsyncOp>()) {
        if (!tile::isInTensorMemory(mma.getResult().getType()))
          continue;
        if (!run || waiting.contains(mma))
          run = builder.getI64IntegerAttr(next++);
        if (!mma->hasAttr(tile::kRunAttr))
          mma->setAttr(tile::kRunAttr, run);
      }
    });
    return success();
  }
};

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
    schedule.cluster = ctasOfProgram(kernel);
    SmallVector<RoleShape> roles = target->rolesOf(schedule, transposes(kernel));
    if (failed(assign(kernel, roles, *target)))
      return signalPassFailure();
    bool corrects = llvm::any_of(roles, [](const RoleShape &role) { return role.name == kCorrection; });
    if (corrects && failed(CorrectionRole().assign(kernel)))
      return signalPassFailure();
    if (target->hasTensorMemory() && *schedule.workers > 1 && failed(MmaRuns().assign(kernel)))
      return signalPassFailure();
    kernel->setAttr(tile::kRolesAttr, describe(roles));
  }

  LogicalResult assign(gpu::GPUFuncOp kernel, ArrayRef<RoleShape> roles, const Target &target) {
    WalkResult result = kernel.getBody().walk([&](Operation *op) {
      if (auto work = dyn_cast<tile::NextWorkOp>(op); work && failed(checkWork(work, target)))
        return WalkResult::interrupt();
      auto given = op->getAttrOfType<StringAttr>(tile::kRoleAttr);
      if (!given && !isShared(op))
        op->setAttr(tile::kRoleAttr, StringAttr::get(&getContext(), roleFor(op, roles)));
      if (!given || llvm::any_of(roles, [&](const RoleShape &role) { return role.name == given.getValue(); }))
        return WalkResult::advance();
      InFlightDiagnostic error = op->emitError() << "the kernel has no role " << given << "; roles are";
      for (const RoleShape &role : roles)
        error << " " << role.name;
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  static LogicalResult checkWork(tile::NextWorkOp op, const Target &target) {
    if (!op.getCounter() && !target.limits().handsOutWork)
      return op.emitError() << "needs a counter: " << target.chip() << " does not hand out work items";
    if (int64_t cluster = clusterOf(op); cluster > 1 && ctasOfProgram(op) == 1)
      return op.emitError() << "takes a work item for one CTA, clusters of the kernel have " << cluster;
    return success();
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
      if (role.leader)
        entry.set("leader", builder.getUnitAttr());
      entries.push_back(entry.getDictionary(&getContext()));
    }
    return builder.getArrayAttr(entries);
  }
};

} // namespace
} // namespace girih
