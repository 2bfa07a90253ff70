// Hopper, private to its folder.
#ifndef GIRIH_LIB_TARGET_SM90A_SM90A_H
#define GIRIH_LIB_TARGET_SM90A_SM90A_H

#include "../Common/Mma.h"
#include "girih/Target/WorkerRule.h"

namespace girih {
const Target *getSM90aTarget();
}

namespace girih::sm90a {

/// One wgmma (PTX ISA, "wgmma.mma_async").
inline constexpr MmaShape kMma = {.rows = 64, .columnStep = 8, .maxColumns = 256, .depth = 16};

WorkerRule workerRule(attn::ForwardOp op);
tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, Missing &missing);

/// mma_async and await.
void populateMmaPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace girih::sm90a

#endif // GIRIH_LIB_TARGET_SM90A_SM90A_H
