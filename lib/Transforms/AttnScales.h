// Scales of groups of elements of Q and K.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNSCALES_H
#define GIRIH_LIB_TRANSFORMS_ATTNSCALES_H

#include "AttnSequence.h"

namespace girih {

/// A tile of queries, and the scales of its groups of elements, if there are some.
struct QueryTile {
  mlir::Value values, scales;
};

/// The scales of the item's queries, of which a tile has so many.
mlir::Value loadQueryScales(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel, const WorkItem &item, int64_t rows);

/// The scores of a tile of keys, by their scales where queries have some.
mlir::Value multiplyByKeys(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel, const WorkItem &item, const QueryTile &q,
                           mlir::Value k, mlir::Value firstKey);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNSCALES_H
