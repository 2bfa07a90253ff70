//===- Suite.cpp - Lists of kernels to run --------------------------------===//

#include "girih/Runtime/Suite.h"
#include "girih/Runtime/Files.h"
#include "girih/Runtime/JsonReader.h"
#include <unistd.h>

using namespace girih;
using namespace girih::runtime;

std::vector<KernelEntry> runtime::readSuite(const std::string &path, const LaunchChoices &common) {
  JsonReader::Json json = JsonReader::parse(readWholeFile(path), path);
  JsonReader root(json, path);
  std::vector<KernelEntry> entries;
  for (const JsonReader &kernel : root.member("kernels").elements()) {
    if (!kernel.isObject()) {
      entries.push_back({besides(path, kernel.string()), common});
      continue;
    }
    KernelEntry entry{besides(path, kernel.member("manifest").string()), common};
    if (auto sizes = kernel.optionalMember("sizes"))
      for (auto &[name, value] : sizes->members())
        entry.choices.sizes[name] = value.integer(0, int64_t(1) << 40);
    if (auto layout = kernel.optionalMember("layout"))
      entry.choices.layout = layout->string();
    if (auto pad = kernel.optionalMember("pad"))
      entry.choices.pad = pad->integer(0, 1 << 20);
    entries.push_back(entry);
  }
  if (entries.empty())
    root.member("kernels").fail("is empty");
  return entries;
}

std::string runtime::findSuite(const std::string &name, const std::string &suiteDir) {
  std::string direct = name + "/suite.json", inDir = suiteDir + "/" + name + "/suite.json";
  for (const std::string &candidate : {direct, inDir})
    if (access(candidate.c_str(), R_OK) == 0)
      return candidate;
  throw Error("there is no suite '" + name + "': neither " + direct + " nor " + inDir + " can be read");
}
