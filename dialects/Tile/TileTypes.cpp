// Types of the tile dialect: their rules, and what a tile's type says of memory.
#include "dialects/Tile/Fragment.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace girih::tile;

#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileTypes.cpp.inc"

void TileDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/TileTypes.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

bool girih::tile::isTileElement(Type type) {
  return (isa<FloatType>(type) || type.isSignlessInteger()) && type.getIntOrFloatBitWidth() <= 64;
}

bool girih::tile::isTileShape(ArrayRef<int64_t> shape) {
  int64_t elements = 1;
  for (int64_t size : shape) {
    if (size < 1 || size > kMaxTileElements / elements)
      return false;
    elements *= size;
  }
  return shape.size() == 1 || shape.size() == 2;
}

bool girih::tile::isTile(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile && isTileShape(tile.getShape()) && isTileElement(tile.getElementType());
}

int64_t girih::tile::sharedBytes(RankedTensorType tile) {
  return tile.getNumElements() * tile.getElementTypeBitWidth() / 8;
}

RankedTensorType girih::tile::vectorSlot(RankedTensorType vector) {
  constexpr int64_t kPanelBytes = 32; // the narrowest, which has no rows to permute
  return RankedTensorType::get({1, vector.getNumElements()}, vector.getElementType(),
                               SharedAttr::get(vector.getContext(), kPanelBytes));
}

bool girih::tile::holdsTile(RankedTensorType slot, RankedTensorType tile) {
  if (slot.getElementType() != tile.getElementType())
    return false;
  bool isVector = tile.getRank() == 1 && slot.getRank() == 2 && slot.getDimSize(0) == 1;
  return isVector ? slot.getDimSize(1) == tile.getDimSize(0) : slot.getShape() == tile.getShape();
}

SharedAttr girih::tile::sharedEncoding(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile ? dyn_cast_or_null<SharedAttr>(tile.getEncoding()) : SharedAttr();
}

bool girih::tile::isInTensorMemory(Type type) {
  if (auto async = dyn_cast<AsyncType>(type))
    type = async.getTile();
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile && isa_and_nonnull<TensorMemoryAttr>(tile.getEncoding());
}

int64_t girih::tile::tensorColumns(RankedTensorType tile) {
  return tile.getDimSize(1) * tile.getElementTypeBitWidth() / 32;
}

bool girih::tile::isSwizzle(int64_t bytes) { return bytes == 16 || bytes == 32 || bytes == 64 || bytes == 128; }

SmallVector<int64_t> girih::tile::scalesShape(int64_t outer) {
  return {int64_t(llvm::divideCeil(outer, kScaledRows)) * kScaleRows, kScaleColumns};
}

RankedTensorType girih::tile::scalesSlot(RankedTensorType scales) {
  return RankedTensorType::get({kScaleRows, scales.getDimSize(0) / kScaleRows * kScaleColumns}, scales.getElementType(),
                               TensorMemoryAttr::get(scales.getContext()));
}

FragmentAttr girih::tile::fragmentEncoding(Type type) {
  if (auto async = dyn_cast<AsyncType>(type))
    type = async.getTile();
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile ? dyn_cast_or_null<FragmentAttr>(tile.getEncoding()) : FragmentAttr();
}

int64_t girih::tile::panelRows(RankedTensorType tile) {
  int64_t rows = sharedEncoding(tile).getRows();
  return rows ? rows : tile.getDimSize(0);
}

int64_t girih::tile::panelBytes(RankedTensorType tile) { return panelRows(tile) * sharedEncoding(tile).getSwizzle(); }

RankedTensorType girih::tile::sliceType(RankedTensorType tile, ArrayRef<int64_t> shape) {
  if (FragmentAttr registers = fragmentEncoding(tile)) {
    bool isCut = tile.getRank() == 2 && shape[0] == tile.getDimSize(0);
    auto part = isCut ? Fragment(registers).narrowed(tile.getDimSize(1), shape[1]) : std::nullopt;
    return part ? RankedTensorType::get(shape, tile.getElementType(), part->toAttr(tile.getContext()))
                : RankedTensorType();
  }
  SharedAttr shared = sharedEncoding(tile);
  if (!shared)
    return tile.clone(shape);
  int64_t rows = panelRows(tile);
  auto encoding =
      SharedAttr::get(tile.getContext(), shared.getSwizzle(), rows == shape[0] ? 0 : rows, shared.getInterleaved());
  return RankedTensorType::get(shape, tile.getElementType(), encoding);
}

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

