// Functions of a caller in the place of an attention problem's regions.
#ifndef GIRIH_LIB_PIPELINES_ATTENTIONFUNCTIONS_H
#define GIRIH_LIB_PIPELINES_ATTENTIONFUNCTIONS_H

#include "dialects/Attn/Attn.h"
#include "mlir/IR/BuiltinOps.h"

namespace girih {

/// Moves the body of each function of `functions` into the region of `op` that has the
/// function's name. Adds "_NAME" to `kernelName`. Fails with a diagnostic at the function.
mlir::LogicalResult takeFunctions(mlir::ModuleOp functions, attn::ForwardOp op, std::string &kernelName);

} // namespace girih

#endif // GIRIH_LIB_PIPELINES_ATTENTIONFUNCTIONS_H
