// The program of one thread that works for several workers.
//
//   %w = tile.worker; %mine = tile.slice %a[%w * 128]; tile.mma_into %sum, %mine, %b
// becomes, for 2 workers,
//   tile.mma_into %sum0, (tile.slice %a[0 * 128]), %b; tile.mma_into %sum1, (tile.slice %a[1 * 128]), %b
#include "Roles.h"

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
    op->emitError() << "control flow that depends on the worker cannot be run by the one thread of role \""
                    << role.getName() << "\"";
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
      if (!isa<tile::WorkerOp>(op)) {
        builder.clone(*op, map);
        continue;
      }
      map.map(op->getResult(0), arith::ConstantIndexOp::create(builder, op->getLoc(), worker).getResult());
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
