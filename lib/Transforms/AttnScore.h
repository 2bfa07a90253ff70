// The score region of attn.forward, compiled: what it is made of, and what it becomes.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNSCORE_H
#define GIRIH_LIB_TRANSFORMS_ATTNSCORE_H

#include "IndexBuilder.h"
#include "girih/Target/Target.h"

namespace girih {

/// Whether there is code for the region; else a diagnostic on what in it has none.
mlir::LogicalResult checkScore(attn::ForwardOp op, const Target &target);

/// The region in the postfix notation of the manifest, by which results are checked.
mlir::ArrayAttr scoreInPostfix(attn::ForwardOp op);

/// A tile of scores, as the first product gives them, and where it lies.
struct ScoreTile {
  mlir::Value scores;
  mlir::Value batch, head, firstQuery, firstKey; ///< index
};

/// Scores that are `factor` times a tile; the factor, which is positive, joins that of the
/// exponents.
struct FactoredScores {
  mlir::Value tile;
  double factor;
};

/// What the region makes of the tile times `scale`.
FactoredScores buildScore(IndexBuilder &b, attn::ForwardOp op, const ScoreTile &tile, double scale);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNSCORE_H
