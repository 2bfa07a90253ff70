//===- Timer.h - The modelled time of one cluster ---------------*- C++ -*-===//
//
// A warp issues in order, that of the machine code: an instruction waits for
// those before it, for its operands and for its pipe. What it computes is found
// when the program, whose order is another, comes to it.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_MACHINE_TIMER_H
#define GIRIH_SIMULATOR_MACHINE_TIMER_H

#include "../Timing/BlockOrder.h"
#include "Cluster.h"
#include "Extrapolation.h"

#include <queue>

namespace girih::sim {

class Timer {
public:
  Timer(const ChipTiming &chip, const TimingOptions &options, const Cluster &cluster);

  /// When the warp wants its turn.
  uint64_t turnOf(const Warp &warp) const { return times[at(warp)].front; }
  uint64_t lastIssueOf(const Warp &warp) const { return times[at(warp)].lastIssue; }
  void yieldUntil(const Warp &warp, uint64_t time) { times[at(warp)].front = time; }

  /// The registers of an instruction in the frame of the group that executes it.
  struct Issue {
    const Instruction *instruction = nullptr;
    uint32_t pc = 0;
    std::array<uint32_t, 4> base{};
  };
  /// What the group's machine code has next; none where the block is over and
  /// the program has still to come to its end.
  Issue next(const Warp &warp, const Group &group);
  /// When an instruction may issue by its operands and its pipe.
  uint64_t earliest(const Warp &warp, const Issue &issue);
  /// The instruction issues.
  void charge(const Warp &warp, const Issue &issue, uint64_t now);

  /// A thread's access to shared memory by the instruction that executes.
  void noteShared(uint64_t offset, uint64_t size) { accesses.emplace_back(offset, size); }
  /// The same to global memory.
  void noteGlobal(uint64_t address) { globalAccesses.push_back(address); }
  /// A number is taken from the counter at an address: which of those that the
  /// clusters take for which this one stands.
  uint32_t takeNumber(uint64_t counter);
  /// Those of the counter that gave the most.
  std::vector<TakenNumber> numbersTaken() const;
  /// When stores to global memory were issued.
  const std::vector<uint64_t> &storesIssued() const { return stores; }
  /// Where the copy that is queued next has its global memory.
  void noteCopy(uint64_t address) { copied = address; }

  /// The warp waits from now on; what has moved ends the wait.
  void beginWait(const Warp &warp, uint64_t now);
  void endWait(const Warp &warp, uint64_t now);
  void moved(const Warp &warp) { mover = {"", &warp, 0}; }
  void moved(const AsyncOperation &operation) { mover = {operation.name, issuerOf(operation), operation.issuedAt}; }

  /// Queues an operation that the warp that executes has issued.
  void start(AsyncUnit &unit, AsyncOperation &operation, const Warp *issuer, uint64_t now);
  struct Event {
    uint64_t time, serial;
    AsyncUnit *unit;
    bool operator>(const Event &other) const { return std::pair(time, serial) > std::pair(other.time, other.serial); }
  };
  const Event *next() const { return events.empty() ? nullptr : &events.top(); }
  void pop() { events.pop(); }
  /// The operation goes on for a while: a store whose source has been read.
  void again(Event event, uint64_t time) { events.push({time, event.serial, event.unit}); }
  const ChipTiming &table() const { return chip; }
  /// Bytes that were moved of each region of global memory.
  const std::map<uint64_t, double> &traffic() const { return movedBytes; }
  /// This cluster and others, `count` in all, reside on the same multiprocessors.
  void reside(const Timer &other, uint32_t count, uint32_t warpsBefore) {
    processors = other.processors;
    residents = count;
    firstWarp = warpsBefore;
  }
  /// What each cluster of the launch moves, how many do so together, and
  /// whether it has stayed in the L2 cache from an earlier launch.
  void expect(const std::map<uint64_t, double> &traffic, uint32_t resident, bool isInCache) {
    expected = traffic;
    together = resident;
    isCached = isInCache;
  }

