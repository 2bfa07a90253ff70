// Functions and conversions of f32 that the special function units of all chips compute
// alike (PTX ISA, "ex2", "lg2", "cvt").
#ifndef GIRIH_LIB_TARGET_COMMON_MATH_H
#define GIRIH_LIB_TARGET_COMMON_MATH_H

#include "girih/Target/Target.h"

namespace girih::functions {

/// Whether there is code for a function in the form that its flags allow, else a
/// diagnostic that names the chip; and whether LLVM has it for scalars, without a pattern.
mlir::LogicalResult checkFunction(mlir::Operation *op, llvm::StringRef chip);
bool isNative(mlir::Operation *op);

/// The functions that LLVM does not have, and conversions to 16 bits.
void populatePatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace girih::functions

#endif // GIRIH_LIB_TARGET_COMMON_MATH_H
