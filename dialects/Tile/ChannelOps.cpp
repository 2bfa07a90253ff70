// Rules of roles, channels and barriers.
#include "dialects/Tile/Tile.h"

using namespace mlir;
using namespace girih::tile;

LogicalResult RoleOp::verify() {
  if (static_cast<int64_t>(getWorkers()) < 1)
    return emitOpError() << "needs at least 1 worker, has " << getWorkers();
  // PTX ISA, "setmaxnreg": a multiple of 8 from 24 to 256.
  int64_t registers = getRegisters();
  if (registers % 8 != 0 || registers < 24 || registers > 256)
    return emitOpError() << "register budget is " << registers << ", must be a multiple of 8 from 24 to 256";
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
