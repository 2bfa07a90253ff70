// tile-place: accumulators and computed operands of MMAs in tensor memory.
//
//   %s = tile.mma_async %q, %k; %p = "work"(%s); %o = tile.mma_async %p, %v, %acc
// becomes
//   %s = tile.mma_async %q, %k -> #tile.tensor_memory
//   %t = tile.move %s : #tile.tensor_memory -> #tile.fragment<...>
//   %p = "work"(%t); %u = tile.move %p : #tile.fragment<...> -> #tile.tensor_memory
//   %o = tile.mma_async %u, %v, %acc -> #tile.tensor_memory
#include "TilePlaceTensorMemory.h"
#include "TileTies.h"

#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
namespace {

/// Whether the use hands the tile on to the same place: through control flow, or to an MMA
/// that adds to it or reads it there.
bool staysInPlace(OpOperand &use) {
  if (auto mma = dyn_cast<tile::MmaAsyncOp>(use.getOwner()))
    return use.get() == mma.getAcc() || use.get() == mma.getA();
  return isa<tile::AwaitOp, RegionBranchOpInterface, RegionBranchTerminatorOpInterface>(use.getOwner());
}

/// Whether the value can be in tensor memory as it is: MMAs made it, or it is handed on,
/// or it is nothing but a start.
bool canLieThere(Value value) {
  Operation *definition = value.getDefiningOp();
  return !definition || isa<tile::MmaAsyncOp, tile::AwaitOp, RegionBranchOpInterface>(definition) ||
         definition->hasTrait<OpTrait::ConstantLike>();
}

class Place {
public:
  Place(const tile::Fragment &layout, function_ref<LogicalResult(Value, const tile::Fragment &)> placeInRegisters)
      : layout(layout), placeInRegisters(placeInRegisters) {}

  LogicalResult collect(Value start);

private:
  LogicalResult add(Value value);
  LogicalResult addTied(Value value);
  void moveToRegisters(Value value);
  LogicalResult moveConstants();

  const tile::Fragment &layout;
  function_ref<LogicalResult(Value, const tile::Fragment &)> placeInRegisters;
  llvm::SetVector<Value> tiles;
};

/// A tile that threads compute is moved there for the uses that need it there.
LogicalResult Place::add(Value value) {
  if (!tileType(value) || tiles.contains(value))
    return success();
  if (canLieThere(value) || value.getDefiningOp<tile::MoveOp>()) {
    tiles.insert(value);
    return success();
  }
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  if (failed(placeInRegisters(value, layout)))
    return failure();
  RankedTensorType type = withEncoding(tileType(value), tile::TensorMemoryAttr::get(value.getContext()));
  auto move = tile::MoveOp::create(builder, value.getLoc(), type, value);
  value.replaceUsesWithIf(move.getResult(), staysInPlace);
  tiles.insert(move.getResult());
  return success();
}

LogicalResult Place::addTied(Value value) {
  SmallVector<Value> tied;
  forEachCarried(value, [&](Value other) { tied.push_back(other); });
  if (auto await = value.getDefiningOp<tile::AwaitOp>())
    tied.push_back(await.getValue());
  if (auto mma = value.getDefiningOp<tile::MmaAsyncOp>())
    tied.push_back(mma.getAcc());
  for (OpOperand &use : value.getUses()) {
    auto mma = dyn_cast<tile::MmaAsyncOp>(use.getOwner());
    if (isa<tile::AwaitOp>(use.getOwner()) || (mma && use.get() == mma.getAcc()))
      tied.push_back(use.getOwner()->getResult(0));
  }
  for (Value other : tied)
    if (other && failed(add(other)))
      return failure();
  return success();
}

/// One move in each block that reads the tile, before the first reader.
void Place::moveToRegisters(Value value) {
  SmallVector<OpOperand *> reads;
  for (OpOperand &use : value.getUses())
    if (!staysInPlace(use))
      reads.push_back(&use);
  llvm::MapVector<Block *, tile::MoveOp> moves;
  for (OpOperand *read : reads) {
    Operation *reader = read->getOwner();
    tile::MoveOp &move = moves[reader->getBlock()];
    if (!move) {
      OpBuilder builder(reader);
      RankedTensorType type = RankedTensorType::get(tileType(value).getShape(), tileType(value).getElementType());
      move = tile::MoveOp::create(builder, reader->getLoc(), type, value);
    } else if (reader->isBeforeInBlock(move)) {
      move->moveBefore(reader);
    }
    read->set(move.getResult());
  }
  for (auto &entry : moves)
    (void)placeInRegisters(entry.second.getResult(), layout);
}

/// What threads write, they also start: a constant is moved there by whoever hands it on.
LogicalResult Place::moveConstants() {
  if (llvm::none_of(tiles, [](Value value) { return value.getDefiningOp<tile::MoveOp>(); }))
    return success();
  for (Value value : tiles) {
    auto constant = value.getDefiningOp<arith::ConstantOp>();
    if (!constant)
      continue;
    RankedTensorType type = RankedTensorType::get(tileType(value).getShape(), tileType(value).getElementType());
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      OpBuilder builder(use.getOwner());
      auto start = arith::ConstantOp::create(builder, constant.getLoc(),
                                             cast<SplatElementsAttr>(constant.getValue()).resizeSplat(type));
      if (failed(placeInRegisters(start.getResult(), layout)))
        return failure();
      auto move = tile::MoveOp::create(builder, constant.getLoc(), tileType(value), start.getResult());
      use.set(move.getResult());
    }
  }
  return success();
}

LogicalResult Place::collect(Value start) {
  auto encoding = tile::TensorMemoryAttr::get(start.getContext());
  if (failed(add(start)))
    return failure();
  for (size_t i = 0; i < tiles.size(); ++i) {
    Value value = tiles[i];
    bool isNew = !tile::isInTensorMemory(value.getType());
    if (isNew && failed(setEncoding(value, encoding)))
      return failure();
    if (failed(addTied(value)))
      return failure();
    if (isNew)
      moveToRegisters(value);
  }
  return moveConstants();
}

} // namespace

LogicalResult placeInTensorMemory(Value start, const tile::Fragment &layout,
                                  function_ref<LogicalResult(Value, const tile::Fragment &)> placeInRegisters) {
  return Place(layout, placeInRegisters).collect(start);
}

RankedTensorType withEncoding(RankedTensorType type, Attribute encoding) {
  return RankedTensorType::get(type.getShape(), type.getElementType(), encoding);
}

RankedTensorType tileType(Value value) {
  if (auto async = dyn_cast<tile::AsyncType>(value.getType()))
    return async.getTile();
  return dyn_cast<RankedTensorType>(value.getType());
}

LogicalResult setEncoding(Value value, VerifiableTensorEncoding encoding) {
  RankedTensorType type = tileType(value);
  if (failed(
          encoding.verifyEncoding(type.getShape(), type.getElementType(), [&] { return emitError(value.getLoc()); })))
    return failure();
  type = withEncoding(type, encoding);
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    constant.setValueAttr(cast<SplatElementsAttr>(constant.getValue()).resizeSplat(type));
  value.setType(isa<tile::AsyncType>(value.getType()) ? Type(tile::AsyncType::get(type.getContext(), type))
                                                      : Type(type));
  return success();
}

} // namespace girih
