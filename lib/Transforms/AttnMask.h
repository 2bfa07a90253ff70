// The mask of attention on tiles: which tiles of keys are visited, which of them need a mask, and
// the mask of one.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNMASK_H
#define GIRIH_LIB_TRANSFORMS_ATTNMASK_H

#include "AttnScore.h"
#include "girih/Analysis/Visibility.h"

namespace girih {

/// The tiles of keys that a work item visits, last one first, counted in iterations.
struct KeyRange {
  mlir::Value end;          ///< the tile after the one that is visited first
  mlir::Value count;        ///< of iterations, at least 1
  mlir::Value maskedBefore; ///< iterations before this one need a mask
  mlir::Value maskedFrom;   ///< and those from this one on; null if there are none
  // Where tiles in between are left out; null if none are.
  mlir::Value gapAt;     ///< the first iteration after the gap
  mlir::Value gapLength; ///< tiles that are left out

  /// The tile that an iteration visits.
  mlir::Value tileAt(IndexBuilder &b, mlir::Value iteration) const;
};

/// How a tile of scores lies in the problem.
struct TileShape {
  int64_t rows, columns;
};

/// Of the tile of queries at `firstRow`, a multiple of its rows.
KeyRange buildKeyRange(IndexBuilder &b, const Visibility &visibility, mlir::Value keys, mlir::Value firstRow,
                       TileShape shape);

/// -inf in place of the scores of keys that are beyond the sequence or that their row does not see.
/// `mask` is null where rows see all keys.
mlir::Value applyMask(IndexBuilder &b, mlir::Value scores, const ScoreTile &tile, mlir::Region &region,
                      const MaskReader *mask);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNMASK_H
