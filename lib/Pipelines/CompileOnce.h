// Compilation with the schedules that the module has and its target completes.
#ifndef GIRIH_LIB_PIPELINES_COMPILEONCE_H
#define GIRIH_LIB_PIPELINES_COMPILEONCE_H

#include "girih/Pipelines/Compile.h"

namespace girih {

mlir::FailureOr<std::vector<CompileResult>> compileOnce(mlir::ModuleOp module, const CompileRequest &request);

} // namespace girih

#endif // GIRIH_LIB_PIPELINES_COMPILEONCE_H
