// Roles become branches on the warp number; barriers are set up before them.
#include "Patterns.h"
#include "TensorMemory.h"
#include "girih/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {
namespace {

/// One thread initializes every barrier; after a barrier of the hardware all threads may
/// use them.
void initializeBarriers(ImplicitLocOpBuilder &b, ArrayRef<tile::BarriersOp> arrays) {
  if (arrays.empty())
    return;
  Value thread = NVVM::ThreadIdXOp::create(b, b.getI32Type());
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, thread, constantI32(b, 0));
  auto first = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(first.thenBlock());
    for (tile::BarriersOp array : arrays) {
      tile::BarriersType type = array.getBarriers().getType();
      for (int64_t i = 0; i < type.getCount(); ++i) {
        Value address = sharedAddress(b, array.getOffset() + kBarrierBytes * i);
        NVVM::MBarrierInitOp::create(b, sharedPointer(b, address), constantI32(b, type.getArrivals()), Value());
      }
    }
    NVVM::FenceMbarrierInitOp::create(b);
  }
}

void inlineBody(tile::RoleOp role, OpBuilder &builder) {
  Block *from = &role.getBody().front();
  Block *to = builder.getInsertionBlock();
  to->getOperations().splice(builder.getInsertionPoint(), from->getOperations());
}

/// Roles that share the warps of one register budget: one of whole workers, or some of
/// one thread each.
struct RoleGroup {
  SmallVector<Operation *, 4> roles;
  int64_t end; ///< the warp after its last
};

SmallVector<RoleGroup> groupRoles(ArrayRef<tile::RoleOp> roles) {
  SmallVector<RoleGroup> groups;
  for (tile::RoleOp role : roles) {
    int64_t first = role.getFirstWarp();
    if (first % kWarpsPerWorker == 0)
      groups.emplace_back();
    groups.back().roles.push_back(role);
    groups.back().end = first + role.getWarps();
  }
  return groups;
}

/// What one lane does of a warp that runs a thread's program.
bool isElected(Operation *op) {
  return isa<tile::MmaIntoOp, tile::CopyScalesOp, tile::MmaCommitOp, tile::BarrierExpectOp, tile::RequestWorkOp>(op);
}

/// Whether a warp can run the program of the role's thread, and elect one of its lanes for
/// each op that is to happen once. It then has no lane on its own, so that the assembler keeps
/// what the ops name in uniform registers; of a thread in a branch of its own it does not.
bool isRunByWarp(tile::RoleOp role) {
  bool startsMmas = false;
  WalkResult result = role.walk([&](Operation *op) {
    startsMmas |= isa<tile::MmaIntoOp>(op);
    auto expect = dyn_cast<tile::BarrierExpectOp>(op);
    bool isElectable = (expect ? !expect.getLeader() : isElected(op)) ||
                       isa<tile::BarrierWaitOp, tile::BarrierArriveOp, tile::ReadNumberOp, tile::ReadWorkOp>(op);
    bool hasOwnEffects = !op->hasTrait<OpTrait::HasRecursiveMemoryEffects>() && !isMemoryEffectFree(op);
    return WalkResult(success(op == role || isElectable || !hasOwnEffects));
  });
  return startsMmas && !result.wasInterrupted();
}

/// The program of one role, at the builder.
void buildRole(ImplicitLocOpBuilder &b, tile::RoleOp role) {
  OpBuilder::InsertionGuard guard(b);
  int64_t firstWarp = role.getFirstWarp();
  role.walk([&](tile::WorkerOp worker) {
    ImplicitLocOpBuilder at(worker.getLoc(), worker);
    Value warp = gpu::SubgroupIdOp::create(at, nullptr);
    Value group = arith::DivUIOp::create(at, warp, arith::ConstantIndexOp::create(at, kWarpsPerWorker));
    worker.replaceAllUsesWith(
        arith::SubIOp::create(at, group, arith::ConstantIndexOp::create(at, firstWarp / kWarpsPerWorker)).getResult());
    worker.erase();
  });
  if (!role.getOneThread())
    return inlineBody(role, b);
  bool isOfWarp = isRunByWarp(role);
  role.walk([&](Operation *op) {
    if (isOfWarp ? isElected(op) : isa<tile::BarrierArriveOp, tile::ReadNumberOp, tile::ReadWorkOp>(op))
      op->setAttr(isOfWarp ? kElectedAttr : kOneThreadAttr, UnitAttr::get(op->getContext()));
  });
  Value warp = gpu::SubgroupIdOp::create(b, nullptr);
  Value isFirst =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, warp, arith::ConstantIndexOp::create(b, firstWarp));
  if (role.getLeader() && clusterOf(role) > 1)
    isFirst = arith::AndIOp::create(b, isFirst, isLeader(b));
  auto inWarp = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  b.setInsertionPointToStart(inWarp.thenBlock());
  if (isOfWarp)
    return inlineBody(role, b);
  auto inThread = scf::IfOp::create(b, NVVM::ElectSyncOp::create(b, b.getI1Type(), Value()), false);
  b.setInsertionPointToStart(inThread.thenBlock());
  inlineBody(role, b);
}

