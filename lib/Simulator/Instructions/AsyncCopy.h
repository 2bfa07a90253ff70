//===- AsyncCopy.h - What the asynchronous copies share ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_ASYNCCOPY_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_ASYNCCOPY_H

#include "SharedOperand.h"

namespace girih::sim {

// Decoders of `cp.async.bulk` and `cp.reduce.async.bulk`; the words up to
// `bulk` have been taken (BulkCopy.cpp, TensorCopy.cpp).
void decodeBulkCopy(Decoder &d, bool isReduction);
void decodeTensorCopy(Decoder &d, bool isReduction, bool isPrefetch);

/// `.L2::cache_hint` and the operand that goes with it.
bool takeCachePolicy(Decoder &d);

/// The CTAs of a `.multicast::cluster`, checked to exist.
uint32_t multicastMask(const Step &s, const Operand &ctas, unsigned lane);

/// The commit groups of the lane that issues bulk copies out of shared memory.
CommitGroups &bulkGroupsOf(Step &s, unsigned lane);

/// A copy out of shared memory, which the groups of its lanes track. Lanes that
/// give the same operands in one instruction make one copy of it: it cannot
/// matter how often the same bytes are written.
class OutgoingCopy {
public:
  /// By the first of the lanes, who makes the accesses.
  OutgoingCopy(Step &s, unsigned lane);
  void add(Step &s, unsigned lane);
  Access access(const Step &s, bool isWrite) const;
  void finishRead() const;
  void finishWrite() const;

private:
  std::vector<std::pair<CommitGroups *, uint32_t>> lanes;
};

/// One access of a copy that commit groups track.
Access groupAccess(const Step &s, Component component, uint32_t copy, bool isWrite, Proxy proxy);

/// Checks and performs global memory accesses of an asynchronous unit.
void readGlobal(Cluster &cluster, uint64_t address, void *into, uint32_t size, const Access &access,
                const Knowledge &knowledge);
void writeGlobal(Cluster &cluster, uint64_t address, const void *from, uint32_t size, const Access &access,
                 const Knowledge &knowledge, bool isDefined);

/// The new value of memory for an atomic operation (Atomic.cpp).
uint64_t combineAtomic(uint64_t old, uint64_t b, uint64_t c, Type type, const std::string &how);

/// `.add.u32` and the like of an asynchronous reduction.
struct Reduction {
  std::string how;
  Type type = Type::B32;
};

/// What a reduction combines with; it decides the types that are allowed.
enum class ReductionPlace { SharedWord, SharedArray, GlobalArray };
bool hasReduction(const Reduction &reduction, ReductionPlace place);
Reduction takeReduction(Decoder &d, ReductionPlace place);

/// Combines elements in memory with new ones, each in one atomic operation.
void reduceGlobal(Cluster &cluster, uint64_t address, const uint8_t *from, uint32_t size, const Reduction &reduction,
                  const Access &access, const Knowledge &knowledge, bool isDefined);
void reduceShared(Cta &cta, uint32_t offset, const uint8_t *from, uint32_t size, const Reduction &reduction,
                  const Access &access, const Knowledge &knowledge, bool isDefined);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_ASYNCCOPY_H
