// The score region on tiles. Each value of the region is held in the smallest form that it
// has: one number for the whole tile, one for each row, or one for each score. Batch, head
// and first key are one number, the query is one for each row, and the key is the first key
// plus the column: sums and products keep that form, so that what depends on the row is
// computed once a row, and the column costs one multiply-add at the end.
#include "AttnRegion.h"
#include "dialects/Attn/Dense.h"
#include "girih/Analysis/Visibility.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include <cmath>

using namespace mlir;

namespace girih {

/// A number of the tile's.
Value RegionBuilder::number(Type type, double value) {
  if (type.isF32())
    return arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(value)));
  return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}

Value RegionBuilder::column(Type element) {
  Value index = tile::IotaOp::create(b, typeOf(Extent::Score, b.getI32Type()), 1);
  return element.isF32() ? arith::SIToFPOp::create(b, typeOf(Extent::Score, element), index).getResult() : index;
}

Value RegionBuilder::widen(Value value, Extent from, Extent to) {
  if (from == to)
    return value;
  if (from == Extent::Row)
    return tile::BroadcastOp::create(b, typeOf(to, getElementTypeOrSelf(value.getType())), value);
  RankedTensorType type = typeOf(to, value.getType());
  if (Attribute constant; matchPattern(value, m_Constant(&constant)))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, constant));
  if (!value.getType().isInteger(1))
    return tile::SplatOp::create(b, type, value);
  // A tile can be made of a number, not of a condition.
  Value wide = widen(arith::ExtUIOp::create(b, b.getI32Type(), value), from, to);
  Value zero = widen(number(b.getI32Type(), 0), Extent::Tile, to);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, wide, zero);
}

Value RegionBuilder::complete(const Spread &x, Extent extent) {
  Value value = widen(x.value, x.extent, extent);
  Type element = getElementTypeOrSelf(value.getType());
  if (x.factor != 1)
    return arith::MulFOp::create(b, value, widen(number(element, x.factor), Extent::Tile, extent));
  if (!x.step)
    return value;
  if (matchPattern(x.step, m_OneFloat()))
    return arith::AddFOp::create(b, column(element), value);
  if (matchPattern(x.step, m_One()))
    return arith::AddIOp::create(b, column(element), value);
  Value step = widen(x.step, x.stepExtent, extent);
  if (element.isF32())
    return math::FmaOp::create(b, column(element), step, value);
  return arith::AddIOp::create(b, arith::MulIOp::create(b, column(element), step), value);
}

/// The op on as many numbers as its operands are.
Spread RegionBuilder::apply(Operation *op, ArrayRef<Spread> operands) {
  Extent extent = Extent::Tile;
  for (const Spread &operand : operands)
    extent = std::max(extent, operand.whole());
  SmallVector<Value> converted;
  for (const Spread &operand : operands)
    converted.push_back(complete(operand, extent));
  Type type = inTile(op->getResult(0).getType());
  if (extent != Extent::Tile)
    type = typeOf(extent, type);
  return {b.create(OperationState(op->getLoc(), op->getName(), converted, type, op->getAttrs()))->getResult(0), extent};
}

/// A sum, difference or product of values neither of which has a step or a factor.
template <typename FloatOp, typename IntegerOp> Spread RegionBuilder::combine(const Spread &x, const Spread &y) {
  Extent extent = std::max(x.extent, y.extent);
  Value left = widen(x.value, x.extent, extent), right = widen(y.value, y.extent, extent);
  if (isa<FloatType>(getElementTypeOrSelf(left.getType())))
    return {b.createOrFold<FloatOp>(left, right), extent};
  return {b.createOrFold<IntegerOp>(left, right), extent};
}

Spread RegionBuilder::convertSum(Operation *op, const Spread &x, const Spread &y, bool isDifference) {
  auto add = [&](const Spread &a, const Spread &c) {
    return isDifference ? combine<arith::SubFOp, arith::SubIOp>(a, c) : combine<arith::AddFOp, arith::AddIOp>(a, c);
  };
  // A factor of the scores and a sum are one multiply-add.
  if (x.factor != 1 || y.factor != 1) {
    bool isFirst = x.factor != 1;
    const Spread &factored = isFirst ? x : y;
    Value other = complete(isFirst ? y : x, Extent::Score);
    if (isFirst && isDifference)
      other = arith::NegFOp::create(b, other);
    double factor = !isFirst && isDifference ? -factored.factor : factored.factor;
    Value factors = widen(number(b.getF32Type(), factor), Extent::Tile, Extent::Score);
    return {math::FmaOp::create(b, factored.value, factors, other), Extent::Score};
  }
  if ((!x.step && !y.step) || x.extent == Extent::Score || y.extent == Extent::Score)
    return apply(op, {x, y});
  Spread sum = add({x.value, x.extent}, {y.value, y.extent});
  Type element = getElementTypeOrSelf(x.step ? x.step.getType() : y.step.getType());
  auto stepOf = [&](const Spread &of) -> Spread {
    return of.step ? Spread{of.step, of.stepExtent} : Spread{number(element, 0)};
  };
  Spread step = !y.step ? stepOf(x) : !x.step && !isDifference ? stepOf(y) : add(stepOf(x), stepOf(y));
  if (!matchPattern(step.value, m_AnyZeroFloat()) && !matchPattern(step.value, m_Zero())) {
    sum.step = step.value;
    sum.stepExtent = step.extent;
  }
  return sum;
}

