// Rotation of a loop with two dependent MMAs.
//
//   for j: s = mma(q, k_j); p = f(s); o = mma(p, v_j, g(o))
// becomes
//   s = mma(q, k_0); p = f(s); c = g(o)
//   for j = 1..: s = mma(q, k_j); o = mma(p, v_j-1, c); p = f(s); c = g(o)
//   o = mma(p, v_last, c)
#include "TileRotate.h"
#include "dialects/Tile/IndexBuilder.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
namespace {

class Rotation {
public:
  Rotation(scf::ForOp loop, int64_t source) : loop(loop), body(loop.getBody()), source(source) {}

  bool analyze();
  void apply();

private:
  bool findMmas();
  void collectLate();
  bool isLate(Operation *op) const { return late.contains(op); }
  bool isLateValue(Value value) const { return value.getDefiningOp() && isLate(value.getDefiningOp()); }
  bool isInBody(Operation *op) const { return op && op->getBlock() == body; }
  std::optional<unsigned> carriedIndex(Value value) const {
    auto argument = dyn_cast<BlockArgument>(value);
    if (!argument || argument.getOwner() != body || argument.getArgNumber() == 0)
      return std::nullopt;
    return argument.getArgNumber() - 1;
  }

  void emitEarly(OpBuilder &builder, IRMapping &map, bool head);
  void emitLate(OpBuilder &builder, IRMapping &map);

