// Hopper, private to its folder.
#ifndef GIRIH_LIB_TARGET_SM90A_SM90A_H
#define GIRIH_LIB_TARGET_SM90A_SM90A_H

#include "girih/Target/Target.h"

namespace girih {
const Target *getSM90aTarget();
}

namespace girih::sm90a {

/// Rows of one wgmma: a warpgroup's accumulator has 64 (PTX ISA, "wgmma.mma_async").
inline constexpr int64_t kMmaRows = 64;
/// Columns of one wgmma are a multiple of the step; a step along its inner size takes
/// so many 16-bit elements.
inline constexpr int64_t kMmaColumnStep = 8, kMmaMaxColumns = 256, kMmaDepth = 16;

mlir::FailureOr<tile::Schedule> completeSchedule(attn::ForwardOp op, const tile::Schedule &given);

/// mma_async and await.
void populateMmaPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace girih::sm90a

#endif // GIRIH_LIB_TARGET_SM90A_SM90A_H
