#include "Estimates.h"

#include "llvm/ADT/StringRef.h"
#ifdef GIRIH_COMPILE_HAS_SIMULATOR
#include "../../lib/Simulator/Launch/Estimate.h"
#endif

using llvm::createStringError;
using llvm::StringRef;

namespace girih {

llvm::Expected<std::string> estimateKernels(llvm::ArrayRef<std::string> manifests, llvm::ArrayRef<std::string> sizes) {
#ifdef GIRIH_COMPILE_HAS_SIMULATOR
  std::map<std::string, int64_t> chosen;
  for (StringRef text : sizes) {
    auto [name, number] = text.split('=');
    int64_t value;
    if (name.empty() || number.getAsInteger(10, value))
      return createStringError("--size: '" + text + "' should be NAME=NUMBER");
    if (!chosen.emplace(name, value).second)
      return createStringError("--size: " + name + " is given twice");
  }
  std::string all;
  for (const std::string &manifest : manifests)
    if (std::optional<std::string> wrong = sim::estimate(manifest, chosen, all))
      return createStringError("--estimate: " + *wrong);
  return all;
#else
  return createStringError("--estimate: this build has no simulator, or no runner");
#endif
}

} // namespace girih
