// The keys of a work item, split over the CTAs of a cluster.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNSPLITS_H
#define GIRIH_LIB_TRANSFORMS_ATTNSPLITS_H

#include "AttnMask.h"

namespace girih {

/// What one CTA visits of the keys of an item: at least one tile, which counts for nothing where there are fewer
/// tiles than CTAs.
struct KeyPart {
  KeyRange range;
  mlir::Value isBeyond; ///< whether its one tile is another CTA's too; null if there is one CTA
};

/// The part of the CTA that runs this, one of `splits`.
KeyPart splitKeys(IndexBuilder &b, const KeyRange &all, int64_t splits);

/// What online softmax has after some keys: a maximum and a sum for each row, and the output before it is divided.
struct SoftmaxState {
  mlir::Value maximum, sum, output;
};

/// After the keys of all parts, in the first CTA, of so many rows as are `filled`.
SoftmaxState combineParts(IndexBuilder &b, const KeyPart &part, const SoftmaxState &state, mlir::Value filled);

/// A loop that runs once in the first CTA and never in others.
mlir::scf::ForOp buildLeaderOnly(IndexBuilder &b);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNSPLITS_H
