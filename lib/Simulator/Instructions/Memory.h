//===- Memory.h - Memory order of loads, stores and atomics -----*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H

#include "../Machine/Step.h"
#include "../Program/Decoder.h"

namespace girih::sim {

/// `.relaxed`, `.acquire`, ... (PTX ISA, "Memory Consistency Model").
struct MemoryOrder {
  bool isStrong = false, acquires = false, releases = false;
};

MemoryOrder takeOrder(Decoder &d);
void acquireAt(Step &s, const Place &place, const MemoryOrder &order);
void releaseAt(Step &s, const Place &place, const MemoryOrder &order);

/// st.async: bytes to a shared::cluster address, counted on an mbarrier of
/// the same CTA (AsyncStore.cpp).
void startAsyncStore(Step &s, uint64_t address, uint64_t barrier, std::vector<uint8_t> bytes);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MEMORY_H
