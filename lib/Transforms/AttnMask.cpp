// Conditions on the key become limits of each row, with which columns are compared: limits of the
// same side are joined before, so that a causal mask and the end of the keys cost one comparison.
#include "AttnMask.h"
#include "AttnRegion.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include <cmath>
#include <limits>

using namespace mlir;

namespace girih {

/// The number of tiles that need a mask at their end, where it is the same for all work items.
static std::optional<int64_t> masksAtEnd(const Visibility &visibility, Value keys, Value firstRow, TileShape shape) {
  const std::optional<KeyBound> &some = visibility.some.end, &all = visibility.all->end;
  if (visibility.before)
    return std::nullopt;
  if (!some && !all) {
    APInt number; // without it, the last tile may be partial
    return matchPattern(keys, m_ConstantInt(&number)) && number.urem(shape.columns) == 0 ? 0 : 1;
  }
  if (!some || !all || some->base != firstRow || all->base != firstRow || shape.rows % shape.columns != 0)
    return std::nullopt;
  // A diagonal that cuts each block at the same place.
  int64_t shift = all->constant - 1;
  if (shift >= 0 && shift % shape.columns == 0 && some->constant - shift == shape.rows)
    return shape.rows / shape.columns;
  return std::nullopt;
}

/// Goes on, after the tiles of a span, to those of one that begins before it.
static void addTilesBefore(IndexBuilder &b, KeyRange &range, const KeySpan &before, Value keys, int64_t columns) {
  Value zero = b.index(0), first = b.sub(range.end, range.count);
  Value endKey = before.end ? b.maximum(b.minimum(keys, before.end->build(b)), zero) : keys;
  Value beginKey = before.begin ? b.maximum(before.begin->build(b), zero) : zero;
  Value end = b.minimum(b.ceilDiv(endKey, columns), first);
  Value count = b.maximum(b.sub(end, b.div(beginKey, b.index(columns))), zero);
  range.gapAt = range.count;
  range.gapLength = b.sub(first, end);
  range.count = b.add(range.count, count);
}

KeyRange buildKeyRange(IndexBuilder &b, const Visibility &visibility, Value keys, Value firstRow, TileShape shape) {
  Value visible = keys, zero = b.index(0), one = b.index(1), columns = b.index(shape.columns);
  const KeySpan &some = visibility.some;
  if (some.end) // no key visible: one tile, all masked
    visible = b.maximum(b.minimum(keys, some.end->build(b)), one);
  KeyRange range;
  range.end = range.count = b.ceilDiv(visible, shape.columns);
  if (some.begin) {
    Value begin = b.minimum(b.maximum(some.begin->build(b), zero), b.sub(visible, one));
    range.count = b.sub(range.end, b.div(begin, columns));
  }
  if (visibility.before)
    addTilesBefore(b, range, *visibility.before, keys, shape.columns);
  range.maskedBefore = range.count;
  if (!visibility.all)
    return range;

  const KeySpan &all = *visibility.all;
  if (std::optional<int64_t> masked = masksAtEnd(visibility, keys, firstRow, shape)) {
    // A block at the end of the queries may have fewer tiles than the diagonal cuts.
    range.maskedBefore = *masked > 1 ? b.minimum(b.index(*masked), range.count) : b.index(*masked);
    // The first tile has no branch if it can be seen to be masked.
    if (some.begin || all.begin)
      range.maskedBefore = b.maximum(range.maskedBefore, one);
  } else {
    // Whole tiles end before the first key that some row does not see.
    Value wholeEnd = all.end ? b.minimum(keys, all.end->build(b)) : keys;
    Value whole = b.div(b.maximum(wholeEnd, zero), columns);
    range.maskedBefore = b.maximum(b.sub(range.end, whole), one);
  }
  if (all.begin) {
    // Each key before the first whole tile may be hidden from some row.
    Value whole = b.ceilDiv(b.maximum(all.begin->build(b), zero), shape.columns);
    range.maskedFrom = b.sub(range.end, whole);
  }
  if (range.gapAt) // all tiles after the gap are masked
    range.maskedFrom = range.maskedFrom ? b.minimum(range.maskedFrom, range.gapAt) : range.gapAt;
  return range;
}

KeyRange buildListedRange(IndexBuilder &b, BlockLists lists, bool hasMask) {
  KeyRange range;
  range.count = lists.count();
  Value one = b.index(1), ended = lists.endedTiles();
  range.maskedBefore = range.count;
  // The first tile has no branch, and may be what stands for lists of nothing.
  if (!hasMask && ended != range.count)
    range.maskedBefore = b.maximum(ended, one);
  if (hasMask && lists.hasFull()) {
    range.maskedBefore = b.maximum(lists.maskedTiles(), one);
    range.shownFrom = lists.maskedTiles();
    if (!matchPattern(ended, m_Zero()))
      range.endedBefore = b.maximum(range.maskedBefore, ended);
  }
  range.lists = std::move(lists);
  return range;
}

Value KeyRange::tileAt(IndexBuilder &b, Value iteration) const {
  if (lists)
    return lists->tileAt(b, iteration);
  Value tile = b.sub(b.sub(end, b.index(1)), iteration);
  if (!gapAt)
    return tile;
  Value isAfter = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, iteration, gapAt);
  return b.sub(tile, b.createOrFold<arith::SelectOp>(isAfter, gapLength, b.index(0)));
}

