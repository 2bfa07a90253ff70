//===- Launch.h - A launch of the program in the simulator ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_HOST_LAUNCH_H
#define GIRIH_SIMULATOR_HOST_LAUNCH_H

#include "Session.h"

namespace girih::sim::host {

struct LaunchRequest {
  Kernel *kernel = nullptr;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  /// 0 where the launch says nothing.
  std::array<uint32_t, 3> cluster{0, 0, 0}, preferredCluster{0, 0, 0};
  uint32_t dynamicShared = 0;
  bool isCooperative = false;
  /// Bytes of each parameter.
  std::vector<std::vector<uint8_t>> parameters;
};

/// CTAs of a kernel that one multiprocessor holds.
uint32_t residentCtas(const Kernel &kernel, uint32_t threads, uint64_t dynamicShared);

/// Runs the launch, tells what is wrong with the kernel, and leaves the context
/// as it would be then. Throws Refusal when the driver would refuse the launch.
void launch(Session &session, LaunchRequest &request);

/// The launch as the simulator takes it.
Launch describe(const Session &session, const LaunchRequest &request);

/// Writes a launch to the folder of --record: its description, its PTX, and the
/// memory before it runs. Throws Refusal.
void record(const Session &session, const LaunchRequest &request, const Launch &launch, uint64_t number);

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_LAUNCH_H
