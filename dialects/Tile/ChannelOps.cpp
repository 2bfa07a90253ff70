// Rules of roles, channels and barriers.
#include "dialects/Tile/Fragment.h"

using namespace mlir;
using namespace girih::tile;

LogicalResult RoleOp::verify() {
  if (static_cast<int64_t>(getWorkers()) < 1)
    return emitOpError() << "needs at least 1 worker, has " << static_cast<int64_t>(getWorkers());
  // PTX ISA, "setmaxnreg": a multiple of 8 from 24 to 256.
  int64_t registers = getRegisters();
  if (registers % 8 != 0 || registers < 24 || registers > 256)
    return emitOpError() << "register budget is " << registers << ", must be a multiple of 8 from 24 to 256";
  return success();
}

LogicalResult CopyOp::verify() {
  RankedTensorType dest = getDest().getType();
  if (!sharedEncoding(dest))
    return emitOpError() << "goes to shared memory, not to " << dest;
  if (static_cast<bool>(getBarriers()) != static_cast<bool>(getBarrier()))
    return emitOpError("needs the barriers and the number of one of them, or neither");
  auto map = dyn_cast<TensorMapType>(getSource().getType());
  auto tensor = dyn_cast<MemRefType>(getSource().getType());
  size_t rank = map ? map.getBox().size() : tensor.getRank();
  if (getIndices().size() != rank)
    return emitOpError() << "has " << getIndices().size() << " indices, tensor has " << rank << " dimensions";
  Type element = map ? map.getElementType() : tensor.getElementType();
  if (dest.getElementType() != element)
    return emitOpError() << "element types differ: tile has " << dest.getElementType() << ", tensor has " << element;
  return success();
}

LogicalResult AllocOp::verify() {
  // The widest swizzle repeats every 8 rows of 128 bytes.
  if (static_cast<int64_t>(getOffset()) < 0 || getOffset() % 1024 != 0)
    return emitOpError() << "offset is " << static_cast<int64_t>(getOffset()) << ", must be a multiple of 1024";
  return success();
}

LogicalResult BarriersOp::verify() {
  if (static_cast<int64_t>(getOffset()) < 0 || getOffset() % 8 != 0)
    return emitOpError() << "offset is " << static_cast<int64_t>(getOffset()) << ", must be a multiple of 8";
  return success();
}

/// What a release waits for is a value that threads compute in registers.
static LogicalResult verifyAfter(Operation *op, TypedValue<RankedTensorType> after, int64_t element) {
  if (!after)
    return success();
  FragmentAttr encoding = fragmentEncoding(after.getType());
  if (!encoding || !after.getType().getElementType().isF32())
    return op->emitOpError() << "waits for f32 in registers, not for " << after.getType();
  int64_t registers = Fragment(encoding).numRegisters();
  if (element < 0 || element >= registers)
    return op->emitOpError() << "waits for element " << element << ", a thread has " << registers;
  return success();
}

LogicalResult ReleaseOp::verify() { return verifyAfter(*this, getAfter(), getElement()); }

LogicalResult BarrierArriveOp::verify() { return verifyAfter(*this, getAfter(), getElement()); }

LogicalResult BarrierExpectOp::verify() {
  // PTX ISA, "tx-count": a phase counts up to 2^20 - 1 bytes.
  int64_t bytes = getBytes();
  if (bytes < 1 || bytes >= 1 << 20)
    return emitOpError() << "expects " << bytes << " bytes, must be 1 to " << (1 << 20) - 1;
  return success();
}

LogicalResult WriteSharedOp::verify() {
  RankedTensorType tile = getTile().getType(), dest = getDest().getType();
  if (!fragmentEncoding(tile) || !sharedEncoding(dest))
    return emitOpError() << "goes from registers to shared memory, not from " << tile << " to " << dest;
  if (tile.getShape() != dest.getShape() || tile.getElementType() != dest.getElementType())
    return emitOpError() << "writes " << tile << " into " << dest;
  return success();
}

LogicalResult ScatterOp::verify() {
  size_t rank = getTile().getType().getRank();
  if (getStrides().size() != rank || getLimits().size() != rank)
    return emitOpError() << "tile has " << rank << " dimensions, given are " << getStrides().size() << " strides and "
                         << getLimits().size() << " limits";
  if (getTile().getType().getElementType() != getDest().getType().getElementType())
    return emitOpError() << "tile has elements of " << getTile().getType().getElementType() << ", pointer of "
                         << getDest().getType().getElementType();
  return success();
}
