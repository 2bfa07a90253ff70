// The passes over the attn and tile dialects.
#ifndef GIRIH_TRANSFORMS_PASSES_H
#define GIRIH_TRANSFORMS_PASSES_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace girih {

#define GEN_PASS_DECL
#include "girih/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "girih/Transforms/Passes.h.inc"

} // namespace girih

#endif // GIRIH_TRANSFORMS_PASSES_H
