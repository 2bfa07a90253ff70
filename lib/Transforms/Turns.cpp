// Turns of workers at starting MMAs, on hardware barriers.
#include "Rings.h"
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

void lowerTurns(tile::RoleOp role) {
  NamedBarriers named(role);
  SmallVector<Operation *> turns;
  role.walk([&](Operation *op) {
    if (isa<tile::TakeTurnOp, tile::PassTurnOp>(op))
      turns.push_back(op);
  });
  if (turns.empty())
    return;
  auto threads = [&](IndexBuilder &b) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(2 * kThreadsPerWorker));
  };
  auto id = [&](IndexBuilder &b, Value worker) -> Value {
    return arith::IndexCastOp::create(b, b.getI32Type(), b.add(worker, b.index(named.turn())));
  };
  for (Operation *op : turns) {
    IndexBuilder b(op->getLoc(), op);
    Value worker = tile::WorkerOp::create(b);
    if (isa<tile::TakeTurnOp>(op)) {
      tile::SyncOp::create(b, id(b, worker), threads(b));
    } else {
      Value next = b.add(worker, b.index(1));
      Value last = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next, b.index(named.workers));
      next = arith::SelectOp::create(b, last, b.index(0), next);
      NVVM::BarrierArriveOp::create(b, id(b, next), threads(b));
    }
    op->erase();
  }
  IndexBuilder b(role.getLoc(), OpBuilder::atBlockBegin(&role.getBody().front()));
  Value isLast =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, tile::WorkerOp::create(b), b.index(named.workers - 1));
  auto start = scf::IfOp::create(b, isLast, /*withElseRegion=*/false);
  b.setInsertionPointToStart(start.thenBlock());
  NVVM::BarrierArriveOp::create(b, id(b, b.index(0)), threads(b));
}

} // namespace girih