  /// Adds shares of this cluster's time, which is over, to a report.
  void summarise(TimingReport &report, uint64_t end) const;

private:
  /// What ended a wait: an operation with its issue, or a warp.
  struct Mover {
    std::string operation;
    const Warp *warp = nullptr;
    uint64_t since = 0;
  };
  struct WaitPart {
    uint64_t begin, end;
    Mover ended;
  };
  /// Where a warp is in the machine code.
  struct Place {
    const Group *group = nullptr;
    size_t depth = 0;
    const CompiledFunction *function = nullptr;
    const BlockOrder *order = nullptr;
    BlockOrder::Block block;
    /// The next of the block, and where the program has entered it.
    uint32_t next = 0, entered = 0;
  };
  struct WarpTime {
    /// When the next instruction may issue.
    uint64_t front = 0, lastIssue = 0;
    Place place;
    std::vector<uint64_t> ready[4];
    std::optional<uint64_t> waitsSince;
    /// Fences of wgmma before the last matrix product.
    uint32_t batch = 0;
    /// The instruction that executes has not found at once what it waits for.
    bool hasWaited = false;
    std::vector<WaitPart> waits;
    std::string role;
  };
  /// When each of its pipes is free.
  struct Scheduler {
    double issue = 0, fma = 0, alu = 0, mufu = 0;
  };
  /// Of one CTA, which has a multiprocessor to itself.
  struct Multiprocessor {
    std::array<Scheduler, 4> schedulers;
    double shared = 0, tensorFree = 0, tensorMemoryFree = 0, copyFree = 0, memoryFree = 0;
  };

  static size_t at(const Warp &warp);
  /// Which scheduler has a warp.
  size_t schedulerOf(const Warp &warp) const { return (firstWarp + warp.index) % 4; }
  const std::string &roleOf(const Warp &warp) const { return times[at(warp)].role; }
  /// Calls f(class, slot) for the registers that are read, or written.
  template <class F> static void eachRegister(const Issue &issue, bool isWrite, F f);
  const Warp *issuerOf(const AsyncOperation &operation) const;
  /// The pipe that an instruction takes, and for how long an issue; none for
  /// many.
  struct Pipe {
    double *free = nullptr;
    Unit unit = Unit::Issue;
    double interval = 0;
    unsigned latency = 0;
  };
  Pipe pipeOf(const Warp &warp, const Cost &cost, uint64_t now);
  /// When the last of what an instruction reads is there.
  uint64_t operandsReady(const Warp &warp, const Issue &issue) const;
  uint64_t wavefronts() const;
  uint64_t finishOfGlobal(const Warp &warp, uint64_t now);
  void delayMatrix(const Warp &warp, double cycles, uint64_t now);
  unsigned orderedLatency(Cost::Kind kind) const;
  uint64_t finishOf(uint32_t cta, const AsyncWork &work, uint64_t now, const Warp *issuer);
  /// Moves bytes between the L2 cache and a multiprocessor; when they have come
  /// from the chip's memory, as far as they do.
  double move(Multiprocessor &processor, uint64_t address, double bytes, uint64_t now, const std::string &role);
  void followPath(TimingReport &report, uint64_t end) const;
  void addBusy(Unit unit, const std::string &role, double cycles) { busy[{unit, role}] += cycles; }

  const ChipTiming &chip;
  TimingOptions options;
  const Cluster &cluster;
  std::vector<WarpTime> times;
  /// By rank of the CTA; shared by the clusters that reside on them.
  std::shared_ptr<std::vector<Multiprocessor>> processors;
  /// Clusters that share them, and where the warps of a CTA begin there.
  uint32_t residents = 1, firstWarp = 0;
  std::map<const CompiledFunction *, BlockOrder> orders;
  std::vector<std::pair<uint64_t, uint64_t>> accesses;
  std::vector<uint64_t> globalAccesses;
  uint64_t copied = 0;
  std::map<uint64_t, double> movedBytes, expected;
  std::map<uint64_t, std::vector<TakenNumber>> numbers;
  std::vector<uint64_t> stores;
  uint32_t together = 1;
  bool isCached = false;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::map<const AsyncUnit *, uint64_t> lastOf;
  uint64_t serial = 0;
  Mover mover;
  std::map<std::pair<Unit, std::string>, double> busy;
  std::map<uint64_t, const Warp *> issuers;
  double operations = 0;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_TIMER_H
