#include "WiderLoop.h"

using namespace mlir;

namespace girih {

static SmallVector<Value> together(ValueRange a, ValueRange b) {
  SmallVector<Value> all(a);
  all.append(b.begin(), b.end());
  return all;
}

static scf::ForOp widen(RewriterBase &rewriter, scf::ForOp loop, ValueRange inits) {
  auto wider = scf::ForOp::create(rewriter, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(), loop.getStep(),
                                  together(loop.getInitArgs(), inits), /*bodyBuilder=*/nullptr, loop.getUnsignedCmp());
  wider.getRegion().takeBody(loop.getRegion());
  for (Value init : inits)
    wider.getBody()->addArgument(init.getType(), loop.getLoc());
  return wider;
}

/// What the condition hands on, the body gets and the loop results in.
static scf::WhileOp widen(RewriterBase &rewriter, scf::WhileOp loop, ValueRange inits) {
  SmallVector<Type> types(loop.getResultTypes());
  types.append(inits.getTypes().begin(), inits.getTypes().end());
  auto wider = scf::WhileOp::create(rewriter, loop.getLoc(), types, together(loop.getInits(), inits));
  wider.getBefore().takeBody(loop.getBefore());
  wider.getAfter().takeBody(loop.getAfter());
  for (Value init : inits) {
    wider.getConditionOp().getArgsMutable().append(wider.getBeforeBody()->addArgument(init.getType(), loop.getLoc()));
    wider.getAfterBody()->addArgument(init.getType(), loop.getLoc());
  }
  return wider;
}

WiderLoop::WiderLoop(RewriterBase &rewriter, Operation *old, ValueRange inits) : count(inits.size()) {
  if (auto counted = dyn_cast<scf::ForOp>(old)) {
    scf::ForOp wider = widen(rewriter, counted, inits);
    loop = wider;
    body = wider.getBody();
  } else {
    scf::WhileOp wider = widen(rewriter, cast<scf::WhileOp>(old), inits);
    loop = wider;
    body = wider.getAfterBody();
  }
  loop->setDiscardableAttrs(old->getDiscardableAttrDictionary());
  rewriter.replaceOp(old, loop->getResults().drop_back(count));
}

} // namespace girih
