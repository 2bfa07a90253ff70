#include "TileTies.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;

namespace girih {

using Visit = function_ref<void(Value)>;

/// The values that control flow hands on between the regions of an op, from and to
/// `value`.
static void visitForwarded(RegionBranchOpInterface op, Value value, Visit visit) {
  RegionBranchSuccessorMapping forwarded;
  op.getSuccessorOperandInputMapping(forwarded);
  for (RegionBranchPoint point : op.getAllRegionBranchPoints()) {
    Operation *source = point.isParent() ? op.getOperation() : point.getTerminatorPredecessorOrNull();
    for (OpOperand &operand : source->getOpOperands()) {
      auto inputs = forwarded.find(&operand);
      if (inputs == forwarded.end())
        continue;
      if (operand.get() == value)
        llvm::for_each(inputs->second, visit);
      else if (llvm::is_contained(inputs->second, value))
        visit(operand.get());
    }
  }
}

/// Through an op that has the value as an operand or a result.
static void visitBranch(Operation *op, Value value, Visit visit) {
  if (auto branch = dyn_cast<RegionBranchOpInterface>(op))
    return visitForwarded(branch, value, visit);
  if (op->hasTrait<OpTrait::IsTerminator>())
    if (auto branch = dyn_cast_or_null<RegionBranchOpInterface>(op->getParentOp()))
      visitForwarded(branch, value, visit);
}

void forEachCarried(Value value, Visit visit) {
  if (Operation *definition = value.getDefiningOp())
    visitBranch(definition, value, visit);
  else if (auto branch = dyn_cast_or_null<RegionBranchOpInterface>(value.getParentBlock()->getParentOp()))
    visitForwarded(branch, value, visit);
  for (Operation *user : value.getUsers())
    visitBranch(user, value, visit);
}

void forEachTied(Value value, Visit visit) {
  forEachCarried(value, visit);
  auto visitElements = [&](Operation *op) {
    if (!op->hasTrait<OpTrait::Elementwise>() && !isa<tile::ReduceOp, tile::BroadcastOp, tile::GatherOp>(op))
      return;
    for (Value tied : llvm::concat<Value>(op->getOperands(), op->getResults()))
      if (!isa<BaseMemRefType>(tied.getType()))
        visit(tied);
  };
  if (Operation *definition = value.getDefiningOp())
    visitElements(definition);
  for (Operation *user : value.getUsers())
    visitElements(user);
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
