// Weights of a tile of scores, and what becomes of those before.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNSOFTMAX_H
#define GIRIH_LIB_TRANSFORMS_ATTNSOFTMAX_H

#include "AttnScore.h"

namespace girih {

/// What an iteration over keys makes of its scores.
struct Weights {
  mlir::Value tile;    ///< 2 to the power of each score, relative to its row's maximum
  mlir::Value maximum; ///< of each row, with these scores, as exponents subtract it
  mlir::Value alpha;   ///< for each row, by what sums before are to be multiplied; null: they stay
  mlir::Value grown;   ///< the rows whose output is rescaled, if that is not all; i1
};

/// The maximum of rows of which no score has been seen.
double firstMaximum(const tile::Schedule &schedule);

/// exp(factor x - maximum) of scores, times `left` if a factor of the item's is not in them yet.
Weights weigh(IndexBuilder &b, attn::ForwardOp op, const tile::Schedule &schedule, const FactoredScores &scores,
              mlir::Value left, mlir::Value oldMaximum);

/// A tile of a number of f32.
mlir::Value f32Constant(IndexBuilder &b, mlir::ArrayRef<int64_t> shape, double value);

/// A tile of a number, times the item's factor if there is one.
mlir::Value multiple(IndexBuilder &b, mlir::ArrayRef<int64_t> shape, double number, mlir::Value factor);

/// The hardware's approximation, whose error vanishes beside the rounding of narrow operands.
mlir::Value fastExp2(IndexBuilder &b, mlir::Value exponent);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNSOFTMAX_H
