// tile-split-loops: cut loops where a condition on the induction variable changes.
//
//   for i = lo to hi: if (i < bound) A else B
// becomes
//   mid = min(max(lo, bound), hi)
//   for i = lo to mid: A
//   for i = mid to hi: B
#include "IndexBuilder.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILESPLITLOOPSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// `iv < bound` with an invariant bound, which decides an scf.if of this loop.
arith::CmpIOp findCondition(scf::ForOp loop) {
  for (auto compare : loop.getBody()->getOps<arith::CmpIOp>()) {
    bool decides = llvm::any_of(compare->getUsers(), [](Operation *user) { return isa<scf::IfOp>(user); });
    if (decides && compare.getPredicate() == arith::CmpIPredicate::slt && compare.getLhs() == loop.getInductionVar() &&
        loop.isDefinedOutsideOfLoop(compare.getRhs()))
      return compare;
  }
  return nullptr;
}

/// Fixes the answer of the comparison; canonicalization then drops the branches.
void answer(scf::ForOp loop, arith::CmpIOp compare, bool value) {
  OpBuilder builder(compare);
  Value constant = arith::ConstantOp::create(builder, compare.getLoc(), builder.getBoolAttr(value));
  compare.replaceAllUsesWith(constant);
  compare.erase();
}

void splitAt(scf::ForOp loop, arith::CmpIOp compare) {
  IndexBuilder b(loop.getLoc(), loop);
  Value middle = b.minimum(b.maximum(loop.getLowerBound(), compare.getRhs()), loop.getUpperBound());
  // A first loop that never runs is not worth making.
  auto isAtStart = [&] {
    IntegerAttr lower, bound;
    return matchPattern(loop.getLowerBound(), m_Constant(&lower)) &&
           matchPattern(compare.getRhs(), m_Constant(&bound)) && bound.getInt() <= lower.getInt();
  };
  if (isAtStart())
    return answer(loop, compare, false);

  loop->removeAttr(tile::kNonEmptyAttr); // either part may be empty
  IRMapping map;
  auto first = cast<scf::ForOp>(b.clone(*loop, map));
  answer(first, cast<arith::CmpIOp>(map.lookup(compare.getOperation())), true);
  first.setUpperBound(middle);
  loop.setLowerBound(middle);
  loop.getInitArgsMutable().assign(first.getResults());
  answer(loop, compare, false);
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
      if (arith::CmpIOp compare = findCondition(loop))
        splitAt(loop, compare);
  }
};

} // namespace
} // namespace girih