LogicalResult AsyncType::verify(function_ref<InFlightDiagnostic()> emitError, RankedTensorType tile) {
  if (!isTile(tile))
    return emitError() << "an MMA writes a tile, not " << tile;
  return success();
}

static LogicalResult verifyRing(function_ref<InFlightDiagnostic()> emitError, StringRef what, int64_t count,
                                RankedTensorType tile) {
  if (count < 1 || count > kMaxSlots)
    return emitError() << what << " has " << count << " slots, must be 1 to " << kMaxSlots;
  if (isInTensorMemory(tile)) {
    if (int64_t columns = count * tensorColumns(tile); columns > kMaxTensorColumns)
      return emitError() << what << " has " << columns << " columns, must be at most " << kMaxTensorColumns;
    return success();
  }
  if (!sharedEncoding(tile))
    return emitError() << what << " holds tiles in shared or tensor memory, not " << tile;
  if (sharedEncoding(tile).getRows() != 0)
    return emitError() << what << " holds whole tiles, not slices such as " << tile;
  if (count * sharedBytes(tile) > kMaxSharedBytes)
    return emitError() << what << " has " << count * sharedBytes(tile) << " bytes, must be at most " << kMaxSharedBytes;
  return success();
}

LogicalResult ChannelType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t depth, RankedTensorType tile,
                                  int64_t copies) {
  if (copies < 1 || copies > kMaxWarps / kWarpsPerWorker)
    return emitError() << "a channel has " << copies << " rings, must be 1 to " << kMaxWarps / kWarpsPerWorker;
  return verifyRing(emitError, "a channel", depth > kMaxSlots ? depth : depth * copies, tile);
}

LogicalResult BufferType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t count, RankedTensorType tile,
                                 int64_t apart) {
  if (failed(verifyRing(emitError, "a buffer", count, tile)))
    return failure();
  if (apart == 0)
    return success();
  int64_t least = isInTensorMemory(tile) ? tensorColumns(tile) : 0;
  if (least == 0)
    return emitError() << "tiles in shared memory follow each other, not " << apart << " columns apart";
  if (apart <= least || apart > kMaxTensorColumns)
    return emitError() << "tiles of " << least << " columns are " << apart
                       << " columns apart, must be more and at most " << kMaxTensorColumns;
  if (int64_t columns = (count - 1) * apart + least; columns > kMaxTensorColumns)
    return emitError() << "a buffer has " << columns << " columns, must be at most " << kMaxTensorColumns;
  return success();
}

int64_t BufferType::getColumnsApart() const { return getApart() ? getApart() : tensorColumns(getTile()); }

int64_t BufferType::getColumns() const { return (getCount() - 1) * getColumnsApart() + tensorColumns(getTile()); }

LogicalResult BarriersType::verify(function_ref<InFlightDiagnostic()> emitError, int64_t count, int64_t arrivals) {
  if (count < 1 || count > kMaxSlots)
    return emitError() << "there are " << count << " barriers, must be 1 to " << kMaxSlots;
  // PTX ISA, "mbarrier": a phase counts up to 2^20 - 1 arrivals.
  if (arrivals < 1 || arrivals >= 1 << 20)
    return emitError() << "a barrier expects " << arrivals << " arrivals, must be 1 to " << (1 << 20) - 1;
  return success();
}

LogicalResult TensorMapType::verify(function_ref<InFlightDiagnostic()> emitError, ArrayRef<int64_t> box,
                                    Type elementType, int64_t swizzle, int64_t panel, bool folded) {
  int64_t bits = isTileElement(elementType) ? elementType.getIntOrFloatBitWidth() : 0;
  if (bits == 0 || bits % 8 != 0)
    return emitError() << "a tensor map has no elements of " << elementType;
  if (!isSwizzle(swizzle))
    return emitError() << "swizzle is " << swizzle << " bytes, TMA has 16, 32, 64 and 128";
  if (panel != swizzle * 8 / bits)
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

LogicalResult GlobalPointerType::verify(function_ref<InFlightDiagnostic()> emitError, Type elementType) {
  if (!isTileElement(elementType))
    return emitError() << "a tensor has no elements of " << elementType;
  return success();
}
