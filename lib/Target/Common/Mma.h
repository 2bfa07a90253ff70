// The rules of MMAs, which chips differ in by their shapes only.
#ifndef GIRIH_LIB_TARGET_COMMON_MMA_H
#define GIRIH_LIB_TARGET_COMMON_MMA_H

#include "girih/Target/Target.h"

namespace girih {

/// The shape of one worker's MMA.
struct MmaShape {
  int64_t rows;
  int64_t columnStep, maxColumns; ///< columns are a multiple of the step
  int64_t depth;                  ///< elements of 16 bits along the inner size in one step
  bool hasScales = false;         ///< of groups of elements of 8 bits
  bool pairsCtas = false;         ///< as one of them

  /// Of elements of so many bits.
  int64_t depthOf(int64_t bits) const { return depth * 16 / bits; }
};

/// Whether an MMA of the shape makes such an accumulator; else a diagnostic on `op`.
mlir::LogicalResult checkAccumulator(mlir::Operation *op, llvm::StringRef chip, const MmaShape &shape, int64_t rows,
                                     int64_t columns);

/// The name of an element type of operands in PTX; empty where there are no such MMAs.
llvm::StringRef operandName(mlir::Type type);

/// Whether it takes operands and gives a result of these types; else a diagnostic on `op`.
mlir::LogicalResult checkMmaTypes(mlir::Operation *op, llvm::StringRef chip, const MmaShape &shape,
                                  mlir::RankedTensorType a, mlir::RankedTensorType b, mlir::RankedTensorType result);

} // namespace girih

#endif // GIRIH_LIB_TARGET_COMMON_MMA_H
