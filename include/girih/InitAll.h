// Registration of everything a tool may need.
#ifndef GIRIH_INITALL_H
#define GIRIH_INITALL_H

#include "mlir/IR/Dialect.h"

namespace girih {

/// The project's dialects and the upstream ones they build on, with their
/// translation to LLVM IR.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Every pass and pipeline, by name.
void registerAllPasses();

} // namespace girih

#endif // GIRIH_INITALL_H
