// Rules of the ops that move tiles between tensors and registers or shared memory.
#include "dialects/Tile/Fragment.h"

#include "mlir/IR/TypeUtilities.h"

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
    int64_t &rows = needed[box.size() - 2] = tile.getDimSize(0);
    int64_t part = box[box.size() - 2], outer = box.size() > 2 ? box[box.size() - 3] : 1;
    if (outer > 1 && !map.getFolded() && outer * part == rows) { // rows of two dimensions, which take turns
      needed[box.size() - 3] = outer;
      rows = part;
    } else if (!map.getFolded() && part % kSwizzleRows == 0 && rows % part == 0) {
      // Boxes below each other end where the swizzle repeats, and have panels of their own.
      rows = part;
    }
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
  if (getLeader() && !getBarriers())
    return emitOpError("signals the leader, but no barrier");
  if (getLeader() && getMulticast())
    return emitOpError("signals the leader alone, and each CTA of the cluster");
  return verifyAccess(*this, dest, getSource().getType(), getIndices().size());
}

/// The rules of a tensor that elements are gathered from: which elements, and by how many indices.
static LogicalResult verifyGathered(GatherOp op) {
  size_t indices = op.getIndices().size();
  auto memory = dyn_cast<MemRefType>(op.getSource().getType());
  Type element = memory ? memory.getElementType() : cast<GlobalPointerType>(op.getSource().getType()).getElementType();
  bool isFloat = element.isF32() || element.isF16() || element.isBF16();
  if (!isFloat && !element.isInteger(8) && !element.isInteger(32) && !element.isInteger(64))
    return op.emitOpError() << "cannot read elements of " << element << ", must be bf16, f16, f32, i8, i32 or i64";
  Type result = getElementTypeOrSelf(op.getResult().getType());
  Type needed = isFloat ? Type(Float32Type::get(op.getContext())) : Type(IntegerType::get(op.getContext(), 32));
  if (result != needed)
    return op.emitOpError() << "makes " << result << " of elements of " << element << ", must make " << needed;
  if (memory && static_cast<int64_t>(indices) != memory.getRank())
    return op.emitOpError() << "has " << indices << " indices, tensor has " << memory.getRank() << " dimensions";
  size_t places = memory ? 0 : indices;
  if (indices == 0 || op.getStrides().size() != places || op.getLimits().size() != places)
    return op.emitOpError() << "has " << indices << " indices, " << op.getStrides().size() << " strides and "
                            << op.getLimits().size() << " limits, must have "
                            << (memory ? "indices only" : "equally many");
  if (op.getSteps().size() != indices)
    return op.emitOpError() << "has " << op.getSteps().size() << " steps, must have one for each of " << indices
                            << " indices";
  return success();
}

LogicalResult GatherOp::verify() {
  if (failed(verifyGathered(*this)))
    return failure();
  auto tile = dyn_cast<RankedTensorType>(getResult().getType());
  FragmentAttr layout = tile ? fragmentEncoding(tile) : FragmentAttr();
  for (auto [i, index, step] : llvm::enumerate(getIndices(), getSteps())) {
    if (step != 0 && (!tile || tile.getRank() != 2))
      return emitOpError() << "has a step of " << step << " for index " << i << " and no columns";
    auto type = dyn_cast<RankedTensorType>(index.getType());
    if (!type)
      continue;
    bool isOfRow = tile && type.getRank() == 1 && type.getDimSize(0) == tile.getDimSize(0);
    bool isOfElement = tile && type.getShape() == tile.getShape();
    if (!type.getElementType().isInteger(32) || (!isOfRow && !isOfElement))
      return emitOpError() << "has " << type << " for index " << i << ", result is " << getResult().getType();
    if (step != 0 && type.getRank() == 2)
      return emitOpError() << "has a step of " << step << " for index " << i << ", which is one for each element";
    if (layout && type.getRank() == tile.getRank() && fragmentEncoding(type) != layout)
      return emitOpError() << "has " << type << " for index " << i << ", result is " << tile;
    if (layout && type.getRank() < tile.getRank() &&
        fragmentEncoding(type) != Fragment(layout).dropColumns().toAttr(getContext()))
      return emitOpError() << "has " << type << " for index " << i << ", which does not lie as the rows of " << tile;
  }
  return success();
}

LogicalResult ScatterOp::verify() {
  RankedTensorType tile = getTile().getType();
  if (getInterleaved() < 1)
    return emitOpError() << "interleaves " << getInterleaved() << " rows, must be 1 or more";
  size_t rank = tile.getRank() + (getInterleaved() > 1);
  if (getStrides().size() != rank || getLimits().size() != rank)
    return emitOpError() << "tile has " << rank << " dimensions, given are " << getStrides().size() << " strides and "
                         << getLimits().size() << " limits";
  if (tile.getElementType() != getDest().getType().getElementType())
    return emitOpError() << "tile has elements of " << tile.getElementType() << ", pointer of "
                         << getDest().getType().getElementType();
  return success();
}
