// Rotation of a loop with two dependent MMAs; part of tile-pipeline.
#ifndef GIRIH_LIB_TRANSFORMS_TILEROTATE_H
#define GIRIH_LIB_TRANSFORMS_TILEROTATE_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace girih {

/// On an MMA: the same number on the copies of one source MMA.
inline constexpr llvm::StringLiteral kSourceAttr = "tile.source";

/// Rotates the loop if an MMA in it feeds, through elementwise work, the left
/// operand of a later one: the late MMA of an iteration moves to the next one,
/// beside that iteration's early MMA. Does nothing when the loop has no such pair,
/// may be empty, or does not count in steps of one. The copies of the early MMA get the
/// number `source`.
void rotateLoop(mlir::scf::ForOp loop, int64_t source);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TILEROTATE_H