namespace {

/// Columns from `lower` to before `upper` for which `other` holds, each if it is there. Limits are
/// one number for the tile, index, or one for each row, i32.
struct Columns {
  Value lower, upper, other;
};

class MaskBuilder {
public:
  MaskBuilder(IndexBuilder &b, const ScoreTile &tile, Region &region) : b(b), tile(tile), builder(b, tile) {
    auto type = cast<RankedTensorType>(tile.scores.getType());
    rows = type.getShape()[0];
    columns = type.getShape()[1];
    if (!region.empty())
      arguments = region.getArguments();
  }

  Value apply(Value scores, const MaskReader *mask, Value isShown);

private:
  using Kind = VisibilityCondition::Kind;

  Columns build(const VisibilityCondition &condition);
  Columns allOf(const Columns &x, const Columns &y);
  Columns anyOf(const Columns &x, const Columns &y);
  Value pick(Value x, Value y, bool largest);
  Value limitOf(const LinearIndex &limit, Value from);
  Value rowsOf(Value limit);
  Value scoresOf(const Columns &x);
  Columns unless(Value isShown, Columns seen);

  RankedTensorType i32Tile(ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, b.getI32Type()); }
  Value splatIndex(Value index, RankedTensorType type) {
    return tile::SplatOp::create(b, type, arith::IndexCastOp::create(b, b.getI32Type(), index));
  }
  Value constant(RankedTensorType type, int64_t value) {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, APInt(32, value, /*isSigned=*/true)));
  }
  /// A value of the region, for which the region's arguments must be bound.
  Value valueOf(Value value, Extent extent) {
    if (!isBound)
      builder.bindIndices(arguments);
    isBound = true;
    return builder.build(value, extent);
  }

  IndexBuilder &b;
  const ScoreTile &tile;
  RegionBuilder builder;
  ArrayRef<BlockArgument> arguments;
  bool isBound = false;
  int64_t rows, columns;
};

/// A limit for each row.
Value MaskBuilder::rowsOf(Value limit) {
  return isa<RankedTensorType>(limit.getType()) ? limit : splatIndex(limit, i32Tile({rows}));
}

