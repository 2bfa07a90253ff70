//===- Chip.h - The GPU that a program finds --------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_HOST_CHIP_H
#define GIRIH_SIMULATOR_HOST_CHIP_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace girih::sim::host {

struct Chip {
  const char *target, *product;
  int major, minor;
  /// `sm_100f` runs on all chips of the family.
  const char *family;
  int multiprocessors;
  uint64_t memoryBytes, l2Bytes;
  int clockKHz, memoryClockKHz, memoryBusBits;
};

/// The chip of that name, or the first where there is none.
const Chip &findChip(const std::string &target);

/// What cuDeviceGetAttribute says, by the number of the attribute; nothing for
/// one that is not known.
std::optional<int> deviceAttribute(const Chip &chip, int multiprocessors, int attribute);

/// How well PTX for a target suits the chip; 0 when it cannot run there.
int fitness(const Chip &chip, const std::string &target);

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_CHIP_H