/// Scores times a constant, or by one: it joins their factor.
std::optional<Spread> RegionBuilder::joinFactor(const Spread &x, const Spread &y, bool isQuotient) {
  FloatAttr constant;
  if (x.extent != Extent::Score || !matchPattern(y.value, m_Constant(&constant)))
    return std::nullopt;
  double number = constant.getValueAsDouble(), factor = isQuotient ? x.factor / number : x.factor * number;
  if (!std::isnormal(static_cast<float>(factor)))
    return std::nullopt;
  return Spread{x.value, x.extent, {}, Extent::Tile, factor};
}

Spread RegionBuilder::convertProduct(Operation *op, const Spread &x, const Spread &y) {
  if (std::optional<Spread> joined = joinFactor(x, y, /*isQuotient=*/false))
    return *joined;
  if (std::optional<Spread> joined = joinFactor(y, x, /*isQuotient=*/false))
    return *joined;
  if (static_cast<bool>(x.step) == static_cast<bool>(y.step) || x.extent == Extent::Score || y.extent == Extent::Score)
    return apply(op, {x, y});
  const Spread &stepped = x.step ? x : y, &other = x.step ? y : x;
  Spread product = combine<arith::MulFOp, arith::MulIOp>({stepped.value, stepped.extent}, other);
  Spread step = combine<arith::MulFOp, arith::MulIOp>({stepped.step, stepped.stepExtent}, other);
  product.step = step.value;
  product.stepExtent = step.extent;
  return product;
}

/// The column against a limit of the row: its index needs no register then.
std::optional<Spread> RegionBuilder::convertComparison(arith::CmpIOp op) {
  Spread x = at(op.getLhs()), y = at(op.getRhs());
  auto predicate = op.getPredicate();
  if (y.step) {
    std::swap(x, y);
    predicate = swapSides(predicate);
  }
  APInt step;
  if (!x.step || y.whole() == Extent::Score || !matchPattern(x.step, m_ConstantInt(&step)) || !step.abs().isOne())
    return std::nullopt;
  Spread row = {x.value, x.extent};
  if (step.isNegative())
    predicate = swapSides(predicate);
  Spread limit =
      step.isNegative() ? combine<arith::SubFOp, arith::SubIOp>(row, y) : combine<arith::SubFOp, arith::SubIOp>(y, row);
  return Spread{
      arith::CmpIOp::create(b, predicate, column(b.getI32Type()), widen(limit.value, limit.extent, Extent::Score)),
      Extent::Score};
}

/// A score or an infinity, as masks have it: a positive factor stays one.
std::optional<Spread> RegionBuilder::convertMask(arith::SelectOp op) {
  auto hides = [](const Spread &x) {
    return matchPattern(x.value, m_PosInfFloat()) || matchPattern(x.value, m_NegInfFloat());
  };
  Spread condition = at(op.getCondition()), x = at(op.getTrueValue()), y = at(op.getFalseValue());
  double factor = hides(y) ? x.factor : hides(x) ? y.factor : 0;
  if (!(factor > 0))
    return std::nullopt;
  x.factor = y.factor = 1;
  Spread chosen = apply(op, {condition, x, y});
  chosen.factor = factor;
  return chosen;
}

/// A tensor with an element for each query and key is loaded as tiles are.
std::optional<Spread> RegionBuilder::loadDense(attn::LookupOp op) {
  if (!attn::isDense(op))
    return std::nullopt;
  SmallVector<Value> indices;
  for (Value index : op.getIndices().drop_back(2)) {
    Spread outer = at(index);
    if (outer.whole() != Extent::Tile)
      return std::nullopt;
    indices.push_back(b.createOrFold<arith::IndexCastOp>(b.getIndexType(), outer.value));
  }
  indices.append({tile.firstQuery, tile.firstKey});
  Type element = op.getTensor().getType().getElementType();
  Value loaded =
      tile::LoadOp::create(b, typeOf(Extent::Score, element), tile.captures->lookup(op.getTensor()), indices);
  if (!element.isF32())
    loaded = arith::ExtFOp::create(b, typeOf(Extent::Score, b.getF32Type()), loaded);
  return Spread{loaded, Extent::Score};
}

