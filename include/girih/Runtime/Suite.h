//===- Suite.h - Lists of kernels to run ------------------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_SUITE_H
#define GIRIH_RUNTIME_SUITE_H

#include "girih/Runtime/Binding.h"

namespace girih::runtime {

/// One kernel to run, with its sizes and layout.
struct KernelEntry {
  std::string manifest; ///< path
  LaunchChoices choices;
};

/// Reads DIR/suite.json: {"suite": NAME, "kernels": [ENTRY, ...]} where an
/// entry is a manifest's path beside it, or {"manifest": PATH, "sizes": {NAME:
/// N}, "layout": "bshd", "pad": N}. Choices of an entry win over `common`.
std::vector<KernelEntry> readSuite(const std::string &path, const LaunchChoices &common);

/// The suite.json that `name` means: NAME/suite.json when NAME is a folder,
/// otherwise SUITE_DIR/NAME/suite.json. Throws Error that says where it looked.
std::string findSuite(const std::string &name, const std::string &suiteDir);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_SUITE_H
