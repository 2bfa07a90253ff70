//===- Cluster.h - CTAs that run together, and their schedule ---*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_CLUSTER_H
#define GIRIH_SIMULATOR_MACHINE_CLUSTER_H

#include "Cta.h"
#include "Device.h"

#include <random>

namespace girih::sim {

/// barrier.cluster: one barrier that all threads of the cluster share.
struct ClusterBarrier {
  uint64_t phase = 0;
  Knowledge arriving, completed;
  /// Lanes that have arrived in the current phase, by warp.
  std::map<const Warp *, LaneMask> arrivals;
};

/// tcgen05.alloc or .dealloc of a pair of CTAs, which both have to execute.
struct PairAllocation {
  /// The CTAs, by rank within the pair, that have come, and what for.
  unsigned arrived = 0;
  bool isDealloc = false;
  uint32_t columns = 0, first = 0;
  unsigned line = 0;
  /// Allocations and deallocations that both have done.
  uint64_t done = 0;
};

class Timer;

class Cluster {
public:
  ~Cluster();
  Cluster(Device &device, uint32_t index, std::array<uint32_t, 3> firstCta, const CompiledFunction &entry);

  Device &device;
  const uint32_t index;
  /// In CTAs.
  const std::array<uint32_t, 3> shape;
  std::vector<std::unique_ptr<Cta>> ctas;
  ClusterBarrier barrier;
  /// Steps of the schedule so far; changes that may wake somebody; changes that
  /// somebody may see who looks again.
  uint64_t now = 0, progress = 1, changes = 0;
  uint64_t asynchronousOperations = 0;
  /// Grows with all that a warp could notice.
  uint64_t events() const { return progress + changes + device.globalWrites; }

  enum class Status {
    Going,
    /// Its warps poll global memory, and nothing else can move.
    Polling,
    Done,
  };
  /// Runs until the budget of warp instructions is spent at most. Throws Stop.
  Status run(uint64_t budget);
  /// Who waits for whom, with what else is to be said.
  [[noreturn]] void reportDeadlock(std::vector<std::string> notes = {});

  Component newComponent(std::string name);
  const std::string &componentName(Component component) const { return componentNames[component]; }
  /// The component of a stream of MMAs in the pipe of one thread.
  Component newMatrixStream(std::string name, const AsyncUnit &pipe);
  bool haveOneMatrixPipe(Component a, Component b) const;
  AsyncUnit *newUnit(std::string name, uint32_t cta, bool isOrdered);
  /// Queues an operation; under the early schedule it runs at once.
  void enqueue(AsyncUnit &unit, AsyncOperation operation);
  /// True with the given probability, in schedules that vary.
  bool chance(double probability);
  /// A number below `count`, in schedules that vary.
  size_t draw(size_t count) { return random() % count; }
  /// Pieces into which a transfer is cut.
  unsigned pieces();

  /// The CTA of a shared::cluster address; a Stop when there is none.
  Cta &ctaOf(uint32_t sharedAddress, unsigned line);
  void trace(uint32_t cta, const std::string &row, const std::string &name, uint64_t begin, std::string detail = "");
  void traceWait(const Warp &warp, const Wait &wait, const char *note = "");

  std::vector<Warp *> warps;
  /// Under the timed schedule.
  std::unique_ptr<Timer> timer;
  /// By half the rank of a CTA.
  std::map<uint32_t, PairAllocation> pairAllocations;
  /// Executions by Instruction::index, where they are counted.
  std::vector<uint64_t> executions;

private:
  Status runRoundRobin(uint64_t budget);
  Status runRandom(uint64_t budget);
  // Machine/TimedSchedule.cpp.
  Status runTimed(uint64_t budget);
  /// Until the warp has to let others go first; how many it executed.
  uint64_t runTimedWarp(Warp &warp);
  void runTimedOperation();
  /// Nothing moves: a deadlock, unless another cluster may end it.
  Status rest();
  /// Runs a warp for up to `most` instructions; how many it executed.
  uint64_t runWarp(Warp &warp, uint64_t most);
  /// Advances one operation of a unit.
  void stepUnit(AsyncUnit &unit, size_t position);
  void drain();
  void traceOperation(const AsyncUnit &unit, const AsyncOperation &operation, const char *note = "");
  bool stepAnyUnit();
  bool stepOldOperations();
  bool isDone() const;
  void finish();

  std::vector<std::unique_ptr<AsyncUnit>> units;
  std::vector<std::string> componentNames;
  std::map<Component, const AsyncUnit *> matrixPipes;
  std::mt19937_64 random;
  /// Probability of an asynchronous step; drawn once for each seed.
  double asyncBias = 0.5;
  std::vector<double> warpWeights;
  bool isDraining = false;
  size_t nextUnit = 0;
  std::vector<TraceEvent> timeline;
  /// The warp that executes, to tell who issues.
  const Warp *running = nullptr;

public:
  /// The timeline so far, with what has not ended.
  std::vector<TraceEvent> takeEvents();

  /// Under the timed schedule: how far it may run, and when it wants to go on.
  uint64_t horizon = UINT64_MAX, wantsAt = 0;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_CLUSTER_H
