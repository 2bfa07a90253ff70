// Tensor maps for the copies of tiles: their types and their recipes.
#ifndef GIRIH_LIB_TRANSFORMS_TENSORMAPS_H
#define GIRIH_LIB_TRANSFORMS_TENSORMAPS_H

#include "TensorViews.h"
#include "girih/Target/Target.h"

namespace girih {

struct TensorMap {
  tile::TensorMapType type;
  mlir::DictionaryAttr recipe; ///< of docs/manifest.md
};

/// A tensor in global memory that a map is for.
struct MappedTensor {
  mlir::MemRefType type;
  mlir::StringAttr name;
  std::optional<Interleaving> turns; ///< of the dimension before the rows
};

/// In a map for parts of a tensor (see makeTensorMap): rows that TMA counts, and the unit in which
/// a part's place is told.
constexpr int64_t kPartRows = int64_t(1) << 30, kPartUnitBytes = 16;

/// The map by which `user` moves a tile that starts at that column. With `cut`, it is for parts of
/// that dimension, and an index is out of bounds where the part ends. Its indices are then
///  - the distance of the part's end from the tensor's start, in all dimensions but the tile's, in
///    units of kPartUnitBytes,
///  - kPartRows,
///  - of the cut dimension, kPartRows less the part's length, plus the index in the part,
///  - of the tile's dimensions, if that is none of them, what they are anyway.
/// Where rows are of two dimensions, the map's indices are of the view's dimensions before them, of
/// the tensor's rows, 0, and of the last dimension.
mlir::FailureOr<TensorMap> makeTensorMap(mlir::Operation *user, const MappedTensor &tensor, mlir::RankedTensorType tile,
                                         mlir::Value column, std::optional<int64_t> cut, const Target &target);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TENSORMAPS_H
