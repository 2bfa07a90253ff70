//===- MemoryBarrier.h - The state of an mbarrier object --------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_MEMORYBARRIER_H
#define GIRIH_SIMULATOR_MACHINE_MEMORYBARRIER_H

#include "WarpClock.h"

#include <map>
#include <set>
#include <string>

namespace girih::sim {

/// PTX ISA, "mbarrier object": a phase ends when no arrivals are pending and
/// no transactions are outstanding.
struct MemoryBarrier {
  uint32_t expected = 0;
  int64_t pending = 0;
  int64_t transactions = 0;
  /// Phases that have ended.
  uint64_t phase = 0;
  /// Set once a fence has made the initialisation visible to the async proxy.
  bool isFenced = false;
  /// The thread that initialised it, and when.
  Access init;
  /// Component of the transactions that complete here.
  Component component = 0;
  bool hasComponent = false;
  /// The last of them.
  Access lastTransactions;
  /// What arrivals of the current phase, and of all ended ones, knew: those
  /// that reach every waiter, and those of threads of other CTAs, which reach
  /// a wait of cluster scope only.
  Knowledge arriving, completed, remoteArriving, remoteCompleted;
  /// What arrivals pass on of tensor memory. tcgen05.fence orders execution, so
  /// scopes and .relaxed do not matter (PTX ISA, "Tensorcore 5th Generation
  /// Specialized Synchronization").
  VectorClock tensorArriving, tensorCompleted;
  /// For messages: the last line that arrived, the last that expected bytes.
  unsigned lastArriveLine = 0, lastExpectLine = 0;
  /// Warps that have arrived in some phase, to find who is missing.
  std::set<Component> arrivers;
  /// What a warp has seen of it: how many phases had ended at its last wait
  /// that succeeded, and when the one began that has not.
  struct Watcher {
    uint64_t seen = 0, since = 0;
    bool isWaiting = false;
  };
  std::map<Component, Watcher> watchers;

  bool testParity(unsigned parity) const { return (phase & 1) != parity; }

  /// Ends the phase when it is complete; true if it did.
  bool advance() {
    if (pending != 0 || transactions != 0)
      return false;
    completed.join(arriving);
    remoteCompleted.join(remoteArriving);
    tensorCompleted.join(tensorArriving);
    arriving = remoteArriving = Knowledge();
    tensorArriving = VectorClock();
    pending = expected;
    ++phase;
    return true;
  }

  /// What a wait for an ended phase brings to lanes of the barrier's CTA.
  void observe(WarpClock &warp, LaneMask lanes, Scope scope, bool isAcquire) const {
    warp.observe(lanes, completed, Scope::Cta, true, isAcquire);
    warp.observe(lanes, remoteCompleted, Scope::Cluster, scope >= Scope::Cluster, isAcquire);
    warp.observeTensor(lanes, tensorCompleted);
  }

  void noteWait(Component warp, bool isDone) {
    Watcher &watcher = watchers[warp];
    if (isDone)
      watcher.seen = phase;
    else if (!watcher.isWaiting)
      watcher.since = phase;
    watcher.isWaiting = !isDone;
  }
  /// Of a warp that waits for a parity: whether the phase that it waits for
  /// went by, with the next one behind it, before it looked.
  std::string describeLap(Component warp) const {
    auto found = watchers.find(warp);
    if (found == watchers.end() || !found->second.isWaiting)
      return "";
    uint64_t missed = phase - found->second.since, unseen = phase - found->second.seen;
    if (missed >= 2)
      return "; lapped: " + std::to_string(missed) + " phases have ended since it began to wait, so that it is " +
             std::to_string(missed) + " phases behind";
    if (unseen >= 2)
      return "; lapped, unless it means to skip phases: it has seen " + std::to_string(found->second.seen) +
             " phases end and " + std::to_string(phase) + " have, so that it is " + std::to_string(unseen) +
             " phases behind";
    return "";
  }

  std::string describe() const {
    return "phase " + std::to_string(phase) + " (parity " + std::to_string(phase & 1) + "), " +
           std::to_string(pending) + " of " + std::to_string(expected) + " arrivals pending, " +
           std::to_string(transactions) + " transaction bytes outstanding";
  }
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_MEMORYBARRIER_H
