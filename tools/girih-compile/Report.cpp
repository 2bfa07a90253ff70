#include "Report.h"

#include "llvm/Support/FormatVariadic.h"

namespace girih {

void printReport(const CompileResult &result, llvm::raw_ostream &out) {
  const llvm::json::Object &launch = *result.manifest.getObject("launch");
  const llvm::json::Object &resources = *result.manifest.getObject("resources");
  const Resources &used = result.kernel.resources;
  out << llvm::formatv("{0}: {1} threads, {2} registers at launch, {3} bytes spilled, {4} bytes of shared memory",
                       result.kernel.name, *launch.getInteger("threads"), used.registers, used.spillBytes,
                       *launch.getInteger("shared_bytes"));
  if (auto stages = resources.getInteger("stages"))
    out << llvm::formatv(", {0} stages", *stages);
  out << "\n";
  if (const llvm::json::Array *roles = resources.getArray("roles"))
    for (const llvm::json::Value &role : *roles)
      out << llvm::formatv("  role {0}: {1} warps, {2} registers a thread\n", *role.getAsObject()->getString("name"),
                           *role.getAsObject()->getInteger("warps"), *role.getAsObject()->getInteger("registers"));
  double total = 0;
  out << "  compile ms:";
  for (const auto &[phase, milliseconds] : result.kernel.milliseconds) {
    out << llvm::formatv(" {0} {1:F1},", phase, milliseconds);
    total += milliseconds;
  }
  out << llvm::formatv(" total {0:F1}\n", total);
}

} // namespace girih
