// Heads of queries on one of keys whose rows take turns in a tile (knob heads).
#ifndef GIRIH_LIB_TRANSFORMS_ATTNHEADS_H
#define GIRIH_LIB_TRANSFORMS_ATTNHEADS_H

#include "AttnSequence.h"

namespace girih {

/// Makes the regions functions of batch, group of `heads` heads, row of the group and key.
void groupHeads(attn::ForwardOp op, int64_t heads);

/// Makes the item's tensors those of groups.
void viewGroups(IndexBuilder &b, WorkItem &item, int64_t heads);

/// The heads of a tile's rows, of a group's that starts with a query's first row: tensor of i32.
mlir::Value headsOfRows(IndexBuilder &b, mlir::Value group, int64_t heads, int64_t rows);

/// The queries of the tile's rows, of the group's row `firstRow` on: tensor of i32.
mlir::Value queriesOfRows(IndexBuilder &b, mlir::Value firstRow, int64_t heads, int64_t rows);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNHEADS_H
