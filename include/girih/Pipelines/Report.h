// What is printed of a compiled kernel.
#ifndef GIRIH_PIPELINES_REPORT_H
#define GIRIH_PIPELINES_REPORT_H

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace girih {

/// Registers by role, spills, shared memory, stages, and milliseconds by phase, of the
/// kernel that has this manifest.
void printReport(const llvm::json::Object &manifest, llvm::raw_ostream &out);

} // namespace girih

#endif // GIRIH_PIPELINES_REPORT_H
