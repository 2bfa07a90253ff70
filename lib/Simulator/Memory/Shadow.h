//===- Shadow.h - Last accesses of memory, for races ------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_SHADOW_H
#define GIRIH_SIMULATOR_MEMORY_SHADOW_H

#include "Clock.h"

#include <memory>
#include <optional>

namespace girih::sim {

/// Which proxy an access goes through (PTX ISA, "Proxies").
enum class Proxy : uint8_t { Generic, Async, Tensor };

/// One access, as remembered for each 8 bytes that it touches.
struct Access {
  uint32_t cluster = 0;
  uint32_t tick = 0;
  uint32_t line = 0;
  Component component = 0;
  uint8_t mask = 0xff;
  bool isWrite : 1 = false;
  /// Atomic and other strong operations do not race with each other.
  bool isStrong : 1 = false;
  Proxy proxy = Proxy::Generic;
};

/// Two unordered accesses of one address.
struct Conflict {
  Access earlier;
  uint64_t address;
  /// The accesses are ordered in time, but no proxy fence lies between.
  bool lacksProxyFence;
};

/// True when `earlier` happens before an access with this knowledge.
bool happensBefore(const Access &earlier, const Access &access, const Knowledge &knowledge);

/// Access history of one range of memory in cells of 8 bytes. A cell keeps
/// the accesses that no later one has made redundant.
class Shadow {
public:
  explicit Shadow(uint64_t bytes) : cells((bytes + 7) / 8) {}

  /// Checks an access of [address, address + size) against the history and
  /// enters it. Returns the first conflict.
  std::optional<Conflict> enter(uint64_t address, uint64_t size, Access access, const Knowledge &knowledge);

  /// Drops the history of a range that gets a new meaning.
  void forget(uint64_t address, uint64_t size) {
    for (uint64_t cell = address / 8; cell <= (address + size - 1) / 8 && cell < cells.size(); ++cell)
      cells[cell].history.clear();
  }

private:
  /// Reads kept for one cell; older ones are forgotten beyond that, which can
  /// only hide a race, never make one up.
  static constexpr size_t keptAccesses = 24;

  struct Cell {
    std::vector<Access> history;
  };
  std::optional<Conflict> enterCell(Cell &cell, const Access &access, const Knowledge &knowledge);

  std::vector<Cell> cells;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_SHADOW_H
