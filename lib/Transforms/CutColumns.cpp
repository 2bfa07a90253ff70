#include "CutColumns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2;
}

bool keepsColumns(Operation *op) {
  if (op->getNumResults() != 1 || !isMemoryEffectFree(op) || !isMatrix(op->getResult(0)))
    return false;
  if (auto slice = dyn_cast<tile::SliceOp>(op))
    return llvm::all_of(slice.getOffsets(), [](Value offset) { return getConstantIntValue(offset).has_value(); });
  return OpTrait::hasElementwiseMappableTraits(op) && op->getNumRegions() == 0;
}

bool isGathered(Value value) {
  auto gather = value.getDefiningOp<tile::GatherOp>();
  return gather && isMatrix(value) && llvm::none_of(gather.getIndices(), isMatrix);
}

/// Whether a matrix takes no registers before it is used: it is made of constants, vectors and memory.
static bool isMadeAnew(Value value) {
  Operation *op = value.getDefiningOp();
  if (!isMatrix(value) || isGathered(value) || (op && (isa<tile::BroadcastOp>(op) || matchPattern(op, m_Constant()))))
    return true;
  return op && keepsColumns(op) && !isa<tile::SliceOp>(op) && llvm::all_of(op->getOperands(), isMadeAnew);
}

/// The columns of a matrix in memory from `first` on.
static Value gatherPart(OpBuilder &builder, tile::GatherOp gather, RankedTensorType part, int64_t first) {
  SmallVector<Value> indices(gather.getIndices());
  for (auto [index, step] : llvm::zip(indices, gather.getSteps())) {
    if (step == 0)
      continue;
    TypedAttr shift = builder.getI32IntegerAttr(static_cast<int32_t>(step * first));
    if (auto vector = dyn_cast<RankedTensorType>(index.getType()))
      shift = DenseElementsAttr::get(vector, Attribute(shift));
    index = arith::AddIOp::create(builder, gather.getLoc(), index,
                                  arith::ConstantOp::create(builder, gather.getLoc(), shift));
  }
  return tile::GatherOp::create(builder, gather.getLoc(), part, gather.getSource(), indices, gather.getSteps(),
                                gather.getStrides(), gather.getLimits());
}

Value ColumnPiece::slice(Value tile, int64_t first, int64_t count) {
  RankedTensorType type = typeOf(tile);
  if (count == type.getDimSize(1))
    return tile;
  Location loc = tile.getLoc();
  Value offsets[] = {arith::ConstantIndexOp::create(builder, loc, 0),
                     arith::ConstantIndexOp::create(builder, loc, first)};
  return tile::SliceOp::create(builder, loc, tile::sliceType(type, {type.getDimSize(0), count}), tile, offsets);
}

Value ColumnPiece::of(Value value, int64_t first, int64_t count) {
  if (!isMatrix(value))
    return value;
  auto found = made.find({value, first});
  if (found != made.end())
    return found->second;
  Value piece = make(value, first, count);
  made[{value, first}] = piece;
  return piece;
}

Value ColumnPiece::make(Value value, int64_t first, int64_t count) {
  Operation *op = value.getDefiningOp();
  RankedTensorType whole = typeOf(value);
  RankedTensorType part = tile::sliceType(whole, {whole.getDimSize(0), count});
  if (auto splat = op ? dyn_cast<arith::ConstantOp>(op) : nullptr)
    if (auto dense = dyn_cast<SplatElementsAttr>(splat.getValue()))
      return arith::ConstantOp::create(builder, op->getLoc(), dense.resizeSplat(part));
  if (auto rows = op ? dyn_cast<tile::BroadcastOp>(op) : nullptr)
    return tile::BroadcastOp::create(builder, op->getLoc(), part, rows.getTile());
  if (!op || (!links.contains(op) && !isMadeAnew(value)))
    return slice(value, first, count);
  if (auto gather = dyn_cast<tile::GatherOp>(op))
    return gatherPart(builder, gather, part, first);
  if (auto move = dyn_cast<tile::MoveOp>(op))
    return tile::MoveOp::create(builder, op->getLoc(), part, slice(move.getTile(), first, count));
  if (auto taken = dyn_cast<tile::SliceOp>(op)) {
    int64_t column = taken.getOffsets().size() < 2 ? 0 : *getConstantIntValue(taken.getOffsets()[1]);
    return of(taken.getTile(), column + first, count);
  }
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(of(operand, first, count));
  Operation *made = Operation::create(op->getLoc(), op->getName(), part, operands, op->getDiscardableAttrDictionary(),
                                      op->getPropertiesStorage(), BlockRange(), /*numRegions=*/0);
  return builder.insert(made)->getResult(0);
}

void eraseUnused(ArrayRef<Operation *> ops) {
  SmallVector<Operation *> dead(ops);
  llvm::sort(dead, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  for (Operation *op : dead)
    if (op->use_empty())
      op->erase();
}

} // namespace girih
