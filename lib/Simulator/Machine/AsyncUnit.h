//===- AsyncUnit.h - Agents that run beside the warps -----------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_ASYNCUNIT_H
#define GIRIH_SIMULATOR_MACHINE_ASYNCUNIT_H

#include "../Memory/Clock.h"

#include <deque>
#include <functional>
#include <string>

namespace girih::sim {

class Cta;

/// How much there is to do, for the model of time.
struct AsyncWork {
  enum class Kind : uint8_t {
    Other,      ///< a matter of latency
    Matrix,     ///< of the tensor cores
    CopyIn,     ///< into shared memory
    CopyOut,    ///< out of it, in two steps: the source has been read, all is done
    TensorMove, ///< between registers or shared memory and tensor memory
    Arrival,    ///< at an mbarrier of another CTA
  };
  Kind kind = Kind::Other;
  /// That are copied, or of operands in shared memory.
  uint64_t bytes = 0;
  /// Products and sums on one multiprocessor; one of 8 bits counts half, one of
  /// tf32 twice.
  double products = 0;
  /// Multiplications and additions, whatever the type.
  double operations = 0;
};

/// Work that an instruction has started and that completes by itself.
struct AsyncOperation {
  std::string name;
  unsigned line = 0;
  /// For the timeline and for messages.
  std::string detail;
  uint64_t issuedAt = 0;
  std::string issuer;
  /// A copy to global memory may complete after the kernel's last instruction;
  /// Cta::finish() judges whether its source was waited for.
  bool mayOutliveKernel = false;
  AsyncWork work;
  /// Number among the operations of the cluster, under the timed schedule.
  uint64_t serial = 0;
  /// Does a piece of the work; true once all is done.
  std::function<bool()> step;
};

/// A queue of operations: the copy engine, one warpgroup's wgmma pipe, ...
/// An ordered unit completes its operations in issue order; in an unordered
/// one any may be next.
struct AsyncUnit {
  std::string name;
  uint32_t cta = 0;
  bool isOrdered = true;
  Component component = 0;
  /// Operations issued and, in an ordered unit, completed; both count from 1.
  uint32_t issued = 0, completed = 0;
  /// When the last operation was complete; the next of an ordered unit did not
  /// begin before.
  uint64_t idleSince = 0;
  std::deque<AsyncOperation> queue;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_ASYNCUNIT_H
