#include "TileTies.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

using Visit = function_ref<void(Value)>;

/// The i-th value that a loop or a choice carries, under all of its names.
static void visitCarried(Operation *op, unsigned i, Visit visit) {
  visit(op->getResult(i));
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    visit(loop.getInitArgs()[i]);
    visit(loop.getRegionIterArg(i));
    visit(loop.getYieldedValues()[i]);
    return;
  }
  auto choice = cast<scf::IfOp>(op);
  visit(choice.thenYield().getOperand(i));
  visit(choice.elseYield().getOperand(i));
}

static void visitThrough(Operation *op, Value value, Visit visit) {
  if (auto yield = dyn_cast<scf::YieldOp>(op)) {
    for (auto [i, operand] : llvm::enumerate(yield.getOperands()))
      if (operand == value)
        visitCarried(yield->getParentOp(), i, visit);
    return;
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (auto [i, init] : llvm::enumerate(loop.getInitArgs()))
      if (init == value || loop.getResult(i) == value)
        visitCarried(op, i, visit);
    return;
  }
  if (auto choice = dyn_cast<scf::IfOp>(op)) {
    for (auto [i, result] : llvm::enumerate(choice.getResults()))
      if (result == value)
        visitCarried(op, i, visit);
    return;
  }
  if (op->hasTrait<OpTrait::Elementwise>() || isa<tile::ReduceOp, tile::BroadcastOp>(op)) {
    for (Value operand : op->getOperands())
      visit(operand);
    for (Value result : op->getResults())
      visit(result);
  }
}

void forEachTied(Value value, Visit visit) {
  if (Operation *definition = value.getDefiningOp()) {
    visitThrough(definition, value, visit);
  } else if (auto loop = dyn_cast<scf::ForOp>(value.getParentBlock()->getParentOp())) {
    unsigned argument = cast<BlockArgument>(value).getArgNumber();
    if (argument >= loop.getNumInductionVars())
      visitCarried(loop, argument - loop.getNumInductionVars(), visit);
  }
  for (Operation *user : value.getUsers())
    visitThrough(user, value, visit);
}

void separateTileUses(gpu::GPUFuncOp kernel) {
  SmallVector<Operation *> sources;
  kernel.walk([&](Operation *op) {
    bool isTile = op->getNumResults() == 1 && isa<RankedTensorType>(op->getResult(0).getType());
    if (isTile && isa<arith::ConstantOp, tile::IotaOp, tile::SplatOp>(op))
      sources.push_back(op);
  });
  for (Operation *op : sources)
    while (!op->use_empty() && !op->hasOneUse()) {
      OpOperand &use = *op->use_begin();
      use.set(OpBuilder(op).clone(*op)->getResult(0));
    }
}

} // namespace girih
