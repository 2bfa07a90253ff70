//===- Session.h - One kernel: load, check, time ----------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_SESSION_H
#define GIRIH_RUNTIME_SESSION_H

#include "girih/Runtime/Report.h"
#include "girih/Runtime/Suite.h"

namespace girih::runtime {

struct SessionOptions {
  bool check = true;
  bool bench = false;
  std::string against; ///< "cudnn", "cublas" or empty
  /// Whether a missing peer is an error or only a note.
  bool peerRequired = true;
  DataOptions data;
  int inputs = 3; ///< random inputs to check with
  /// Patterns to check with; all that the problem can have when empty.
  std::vector<DataPattern> patterns;
  int rounds = 15;
  double turnMilliseconds = BenchOptions().batchMilliseconds;
  std::string save;    ///< folder for the tensors after the first launch, or empty
  double timeout = 30; ///< seconds a launch or a turn may take
};

/// Runs `entry` on `device`. What goes wrong with the kernel is in the report's
/// `failure`; `peerName` receives the peer's name and version.
KernelReport runKernel(const Device &device, const KernelEntry &entry, const SessionOptions &options,
                       std::string &peerName);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_SESSION_H
