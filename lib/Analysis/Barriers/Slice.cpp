// The events of a role, and backwards from them all that they depend on.
#include "Slice.h"
#include "Effects.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

/// Values that the interpreter keeps.
static bool isFollowed(Type type) {
  return type.isIntOrIndex() || tile::sharedEncoding(type) || tile::isInTensorMemory(type) ||
         isa<tile::AsyncType>(type);
}

BarrierSlice::BarrierSlice(tile::RoleOp role) {
  findEvents(role.getBody());
  findNeeded(role);
}

void BarrierSlice::findEvents(Region &region) {
  region.walk([&](Operation *op) {
    if (!isBarrierEvent(op))
      return;
    for (Operation *around = op; around && around != region.getParentOp(); around = around->getParentOp())
      if (!eventful.insert(around).second)
        break;
  });
}

void BarrierSlice::need(Value value) {
  if (value && needed.insert(value).second)
    worklist.push_back(value);
}

void BarrierSlice::needOperands(Operation *op) {
  for (Value operand : op->getOperands())
    if (isFollowed(operand.getType()))
      need(operand);
}

void BarrierSlice::findNeeded(tile::RoleOp role) {
  role.walk([&](Operation *op) {
    if (!eventful.contains(op))
      return;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      need(loop.getLowerBound());
      need(loop.getUpperBound());
      need(loop.getStep());
    } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
      need(loop.getConditionOp().getCondition());
    } else if (auto copy = dyn_cast<tile::CopyOp>(op)) {
      need(copy.getDest());
      need(copy.getBarrier());
    } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
      need(store.getTile());
    } else {
      needOperands(op);
    }
  });
  while (!worklist.empty())
    needSourcesOf(worklist.pop_back_val());
}

/// Through loops, a value comes from where they start and from where they go on.
void BarrierSlice::needSourcesOf(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  Operation *source = argument ? argument.getOwner()->getParentOp() : value.getDefiningOp();
  if (auto loop = dyn_cast<scf::ForOp>(source)) {
    if (argument && argument.getArgNumber() == 0) {
      need(loop.getLowerBound());
      need(loop.getStep());
      return;
    }
    unsigned i = argument ? argument.getArgNumber() - 1 : cast<OpResult>(value).getResultNumber();
    need(loop.getInitArgs()[i]);
    need(loop.getRegionIterArgs()[i]);
    need(loop.getResult(i));
    need(loop.getBody()->getTerminator()->getOperand(i));
  } else if (auto loop = dyn_cast<scf::WhileOp>(source)) {
    if (argument && argument.getOwner() == loop.getBeforeBody()) {
      need(loop.getInits()[argument.getArgNumber()]);
      need(loop.getYieldedValues()[argument.getArgNumber()]);
      return;
    }
    need(loop.getConditionOp().getArgs()[argument ? argument.getArgNumber() : cast<OpResult>(value).getResultNumber()]);
  } else if (auto condition = dyn_cast<scf::IfOp>(source)) {
    need(condition.getCondition());
    unsigned i = cast<OpResult>(value).getResultNumber();
    need(condition.thenYield().getOperand(i));
    need(condition.elseYield().getOperand(i));
  } else if (!argument && source->getNumRegions() == 0 && !isBarrierEvent(source)) {
    needOperands(source);
  }
}

} // namespace girih
