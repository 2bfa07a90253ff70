// The regions of attn.forward, compiled: what they are made of, and what the score region becomes.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNSCORE_H
#define GIRIH_LIB_TRANSFORMS_ATTNSCORE_H

#include "dialects/Tile/IndexBuilder.h"
#include "girih/Target/Target.h"
#include "mlir/IR/IRMapping.h"

namespace girih {

/// Whether there is code for the regions; else a diagnostic on what in them has none.
mlir::LogicalResult checkRegions(attn::ForwardOp op, const Target &target);

/// A region in the postfix notation of the manifest, by which results are checked.
mlir::ArrayAttr inPostfix(attn::ForwardOp op, mlir::Region &region);

/// A tile of scores, as the first product gives them, and where it lies.
struct ScoreTile {
  mlir::Value scores;
  mlir::Value batch, head, firstQuery, firstKey; ///< index
  mlir::Value queries, keys;                     ///< how many there are, index
  const mlir::IRMapping *captures;               ///< of what regions capture to the kernel's arguments
  bool keepsColumns = true;                      ///< a thread has registers for the numbers of its columns
};

/// Whether a thread has registers for the numbers of its columns beside its scores, weights and
/// output. Where it has whole rows, they are constants.
bool keepsColumns(const tile::Schedule &schedule, int64_t valueColumns, int64_t lanesPerRow);

/// Scores that are `factor` times a tile and an offset of each row, if there is one; the factor,
/// which is positive, joins that of the exponents, and the offset what they subtract.
struct FactoredScores {
  mlir::Value tile;
  double factor;
  mlir::Value offset = {};
};

/// What the region makes of the tile times `scale`.
FactoredScores buildScore(IndexBuilder &b, attn::ForwardOp op, const ScoreTile &tile, double scale);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNSCORE_H
