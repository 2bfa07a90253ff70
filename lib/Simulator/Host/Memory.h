//===- Memory.h - Device memory on the host ---------------------*- C++ -*-===//
//
// Device memory has addresses at which the program can read and write nothing;
// the bytes are elsewhere. What program and kernels share has one address.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_HOST_MEMORY_H
#define GIRIH_SIMULATOR_HOST_MEMORY_H

#include "girih/Simulator/Simulator.h"

namespace girih::sim::host {

enum class MemoryKind {
  Device,     ///< for kernels and copies only
  Managed,    ///< cudaMallocManaged
  Host,       ///< cudaMallocHost
  Registered, ///< memory of the program's own, cudaHostRegister
  Variable,   ///< of a module
};

struct Allocation {
  MemoryKind kind = MemoryKind::Device;
  std::string name;
  uint64_t address = 0, size = 0;
  uint8_t *bytes = nullptr;
  unsigned flags = 0;
  bool isConstant = false;
};

class Memory {
public:
  ~Memory() = default;

  /// Memory of these kinds is zero at first; throws Refusal when there is none.
  Allocation &allocate(uint64_t size, MemoryKind kind);
  /// Memory that somebody else owns. A name that is taken gets a number.
  Allocation &add(MemoryKind kind, std::string name, uint64_t address, uint64_t size, uint8_t *bytes);
  /// Gives back what begins at the address; false when nothing of the kind does.
  bool release(uint64_t address, MemoryKind kind);

  /// The allocation that holds the address, or null.
  const Allocation *find(uint64_t address) const;
  /// The bytes of a range: those of an allocation, or of the program itself
  /// when `isHost` allows it. Throws Refusal when the range leaves its
  /// allocation, or is none.
  uint8_t *bytes(uint64_t address, uint64_t size, bool isHost) const;

  /// All of it, as launches want it.
  std::vector<MappedMemory> mapped() const;
  uint64_t used() const { return usedBytes; }
  /// A limit on the sum of allocations of the device.
  uint64_t total = 0;

private:
  std::map<uint64_t, Allocation> allocations;
  std::map<std::string, unsigned> names;
  uint64_t usedBytes = 0, count = 0;
};

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_MEMORY_H
