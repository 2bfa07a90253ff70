//===- AsyncCopy.h - What the asynchronous copies share ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_ASYNCCOPY_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_ASYNCCOPY_H

#include "../Machine/Transactions.h"
#include "../Program/Decoder.h"

namespace girih::sim {

// Decoders of `cp.async.bulk` and `cp.reduce.async.bulk`; the words up to
// `bulk` have been taken (BulkCopy.cpp, TensorCopy.cpp).
void decodeBulkCopy(Decoder &d, bool isReduction);
void decodeTensorCopy(Decoder &d, bool isReduction, bool isPrefetch);

/// `.L2::cache_hint` and the operand that goes with it.
bool takeCachePolicy(Decoder &d);

/// The commit groups of the lane that issues bulk copies out of shared memory.
CommitGroups &bulkGroupsOf(Step &s, unsigned lane);

/// One access of a copy that commit groups track.
Access groupAccess(const Step &s, Component component, uint32_t copy, bool isWrite, Proxy proxy);

/// Checks and performs global memory accesses of an asynchronous unit.
void readGlobal(Cluster &cluster, uint64_t address, void *into, uint32_t size, const Access &access,
                const Knowledge &knowledge);
void writeGlobal(Cluster &cluster, uint64_t address, const void *from, uint32_t size, const Access &access,
                 const Knowledge &knowledge, bool isDefined);

uint64_t combineAtomic(uint64_t old, uint64_t b, uint64_t c, Type type, const std::string &how);

/// Combines a row in memory with new elements (reducing copies).
void reduceGlobal(Cluster &cluster, uint64_t address, const uint8_t *from, uint32_t size, Type type,
                  const std::string &how, const Access &access, const Knowledge &knowledge, bool isDefined);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_ASYNCCOPY_H
