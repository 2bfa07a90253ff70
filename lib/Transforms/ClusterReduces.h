// What the CTAs of a cluster exchange.
#ifndef GIRIH_LIB_TRANSFORMS_CLUSTERREDUCES_H
#define GIRIH_LIB_TRANSFORMS_CLUSTERREDUCES_H

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Gives each tile.cluster_reduce its slots and barriers, behind the shared memory that the kernel has already.
mlir::LogicalResult lowerClusterReduces(mlir::gpu::GPUFuncOp kernel);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_CLUSTERREDUCES_H
