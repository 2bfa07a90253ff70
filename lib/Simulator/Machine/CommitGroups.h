//===- CommitGroups.h - Groups of asynchronous copies -----------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_COMMITGROUPS_H
#define GIRIH_SIMULATOR_MACHINE_COMMITGROUPS_H

#include "../Memory/Clock.h"

#include <deque>

namespace girih::sim {

struct AsyncUnit;

/// The copies of one thread (or warp) and their commit groups. Copies are
/// numbered from 1; they may finish in any order, and a wait looks at how many
/// of the first have.
struct CommitGroups {
  AsyncUnit *unit = nullptr;
  uint32_t issued = 0;
  /// The last copy of each group not yet waited for.
  std::deque<uint32_t> groups;
  /// Components of the copies' reads of their sources and of their writes.
  Component readComponent = 0, writeComponent = 0;
  /// Copies whose sources have been read, and that are complete, as prefixes.
  uint32_t readDone = 0, done = 0;

  uint32_t issue() {
    finishedReads.push_back(false);
    finished.push_back(false);
    return ++issued;
  }
  void finishRead(uint32_t copy) { finish(finishedReads, readDone, copy); }
  void finishWrite(uint32_t copy) { finish(finished, done, copy); }

  void commit() { groups.push_back(issued); }
  /// The last copy that has to be complete when at most `pending` groups may
  /// still be in flight.
  uint32_t lastRequired(uint32_t pending) const {
    return groups.size() > pending ? groups[groups.size() - 1 - pending] : 0;
  }

private:
  static void finish(std::deque<bool> &flags, uint32_t &prefix, uint32_t copy) {
    flags[copy - prefix - 1] = true;
    while (!flags.empty() && flags.front()) {
      flags.pop_front();
      ++prefix;
    }
  }
  std::deque<bool> finishedReads, finished;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_COMMITGROUPS_H
