// Roles become branches on the warp number; barriers are set up before them.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {
namespace {

/// One thread initializes every barrier; then all threads may use them.
void initializeBarriers(gpu::GPUFuncOp kernel, Operation *before) {
  SmallVector<tile::BarriersOp> arrays(kernel.getBody().front().getOps<tile::BarriersOp>());
  if (arrays.empty())
    return;
  ImplicitLocOpBuilder b(kernel.getLoc(), before);
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
  NVVM::Barrier0Op::create(b);
}

int64_t warpgroupsOf(tile::RoleOp role) { return role.getWorkers(); }

void inlineBody(tile::RoleOp role, OpBuilder &builder) {
  Block *from = &role.getBody().front();
  Block *to = builder.getInsertionBlock();
  to->getOperations().splice(builder.getInsertionPoint(), from->getOperations());
}

/// The program of one role, at the builder: register budget first, as the
/// hardware wants every warp of the warpgroup there (PTX ISA, "setmaxnreg").
void buildRole(ImplicitLocOpBuilder &b, tile::RoleOp role, int64_t firstWarpgroup, int64_t launched) {
  int64_t registers = role.getRegisters();
  if (registers != launched)
    NVVM::SetMaxRegisterOp::create(b, registers,
                                   registers < launched ? NVVM::SetMaxRegisterAction::decrease
                                                        : NVVM::SetMaxRegisterAction::increase);
  role.walk([&](tile::WorkerOp worker) {
    ImplicitLocOpBuilder at(worker.getLoc(), worker);
    Value warp = gpu::SubgroupIdOp::create(at, nullptr);
    Value group = arith::DivUIOp::create(at, warp, arith::ConstantIndexOp::create(at, kWarpsPerWorker));
    worker.replaceAllUsesWith(
        arith::SubIOp::create(at, group, arith::ConstantIndexOp::create(at, firstWarpgroup)).getResult());
    worker.erase();
  });
  if (!role.getOneThread())
    return inlineBody(role, b);
  Value warp = gpu::SubgroupIdOp::create(b, nullptr);
  Value isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, warp,
                                        arith::ConstantIndexOp::create(b, kWarpsPerWorker * firstWarpgroup));
  auto inWarp = scf::IfOp::create(b, isFirst, /*withElseRegion=*/false);
  b.setInsertionPointToStart(inWarp.thenBlock());
  auto inThread = scf::IfOp::create(b, NVVM::ElectSyncOp::create(b, b.getI1Type(), Value()), false);
  b.setInsertionPointToStart(inThread.thenBlock());
  inlineBody(role, b);
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
    shapes.push_back(
        {role.getName(), static_cast<int64_t>(role.getWorkers()), static_cast<int64_t>(role.getRegisters())});
    threads += kThreadsPerWorker * warpgroupsOf(role);
  }
  if (failed(target.checkRoles(kernel, shapes)))
    return failure();
  initializeBarriers(kernel, roles.front());
  int64_t launched = target.limits().launchRegisters(threads);

  // if (warp < end of role 0) { role 0 } else if (warp < end of role 1) { role 1 } else ...
  OpBuilder::InsertPoint point(roles.front()->getBlock(), roles.front()->getIterator());
  int64_t first = 0;
  for (tile::RoleOp role : roles) {
    ImplicitLocOpBuilder b(role.getLoc(), role.getContext());
    b.restoreInsertionPoint(point);
    if (role != roles.back()) {
      Value end = arith::ConstantIndexOp::create(b, kWarpsPerWorker * (first + warpgroupsOf(role)));
      Value isMine = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, gpu::SubgroupIdOp::create(b, nullptr), end);
      auto choice = scf::IfOp::create(b, isMine, /*withElseRegion=*/true);
      point = OpBuilder::InsertPoint(choice.elseBlock(), choice.elseBlock()->begin());
      b.setInsertionPointToStart(choice.thenBlock());
    }
    buildRole(b, role, first, launched);
    first += warpgroupsOf(role);
    role.erase();
  }
  return success();
}

} // namespace girih
