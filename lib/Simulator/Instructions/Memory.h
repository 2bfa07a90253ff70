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

/// What the address of an instruction names: memory, or a multicast object.
enum class Addressing : uint8_t { Memory, Multimem };

// The forms of ld, st, red and of multimem; the words before the order of the
// access have been taken.
void decodeLoad(Decoder &d, Addressing addressing);
void decodeStore(Decoder &d, Addressing addressing);
void decodeReduction(Decoder &d, Addressing addressing);
/// Accesses of multimem are strong unless they say `.weak`, and have addresses of
/// global memory, which requireGlobal() looks at.
MemoryOrder takeOrder(Decoder &d, Addressing addressing);
void requireGlobal(const Step &s, const Place &place, Addressing addressing);

/// The release of fence.proxy.tensormap by the active lanes (Fences.cpp).
void releaseMaps(Step &s, Scope scope);

/// `.v2`, `.v4`, `.v8`, or 1.
unsigned takeVector(Decoder &d);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H
