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

/// st.async: bytes to a shared::cluster address, counted on an mbarrier of
/// the same CTA (AsyncStore.cpp).
void startAsyncStore(Step &s, uint64_t address, uint64_t barrier, std::vector<uint8_t> bytes);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H
