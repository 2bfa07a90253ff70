// Spans of keys that some and that all rows of a tile see.
#include "girih/Analysis/Visibility.h"

#include <limits>

using namespace mlir;

namespace girih {

using Kind = VisibilityCondition::Kind;

/// More keys than there can be.
static constexpr int64_t kEndless = std::numeric_limits<int32_t>::max();

Value KeyBound::build(IndexBuilder &b) const {
  if (!base)
    return b.index(constant);
  return constant ? b.add(base, b.index(constant)) : base;
}

/// The larger or the smaller of two bounds.
KeyBound MaskReader::pick(const KeyBound &x, const KeyBound &y, bool largest) {
  if (x.base == y.base)
    return (x.constant > y.constant) == largest ? x : y;
  Value left = x.build(b), right = y.build(b);
  return {largest ? b.maximum(left, right) : b.minimum(left, right), 0};
}

/// One end of two spans' intersection, if `narrow`, or of their hull. An end that is not there
/// lies outside of all others.
std::optional<KeyBound> MaskReader::pickEnd(const std::optional<KeyBound> &x, const std::optional<KeyBound> &y,
                                            bool narrow, bool isBegin) {
  if (x && y)
    return pick(*x, *y, /*largest=*/isBegin == narrow);
  if (!narrow)
    return std::nullopt;
  return x ? x : y;
}

KeySpan MaskReader::intersect(const KeySpan &x, const KeySpan &y) {
  return {pickEnd(x.begin, y.begin, true, /*isBegin=*/true), pickEnd(x.end, y.end, true, /*isBegin=*/false)};
}

std::pair<Value, Value> MaskReader::ends(const KeySpan &span) {
  return {span.begin ? span.begin->build(b) : b.index(0), span.end ? span.end->build(b) : place.keys};
}

static bool isOpenOnOneSide(const KeySpan &x, const KeySpan &y) { return (!x.begin && !y.begin) || (!x.end && !y.end); }

/// The least span that holds both; of an empty one and another, the other.
KeySpan MaskReader::hull(const KeySpan &x, const KeySpan &y) {
  if (isOpenOnOneSide(x, y))
    return {pickEnd(x.begin, y.begin, false, /*isBegin=*/true), pickEnd(x.end, y.end, false, /*isBegin=*/false)};
  auto [xBegin, xEnd] = ends(x);
  auto [yBegin, yEnd] = ends(y);
  auto isEmpty = [&](Value begin, Value end) {
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, begin, end);
  };
  Value xEmpty = isEmpty(xBegin, xEnd), yEmpty = isEmpty(yBegin, yEnd);
  auto choose = [&](Value ofX, Value ofY, Value ofBoth) -> KeyBound {
    Value withX = b.createOrFold<arith::SelectOp>(yEmpty, ofX, ofBoth);
    return {b.createOrFold<arith::SelectOp>(xEmpty, ofY, withX), 0};
  };
  return {choose(xBegin, yBegin, b.minimum(xBegin, yBegin)), choose(xEnd, yEnd, b.maximum(xEnd, yEnd))};
}

/// Both spans, the one that begins first before the other; one where they have a side in common.
void MaskReader::unite(Visibility &result, const KeySpan &x, const KeySpan &y) {
  if (isOpenOnOneSide(x, y)) {
    result.some = hull(x, y);
    return;
  }
  auto [xBegin, xEnd] = ends(x);
  auto [yBegin, yEnd] = ends(y);
  // An empty span would tell the other's place wrongly: it becomes the same span.
  auto isEmpty = [&](Value begin, Value end) {
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, begin, end);
  };
  auto select = [&](Value condition, Value isTrue, Value isFalse) {
    return b.createOrFold<arith::SelectOp>(condition, isTrue, isFalse);
  };
  Value xIsEmpty = isEmpty(xBegin, xEnd), yIsEmpty = isEmpty(yBegin, yEnd);
  Value firstBegin = select(yIsEmpty, xBegin, yBegin), firstEnd = select(yIsEmpty, xEnd, yEnd);
  Value lastBegin = select(xIsEmpty, yBegin, xBegin), lastEnd = select(xIsEmpty, yEnd, xEnd);
  Value isOrdered = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, firstBegin, lastBegin);
  result.before =
      KeySpan{KeyBound{select(isOrdered, firstBegin, lastBegin), 0}, KeyBound{select(isOrdered, firstEnd, lastEnd), 0}};
  result.some =
      KeySpan{KeyBound{select(isOrdered, lastBegin, firstBegin), 0}, KeyBound{b.maximum(firstEnd, lastEnd), 0}};
}

