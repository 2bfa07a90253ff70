#include "dialects/Tile/WhileLoops.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih::tile {

bool carriesNumbersOnly(scf::WhileOp loop) {
  auto isNumber = [](Type type) { return type.isIntOrIndex(); };
  auto isCarried = [&](Value value) { return llvm::is_contained(loop.getBeforeArguments(), value); };
  return llvm::all_of(loop->getOperandTypes(), isNumber) && llvm::all_of(loop.getConditionOp().getArgs(), isCarried) &&
         llvm::all_of(loop.getBeforeBody()->without_terminator(),
                      [](Operation &op) { return op.getNumRegions() == 0 && isMemoryEffectFree(&op); });
}

SmallVector<unsigned> decidingNumbers(scf::WhileOp loop) {
  llvm::SetVector<Value> asked;
  asked.insert(loop.getConditionOp().getCondition());
  for (size_t i = 0; i < asked.size(); ++i)
    if (Operation *op = asked[i].getDefiningOp(); op && op->getBlock() == loop.getBeforeBody())
      asked.insert(op->operand_begin(), op->operand_end());
  SmallVector<unsigned> numbers;
  for (BlockArgument argument : loop.getBeforeArguments())
    if (asked.contains(argument))
      numbers.push_back(argument.getArgNumber());
  return numbers;
}

} // namespace girih::tile
