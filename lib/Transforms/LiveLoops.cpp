#include "LiveLoops.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;

namespace girih {
namespace {

/// The ops and values that the roots need, found backwards from them.
class Liveness {
public:
  Liveness(Block *block, function_ref<bool(Operation *)> isRoot) : scope(block) {
    block->walk([&](Operation *op) {
      if (isRoot(op))
        keep(op);
    });
    while (!worklist.empty())
      follow(worklist.pop_back_val());
  }

  bool isLive(Operation *op) const { return ops.contains(op); }
  bool isLive(Value value) const { return values.contains(value); }

private:
  void keep(Value value) {
    if (value && values.insert(value).second) // what another role keeps is not there any more
      worklist.push_back(value);
  }

  void keep(Operation *op) {
    // What is defined outside stays anyhow.
    if (!scope->getParent()->isAncestor(op->getParentRegion()) || !ops.insert(op).second)
      return;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      keep(loop.getLowerBound());
      keep(loop.getUpperBound());
      keep(loop.getStep());
    } else if (auto choice = dyn_cast<scf::IfOp>(op)) {
      keep(choice.getCondition());
      for (Value result : choice.getResults())
        keep(result);
    } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
      // It carries numbers: all stay.
      for (Operation *source : {op, loop.getConditionOp().getOperation(), loop.getYieldOp().getOperation()})
        for (Value operand : source->getOperands())
          keep(operand);
    } else {
      for (Value operand : op->getOperands())
        keep(operand);
      // Other ops with regions are kept whole.
      op->walk([&](Operation *inner) { keep(inner); });
    }
    if (op->getBlock() != scope)
      keep(op->getParentOp());
  }

  void follow(Value value) {
    if (auto argument = dyn_cast<BlockArgument>(value)) {
      auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
      if (loop && argument.getOwner() != scope && argument.getArgNumber() > 0)
        keepCarried(loop, argument.getArgNumber() - 1);
      return;
    }
    Operation *op = value.getDefiningOp();
    keep(op);
    unsigned index = cast<OpResult>(value).getResultNumber();
    if (auto loop = dyn_cast<scf::ForOp>(op))
      keepCarried(loop, index);
    if (auto choice = dyn_cast<scf::IfOp>(op)) {
      keep(choice.thenYield().getOperand(index));
      keep(choice.elseYield().getOperand(index));
    }
  }

  void keepCarried(scf::ForOp loop, unsigned index) {
    keep(loop.getOperation());
    keep(loop.getResult(index));
    keep(loop.getRegionIterArg(index));
    keep(loop.getYieldedValues()[index]);
    keep(loop.getInitArgs()[index]);
  }

  Block *scope;
  llvm::DenseSet<Operation *> ops;
  llvm::DenseSet<Value> values;
  SmallVector<Value> worklist;
};

/// Rebuilds the loop with only its live carried values.
void shrinkLoop(scf::ForOp loop, const Liveness &liveness) {
  SmallVector<unsigned> live;
  for (unsigned i = 0; i < loop.getNumResults(); ++i)
    if (liveness.isLive(loop.getResult(i)))
      live.push_back(i);
  if (live.size() == loop.getNumResults())
    return;
  OpBuilder builder(loop);
  SmallVector<Value> inits, yields;
  for (unsigned i : live) {
    inits.push_back(loop.getInitArgs()[i]);
    yields.push_back(loop.getYieldedValues()[i]);
  }
  auto shrunk =
      scf::ForOp::create(builder, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(), loop.getStep(), inits,
                         /*bodyBuilder=*/nullptr, loop.getUnsignedCmp());
  shrunk->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  Block *body = shrunk.getBody();
  body->getOperations().clear();
  loop.getBody()->getTerminator()->erase();
  body->getOperations().splice(body->end(), loop.getBody()->getOperations());
  loop.getInductionVar().replaceAllUsesWith(shrunk.getInductionVar());
  for (auto [i, argument] : llvm::zip(live, shrunk.getRegionIterArgs())) {
    loop.getRegionIterArg(i).replaceAllUsesWith(argument);
  }
  for (auto [i, result] : llvm::zip(live, shrunk.getResults()))
    loop.getResult(i).replaceAllUsesWith(result);
  builder.setInsertionPointToEnd(body);
  scf::YieldOp::create(builder, loop.getLoc(), yields);
  // Dead carried values are still named by dead ops, which are erased next.
  for (unsigned i = 0; i < loop.getNumResults(); ++i) {
    loop.getRegionIterArg(i).dropAllUses();
    loop.getResult(i).dropAllUses();
  }
  loop.erase();
}

} // namespace

void eraseAllBut(Block *block, function_ref<bool(Operation *)> isRoot) {
  Liveness liveness(block, isRoot);
  SmallVector<Operation *> dead;
  SmallVector<scf::ForOp> loops;
  block->walk([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && liveness.isLive(op))
      loops.push_back(loop);
    if (!liveness.isLive(op) && !op->hasTrait<OpTrait::IsTerminator>())
      dead.push_back(op);
  });
  // Outer dead ops take their insides along.
  llvm::DenseSet<Operation *> deadSet(dead.begin(), dead.end());
  llvm::erase_if(dead, [&](Operation *op) {
    for (Operation *parent = op->getParentOp(); parent && parent->getBlock(); parent = parent->getParentOp())
      if (deadSet.contains(parent))
        return true;
    return false;
  });
  for (scf::ForOp loop : loops)
    shrinkLoop(loop, liveness);
  for (Operation *op : dead)
    op->dropAllUses();
  for (Operation *op : dead)
    op->erase();
}

} // namespace girih
