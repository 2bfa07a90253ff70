// Indices of a mask region as linear forms.
#include "girih/Analysis/Visibility.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace girih {

/// Numbers of a region have 32 bits; those made of them stay far from overflowing 64.
static bool fits(int64_t number) { return llvm::isInt<33>(number); }
static bool fits(const LinearIndex &x) {
  return fits(x.key) && fits(x.query) && fits(x.constant) && fits(x.perRow) && fits(x.divisor);
}

static bool isConstant(const LinearIndex &x) { return !x.key && !x.query && !x.shared && !x.row; }
static bool isShared(const LinearIndex &x) { return !x.key && !x.query && !x.row; }

LinearIndex MaskReader::constantOrShared(Value value) {
  LinearIndex result;
  if (APInt number; matchPattern(value, m_ConstantInt(&number)))
    result.constant = number.getSExtValue();
  else
    result.shared = value;
  return result;
}

Value MaskReader::sharedValue(const LinearIndex &x) {
  if (!x.shared)
    return b.index(x.constant);
  return x.constant ? b.add(x.shared, b.index(x.constant)) : x.shared;
}

/// x + sign * y.
std::optional<LinearIndex> MaskReader::sum(const LinearIndex &x, const LinearIndex &y, int64_t sign) {
  if (x.key && y.key && x.divisor != y.divisor)
    return std::nullopt;
  if (x.row && y.row && x.row != y.row)
    return std::nullopt;
  LinearIndex result;
  result.divisor = x.key ? x.divisor : y.divisor;
  result.key = x.key + sign * y.key;
  if (!result.key)
    result.divisor = 1;
  result.query = x.query + sign * y.query;
  result.constant = x.constant + sign * y.constant;
  result.row = x.row ? x.row : y.row;
  result.perRow = x.perRow + sign * y.perRow;
  if (!result.perRow)
    result.row = {};
  if (!y.shared)
    result.shared = x.shared;
  else if (sign < 0)
    result.shared = b.sub(x.shared ? x.shared : b.index(0), y.shared);
  else
    result.shared = x.shared ? b.add(x.shared, y.shared) : y.shared;
  return fits(result) ? MaybeIndex(result) : std::nullopt;
}

std::optional<LinearIndex> MaskReader::product(const LinearIndex &x, const LinearIndex &y) {
  if (!isConstant(x) && !isConstant(y))
    return std::nullopt;
  const LinearIndex &form = isConstant(y) ? x : y;
  int64_t factor = isConstant(y) ? y.constant : x.constant;
  if (form.divisor != 1 && std::abs(factor) != 1)
    return std::nullopt;
  LinearIndex result = form;
  for (int64_t *number : {&result.key, &result.query, &result.constant, &result.perRow})
    *number *= factor;
  if (!factor)
    return LinearIndex();
  if (result.shared)
    result.shared = b.mul(result.shared, b.index(factor));
  return fits(result) ? MaybeIndex(result) : std::nullopt;
}

Value MaskReader::asIndex(Value number) {
  return number.getType().isIndex() ? number : b.createOrFold<arith::IndexCastOp>(b.getIndexType(), number);
}

/// The element of a captured tensor at indices that all rows of a tile share.
Value MaskReader::buildLookup(attn::LookupOp op, ArrayRef<Value> indices) {
  SmallVector<Value> numbers;
  for (Value index : indices)
    numbers.push_back(arith::IndexCastOp::create(b, b.getI32Type(), index));
  return asIndex(tile::GatherOp::create(b, op.getType(), place.captures->lookup(op.getTensor()), numbers,
                                        SmallVector<int64_t>(numbers.size(), 0)));
}

