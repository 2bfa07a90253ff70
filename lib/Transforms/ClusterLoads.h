// What each CTA of a cluster loads of the tiles that they share.
#ifndef GIRIH_LIB_TRANSFORMS_CLUSTERLOADS_H
#define GIRIH_LIB_TRANSFORMS_CLUSTERLOADS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Makes each of `cluster` CTAs load its rows of what has a row for each row of the results of
/// MMAs. Where the chip has MMAs of two CTAs, all become such, and each CTA loads its part of the
/// columns of their right operands; else right operands are loaded for all CTAs together.
/// The types of the results stay. A diagnostic where that cannot be.
mlir::LogicalResult splitLoads(mlir::gpu::GPUFuncOp kernel, int64_t cluster);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_CLUSTERLOADS_H
