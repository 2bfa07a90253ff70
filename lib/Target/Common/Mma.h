// The rules of MMAs of 16-bit elements, which chips differ in by their shapes only.
#ifndef GIRIH_LIB_TARGET_COMMON_MMA_H
#define GIRIH_LIB_TARGET_COMMON_MMA_H

#include "girih/Target/Target.h"

namespace girih {

/// The shape of one worker's MMA.
struct MmaShape {
  int64_t rows;
  int64_t columnStep, maxColumns; ///< columns are a multiple of the step
  int64_t depth;                  ///< elements along the inner size in one step
};

/// Whether an MMA of the shape makes such an accumulator; else a diagnostic on `op`.
mlir::LogicalResult checkAccumulator(mlir::Operation *op, llvm::StringRef chip, const MmaShape &shape, int64_t rows,
                                     int64_t columns);

/// Whether it takes operands and gives a result of these types; else a diagnostic on `op`.
mlir::LogicalResult checkMmaTypes(mlir::Operation *op, llvm::StringRef chip, const MmaShape &shape,
                                  mlir::RankedTensorType a, mlir::RankedTensorType b, mlir::RankedTensorType result);

} // namespace girih

#endif // GIRIH_LIB_TARGET_COMMON_MMA_H
