// Operands of MMAs in shared memory, whose descriptors the chips' MMAs have in common in
// their lower half.
#ifndef GIRIH_LIB_TARGET_COMMON_SHAREDOPERAND_H
#define GIRIH_LIB_TARGET_COMMON_SHAREDOPERAND_H

#include "girih/Conversion/Lowering.h"

namespace girih {

/// An operand with a swizzle of 128, 64 or 32 bytes, or scales without one.
struct SharedOperand {
  static constexpr int64_t kStepBytes = 32; ///< of a step along the inner dimension

  int64_t swizzle = 0; ///< in bytes
  /// Bytes of 8 rows, after which the swizzle repeats.
  int64_t groupBytes() const { return 8 * swizzle; }

  /// The lower half of the descriptor: address and leading offset in units of 16 bytes.
  mlir::Value low;
  /// How far each step along the inner dimension moves the address, in such units.
  llvm::SmallVector<int64_t> steps;

  /// Stored by rows along the outer dimension, the inner one contiguous.
  static SharedOperand innerContiguous(mlir::ImplicitLocOpBuilder &b, mlir::Value address,
                                       mlir::RankedTensorType stored);
  /// Stored by rows along the inner dimension, the outer one contiguous.
  static SharedOperand outerContiguous(mlir::ImplicitLocOpBuilder &b, mlir::Value address,
                                       mlir::RankedTensorType stored);
  /// One panel of rows of 16 bytes, which takes no steps.
  static SharedOperand unswizzled(mlir::ImplicitLocOpBuilder &b, mlir::Value address);
};

} // namespace girih

#endif // GIRIH_LIB_TARGET_COMMON_SHAREDOPERAND_H
