#include "dialects/Tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace girih::tile;

#include "dialects/Tile/TileDialect.cpp.inc"
#include "dialects/Tile/TileEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileTypes.cpp.inc"

void TileDialect::initialize() {
  registerAttributes();
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/TileTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/TileOps.cpp.inc"
      >();
}

static LogicalResult verifyRing(function_ref<InFlightDiagnostic()> emitError, StringRef what, int64_t count,
                                RankedTensorType tile) {
  if (count < 1)
    return emitError() << what << " has " << count << " slots, needs at least 1";
  if (!sharedEncoding(tile))
    return emitError() << what << " holds tiles in shared memory, not " << tile;
  return success();
}

LogicalResult ChannelType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t depth, RankedTensorType tile) {
  return verifyRing(emitError, "a channel", depth, tile);
}

LogicalResult BufferType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t count, RankedTensorType tile) {
  return verifyRing(emitError, "a buffer", count, tile);
}

LogicalResult BarriersType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t count, int64_t arrivals) {
  if (count < 1 || arrivals < 1)
    return emitError() << "there must be at least one barrier with one arrival, not " << count << " with " << arrivals;
  return success();
}

LogicalResult TensorMapType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> box,
                                    Type elementType, int64_t swizzle, int64_t panel, bool folded) {
  if (!elementType.isIntOrFloat())
    return emitError() << "a tensor map has no elements of " << elementType;
  if (swizzle != 32 && swizzle != 64 && swizzle != 128)
    return emitError() << "swizzle is " << swizzle << " bytes, TMA has 32, 64 and 128";
  if (panel * elementType.getIntOrFloatBitWidth() != swizzle * 8)
    return emitError() << "a panel of " << panel << " elements of " << elementType
                       << " is not as wide as the swizzle of " << swizzle << " bytes";
  // PTX ISA, "tensor dimension, size and format"; folding adds a dimension.
  int64_t rank = box.size() + folded;
  if (box.empty() || rank > 5)
    return emitError() << "a tensor map has 1 to 5 dimensions, not " << rank;
  for (int64_t size : box)
    if (size < 1 || size > 256)
      return emitError() << "a box of " << size << " elements along a dimension, TMA takes 1 to 256";
  if (box.back() % panel != 0)
    return emitError() << "a box row of " << box.back() << " elements is no multiple of the panel of " << panel;
  return success();
}

int64_t girih::tile::sharedBytes(RankedTensorType tile) {
  return tile.getNumElements() * tile.getElementTypeBitWidth() / 8;
}

SharedAttr girih::tile::sharedEncoding(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile ? dyn_cast_or_null<SharedAttr>(tile.getEncoding()) : SharedAttr();
}

FragmentAttr girih::tile::fragmentEncoding(Type type) {
  if (auto async = dyn_cast<AsyncType>(type))
    type = async.getTile();
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile ? dyn_cast_or_null<FragmentAttr>(tile.getEncoding()) : FragmentAttr();
}
