//===- ManifestLaunch.h - A launch from a kernel manifest -------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_LAUNCH_MANIFESTLAUNCH_H
#define GIRIH_SIMULATOR_LAUNCH_MANIFESTLAUNCH_H

#include "Description.h"
#include "girih/Runtime/HostTensor.h"

#include <map>

namespace girih::sim {

/// What a manifest leaves to the loader.
struct ManifestChoices {
  std::map<std::string, int64_t> sizes;
  std::map<std::string, double> scalars;
  std::string layout;
  int64_t pad = 0;
  uint64_t seed = 1;
  std::string data = "random"; ///< a pattern, as girih-run --data has them
  uint32_t multiprocessors = 132;
};

/// The launch of a bound manifest. `tensors` holds the memory of each of its tensors,
/// from the first element on.
Launch makeManifestLaunch(const runtime::Binding &binding, const std::vector<runtime::HostTensor> &tensors,
                          uint32_t multiprocessors);

/// Reads NAME.json and NAME.ptx of girih-compile. Inputs and the check are
/// those of girih-run. Throws Stop.
LaunchTask readManifestLaunch(const std::string &path, const ManifestChoices &choices);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_LAUNCH_MANIFESTLAUNCH_H
