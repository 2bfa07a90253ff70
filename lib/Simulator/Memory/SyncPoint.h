//===- SyncPoint.h - Release and acquire at one address ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_SYNCPOINT_H
#define GIRIH_SIMULATOR_MEMORY_SYNCPOINT_H

#include "Shadow.h"

namespace girih::sim {

/// What a release passes on, and to whom.
struct Release {
  /// Names the releasing thread.
  uint64_t thread = 0;
  Position from;
  Scope scope = Scope::Cta;
  Knowledge passed;
};

/// PTX ISA, "Release and Acquire Patterns": releases that a read of this
/// address may observe, through the last write and atomic operations after it.
class SyncPoint {
public:
  /// A strong write of a thread, with what it releases. One that is not part
  /// of an atomic operation hides what other threads have written before.
  void write(uint64_t thread, const Access &access, bool isAtomic, const std::vector<Release> &released);
  /// The writes themselves, by cluster.
  const std::map<uint32_t, VectorClock> &writes() const { return written; }
  const std::vector<Release> &observed() const { return releases; }

private:
  std::vector<Release> releases;
  std::map<uint32_t, VectorClock> written;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_SYNCPOINT_H
