//===- Device.h - The grid, global memory and the verdicts ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_DEVICE_H
#define GIRIH_SIMULATOR_MACHINE_DEVICE_H

#include "../Memory/GlobalMemory.h"
#include "../Memory/SyncPoint.h"
#include "../Program/Program.h"
#include "girih/Simulator/Simulator.h"

#include <atomic>
#include <set>

namespace girih::sim {

class Cluster;
struct Residency;
struct ChipTiming;

class Device {
public:
  Device(const Program &program, Launch &launch, const Options &options);

  void run(Report &report);

  /// Records a verdict; throws it once there are enough.
  void report(Verdict verdict);
  /// True when this run does without a rule; it is noted where that was first.
  bool tolerates(Rule rule, unsigned line, const std::string &agent);

  const Program &program;
  Launch &launch;
  const Options &options;
  const CompiledFunction *entry = nullptr;
  GlobalMemory memory;
  /// Bytes of the kernel's parameters.
  std::vector<uint8_t> parameters;
  std::atomic<uint64_t> globalWrites{0};
  /// By address of global memory; guarded by GlobalMemory::atomics.
  std::map<uint64_t, SyncPoint> syncPoints;
  /// Clusters that clusterlaunchcontrol has not handed out yet.
  std::atomic<uint32_t> nextCluster{0};
  uint32_t clusterCount = 0;
  /// Clusters may affect each other, so that one host thread runs them all.
  bool runsTogether = false;
  /// The model of time, under the timed schedule.
  const ChipTiming *chip = nullptr;
  /// A cluster alone stands for as many: what one takes from a counter, others
  /// take as well.
  uint32_t standsFor = 1;

  std::array<uint32_t, 3> firstCtaOf(uint32_t cluster) const;
  uint32_t registersAtLaunch() const;
  uint32_t threadsPerCta() const { return launch.block[0] * launch.block[1] * launch.block[2]; }

private:
  void checkLaunch() const;
  void placeModule();
  void placeArguments();
  void runParallel(Report &report);
  void runTogether(Report &report);
  // Machine/TimedLaunch.cpp.
  void runTimed(Report &report);
  /// All resident clusters wait, `first` among them.
  [[noreturn]] void reportDeadlock(Cluster &first, size_t waiting, const Residency &residency);
  void runOne(uint32_t index, Report &report);
  void collect(Cluster &cluster, Report &report);

  std::vector<std::vector<uint8_t>> moduleBytes;
  std::mutex reportLock;
  std::vector<Verdict> verdicts;
  std::set<std::string> seen;
  std::map<Rule, RuleNote> notes;
  std::atomic<bool> isStopped{false};
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_DEVICE_H