/// A limit by the key, from a key on.
Value MaskBuilder::limitOf(const LinearIndex &limit, Value from) {
  Value base;
  if (limit.query)
    base = limit.query == 1 ? tile.firstQuery : b.mul(tile.firstQuery, b.index(limit.query));
  if (limit.shared)
    base = base ? b.add(base, limit.shared) : limit.shared;
  base = base ? b.add(base, b.index(limit.constant)) : b.index(limit.constant);
  if (from)
    base = b.sub(base, from);
  if (!limit.query && !limit.row)
    return base;
  Value result;
  if (limit.query) {
    Value row = tile::IotaOp::create(b, i32Tile({rows}), 0);
    if (limit.query != 1)
      row = arith::MulIOp::create(b, row, constant(i32Tile({rows}), limit.query));
    result = arith::AddIOp::create(b, row, splatIndex(base, i32Tile({rows})));
  }
  if (limit.row) {
    Value row = valueOf(limit.row, Extent::Row);
    if (limit.perRow != 1)
      row = arith::MulIOp::create(b, row, constant(i32Tile({rows}), limit.perRow));
    result = arith::AddIOp::create(b, row, result ? result : splatIndex(base, i32Tile({rows})));
  }
  return result;
}

/// The larger or smaller limit, or the one that is there.
Value MaskBuilder::pick(Value x, Value y, bool largest) {
  if (!x || !y)
    return x ? x : y;
  if (!isa<RankedTensorType>(x.getType()) && !isa<RankedTensorType>(y.getType()))
    return largest ? b.maximum(x, y) : b.minimum(x, y);
  x = rowsOf(x);
  y = rowsOf(y);
  return largest ? arith::MaxSIOp::create(b, x, y).getResult() : arith::MinSIOp::create(b, x, y).getResult();
}

Columns MaskBuilder::allOf(const Columns &x, const Columns &y) {
  Value other = x.other && y.other ? arith::AndIOp::create(b, x.other, y.other).getResult()
                : x.other          ? x.other
                                   : y.other;
  return {pick(x.lower, y.lower, /*largest=*/true), pick(x.upper, y.upper, /*largest=*/false), other};
}

Columns MaskBuilder::anyOf(const Columns &x, const Columns &y) {
  if (!x.lower && !y.lower && !x.other && !y.other && x.upper && y.upper)
    return {{}, pick(x.upper, y.upper, /*largest=*/true), {}};
  if (!x.upper && !y.upper && !x.other && !y.other && x.lower && y.lower)
    return {pick(x.lower, y.lower, /*largest=*/false), {}, {}};
  return {{}, {}, arith::OrIOp::create(b, scoresOf(x), scoresOf(y))};
}

/// An i1 for each score.
Value MaskBuilder::scoresOf(const Columns &x) {
  Value seen;
  for (auto [limit, predicate] :
       {std::pair(x.upper, arith::CmpIPredicate::slt), std::pair(x.lower, arith::CmpIPredicate::sge)}) {
    if (!limit)
      continue;
    Value limits = isa<RankedTensorType>(limit.getType())
                       ? tile::BroadcastOp::create(b, i32Tile({rows, columns}), limit).getResult()
                       : splatIndex(limit, i32Tile({rows, columns}));
    Value column = tile::IotaOp::create(b, i32Tile({rows, columns}), 1);
    Value compared = arith::CmpIOp::create(b, predicate, column, limits);
    seen = seen ? arith::AndIOp::create(b, seen, compared).getResult() : compared;
  }
  if (!x.other)
    return seen;
  return seen ? arith::AndIOp::create(b, seen, x.other).getResult() : x.other;
}

