// Blocks of keys that are listed for each block of queries: which tiles a work item visits.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNBLOCKS_H
#define GIRIH_LIB_TRANSFORMS_ATTNBLOCKS_H

#include "AttnSequence.h"

namespace girih {

/// The lists of a work item, counted in tiles of keys: of blocks that the mask is applied to, and then of those without
/// it.
class BlockLists {
public:
  BlockLists(IndexBuilder &b, attn::ForwardOp op, mlir::gpu::GPUFuncOp kernel, const WorkItem &item, int64_t columns);

  /// Iterations; one for lists of nothing, whose tile lies beyond the keys.
  mlir::Value count() const { return iterations; }
  /// Those before are of blocks that the mask is applied to.
  mlir::Value maskedTiles() const { return ofMasked; }
  /// Those before may go beyond the keys: all, as lists have any order, unless keys are whole blocks.
  mlir::Value endedTiles() const { return ended; }
  bool hasFull() const { return static_cast<bool>(full.counts); }
  /// The tile of keys that an iteration visits.
  mlir::Value tileAt(IndexBuilder &b, mlir::Value iteration) const;

private:
  struct List {
    mlir::Value counts, indices;
    mlir::Value length; ///< in blocks
  };

  mlir::Value lengthOf(IndexBuilder &b, const List &list) const;
  mlir::Value blockAt(IndexBuilder &b, const List &list, mlir::Value entry) const;

  List masked, full; ///< full has no values where there is none
  llvm::SmallVector<mlir::Value, 3> place;
  int64_t tilesPerBlock;
  mlir::Value lastBlock, iterations, ofMasked, isNothing, beyond, ended;
};

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNBLOCKS_H