/// An op whose operands are indices, or none if it can be no linear form.
std::optional<LinearIndex> MaskReader::convert(Operation *op) {
  if (isa<attn::QueriesOp>(op))
    return constantOrShared(place.queries);
  if (isa<attn::KeysOp>(op))
    return constantOrShared(place.keys);
  if (APInt number; matchPattern(op, m_ConstantInt(&number))) {
    LinearIndex constant;
    constant.constant = number.getSExtValue();
    return constant;
  }
  // What a condition on the key chooses is not one for each row.
  if (auto select = dyn_cast<arith::SelectOp>(op); select && dependsOnKey(select.getCondition()))
    return std::nullopt;
  SmallVector<LinearIndex> operands;
  for (Value operand : op->getOperands()) {
    if (operand.getType().isInteger(1) || isa<TensorType>(operand.getType()))
      continue; // the condition of a select, the tensor of a lookup
    MaybeIndex converted = index(operand);
    if (!converted)
      return std::nullopt;
    operands.push_back(*converted);
  }
  if (operands.empty())
    return std::nullopt;
  if (isa<arith::IndexCastOp>(op))
    return operands[0];
  MaybeIndex linear;
  if (isa<arith::AddIOp>(op))
    linear = sum(operands[0], operands[1], 1);
  else if (isa<arith::SubIOp>(op))
    linear = sum(operands[0], operands[1], -1);
  else if (isa<arith::MulIOp>(op))
    linear = product(operands[0], operands[1]);
  if (linear)
    return linear;
  if (isa<arith::DivSIOp>(op)) {
    const LinearIndex &key = operands[0], &divisor = operands[1];
    bool isKey = key.key == 1 && key.divisor == 1 && !key.query && !key.shared && !key.row && !key.constant;
    if (isKey && isConstant(divisor) && divisor.constant > 0) {
      LinearIndex quotient = key;
      quotient.divisor = divisor.constant;
      return quotient;
    }
  }
  if (llvm::any_of(operands, [](const LinearIndex &x) { return x.key != 0; }))
    return std::nullopt;
  if (llvm::all_of(operands, isShared) && !isa<arith::SelectOp>(op)) {
    SmallVector<Value> values;
    for (const LinearIndex &operand : operands)
      values.push_back(sharedValue(operand));
    if (auto lookup = dyn_cast<attn::LookupOp>(op))
      return constantOrShared(buildLookup(lookup, values));
    if (isa<math::AbsIOp>(op)) // which is not lowered for an index
      return constantOrShared(b.maximum(values[0], b.sub(b.index(0), values[0])));
    Operation *copy = b.create(OperationState(op->getLoc(), op->getName(), values, b.getIndexType(), op->getAttrs()));
    SmallVector<Value> folded;
    bool isFolded = succeeded(b.tryFold(copy, folded)) && !folded.empty(); // and not changed in place
    return constantOrShared(isFolded ? folded[0] : copy->getResult(0));
  }
  LinearIndex row;
  row.row = op->getResult(0);
  row.perRow = 1;
  return row;
}

bool MaskReader::dependsOnKey(Value value) {
  if (auto found = keyed.find(value); found != keyed.end())
    return found->second;
  Operation *op = value.getDefiningOp();
  bool isKeyed = value == region.getArgument(3);
  if (op && op->getBlock() == &region)
    isKeyed = llvm::any_of(op->getOperands(), [&](Value operand) { return dependsOnKey(operand); });
  return keyed[value] = isKeyed;
}

std::optional<LinearIndex> MaskReader::index(Value value) {
  if (auto found = indices.find(value); found != indices.end())
    return found->second;
  MaybeIndex result;
  if (Operation *op = value.getDefiningOp(); op && op->getBlock() == &region)
    result = convert(op);
  else if (place.captures && place.captures->contains(value)) // a number that is chosen at launch
    result = constantOrShared(asIndex(place.captures->lookup(value)));
  indices[value] = result;
  return result;
}

