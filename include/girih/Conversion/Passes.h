// The conversion of tile programs to LLVM and NVVM.
#ifndef GIRIH_CONVERSION_PASSES_H
#define GIRIH_CONVERSION_PASSES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace girih {

#define GEN_PASS_DECL
#include "girih/Conversion/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "girih/Conversion/Passes.h.inc"

} // namespace girih

#endif // GIRIH_CONVERSION_PASSES_H
