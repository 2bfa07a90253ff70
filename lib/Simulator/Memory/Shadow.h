//===- Shadow.h - Last accesses of memory, for races ------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_SHADOW_H
#define GIRIH_SIMULATOR_MEMORY_SHADOW_H

#include "Knowledge.h"
#include "Scope.h"

#include <memory>
#include <vector>

namespace girih::sim {

/// Which proxy an access goes through (PTX ISA, "Proxies").
enum class Proxy : uint8_t { Generic, Async, Tensor, TensorMap, NonCoherent };

/// One access, as remembered for each 8 bytes that it touches.
struct Access {
  uint32_t cluster = 0;
  uint32_t tick = 0;
  uint32_t line = 0;
  /// The lanes of the warp; all for an asynchronous operation.
  LaneMask lanes = allLanes;
  Component component = 0;
  /// Rank of the CTA within the cluster.
  uint8_t cta = 0;
  uint8_t mask = 0xff;
  bool isWrite : 1 = false;
  /// Atomic and other strong operations do not race with each other when each
  /// one's scope includes the other.
  bool isStrong : 1 = false;
  /// By a thread itself, in program order.
  bool isThread : 1 = false;
  /// A write of what is there already.
  bool keepsValue : 1 = false;
  /// One of several unordered writes of one value: a read needs any of them.
  bool sharesValue : 1 = false;
  Scope scope = Scope::Gpu;
  Proxy proxy = Proxy::Generic;
};

/// What would have ordered two accesses.
enum class Missing : uint8_t {
  Nothing,
  Order,
  LaneOrder,
  Scope,
  NearScope, ///< all but a scope that reaches the other CTA of the cluster
  ProxyFence,
  TensorFence,
  MapFence,
  Coherence,
  OrderOfEqual, ///< order, but both writes are of one value
};

/// Two unordered accesses of one address.
struct Conflict {
  Access earlier;
  uint64_t address;
  Missing missing;
};

/// Those of one access, one for each earlier line and what is missing: a run may
/// tolerate some of them.
using Conflicts = std::vector<Conflict>;

/// Access history of one range of memory in cells of 8 bytes. A cell keeps
/// the accesses that no later one has made redundant.
class Shadow {
public:
  enum class Kind : uint8_t { Shared, Global, Tensor };
  /// `base` is the address of the first byte, unique in what a thread may access.
  Shadow(uint64_t bytes, Kind kind, uint64_t base = 0)
      : kind(kind), base(base), cellCount((bytes + 7) / 8), pages((cellCount + pageCells - 1) / pageCells) {}

  /// Checks an access of [address, address + size) against the history and
  /// enters it.
  Conflicts enter(uint64_t address, uint64_t size, Access access, const Knowledge &knowledge);

  /// Drops the history of a range that gets a new meaning.
  void forget(uint64_t address, uint64_t size) {
    for (uint64_t cell = address / 8; cell <= (address + size - 1) / 8 && cell < cellCount; ++cell)
      if (auto &page = pages[cell / pageCells])
        page[cell % pageCells].history.clear();
  }

private:
  struct Cell {
    std::vector<Access> history;
  };
  void enterCell(Cell &cell, Access access, const Knowledge &knowledge, uint64_t address, Conflicts &found);
  void addRead(Cell &cell, const Access &access);
  /// What the earlier access needs to happen before the later one.
  Missing orderOf(const Access &earlier, const Access &access, const Knowledge &knowledge, uint64_t address) const;

  Kind kind;
  uint64_t base;
  /// Most of a large range is never touched. A page is no larger than the
  /// stretch of memory that one lock guards.
  static constexpr uint64_t pageCells = 512;
  Cell &cellAt(uint64_t cell) {
    auto &page = pages[cell / pageCells];
    if (!page)
      page = std::make_unique<Cell[]>(pageCells);
    return page[cell % pageCells];
  }
  uint64_t cellCount;
  std::vector<std::unique_ptr<Cell[]>> pages;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_SHADOW_H