/// Bounds in the tile of a value that depends on the query, null where they are not known.
std::pair<Value, Value> MaskReader::boundsOfRow(Value row) {
  if (auto found = rowBounds.find(row); found != rowBounds.end())
    return found->second;
  rowBounds[row] = {};
  Operation *op = row.getDefiningOp();
  if (auto lookup = dyn_cast<attn::LookupOp>(op))
    return rowBounds[row] = boundsOfLookup(lookup);
  SmallVector<std::pair<Value, Value>> operands;
  SmallVector<LinearIndex> forms;
  for (Value operand : op->getOperands()) {
    if (operand.getType().isInteger(1))
      continue;
    forms.push_back(*index(operand));
    Bounds bounds = boundsOf(forms.back());
    if (!bounds.low || !bounds.high)
      return {};
    operands.push_back({bounds.low->build(b), bounds.high->build(b)});
  }
  std::pair<Value, Value> result;
  auto [xLow, xHigh] = operands[0];
  auto [yLow, yHigh] = operands.size() > 1 ? operands[1] : operands[0];
  if (isa<arith::AddIOp>(op)) {
    result = {b.add(xLow, yLow), b.add(xHigh, yHigh)};
  } else if (isa<arith::SubIOp>(op)) {
    result = {b.sub(xLow, yHigh), b.sub(xHigh, yLow)};
  } else if (isa<arith::MinSIOp>(op)) {
    result = {b.minimum(xLow, yLow), b.minimum(xHigh, yHigh)};
  } else if (isa<arith::MaxSIOp>(op)) {
    result = {b.maximum(xLow, yLow), b.maximum(xHigh, yHigh)};
  } else if (isa<arith::SelectOp>(op)) {
    result = {b.minimum(xLow, yLow), b.maximum(xHigh, yHigh)};
  } else if (isa<math::AbsIOp>(op)) {
    Value zero = b.index(0);
    result = {zero, b.maximum(xHigh, b.sub(zero, xLow))};
  } else if (isa<arith::DivSIOp, arith::RemSIOp>(op) && isConstant(forms[1]) && forms[1].constant > 0) {
    Value divisor = b.index(forms[1].constant);
    if (isa<arith::DivSIOp>(op)) // which grows with what it divides
      result = {b.createOrFold<arith::DivSIOp>(xLow, divisor), b.createOrFold<arith::DivSIOp>(xHigh, divisor)};
    else
      result = {b.index(1 - forms[1].constant), b.index(forms[1].constant - 1)};
  }
  rowBounds[row] = result;
  return result;
}

/// Of a sorted tensor, the elements at the ends of the last index; its other indices are the same
/// for all rows.
std::pair<Value, Value> MaskReader::boundsOfLookup(attn::LookupOp op) {
  if (!attn::isSorted(op.getTensor()))
    return {};
  SmallVector<Value> low, high;
  for (Value operand : op.getIndices()) {
    LinearIndex form = *index(operand);
    bool isLast = low.size() + 1 == op.getIndices().size();
    Bounds bounds = boundsOf(form);
    if (!bounds.low || !bounds.high || (!isLast && !isShared(form)))
      return {};
    low.push_back(bounds.low->build(b));
    high.push_back(bounds.high->build(b));
  }
  return {buildLookup(op, low), buildLookup(op, high)};
}

MaskReader::Bounds MaskReader::boundsOf(const LinearIndex &x) {
  KeyBound low, high;
  low.constant = high.constant = x.constant;
  Value base;
  if (x.query) {
    base = x.query == 1 ? firstQuery : b.mul(firstQuery, b.index(x.query));
    (x.query > 0 ? high : low).constant += x.query * (rows - 1);
  }
  if (x.shared)
    base = base ? b.add(base, x.shared) : x.shared;
  low.base = high.base = base;
  if (!x.row)
    return {low, high};
  auto [rowLow, rowHigh] = boundsOfRow(x.row);
  if (!rowLow)
    return {};
  if (x.perRow < 0)
    std::swap(rowLow, rowHigh);
  auto add = [&](KeyBound &bound, Value row) {
    Value scaled = x.perRow == 1 ? row : b.mul(row, b.index(x.perRow));
    bound.base = base ? b.add(base, scaled) : scaled;
  };
  add(low, rowLow);
  add(high, rowHigh);
  return {low, high};
}

} // namespace girih
