// tile-split-loops: cut loops where a condition on the induction variable changes.
//
//   for i = lo to hi: if (i < bound) A else B
// becomes
//   mid = min(max(lo, bound), hi)
//   for i = lo to mid: A
//   for i = mid to hi: B
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILESPLITLOOPSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// Whether an scf.if asks for the value, or for a combination of it with others.
bool decides(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return isa<scf::IfOp>(user) || (isa<arith::AndIOp, arith::OrIOp>(user) && decides(user->getResult(0)));
  });
}

/// `iv < bound` or `iv >= bound` with an invariant bound, which decides an scf.if of this loop.
arith::CmpIOp findCondition(scf::ForOp loop) {
  for (auto compare : loop.getBody()->getOps<arith::CmpIOp>()) {
    bool isOrdered =
        compare.getPredicate() == arith::CmpIPredicate::slt || compare.getPredicate() == arith::CmpIPredicate::sge;
    if (isOrdered && compare.getLhs() == loop.getInductionVar() && loop.isDefinedOutsideOfLoop(compare.getRhs()) &&
        decides(compare))
      return compare;
  }
  return nullptr;
}

/// Puts a constant in the place of a condition, and of what follows from it.
void replaceByConstant(Operation *condition, bool value) {
  OpBuilder builder(condition);
  Value constant = arith::ConstantOp::create(builder, condition->getLoc(), builder.getBoolAttr(value));
  SmallVector<Operation *> users(condition->getUsers());
  condition->getResult(0).replaceAllUsesWith(constant);
  condition->erase();
  // A user may be there once for each operand.
  llvm::SetVector<Operation *> combined(users.begin(), users.end());
  for (Operation *user : combined) {
    if (!isa<arith::AndIOp, arith::OrIOp>(user))
      continue;
    bool absorbing = isa<arith::OrIOp>(user); // true or x, false and x
    if (value == absorbing) {
      replaceByConstant(user, value);
      continue;
    }
    Value other = user->getOperand(0) == constant ? user->getOperand(1) : user->getOperand(0);
    user->getResult(0).replaceAllUsesWith(other);
    user->erase();
  }
}

/// Fixes the answer of the comparison before its bound, or from there on; canonicalization then
/// drops the branches.
void answer(arith::CmpIOp compare, bool isBefore) {
  replaceByConstant(compare, isBefore == (compare.getPredicate() == arith::CmpIPredicate::slt));
}

/// Cuts until no condition is left.
void split(scf::ForOp loop) {
  arith::CmpIOp compare = findCondition(loop);
  if (!compare)
    return;
  IndexBuilder b(loop.getLoc(), loop);
  Value middle = b.minimum(b.maximum(loop.getLowerBound(), compare.getRhs()), loop.getUpperBound());
  // A first loop that never runs is not worth making.
  auto isAtStart = [&] {
    IntegerAttr lower, bound;
    return matchPattern(loop.getLowerBound(), m_Constant(&lower)) &&
           matchPattern(compare.getRhs(), m_Constant(&bound)) && bound.getInt() <= lower.getInt();
  };
  if (isAtStart()) {
    answer(compare, /*isBefore=*/false);
    return split(loop);
  }

  loop->removeAttr(tile::kNonEmptyAttr); // either part may be empty
  IRMapping map;
  auto first = cast<scf::ForOp>(b.clone(*loop, map));
  answer(cast<arith::CmpIOp>(map.lookup(compare.getOperation())), /*isBefore=*/true);
  first.setUpperBound(middle);
  loop.setLowerBound(middle);
  loop.getInitArgsMutable().assign(first.getResults());
  answer(compare, /*isBefore=*/false);
  split(first);
  split(loop);
}

struct TileSplitLoopsPass : impl::TileSplitLoopsPassBase<TileSplitLoopsPass> {
  void runOnOperation() override {
    if (failed(checkBefore(Phase::Specialized, getOperation())))
      return signalPassFailure();
    SmallVector<scf::ForOp> loops;
    getOperation().walk([&](scf::ForOp loop) {
      if (!loop.getUnsignedCmp() && matchPattern(loop.getStep(), m_One()))
        loops.push_back(loop);
    });
    for (scf::ForOp loop : loops)
      split(loop);
  }
};

} // namespace
} // namespace girih