/// The programs of a group: register budget first, as the hardware wants every warp of
/// four there (PTX ISA, "setmaxnreg").
void buildGroup(ImplicitLocOpBuilder &b, const RoleGroup &group, int64_t launched) {
  int64_t registers = cast<tile::RoleOp>(group.roles.front()).getRegisters();
  if (registers != launched)
    NVVM::SetMaxRegisterOp::create(b, registers,
                                   registers < launched ? NVVM::SetMaxRegisterAction::decrease
                                                        : NVVM::SetMaxRegisterAction::increase);
  for (Operation *op : group.roles)
    buildRole(b, cast<tile::RoleOp>(op));
}

/// Every role starts where the first stands, so what stands between them comes before.
LogicalResult hoistToFirst(ArrayRef<tile::RoleOp> roles) {
  for (Operation *op = roles.front(), *next; op != roles.back(); op = next) {
    next = op->getNextNode();
    if (isa<tile::RoleOp>(op))
      continue;
    if (!isMemoryEffectFree(op))
      return op->emitError("must not stand between roles, which run at the same time");
    op->moveBefore(roles.front());
  }
  return success();
}

} // namespace

LogicalResult lowerRoles(gpu::GPUFuncOp kernel, const Target &target) {
  SmallVector<tile::RoleOp> roles(kernel.getBody().front().getOps<tile::RoleOp>());
  if (roles.empty())
    return kernel.emitError("the kernel has no roles: run tile-specialize first");
  WalkResult result = kernel.walk([&](tile::BarriersOp array) {
    if (array->getParentOp() == kernel)
      return WalkResult::advance();
    array.emitOpError("must stand in the kernel's own block, where barriers are initialized");
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  SmallVector<RoleShape> shapes;
  int64_t threads = 0;
  for (tile::RoleOp role : roles) {
    StringRef knob = role.getOneThread() ? "load_registers" : "compute_registers";
    shapes.push_back({role.getName(), static_cast<int64_t>(role.getWarps()), static_cast<int64_t>(role.getRegisters()),
                      role.getOneThread(), knob});
    threads += shapes.back().threads();
  }
  Limits has = target.limitsOf(kernel);
  if (failed(target.checkRoles(kernel, shapes, has)))
    return failure();
  if (failed(hoistToFirst(roles)))
    return failure();
  // A warp that does not initialize barriers, unless there is one role only.
  FailureOr<TensorMemory> memory = TensorMemory::of(kernel, target, roles.back().getFirstWarp());
  if (failed(memory))
    return failure();
  ImplicitLocOpBuilder b(kernel.getLoc(), memory->firstUserOr(roles.front()));
  SmallVector<tile::BarriersOp> barriers(kernel.getBody().front().getOps<tile::BarriersOp>());
  memory->reserve(b);
  initializeBarriers(b, barriers);
  if (!barriers.empty() || memory->isUsed())
    syncAll(b, clusterOf(kernel));
  memory->open(b);
  b.setInsertionPoint(kernel.getBody().front().getTerminator());
  if (int64_t cluster = clusterOf(kernel); cluster > 1 && !memory->isUsed()) {
    // As the release does: a CTA could end before another arrives at its barriers.
    NVVM::SyncWarpOp::create(b, constantI32(b, -1));
    syncAll(b, cluster);
  }
  memory->release(b);
  int64_t launched = has.launchRegisters(threads);

  // if (warp < end of group 0) { group 0 } else if (warp < end of group 1) { group 1 } else ...
  OpBuilder::InsertPoint point(roles.front()->getBlock(), roles.front()->getIterator());
  SmallVector<RoleGroup> groups = groupRoles(roles);
  for (const RoleGroup &group : groups) {
    ImplicitLocOpBuilder b(group.roles.front()->getLoc(), kernel.getContext());
    b.restoreInsertionPoint(point);
    if (&group != &groups.back()) {
      Value end = arith::ConstantIndexOp::create(b, group.end);
      Value isMine = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, gpu::SubgroupIdOp::create(b, nullptr), end);
      auto choice = scf::IfOp::create(b, isMine, /*withElseRegion=*/true);
      point = OpBuilder::InsertPoint(choice.elseBlock(), choice.elseBlock()->begin());
      b.setInsertionPointToStart(choice.thenBlock());
    }
    buildGroup(b, group, launched);
  }
  for (tile::RoleOp role : roles)
    role.erase();
  return success();
}

} // namespace girih
