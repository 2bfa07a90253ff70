#include "Registers.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

static bool isInRegisters(Type type) {
  bool isSlot = tile::sharedEncoding(type) || tile::isInTensorMemory(type);
  return isa<tile::AsyncType>(type) || (isa<RankedTensorType>(type) && !isSlot);
}

/// Tiles that are made anew for every use, in registers of that use.
static bool isMadeForUse(Value value) {
  Operation *op = value.getDefiningOp();
  return op && (op->hasTrait<OpTrait::ConstantLike>() || isa<tile::SplatOp>(op));
}

TileRegisters::TileRegisters(tile::RoleOp role) {
  SmallVector<Value> used; // by MMAs
  role.walk([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      for (auto [init, argument, next, result] :
           llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getYieldedValues(), loop.getResults())) {
        tie(argument, init);
        tie(argument, next);
        tie(argument, result);
      }
    } else if (auto choice = dyn_cast<scf::IfOp>(op)) {
      for (auto [i, result] : llvm::enumerate(choice.getResults())) {
        tie(result, choice.thenYield().getOperand(i));
        tie(result, choice.elseYield().getOperand(i));
      }
    } else if (auto mma = dyn_cast<tile::MmaAsyncOp>(op)) {
      used.append({mma.getA(), mma.getResult()});
      if (mma.getAcc())
        tie(mma.getResult(), mma.getAcc());
    } else if (auto await = dyn_cast<tile::AwaitOp>(op)) {
      tie(await.getResult(), await.getValue());
    }
  });
  for (Value value : used)
    if (isInRegisters(value.getType()))
      numbers.try_emplace(ties.getOrInsertLeaderValue(value), numbers.size());
}

int TileRegisters::registersOf(Value tile) const {
  auto leader = ties.findLeader(tile);
  auto number = leader == ties.member_end() ? numbers.end() : numbers.find(*leader);
  return number == numbers.end() ? -1 : number->second;
}

void TileRegisters::tie(Value a, Value b) {
  if (isInRegisters(a.getType()) && !isMadeForUse(b))
    ties.unionSets(a, b);
}

} // namespace girih
