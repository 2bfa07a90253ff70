// Views of global tensors: their types.
#include "dialects/Tile/Tile.h"

using namespace mlir;
using namespace girih::tile;

/// Where the elements of the view lie, which no strides can say.
static AffineMap interleavedLayout(MLIRContext *context, ArrayRef<int64_t> strides, int64_t dim, int64_t count,
                                   int64_t slots) {
  AffineExpr address = getAffineConstantExpr(0, context);
  unsigned symbols = 0;
  for (auto [i, stride] : llvm::enumerate(strides)) {
    AffineExpr index = getAffineDimExpr(i, context);
    if (int64_t(i) == dim)
      index = index * count + getAffineDimExpr(i + 1, context) % slots;
    else if (int64_t(i) == dim + 1)
      index = index.floorDiv(slots);
    AffineExpr step = ShapedType::isDynamic(stride) ? getAffineSymbolExpr(symbols++, context)
                                                    : getAffineConstantExpr(stride, context);
    address = address + index * step;
  }
  return AffineMap::get(strides.size(), symbols, address);
}

LogicalResult InterleaveOp::inferReturnTypes(MLIRContext *context, std::optional<Location> location, Adaptor adaptor,
                                             SmallVectorImpl<Type> &types) {
  auto type = dyn_cast<MemRefType>(adaptor.getSource().getType());
  int64_t dim = adaptor.getDim(), count = adaptor.getCount(), rank = type ? type.getRank() : 0;
  if (dim < 0 || dim >= rank - 1)
    return emitOptionalError(location, "dimension ", dim, " of a tensor of ", rank, " has none after it");
  int64_t size = type.getDimSize(dim);
  if (count < 1 || ShapedType::isDynamic(size) || size % count != 0)
    return emitOptionalError(location, "each ", count, " neighbours of dimension ", dim, " cannot be one, its size is ",
                             ShapedType::isDynamic(size) ? "not known" : std::to_string(size));
  int64_t slots = adaptor.getSlots();
  if (slots < count)
    return emitOptionalError(location, "turns of ", slots, " slots have no room for ", count, " rows");
  SmallVector<int64_t> strides, shape(type.getShape());
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || offset != 0)
    return emitOptionalError(location, "a tensor that is viewed must have strides and offset 0, not ", type);
  shape[dim] /= count;
  if (ShapedType::isStatic(shape[dim + 1]))
    shape[dim + 1] *= slots;
  types.push_back(MemRefType::get(shape, type.getElementType(), interleavedLayout(context, strides, dim, count, slots),
                                  type.getMemorySpace()));
  return success();
}
