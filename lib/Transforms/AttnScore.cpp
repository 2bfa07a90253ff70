// The score region on tiles. Each value of the region is held in the smallest form that it
// has: one number for the whole tile, one for each row, or one for each score. Batch, head
// and first key are one number, the query is one for each row, and the key is the first key
// plus the column: sums and products keep that form, so that what depends on the row is
// computed once a row, and the column costs one multiply-add at the end.
#include "AttnRegion.h"
#include "dialects/Attn/Dense.h"
#include "girih/Analysis/Visibility.h"
#include "girih/Conversion/Lowering.h"

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
  auto factor = [&] { return widen(number(element, x.factor), Extent::Tile, extent); };
  if (x.offset) {
    Value offset = widen(x.offset, x.offsetExtent, extent);
    if (x.factor == 1)
      return arith::AddFOp::create(b, value, offset);
    return math::FmaOp::create(b, value, factor(), offset);
  }
  if (x.factor != 1)
    return arith::MulFOp::create(b, value, factor());
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

Spread RegionBuilder::add(const Spread &x, const Spread &y, bool isDifference) {
  return isDifference ? combine<arith::SubFOp, arith::SubIOp>(x, y) : combine<arith::AddFOp, arith::AddIOp>(x, y);
}

/// Scores and something that is not one for each: it joins their offset. What it has for each
/// column is added before the factor, by an operation that has the column as a constant.
std::optional<Spread> RegionBuilder::addToOffset(const Spread &x, const Spread &y, bool isDifference) {
  if (x.extent != Extent::Score || y.extent == Extent::Score ||
      !isa<FloatType>(getElementTypeOrSelf(x.value.getType())))
    return std::nullopt;
  // A step is divided by the factor, and must stay far inside f32.
  constexpr int kLargestExponent = 40;
  if (y.step && (!tile.keepsColumns || std::abs(std::ilogb(x.factor)) > kLargestExponent))
    return std::nullopt;
  Spread sum = x, offset = {y.value, y.extent};
  if (x.offset || isDifference) {
    Spread before = x.offset ? Spread{x.offset, x.offsetExtent} : Spread{number(b.getF32Type(), 0)};
    offset = add(before, offset, isDifference);
  }
  sum.offset = offset.value;
  sum.offsetExtent = offset.extent;
  if (!y.step)
    return sum;
  double factor = isDifference ? -1 / x.factor : 1 / x.factor;
  Spread step = combine<arith::MulFOp, arith::MulIOp>({y.step, y.stepExtent}, {number(b.getF32Type(), factor)});
  sum.value = math::FmaOp::create(b, column(b.getF32Type()), widen(step.value, step.extent, Extent::Score), x.value);
  return sum;
}

