// Rules of the ops that move tiles between tensors and registers or shared memory.
#include "dialects/Tile/Tile.h"

using namespace mlir;
using namespace girih::tile;

/// A tensor as a memref: one index per dimension, the tile over its last ones, equal
/// element types.
static LogicalResult verifyMemref(Operation *op, RankedTensorType tile, MemRefType tensor, size_t numIndices) {
  if (static_cast<int64_t>(numIndices) != tensor.getRank())
    return op->emitOpError() << "has " << numIndices << " indices, tensor has " << tensor.getRank() << " dimensions";
  if (tile.getRank() > tensor.getRank())
    return op->emitOpError() << "tile has " << tile.getRank() << " dimensions, tensor has " << tensor.getRank();
  if (tile.getElementType() != tensor.getElementType())
    return op->emitOpError() << "element types differ: tile has " << tile.getElementType() << ", tensor has "
                             << tensor.getElementType();
  return success();
}

/// Rows after which every swizzle repeats.
static constexpr int64_t kSwizzleRows = 8;

/// A tensor as a tensor map, whose boxes make the tile in shared memory.
static LogicalResult verifyMap(Operation *op, RankedTensorType tile, TensorMapType map, size_t numIndices) {
  ArrayRef<int64_t> box = map.getBox();
  SharedAttr shared = sharedEncoding(tile);
  if (!shared)
    return op->emitOpError() << "through a tensor map needs a tile in shared memory, not " << tile;
  if (box.size() != numIndices)
    return op->emitOpError() << "has " << numIndices << " indices, tensor has " << box.size() << " dimensions";
  if (tile.getElementType() != map.getElementType())
    return op->emitOpError() << "element types differ: tile has " << tile.getElementType() << ", tensor has "
                             << map.getElementType();
  if (shared.getSwizzle() != map.getSwizzle())
    return op->emitOpError() << "swizzles differ: tile has " << shared.getSwizzle() << " bytes, tensor map has "
                             << map.getSwizzle();
  SmallVector<int64_t> needed(box.size(), 1);
  if (box.size() > 1) {
    // Boxes below each other end where the swizzle repeats, and have panels of their own.
    int64_t &rows = needed[box.size() - 2] = tile.getDimSize(0);
    if (int64_t part = box[box.size() - 2]; !map.getFolded() && part % kSwizzleRows == 0 && rows % part == 0)
      rows = part;
  }
  needed.back() = map.getFolded() ? tile.getDimSize(1) : map.getPanel();
  if (box.size() < 2 || box != ArrayRef(needed))
    return op->emitOpError() << "tile of " << tile.getDimSize(0) << "x" << tile.getDimSize(1)
                             << " cannot be moved by boxes of [" << box << "]";
  if (map.getFolded() && shared.getRows() != 0 && tile.getDimSize(1) != map.getPanel())
    return op->emitOpError("moves panels that follow each other, not those of a slice");
  return success();
}

static LogicalResult verifyAccess(Operation *op, RankedTensorType tile, Type tensor, size_t numIndices) {
  if (auto map = dyn_cast<TensorMapType>(tensor))
    return verifyMap(op, tile, map, numIndices);
  return verifyMemref(op, tile, cast<MemRefType>(tensor), numIndices);
}

LogicalResult LoadOp::verify() {
  if (int64_t stages = getStages().value_or(1); stages < 1 || stages > kMaxSlots)
    return emitOpError() << "has " << stages << " stages, must be 1 to " << kMaxSlots;
  return verifyAccess(*this, getResult().getType(), getSource().getType(), getIndices().size());
}

LogicalResult StoreOp::verify() {
  return verifyAccess(*this, getTile().getType(), getDest().getType(), getIndices().size());
}

LogicalResult CopyOp::verify() {
  RankedTensorType dest = getDest().getType();
  if (!sharedEncoding(dest))
    return emitOpError() << "goes to shared memory, not to " << dest;
  if (static_cast<bool>(getBarriers()) != static_cast<bool>(getBarrier()))
    return emitOpError("needs the barriers and the number of one of them, or neither");
  return verifyAccess(*this, dest, getSource().getType(), getIndices().size());
}

LogicalResult ScatterOp::verify() {
  RankedTensorType tile = getTile().getType();
  size_t rank = tile.getRank();
  if (getStrides().size() != rank || getLimits().size() != rank)
    return emitOpError() << "tile has " << rank << " dimensions, given are " << getStrides().size() << " strides and "
                         << getLimits().size() << " limits";
  if (tile.getElementType() != getDest().getType().getElementType())
    return emitOpError() << "tile has elements of " << tile.getElementType() << ", pointer of "
                         << getDest().getType().getElementType();
  return success();
}
