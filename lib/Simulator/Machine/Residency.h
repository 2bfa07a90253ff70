//===- Residency.h - How many CTAs a chip holds at once ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_RESIDENCY_H
#define GIRIH_SIMULATOR_MACHINE_RESIDENCY_H

#include <cstdint>
#include <string>

namespace girih::sim {

class Device;

/// CTAs that are on the chip together. Others begin when one of these ends, so
/// that nobody may wait for them before.
struct Residency {
  uint32_t multiprocessors = 0;
  /// CTAs of one multiprocessor, and which of its resources allows no more.
  uint32_t each = 0;
  const char *limit = "";
  /// Clusters of the whole chip; at least 1.
  uint32_t clusters = 0;

  explicit Residency(const Device &device);
  /// Why not all of so many CTAs are there.
  std::string describe(uint64_t ctas) const;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_RESIDENCY_H