Spread RegionBuilder::convertSum(Operation *op, const Spread &x, const Spread &y, bool isDifference) {
  if (std::optional<Spread> joined = addToOffset(x, y, isDifference))
    return *joined;
  if (!isDifference)
    if (std::optional<Spread> joined = addToOffset(y, x, /*isDifference=*/false))
      return *joined;
  // A factor of the scores and a sum are one multiply-add.
  if (x.factor != 1 || y.factor != 1) {
    bool isFirst = x.factor != 1;
    Spread factored = isFirst ? x : y;
    Value other = complete(isFirst ? y : x, Extent::Score);
    if (isFirst && isDifference)
      other = arith::NegFOp::create(b, other);
    bool isNegated = !isFirst && isDifference;
    double factor = isNegated ? -factored.factor : factored.factor;
    Value factors = widen(number(b.getF32Type(), factor), Extent::Tile, Extent::Score);
    if (isNegated && factored.offset)
      factored.offset = arith::NegFOp::create(b, factored.offset);
    Spread sum = {math::FmaOp::create(b, factored.value, factors, other), Extent::Score};
    sum.offset = factored.offset;
    sum.offsetExtent = factored.offsetExtent;
    return sum;
  }
  if ((!x.step && !y.step) || x.extent == Extent::Score || y.extent == Extent::Score)
    return apply(op, {x, y});
  Spread sum = add({x.value, x.extent}, {y.value, y.extent}, isDifference);
  Type element = getElementTypeOrSelf(x.step ? x.step.getType() : y.step.getType());
  auto stepOf = [&](const Spread &of) -> Spread {
    return of.step ? Spread{of.step, of.stepExtent} : Spread{number(element, 0)};
  };
  Spread step = !y.step ? stepOf(x) : !x.step && !isDifference ? stepOf(y) : add(stepOf(x), stepOf(y), isDifference);
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
  double by = constant.getValueAsDouble(), factor = isQuotient ? x.factor / by : x.factor * by;
  if (!std::isnormal(static_cast<float>(factor)))
    return std::nullopt;
  Spread product = x;
  product.factor = factor;
  if (x.offset) {
    Spread other = {number(b.getF32Type(), by)};
    Spread scaled = isQuotient ? combine<arith::DivFOp, arith::DivSIOp>({x.offset, x.offsetExtent}, other)
                               : combine<arith::MulFOp, arith::MulIOp>({x.offset, x.offsetExtent}, other);
    product.offset = scaled.value;
  }
  return product;
}

/// Scores times a number of the tile, whose sign is unknown: the factor joins the number.
std::optional<Spread> RegionBuilder::joinNumber(const Spread &x, const Spread &y) {
  if (x.extent != Extent::Score || x.factor == 1 || x.offset || y.whole() != Extent::Tile)
    return std::nullopt;
  Spread product = combine<arith::MulFOp, arith::MulIOp>({y.value}, {number(b.getF32Type(), x.factor)});
  return combine<arith::MulFOp, arith::MulIOp>({x.value, x.extent}, product);
}

Spread RegionBuilder::convertProduct(Operation *op, const Spread &x, const Spread &y) {
  if (std::optional<Spread> joined = joinFactor(x, y, /*isQuotient=*/false))
    return *joined;
  if (std::optional<Spread> joined = joinFactor(y, x, /*isQuotient=*/false))
    return *joined;
  if (std::optional<Spread> joined = joinNumber(x, y))
    return *joined;
  if (std::optional<Spread> joined = joinNumber(y, x))
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
  bool isFirst = hides(y);
  if (!isFirst && !hides(x))
    return std::nullopt;
  Spread shown = isFirst ? x : y;
  if (!(shown.factor > 0))
    return std::nullopt;
  Spread bare = {shown.value, shown.extent, shown.step, shown.stepExtent};
  Spread chosen = apply(op, {condition, isFirst ? bare : x, isFirst ? y : bare});
  chosen.factor = shown.factor;
  chosen.offset = shown.offset;
  chosen.offsetExtent = shown.offsetExtent;
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
    return {result.value, result.factor,
            result.offset ? widen(result.offset, result.offsetExtent, Extent::Row) : Value()};
  return {complete(result, Extent::Score), 1};
}

bool keepsColumns(const tile::Schedule &schedule, int64_t valueColumns, int64_t lanesPerRow) {
  constexpr int64_t kOthers = 28;
  if (lanesPerRow == 1)
    return true;
  int64_t columns = *schedule.columns, rowsOfWorker = *schedule.rows / schedule.workers.value_or(1);
  int64_t scores = rowsOfWorker * columns / kThreadsPerWorker,
          outputs = rowsOfWorker * valueColumns / kThreadsPerWorker;
  return scores + scores / 2 + outputs + columns / lanesPerRow + kOthers <= schedule.computeRegisters.value_or(0);
}

FactoredScores buildScore(IndexBuilder &b, attn::ForwardOp op, const ScoreTile &tile, double scale) {
  if (op.getScore().empty())
    return {tile.scores, scale};
  return RegionBuilder(b, tile).score(op.getScore().front(), scale);
}

} // namespace girih
