// The program of one thread, or of the warps of one worker, that works for several workers.
//
//   %w = tile.worker; %mine = tile.slice %a[%w * 128]; tile.mma_into %sum, %mine, %b
// becomes, for 2 workers,
//   tile.mma_into %sum0, (tile.slice %a[0 * 128]), %b; tile.mma_into %sum1, (tile.slice %a[1 * 128]), %b
// and ops x and y with the same tile.run, x0; y0; x1; y1.
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
    if (failed(collect()) || failed(unroll(&role.getBody().front())))
      return failure();
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
  LogicalResult unroll(Block *block);
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

/// Whether the op copies scales for all workers, to a slot that no MMA of the run has read by then.
static bool copiesForAll(Operation *op, ArrayRef<Operation *> run) {
  auto copy = dyn_cast<tile::CopyScalesOp>(op);
  auto channelOf = [](Value slot) {
    auto own = slot.getDefiningOp<tile::OwnOp>();
    return own ? own.getChannel() : Value();
  };
  return copy && llvm::none_of(run, [&](Operation *other) {
           return llvm::any_of(tile::scalesOf(other),
                               [&](Value slot) { return channelOf(slot) == channelOf(copy.getDest()); });
         });
}

/// What stands between the ops of a run and is for all workers comes before it, where it is a
/// wait or copies scales, or after it, where it is a release.
LogicalResult WorkerUnrolling::unroll(Block *block) {
  llvm::DenseMap<Attribute, Operation *> lastOfRun;
  for (Operation &op : *block)
    if (Attribute number = op.getAttr(tile::kRunAttr))
      lastOfRun[number] = &op;

  SmallVector<Operation *> run, later;
  Attribute number;
  auto end = [&](Block::iterator next) {
    emit(run);
    for (Operation *op : later)
      op->moveBefore(block, next);
    run.clear();
    later.clear();
    number = {};
  };
  for (Operation &op : llvm::make_early_inc_range(*block)) {
    if (dependent.contains(&op)) {
      Attribute own = op.getAttr(tile::kRunAttr);
      if (own && number && own != number)
        end(op.getIterator());
      number = own ? own : number;
      run.push_back(&op);
      continue;
    }
    if (!run.empty() && isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>()) {
      op.moveBefore(run.front());
      continue;
    }
    if (number && op.isBeforeInBlock(lastOfRun[number])) {
      if (isa<tile::WaitOp>(op) || copiesForAll(&op, run)) {
        op.moveBefore(run.front());
      } else if (isa<tile::ReleaseOp>(op)) {
        later.push_back(&op);
      } else {
        InFlightDiagnostic error = op.emitError()
                                   << "stands between ops of run " << cast<IntegerAttr>(number).getInt()
                                   << ", which role \"" << role.getName() << "\" runs for one worker after another";
        error.attachNote(lastOfRun[number]->getLoc()) << "the last of them is here";
        return error;
      }
      continue;
    }
    end(op.getIterator());
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        if (failed(unroll(&inner)))
          return failure();
  }
  end(block->end());
  return success();
}

} // namespace

LogicalResult unrollWorkers(tile::RoleOp role, int64_t workers) { return WorkerUnrolling(role, workers).run(); }

} // namespace girih
