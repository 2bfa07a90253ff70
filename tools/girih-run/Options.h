//===- Options.h - The command line of girih-run ----------------*- C++ -*-===//
#ifndef GIRIH_TOOLS_GIRIH_RUN_OPTIONS_H
#define GIRIH_TOOLS_GIRIH_RUN_OPTIONS_H

#include "girih/Runtime/Session.h"

namespace girih::run {

struct Options {
  std::vector<runtime::KernelEntry> kernels;
  runtime::SessionOptions session;
  int device = 0;
  std::string jsonFile; ///< empty: none
  bool csv = false, markdown = false;
};

/// Parses the command line into `options`. Returns the exit code when the tool
/// is done (help, or a mistake that has been printed), nothing otherwise.
/// Throws Error for a suite that cannot be read.
std::optional<int> parseOptions(int argc, char **argv, Options &options);

} // namespace girih::run

#endif // GIRIH_TOOLS_GIRIH_RUN_OPTIONS_H
