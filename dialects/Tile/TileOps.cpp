// Rules of the value, pipelining and placement ops.
#include "dialects/Tile/Tile.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace girih::tile;

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

static RankedTensorType tileType(Value value) {
  if (auto async = dyn_cast<AsyncType>(value.getType()))
    return async.getTile();
  return cast<RankedTensorType>(value.getType());
}

/// Rules shared by loads and stores: one index per dimension of the tensor, the
/// tile over its last ones, equal element types.
static LogicalResult verifyAccess(Operation *op, RankedTensorType tile, MemRefType tensor, size_t numIndices) {
  if (static_cast<int64_t>(numIndices) != tensor.getRank())
    return op->emitOpError() << "has " << numIndices << " indices, tensor has " << tensor.getRank() << " dimensions";
  if (tile.getRank() > tensor.getRank())
    return op->emitOpError() << "tile has " << tile.getRank() << " dimensions, tensor has " << tensor.getRank();
  if (tile.getElementType() != tensor.getElementType())
    return op->emitOpError() << "element types differ: tile has " << tile.getElementType() << ", tensor has "
                             << tensor.getElementType();
  return success();
}

LogicalResult LoadOp::verify() {
  if (getStages() && static_cast<int64_t>(*getStages()) < 1)
    return emitOpError() << "needs at least 1 stage, has " << static_cast<int64_t>(*getStages());
  return verifyAccess(*this, tileType(getResult()), cast<MemRefType>(getSource().getType()), getIndices().size());
}

LogicalResult StoreOp::verify() {
  RankedTensorType tile = getTile().getType();
  if (auto map = dyn_cast<TensorMapType>(getDest().getType())) {
    if (!sharedEncoding(tile))
      return emitOpError() << "through a tensor map reads shared memory, not " << tile;
    if (map.getBox().size() != getIndices().size())
      return emitOpError() << "has " << getIndices().size() << " indices, tensor has " << map.getBox().size()
                           << " dimensions";
    if (tile.getElementType() != map.getElementType())
      return emitOpError() << "element types differ: tile has " << tile.getElementType() << ", tensor has "
                           << map.getElementType();
    return success();
  }
  return verifyAccess(*this, tile, cast<MemRefType>(getDest().getType()), getIndices().size());
}

/// MxK times KxN (or NxK transposed) into MxN.
static LogicalResult verifyMma(Operation *op, RankedTensorType a, RankedTensorType b, RankedTensorType result,
                               bool transposeB) {
  if (a.getRank() != 2 || b.getRank() != 2 || result.getRank() != 2)
    return op->emitOpError("needs tiles of 2 dimensions");
  if (a.getElementType() != b.getElementType())
    return op->emitOpError() << "operand types differ: " << a.getElementType() << " and " << b.getElementType();
  int64_t k = a.getDimSize(1), bK = b.getDimSize(transposeB ? 1 : 0);
  if (k != bK)
    return op->emitOpError() << "inner sizes differ: a has " << k << ", b has " << bK;
  int64_t m = a.getDimSize(0), n = b.getDimSize(transposeB ? 0 : 1);
  if (result.getDimSize(0) != m || result.getDimSize(1) != n)
    return op->emitOpError() << "result is " << result.getDimSize(0) << "x" << result.getDimSize(1)
                             << ", operands make " << m << "x" << n;
  return success();
}

static LogicalResult verifyAccumulator(Operation *op, Value acc, RankedTensorType result) {
  if (acc && tileType(acc) != result)
    return op->emitOpError() << "accumulator is " << tileType(acc) << ", result is " << result;
  return success();
}

LogicalResult MmaOp::verify() {
  if (failed(verifyAccumulator(*this, getAcc(), tileType(getResult()))))
    return failure();
  return verifyMma(*this, tileType(getA()), tileType(getB()), tileType(getResult()), getTransposeB());
}

LogicalResult MmaAsyncOp::verify() {
  if (failed(verifyAccumulator(*this, getAcc(), tileType(getResult()))))
    return failure();
  return verifyMma(*this, tileType(getA()), tileType(getB()), tileType(getResult()), getTransposeB());
}

LogicalResult ReduceOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (source.getRank() != 2)
    return emitOpError() << "needs a tile of 2 dimensions, not " << source.getRank();
  if (source.getElementType() != result.getElementType())
    return emitOpError() << "element types differ: " << source.getElementType() << " and " << result.getElementType();
  if (result.getDimSize(0) != source.getDimSize(0))
    return emitOpError() << "result has " << result.getDimSize(0) << " rows, tile has " << source.getDimSize(0);
  if (result.getRank() == 2 && source.getDimSize(1) % result.getDimSize(1) != 0)
    return emitOpError() << "tile of " << source.getDimSize(1) << " columns cannot make " << result.getDimSize(1)
                         << " equal partial results";
  return success();
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (source.getRank() != 1 || result.getRank() != 2 || source.getDimSize(0) != result.getDimSize(0) ||
      source.getElementType() != result.getElementType())
    return emitOpError() << "cannot repeat " << source << " to " << result;
  return success();
}

LogicalResult IotaOp::verify() {
  int64_t rank = tileType(getResult()).getRank();
  int64_t dimension = getDimension();
  if (dimension < 0 || dimension >= rank)
    return emitOpError() << "dimension is " << dimension << ", tile has " << rank;
  return success();
}

LogicalResult SliceOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (source.getRank() != result.getRank() || source.getElementType() != result.getElementType() ||
      source.getShape().drop_front() != result.getShape().drop_front())
    return emitOpError() << "cannot take " << result << " out of " << source;
  if (source.getDimSize(0) % result.getDimSize(0) != 0)
    return emitOpError() << "slice of " << result.getDimSize(0) << " rows does not divide tile of "
                         << source.getDimSize(0);
  return success();
}

LogicalResult AwaitOp::verify() {
  if (tileType(getValue()) != tileType(getResult()))
    return emitOpError() << "waits for " << tileType(getValue()) << " but gives " << tileType(getResult());
  if (static_cast<int64_t>(getInFlight()) < 0)
    return emitOpError("in_flight is negative");
  return success();
}

LogicalResult ToSharedOp::verify() {
  RankedTensorType source = tileType(getTile()), result = tileType(getResult());
  if (!fragmentEncoding(source) || !sharedEncoding(result))
    return emitOpError() << "goes from registers to shared memory, not from " << source << " to " << result;
  if (source.getShape() != result.getShape() || source.getElementType() != result.getElementType())
    return emitOpError() << "changes the tile from " << source << " to " << result;
  return success();
}
