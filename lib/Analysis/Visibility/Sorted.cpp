// Conditions on the element of a sorted tensor at the key, such as that it is the query's document: a
// binary search finds the keys at which they begin and cease to hold.
#include "girih/Analysis/Visibility.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

using Kind = VisibilityCondition::Kind;
using Predicate = arith::CmpIPredicate;

/// The element of a sorted tensor whose last index is the key and whose others are the same for all
/// rows, or null.
attn::LookupOp MaskReader::sortedAtKey(Value value) {
  while (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    value = cast.getIn();
  auto op = value.getDefiningOp<attn::LookupOp>();
  if (!op || !attn::isSorted(op.getTensor()))
    return {};
  for (auto [i, operand] : llvm::enumerate(op.getIndices())) {
    MaybeIndex form = index(operand);
    if (!form || form->query || form->row)
      return {};
    bool isKey = form->key == 1 && form->divisor == 1 && !form->shared && !form->constant;
    if (i + 1 == op.getIndices().size() ? !isKey : form->key != 0)
      return {};
  }
  return op;
}

arith::CmpIPredicate swapSides(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case Predicate::slt:
    return Predicate::sgt;
  case Predicate::sle:
    return Predicate::sge;
  case Predicate::sgt:
    return Predicate::slt;
  case Predicate::sge:
    return Predicate::sle;
  default:
    return predicate;
  }
}

std::optional<VisibilityCondition> MaskReader::sorted(arith::CmpIOp op, bool isTrue) {
  Value x = op.getLhs(), y = op.getRhs();
  Predicate predicate = isTrue ? op.getPredicate() : arith::invertPredicate(op.getPredicate());
  if (!sortedAtKey(x)) {
    std::swap(x, y);
    predicate = swapSides(predicate);
  }
  attn::LookupOp element = sortedAtKey(x);
  MaybeIndex limit = index(y);
  if (!element || !limit || limit->key || predicate == Predicate::ne)
    return std::nullopt;
  return VisibilityCondition{Kind::Sorted, isTrue, *limit, {}, op.getResult(), element, predicate};
}

/// The searches go on at the same time, so that they wait for memory together.
SmallVector<Value> MaskReader::search(attn::LookupOp op, ArrayRef<Search> searches) {
  SmallVector<Value> indices;
  for (Value operand : op.getIndices().drop_back())
    indices.push_back(sharedValue(*index(operand)));
  Value keys = arith::IndexCastOp::create(b, b.getI32Type(), place.keys);
  Value zeros = b.createOrFold<math::CountLeadingZerosOp>(keys);
  Value bits = b.sub(b.index(32), b.createOrFold<arith::IndexCastOp>(b.getIndexType(), zeros));
  SmallVector<Value> starts(searches.size(), b.index(0));
  auto loop = scf::ForOp::create(b, b.index(0), bits, b.index(1), starts);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value bit = b.sub(b.sub(bits, b.index(1)), loop.getInductionVar());
  Value step = arith::ShLIOp::create(b, b.index(1), bit);
  SmallVector<Value> next;
  for (auto [search, passed] : llvm::zip(searches, loop.getRegionIterArgs())) {
    Value candidate = b.add(passed, step);
    indices.push_back(b.sub(candidate, b.index(1)));
    Value element = buildLookup(op, indices);
    indices.pop_back();
    Value isKey = arith::CmpIOp::create(b, Predicate::sle, candidate, place.keys);
    Predicate before = search.isAbove ? Predicate::sle : Predicate::slt;
    Value goesOn = arith::AndIOp::create(b, isKey, arith::CmpIOp::create(b, before, element, search.number));
    next.push_back(arith::SelectOp::create(b, goesOn, candidate, passed));
  }
  scf::YieldOp::create(b, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

Visibility MaskReader::boundSorted(const Condition &condition) {
  Visibility result;
  auto [low, high] = boundsOf(condition.limit);
  if (!low || !high)
    return result;
  Value least = low->build(b), most = high->build(b);
  auto at = [](Value place) { return KeyBound{place, 0}; };
  bool isFromEqual = condition.predicate == Predicate::sge, isToEqual = condition.predicate == Predicate::sle;
  switch (condition.predicate) {
  case Predicate::slt:
  case Predicate::sle: {
    SmallVector<Value> ends = search(condition.element, {{most, isToEqual}, {least, isToEqual}});
    result.some.end = at(ends[0]);
    result.all = KeySpan{std::nullopt, at(ends[1])};
    return result;
  }
  case Predicate::sgt:
  case Predicate::sge: {
    SmallVector<Value> begins = search(condition.element, {{least, !isFromEqual}, {most, !isFromEqual}});
    result.some.begin = at(begins[0]);
    result.all = KeySpan{at(begins[1]), std::nullopt};
    return result;
  }
  default: { // the rows may have several numbers: then no key is equal to all
    SmallVector<Value> ends = search(condition.element, {{least, false}, {most, true}, {most, false}, {least, true}});
    result.some = {at(ends[0]), at(ends[1])};
    result.all = KeySpan{at(ends[2]), at(ends[3])};
    return result;
  }
  }
}

} // namespace girih
