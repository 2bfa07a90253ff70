//===- Device.h - The grid, global memory and the verdicts ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_DEVICE_H
#define GIRIH_SIMULATOR_MACHINE_DEVICE_H

#include "../Memory/GlobalMemory.h"
#include "../Memory/SyncPoint.h"
#include "../Program/Program.h"
#include "girih/Simulator/Simulator.h"

#include <atomic>

namespace girih::sim {

class Cluster;
struct Residency;
struct ChipTiming;

/// Thrown when there are as many verdicts as the run may have.
struct EnoughVerdicts {};

class Device {
public:
  Device(const Program &program, Launch &launch, const Options &options);

  void run(Report &report);

  /// Records a verdict; throws EnoughVerdicts once there are.
  void report(Verdict verdict);
  /// True when the run goes on without what this verdict is about; it is then
  /// recorded.
  bool goesOnAfter(const Verdict &verdict);
  /// Takes over what a kernel prints.
  void print(const std::string &text);
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
  /// Which of the numbers that all of them take at about the same time it gets,
  /// after so many before.
  uint32_t numberWithin(size_t before) const;

  std::array<uint32_t, 3> firstCtaOf(uint32_t cluster) const;
  std::array<uint32_t, 3> shapeOf(uint32_t cluster) const;
  uint32_t registersAtLaunch() const;
  uint32_t threadsPerCta() const { return launch.block[0] * launch.block[1] * launch.block[2]; }

private:
  void checkLaunch() const;
  /// CTAs of a preferred cluster.
  uint64_t checkPreferredCluster() const;
  void placeClusters();
  void placeModule();
  void placeBuffers();
  void placeArguments();
  /// The bytes of an argument, of whose complaints `what` is the subject.
  std::vector<uint8_t> bytesOf(const Argument &argument, const std::string &what) const;
  void keepModule();
  void runParallel(Report &report);
  void runTogether(Report &report);
  // Machine/TimedLaunch.cpp.
  void runTimed(Report &report);
  /// All resident clusters wait, `first` among them.
  [[noreturn]] void reportDeadlock(Cluster &first, size_t waiting, const Residency &residency);
  void runOne(uint32_t index, Report &report);
  /// Records a verdict, unless it is suppressed or known.
  void record(const Verdict &verdict);
  /// Records a verdict that ends a cluster, and the run with it.
  void end(const Verdict &verdict);
  const Suppression *suppressionOf(const Verdict &verdict) const;
  void collect(Cluster &cluster, Report &report);

  /// Where there is a preferred cluster: the first CTA and the shape of each.
  std::vector<std::pair<std::array<uint32_t, 3>, std::array<uint32_t, 3>>> clusterPlaces;
  std::vector<uint64_t> bufferAddresses;
  /// Of the module's variables, by position.
  std::vector<std::vector<uint8_t>> moduleBytes;
  std::mutex reportLock;
  std::vector<Verdict> verdicts;
  std::vector<uint64_t> suppressed;
  /// Positions in `verdicts` by kind and line: one of each is enough.
  std::map<std::pair<VerdictKind, unsigned>, size_t> seen;
  /// Instructions and operations that were left out after their verdict.
  std::atomic<uint64_t> skipped{0};
  std::string output;
  std::map<Rule, RuleNote> notes;
  std::atomic<bool> isStopped{false};

public:
  /// From 0 to 1: where among those numbers it begins; without it, those of the
  /// last two rounds are looked at.
  std::optional<double> numberPhase = 0.0;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_DEVICE_H