/// A span of which each key is in one of the two: both where they meet, else the longer one.
KeySpan MaskReader::larger(const KeySpan &x, const KeySpan &y) {
  if (isOpenOnOneSide(x, y))
    return {pickEnd(x.begin, y.begin, false, /*isBegin=*/true), pickEnd(x.end, y.end, false, /*isBegin=*/false)};
  auto [xBegin, xEnd] = ends(x);
  auto [yBegin, yEnd] = ends(y);
  Value meet =
      b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, b.maximum(xBegin, yBegin), b.minimum(xEnd, yEnd));
  Value longer = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, b.sub(xEnd, xBegin), b.sub(yEnd, yBegin));
  auto choose = [&](Value ofX, Value ofY, Value ofBoth) -> KeyBound {
    Value one = b.createOrFold<arith::SelectOp>(longer, ofX, ofY);
    return {b.createOrFold<arith::SelectOp>(meet, ofBoth, one), 0};
  };
  return {choose(xBegin, yBegin, b.minimum(xBegin, yBegin)), choose(xEnd, yEnd, b.maximum(xEnd, yEnd))};
}

Visibility MaskReader::bound(const VisibilityCondition &condition) {
  KeySpan everything, nothing;
  nothing.end = KeyBound{};
  switch (condition.kind) {
  case Kind::Opaque:
    return {everything, std::nullopt, std::nullopt};
  case Kind::Sorted:
    return boundSorted(condition);
  case Kind::Constant:
    return condition.isTrue ? Visibility{everything, std::nullopt, everything}
                            : Visibility{nothing, std::nullopt, std::nullopt};
  case Kind::Before:
  case Kind::From: {
    auto [low, high] = boundsOf(condition.limit);
    if (!low || !high)
      return {everything, std::nullopt, std::nullopt};
    if (condition.kind == Kind::Before)
      return {{std::nullopt, high}, std::nullopt, KeySpan{std::nullopt, low}};
    return {{low, std::nullopt}, std::nullopt, KeySpan{high, std::nullopt}};
  }
  case Kind::Rows: {
    auto [low, high] = boundsOf(condition.limit);
    if (!low || !high)
      return {everything, std::nullopt, std::nullopt};
    auto endIf = [&](const KeyBound &bound) -> KeyBound {
      Value isSeen = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, bound.build(b), b.index(0));
      return {b.createOrFold<arith::SelectOp>(isSeen, b.index(kEndless), b.index(0)), 0};
    };
    return {{std::nullopt, endIf(*low)}, std::nullopt, KeySpan{std::nullopt, endIf(*high)}};
  }
  case Kind::All:
  case Kind::Any: {
    Visibility x = bound(condition.parts[0]), y = bound(condition.parts[1]), result;
    bool isAll = condition.kind == Kind::All;
    // Two spans stay two where the other condition has one.
    auto asOne = [&](Visibility &of) {
      if (of.before)
        of.some = hull(*of.before, of.some);
      of.before = std::nullopt;
    };
    if (!isAll || y.before)
      asOne(x);
    if (!isAll)
      asOne(y);
    if (isAll) {
      result.some = intersect(x.some, y.some);
      if (x.before || y.before)
        result.before = x.before ? intersect(*x.before, y.some) : intersect(x.some, *y.before);
      if (x.all && y.all)
        result.all = intersect(*x.all, *y.all);
      return result;
    }
    unite(result, x.some, y.some);
    result.all = x.all && y.all ? std::optional(larger(*x.all, *y.all)) : x.all ? x.all : y.all;
    return result;
  }
  }
  return {everything, std::nullopt, std::nullopt};
}

Visibility MaskReader::bound(Value firstQuery, int64_t rows) {
  this->firstQuery = firstQuery;
  this->rows = rows;
  rowBounds.clear();
  return bound(whole);
}

} // namespace girih