Columns MaskBuilder::build(const VisibilityCondition &condition) {
  constexpr int64_t kEndless = std::numeric_limits<int32_t>::max();
  switch (condition.kind) {
  case Kind::Constant:
    return {{}, b.index(condition.isTrue ? kEndless : 0), {}};
  case Kind::Before:
    return {{}, limitOf(condition.limit, tile.firstKey), {}};
  case Kind::From:
    return {limitOf(condition.limit, tile.firstKey), {}, {}};
  case Kind::Rows: {
    Value number = limitOf(condition.limit, {});
    if (!isa<RankedTensorType>(number.getType())) {
      Value isSeen = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, number, b.index(0));
      return {{}, arith::SelectOp::create(b, isSeen, b.index(kEndless), b.index(0)), {}};
    }
    RankedTensorType type = i32Tile({rows});
    Value zero = constant(type, 0);
    Value isSeen = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, number, zero);
    return {{}, arith::SelectOp::create(b, isSeen, constant(type, kEndless), zero), {}};
  }
  case Kind::All:
    return allOf(build(condition.parts[0]), build(condition.parts[1]));
  case Kind::Any:
    return anyOf(build(condition.parts[0]), build(condition.parts[1]));
  case Kind::Opaque:
  case Kind::Sorted: {
    Value value = valueOf(condition.value, Extent::Score);
    if (!condition.isTrue) {
      auto ones = DenseElementsAttr::get(cast<RankedTensorType>(value.getType()), true);
      value = arith::XOrIOp::create(b, value, arith::ConstantOp::create(b, ones));
    }
    return {{}, {}, value};
  }
  }
  return {};
}

/// All columns where it is shown.
Columns MaskBuilder::unless(Value isShown, Columns seen) {
  Value none = b.index(0), all = b.index(std::numeric_limits<int32_t>::max());
  Value end = arith::SelectOp::create(b, isShown, all, none);
  if (seen.lower)
    seen.lower = pick(seen.lower, arith::SelectOp::create(b, isShown, none, all), /*largest=*/false);
  if (seen.upper)
    seen.upper = pick(seen.upper, end, /*largest=*/true);
  if (seen.other)
    seen.other = arith::OrIOp::create(b, seen.other, scoresOf({{}, end, {}}));
  return seen;
}

/// -inf in place of the scores of keys that are beyond the sequence or that their row does not see. `mask` is null
/// where rows see all keys, and does not count where `isShown`, if there is such a condition.
Value MaskBuilder::apply(Value scores, const MaskReader *mask, Value isShown) {
  Columns seen = {{}, b.sub(tile.keys, tile.firstKey), {}}; // columns before this one are keys
  if (mask)
    seen = allOf(isShown ? unless(isShown, build(mask->condition())) : build(mask->condition()), seen);
  auto hidden = DenseElementsAttr::get(cast<RankedTensorType>(scores.getType()), APFloat(-INFINITY));
  return arith::SelectOp::create(b, scoresOf(seen), scores, arith::ConstantOp::create(b, hidden));
}

} // namespace

Value maskWhereNeeded(IndexBuilder &b, Value scores, const ScoreTile &tile, const KeyRange &range, Value iteration,
                      Region &region, const MaskReader *mask) {
  auto masked = [&] {
    Value isShown;
    if (range.shownFrom)
      isShown = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, iteration, range.shownFrom);
    return MaskBuilder(b, tile, region).apply(scores, mask, isShown);
  };
  auto choose = [&](Value condition, function_ref<Value()> first, function_ref<Value()> second) {
    auto choice = scf::IfOp::create(b, scores.getType(), condition, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(choice.thenBlock());
    scf::YieldOp::create(b, first());
    b.setInsertionPointToStart(choice.elseBlock());
    scf::YieldOp::create(b, second());
    return choice.getResult(0);
  };
  if (range.maskedBefore == range.count)
    return masked();
  Value isMasked = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, iteration, range.maskedBefore);
  if (range.maskedFrom) {
    Value isAtStart = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, iteration, range.maskedFrom);
    isMasked = arith::OrIOp::create(b, isMasked, isAtStart);
  }
  auto whole = [&] { return scores; };
  if (!range.endedBefore)
    return choose(isMasked, masked, whole);
  Value mayEnd = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, iteration, range.endedBefore);
  auto ended = [&] { return MaskBuilder(b, tile, region).apply(scores, /*mask=*/nullptr, /*isShown=*/{}); };
  return choose(arith::OrIOp::create(b, isMasked, mayEnd), [&] { return choose(isMasked, masked, ended); }, whole);
}

} // namespace girih
