// The program of one thread, or of the warps of one worker, that works for several workers.
//
//   %w = tile.worker; %mine = tile.slice %a[%w * 128]; tile.mma_into %sum, %mine, %b
// becomes, for 2 workers,
//   tile.mma_into %sum0, (tile.slice %a[0 * 128]), %b; tile.mma_into %sum1, (tile.slice %a[1 * 128]), %b
#include "Roles.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace girih {
namespace {

class WorkerUnrolling {
public:
  WorkerUnrolling(tile::RoleOp role, int64_t workers) : role(role), maps(workers) {}

  LogicalResult run() {
    if (failed(collect()))
      return failure();
    unroll(&role.getBody().front());
    for (Operation *op : llvm::reverse(dependent))
      op->erase();
    return success();
  }

private:
  /// Finds what depends on the worker's number, in the order of the program.
  LogicalResult collect();
  static Value numberOf(OpBuilder &builder, Location loc, int64_t worker) {
    return arith::ConstantIndexOp::create(builder, loc, worker);
  }
  void unroll(Block *block);
  void emit(ArrayRef<Operation *> run);

  tile::RoleOp role;
  llvm::SetVector<Operation *> dependent;
  SmallVector<IRMapping> maps; ///< by worker
};

LogicalResult WorkerUnrolling::collect() {
  WalkResult result = role.walk<WalkOrder::PreOrder>([&](Operation *op) {
    bool depends = isa<tile::WorkerOp>(op) || llvm::any_of(op->getOperands(), [&](Value operand) {
                     return dependent.contains(operand.getDefiningOp());
                   });
    if (!depends)
      return WalkResult::advance();
    dependent.insert(op);
    if (op->getNumRegions() == 0 && !op->hasTrait<OpTrait::IsTerminator>())
      return WalkResult::advance();
    // A choice that all threads of the role agree on is made for each worker.
    if (isa<scf::IfOp>(op) && !role.getOneThread())
      return WalkResult::skip();
    op->emitError() << "control flow that depends on the worker cannot be run by role \"" << role.getName()
                    << "\" for one worker after another";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

void WorkerUnrolling::emit(ArrayRef<Operation *> run) {
  if (run.empty())
    return;
  OpBuilder builder(run.back()->getContext());
  builder.setInsertionPointAfter(run.back());
  for (auto [worker, map] : llvm::enumerate(maps))
    for (Operation *op : run) {
      if (isa<tile::WorkerOp>(op)) {
        map.map(op->getResult(0), numberOf(builder, op->getLoc(), worker));
        continue;
      }
      builder.clone(*op, map)->walk([&](tile::WorkerOp inner) {
        OpBuilder inside(inner);
        inner.replaceAllUsesWith(numberOf(inside, inner.getLoc(), worker));
        inner.erase();
      });
    }
}

void WorkerUnrolling::unroll(Block *block) {
  SmallVector<Operation *> run;
  for (Operation &op : llvm::make_early_inc_range(*block)) {
    if (dependent.contains(&op)) {
      run.push_back(&op);
      continue;
    }
    // What has no effects and depends on no worker may stand before the run.
    if (!run.empty() && isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>()) {
      op.moveBefore(run.front());
      continue;
    }
    emit(run);
    run.clear();
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        unroll(&inner);
  }
  emit(run);
}

} // namespace

LogicalResult unrollWorkers(tile::RoleOp role, int64_t workers) { return WorkerUnrolling(role, workers).run(); }

} // namespace girih
