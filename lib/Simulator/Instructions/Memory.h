//===- Memory.h - Memory order of loads, stores and atomics -----*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H

#include "../Machine/Step.h"
#include "../Program/Decoder.h"

namespace girih::sim {

/// `.relaxed`, `.acquire`, ... (PTX ISA, "Memory Consistency Model").
struct MemoryOrder {
  bool isStrong = false, acquires = false, releases = false;
  Scope scope = Scope::Gpu;
};

/// `.cta`, `.cluster`, ... or the scope that stands for none.
Scope takeScope(Decoder &d, Scope otherwise);

MemoryOrder takeOrder(Decoder &d);
/// What a strong read of a lane observes, and what its strong write releases.
void acquireAt(Step &s, const Place &place, const MemoryOrder &order, unsigned lane);
void releaseAt(Step &s, const Place &place, const MemoryOrder &order, unsigned lane, bool isAtomic);

// Decoders of st.async, red.async and st.bulk; the words up to `async` or
// `bulk` have been taken (AsyncStore.cpp).
void decodeAsyncStore(Decoder &d);
void decodeAsyncReduction(Decoder &d);
void decodeBulkStore(Decoder &d);

/// The release of fence.proxy.tensormap by the active lanes (Fences.cpp).
void releaseMaps(Step &s, Scope scope);

/// `.v2`, `.v4`, `.v8`, or 1.
unsigned takeVector(Decoder &d);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H