  scf::ForOp loop;
  Block *body;
  int64_t source; ///< the number of the early MMA, for its copies
  tile::MmaOp first, second;
  /// The late MMA, the loads of its right operand, and the index arithmetic both
  /// need; the last is also done early where early ops use it.
  llvm::SetVector<Operation *> late, lateIndices;
  llvm::SetVector<Value> crossing;      ///< early values that late ops read
  SmallVector<unsigned> lateCarried;    ///< iter args that late ops yield
  llvm::SetVector<unsigned> lateInputs; ///< of those, the ones late ops read
};

bool Rotation::findMmas() {
  SmallVector<tile::MmaOp> mmas(body->getOps<tile::MmaOp>());
  if (mmas.size() != 2)
    return false;
  first = mmas[0];
  second = mmas[1];
  llvm::SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitUsesFromAbove = false;
  options.filter = [&](Operation *op) { return loop->isProperAncestor(op); };
  return second.getA().getDefiningOp() && succeeded(getBackwardSlice(second.getA(), &slice, options)) &&
         slice.contains(first);
}

static bool isIndexArithmetic(Operation *op) {
  return isPure(op) && op->getNumRegions() == 0 &&
         llvm::none_of(op->getResultTypes(), [](Type type) { return isa<RankedTensorType>(type); });
}

void Rotation::collectLate() {
  SmallVector<Operation *> worklist;
  if (auto load = second.getB().getDefiningOp<tile::LoadOp>(); isInBody(load) && load->hasOneUse()) {
    late.insert(load);
    worklist.push_back(load);
  }
  late.insert(second);
  while (!worklist.empty())
    for (Value operand : worklist.pop_back_val()->getOperands())
      if (Operation *op = operand.getDefiningOp(); isInBody(op) && isIndexArithmetic(op))
        if (lateIndices.insert(op))
          worklist.push_back(op);
}

bool Rotation::analyze() {
  if (!loop->hasAttr(tile::kNonEmptyAttr) || loop.getUnsignedCmp() || !loop.getInductionVar().getType().isIndex() ||
      !matchPattern(loop.getStep(), m_One()) || !findMmas())
    return false;
  collectLate();
  for (auto [i, yielded] : llvm::enumerate(loop.getYieldedValues()))
    if (isLateValue(yielded))
      lateCarried.push_back(i);
  for (Operation *op : late)
    for (Value operand : op->getOperands()) {
      if (std::optional<unsigned> carried = carriedIndex(operand)) {
        if (!llvm::is_contained(lateCarried, *carried))
          return false; // would have to be kept for an iteration
        lateInputs.insert(*carried);
      } else if (Operation *definition = operand.getDefiningOp();
                 isInBody(definition) && !isLate(definition) && !lateIndices.contains(definition)) {
        // A loaded tile would keep its slot for an iteration.
        if (isa<tile::LoadOp, tile::SliceOp>(definition))
          return false;
        crossing.insert(operand);
      }
    }
  // The late result is for the next iteration alone.
  for (Operation *op : late)
    for (Operation *user : op->getUsers())
      if (Operation *inBody = body->findAncestorOpInBlock(*user);
          inBody && !isLate(inBody) && inBody != body->getTerminator())
        return false;
  // What comes before the early MMA must not need the late one's result.
  for (Operation &op : *body) {
    for (Value operand : op.getOperands())
      if (std::optional<unsigned> carried = carriedIndex(operand))
        if (llvm::is_contained(lateCarried, *carried))
          return false;
    if (&op == first)
      break;
  }
  return true;
}

/// The ops that stay in their iteration: up to the early MMA, or after it.
void Rotation::emitEarly(OpBuilder &builder, IRMapping &map, bool head) {
  for (Operation &op : body->without_terminator()) {
    bool inHead = op.isBeforeInBlock(first) || &op == first;
    if (inHead == head && !isLate(&op))
      builder.clone(op, map);
  }
}

void Rotation::emitLate(OpBuilder &builder, IRMapping &map) {
  for (Operation &op : body->without_terminator())
    if (isLate(&op) || lateIndices.contains(&op))
      builder.clone(op, map);
}

void Rotation::apply() {
  IndexBuilder b(loop.getLoc(), loop);
  Value one = b.index(1);
  first->setAttr(kSourceAttr, b.getI64IntegerAttr(source));
  auto isLateIndex = [&](unsigned i) { return llvm::is_contained(lateCarried, i); };

  // The first iteration's early part.
  IRMapping prologue;
  prologue.map(loop.getInductionVar(), loop.getLowerBound());
  prologue.map(loop.getRegionIterArgs(), loop.getInitArgs());
  emitEarly(b, prologue, /*head=*/true);
  emitEarly(b, prologue, /*head=*/false);

  SmallVector<Value> inits;
  SmallVector<unsigned> earlyCarried;
  for (auto [i, yielded] : llvm::enumerate(loop.getYieldedValues()))
    if (!isLateIndex(i)) {
      earlyCarried.push_back(i);
      inits.push_back(prologue.lookupOrDefault(yielded));
    }
  for (unsigned i : lateInputs)
    inits.push_back(loop.getInitArgs()[i]);
  for (Value value : crossing)
    inits.push_back(prologue.lookup(value));

  auto rotated = scf::ForOp::create(b, b.add(loop.getLowerBound(), one), loop.getUpperBound(), one, inits);
  rotated->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
  rotated->removeAttr(tile::kNonEmptyAttr);

  // Maps the values that the late part reads to `carried`, laid out as `inits`.
  auto mapLate = [&](IRMapping &map, Value iteration, ValueRange carried) {
    map.map(loop.getInductionVar(), iteration);
    carried = carried.drop_front(earlyCarried.size());
    for (auto [i, value] : llvm::zip(lateInputs, carried))
      map.map(loop.getRegionIterArg(i), value);
    for (auto [value, now] : llvm::zip(crossing, carried.drop_front(lateInputs.size())))
      map.map(value, now);
  };

  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(rotated.getBody());
    IRMapping early, lateMap;
    early.map(loop.getInductionVar(), rotated.getInductionVar());
    for (auto [i, argument] : llvm::zip(earlyCarried, rotated.getRegionIterArgs()))
      early.map(loop.getRegionIterArg(i), argument);
    mapLate(lateMap, b.sub(rotated.getInductionVar(), one), rotated.getRegionIterArgs());
    emitEarly(b, early, /*head=*/true);
    emitLate(b, lateMap);
    for (unsigned i : lateCarried)
      early.map(loop.getRegionIterArg(i), lateMap.lookup(loop.getYieldedValues()[i]));
    emitEarly(b, early, /*head=*/false);

    SmallVector<Value> yields;
    for (unsigned i : earlyCarried)
      yields.push_back(early.lookupOrDefault(loop.getYieldedValues()[i]));
    for (unsigned i : lateInputs)
      yields.push_back(lateMap.lookup(loop.getYieldedValues()[i]));
    for (Value value : crossing)
      yields.push_back(early.lookup(value));
    if (rotated.getNumResults() == 0) // the builder made a terminator
      rotated.getBody()->getTerminator()->erase();
    scf::YieldOp::create(b, yields);
  }

  // The last iteration's late part.
  IRMapping epilogue;
  mapLate(epilogue, b.sub(loop.getUpperBound(), one), rotated.getResults());
  emitLate(b, epilogue);
  for (auto [i, result] : llvm::zip(earlyCarried, rotated.getResults()))
    loop.getResult(i).replaceAllUsesWith(result);
  for (unsigned i : lateCarried)
    loop.getResult(i).replaceAllUsesWith(epilogue.lookup(loop.getYieldedValues()[i]));
  loop.erase();
}

} // namespace

void rotateLoop(scf::ForOp loop, int64_t source) {
  Rotation rotation(loop, source);
  if (rotation.analyze())
    rotation.apply();
}

} // namespace girih
