//===- Workspaces.h - Workspaces for launches of any stream -----*- C++ -*-===//
//
// A kernel's workspace is zero between launches, and launches that may run at the
// same time need one each. Launches of one stream follow each other, and so do those
// that were captured from one stream into one graph.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_WORKSPACES_H
#define GIRIH_RUNTIME_WORKSPACES_H

#include "girih/Runtime/Device.h"
#include "girih/Runtime/Manifest.h"
#include <atomic>
#include <map>
#include <mutex>

namespace girih::runtime {

/// The workspaces of one kernel on the current device. Safe to use from many threads.
class Workspaces {
public:
  /// Allocates all of them: nothing can be allocated while a graph is captured.
  explicit Workspaces(const Manifest &manifest);

  /// Addresses for a launch into `stream`, one for each workspace argument. Throws
  /// Error when more streams and graphs have asked than there are workspaces.
  std::vector<CUdeviceptr> forLaunch(CUstream stream);

  /// Whether a launch was captured: the graph may run as long as the process does.
  bool hasCaptured() const { return captured; }

  /// How many streams and captured graphs can have one.
  static constexpr size_t capacity = 4096;

private:
  std::vector<size_t> offsets; ///< of the arguments, within one workspace
  size_t stride = 0;           ///< bytes of one workspace
  DeviceBuffer buffer;
  std::atomic<bool> captured = false;
  std::mutex mutex;
  /// The stream, and the capture if there is one.
  std::map<std::pair<unsigned long long, unsigned long long>, size_t> owners;
};

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_WORKSPACES_H
