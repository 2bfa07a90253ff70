//===- GlobalMemory.h - Buffers, constants and parameters -------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_GLOBALMEMORY_H
#define GIRIH_SIMULATOR_MEMORY_GLOBALMEMORY_H

#include "Shadow.h"

#include <mutex>
#include <string>

namespace girih::sim {

/// Windows of the generic address space. Their places are this simulator's
/// own; a program can only find them out through cvta.
constexpr uint64_t sharedWindow = 0x0000'0100'0000'0000;
constexpr uint64_t localWindow = 0x0000'0200'0000'0000;
constexpr uint64_t paramWindow = 0x0000'0300'0000'0000;
/// Addresses of functions, for indirect calls; nothing lies there.
constexpr uint64_t codeWindow = 0x0000'0380'0000'0000;
constexpr uint64_t moduleWindow = 0x0000'0400'0000'0000;
constexpr uint64_t bufferWindow = 0x0000'7000'0000'0000;
constexpr uint64_t windowSize = 0x0000'0001'0000'0000;

/// One buffer, module variable or the parameter block.
struct Region {
  std::string name;
  uint64_t base = 0, size = 0;
  uint8_t *bytes = nullptr;
  bool isReadOnly = false;
  /// Null where reads and writes need no check.
  std::unique_ptr<Shadow> shadow;
  static constexpr unsigned lockCount = 64;
  std::unique_ptr<std::mutex[]> locks;
};

class GlobalMemory {
public:
  /// Adds a region; the caller keeps the bytes alive.
  Region &add(std::string name, uint64_t base, uint8_t *bytes, uint64_t size, bool isReadOnly, bool isChecked);

  /// The region that holds [address, address + size), or null.
  Region *find(uint64_t address, uint64_t size);
  /// Says where an address lies, for messages.
  std::string describe(uint64_t address) const;

  /// Checks and enters an access; conflicts come back.
  Conflicts enter(Region &region, uint64_t address, uint64_t size, const Access &access, const Knowledge &knowledge);

  /// The same for weak reads of lanes that know the same, at aligned addresses
  /// from the region's base on.
  void enterReads(Region &region, const Lanes<uint64_t> &offsets, uint64_t size, const Access &access,
                  const Knowledge &knowledge, LaneConflicts &found);

  /// Serialises atomic operations.
  std::mutex atomics;

private:
  std::map<uint64_t, Region> regions;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_GLOBALMEMORY_H
