// What girih-compile prints of a compiled kernel.
#ifndef GIRIH_TOOLS_GIRIH_COMPILE_REPORT_H
#define GIRIH_TOOLS_GIRIH_COMPILE_REPORT_H

#include "girih/Pipelines/Compile.h"

namespace girih {

/// Registers by role, spills, shared memory, stages, and milliseconds by phase.
void printReport(const CompileResult &result, llvm::raw_ostream &out);

} // namespace girih

#endif // GIRIH_TOOLS_GIRIH_COMPILE_REPORT_H
