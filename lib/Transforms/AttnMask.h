// The mask of attention on tiles: which tiles of keys are visited, which of them need a mask, and
// the mask of one.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNMASK_H
#define GIRIH_LIB_TRANSFORMS_ATTNMASK_H

#include "AttnBlocks.h"
#include "AttnScore.h"
#include "girih/Analysis/Visibility.h"

namespace girih {

/// The tiles of keys that a work item visits, last one first or as they are listed, counted in iterations.
struct KeyRange {
  mlir::Value end;          ///< the tile after the one that is visited first
  mlir::Value count;        ///< of iterations, at least 1
  mlir::Value maskedBefore; ///< iterations before this one need a mask
  mlir::Value maskedFrom;   ///< and those from this one on; null if there are none
  mlir::Value endedBefore;  ///< of the others, those before this one may go beyond the keys; null if none do
  mlir::Value shownFrom;    ///< the mask shows all from this iteration on; null if it does nowhere
  // Where tiles in between are left out; null if none are.
  mlir::Value gapAt;     ///< the first iteration after the gap
  mlir::Value gapLength; ///< tiles that are left out
  std::optional<BlockLists> lists = {};

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

/// Of blocks that are listed.
KeyRange buildListedRange(IndexBuilder &b, BlockLists lists, bool hasMask);

/// -inf in place of the scores of keys that are beyond the sequence or that their row does not see, in the tiles of the
/// range that have such. `mask` is null where rows see all keys.
mlir::Value maskWhereNeeded(IndexBuilder &b, mlir::Value scores, const ScoreTile &tile, const KeyRange &range,
                            mlir::Value iteration, mlir::Region &region, const MaskReader *mask);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNMASK_H
