#include "girih/Pipelines/Report.h"

#include "llvm/Support/FormatVariadic.h"

namespace girih {

/// The parts of a compilation in their order, which a JSON object does not keep.
constexpr llvm::StringLiteral kParts[] = {"tile", "barriers", "convert", "llvm", "ptxas"};

void printReport(const llvm::json::Object &manifest, llvm::raw_ostream &out) {
  const llvm::json::Object &launch = *manifest.getObject("launch");
  const llvm::json::Object &resources = *manifest.getObject("resources");
  out << llvm::formatv("{0}: {1} threads, {2} registers at launch, {3} bytes spilled, {4} bytes of shared memory",
                       *manifest.getString("name"), *launch.getInteger("threads"), *resources.getInteger("registers"),
                       *resources.getInteger("spill_bytes"), *launch.getInteger("shared_bytes"));
  if (auto stages = resources.getInteger("stages"))
    out << llvm::formatv(", {0} stages", *stages);
  out << "\n";
  if (const llvm::json::Array *roles = resources.getArray("roles"))
    for (const llvm::json::Value &role : *roles)
      out << llvm::formatv("  role {0}: {1} warps, {2} registers a thread\n", *role.getAsObject()->getString("name"),
                           *role.getAsObject()->getInteger("warps"), *role.getAsObject()->getInteger("registers"));
  const llvm::json::Object &times = *manifest.getObject("compile_ms");
  double total = 0;
  out << "  compile ms:";
  for (llvm::StringLiteral part : kParts)
    if (std::optional<double> milliseconds = times.getNumber(part)) {
      out << llvm::formatv(" {0} {1:F1},", part, *milliseconds);
      total += *milliseconds;
    }
  out << llvm::formatv(" total {0:F1}\n", total);
}

} // namespace girih