/// Elements of a tensor, as few as the indices tell apart; one that moves with the column is said
/// by its first and its step.
Spread RegionBuilder::convertLookup(attn::LookupOp op) {
  if (std::optional<Spread> loaded = loadDense(op))
    return *loaded;
  SmallVector<Spread> indices = llvm::map_to_vector(op.getIndices(), [&](Value value) { return at(value); });
  Extent extent = Extent::Tile;
  for (const Spread &index : indices)
    extent = std::max(extent, index.whole());
  SmallVector<Value> firsts;
  SmallVector<int64_t> steps;
  for (const Spread &index : indices) {
    APInt step(32, 0);
    bool isStepped = index.step && index.extent != Extent::Score && matchPattern(index.step, m_ConstantInt(&step));
    firsts.push_back(isStepped || index.whole() != Extent::Score ? index.value : complete(index, Extent::Score));
    steps.push_back(step.getSExtValue());
  }
  Type type = extent == Extent::Tile ? op.getType() : Type(typeOf(extent, op.getType()));
  return {tile::GatherOp::create(b, type, tile.captures->lookup(op.getTensor()), firsts, steps), extent};
}

Spread RegionBuilder::convert(Operation *op) {
  auto operand = [&](unsigned i) { return at(op->getOperand(i)); };
  if (isa<arith::AddFOp, arith::AddIOp>(op))
    return convertSum(op, operand(0), operand(1), /*isDifference=*/false);
  if (isa<arith::SubFOp, arith::SubIOp>(op))
    return convertSum(op, operand(0), operand(1), /*isDifference=*/true);
  if (isa<arith::MulFOp, arith::MulIOp>(op))
    return convertProduct(op, operand(0), operand(1));
  if (isa<arith::DivFOp>(op))
    if (std::optional<Spread> joined = joinFactor(operand(0), operand(1), /*isQuotient=*/true))
      return *joined;
  if (auto constant = dyn_cast<arith::ConstantOp>(op); constant && constant.getType().isIndex())
    return {number(b.getI32Type(), cast<IntegerAttr>(constant.getValue()).getInt())};
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    if (std::optional<Spread> converted = convertComparison(compare))
      return *converted;
  if (auto select = dyn_cast<arith::SelectOp>(op))
    if (std::optional<Spread> converted = convertMask(select))
      return *converted;
  if (auto lookup = dyn_cast<attn::LookupOp>(op))
    return convertLookup(lookup);
  if (isa<attn::QueriesOp>(op))
    return {asI32(tile.queries)};
  if (isa<attn::KeysOp>(op))
    return {asI32(tile.keys)};
  if (isa<arith::IndexCastOp>(op)) // all have 32 bits
    return operand(0);
  if (isa<arith::SIToFPOp>(op) && operand(0).step) {
    // Whole numbers below 2^24 are exact in f32, and so is their sum.
    auto toFloat = [&](Value value) -> Value {
      Type type = value.getType();
      Type result = isa<RankedTensorType>(type) ? Type(typeOf(Extent::Row, b.getF32Type())) : b.getF32Type();
      return b.createOrFold<arith::SIToFPOp>(result, value);
    };
    Spread x = operand(0);
    return {toFloat(x.value), x.extent, toFloat(x.step), x.stepExtent};
  }
  SmallVector<Spread> operands = llvm::map_to_vector(op->getOperands(), [&](Value value) { return at(value); });
  return apply(op, operands);
}

RegionBuilder::RegionBuilder(IndexBuilder &b, const ScoreTile &tile) : b(b), tile(tile) {
  auto shape = cast<RankedTensorType>(tile.scores.getType()).getShape();
  rows = shape[0];
  columns = shape[1];
}

Spread RegionBuilder::at(Value value) {
  if (auto found = values.find(value); found != values.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  Spread converted = op ? convert(op) : Spread{tile.captures->lookup(value)};
  values[value] = converted;
  return converted;
}

void RegionBuilder::bindIndices(ArrayRef<BlockArgument> arguments) {
  Value query = tile::IotaOp::create(b, typeOf(Extent::Row, b.getI32Type()), 0);
  query = arith::AddIOp::create(b, query, widen(asI32(tile.firstQuery), Extent::Tile, Extent::Row));
  values[arguments[0]] = {asI32(tile.batch)};
  values[arguments[1]] = {asI32(tile.head)};
  values[arguments[2]] = {query, Extent::Row};
  values[arguments[3]] = {asI32(tile.firstKey), Extent::Tile, number(b.getI32Type(), 1)};
}

FactoredScores RegionBuilder::score(Block &region, double scale) {
  bindIndices(region.getArguments().drop_front());
  values[region.getArgument(0)] = {tile.scores, Extent::Score, {}, Extent::Tile, scale};
  for (Operation &op : region.without_terminator())
    at(op.getResult(0));
  Spread result = at(region.getTerminator()->getOperand(0));
  if (result.factor > 0 && result.whole() == Extent::Score && !result.step)
    return {result.value, result.factor};
  return {complete(result, Extent::Score), 1};
}

FactoredScores buildScore(IndexBuilder &b, attn::ForwardOp op, const ScoreTile &tile, double scale) {
  if (op.getScore().empty())
    return {tile.scores, scale};
  return RegionBuilder(b, tile).score(op.getScore().front(), scale);
}

} // namespace girih
