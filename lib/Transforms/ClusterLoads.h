// What each CTA of a cluster loads of the tiles that they share.
#ifndef GIRIH_LIB_TRANSFORMS_CLUSTERLOADS_H
#define GIRIH_LIB_TRANSFORMS_CLUSTERLOADS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Makes the MMAs of a kernel ones of `cluster` CTAs, each of which loads its rows of what has a
/// row for each row of their results, and its part of the columns of their right operands;
/// the types of the results stay. A diagnostic where that cannot be.
mlir::LogicalResult splitLoads(mlir::gpu::GPUFuncOp kernel, int64_t cluster);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_CLUSTERLOADS_H
