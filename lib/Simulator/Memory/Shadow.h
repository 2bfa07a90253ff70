//===- Shadow.h - Last accesses of memory, for races ------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MEMORY_SHADOW_H
#define GIRIH_SIMULATOR_MEMORY_SHADOW_H

#include "AccessList.h"
#include "Knowledge.h"

#include <memory>
#include <span>
#include <vector>

namespace girih::sim {

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
  OrderOfGuess, ///< order, between a strong write and a read that is a guess
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

/// Conflicts of accesses of several lanes, each with the one that it is of.
using LaneConflicts = std::vector<std::pair<Access, Conflict>>;

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

  /// The same for weak reads of as many bytes at aligned addresses by lanes of
  /// one instruction that know the same: lanes that read one address are entered
  /// together where nothing depends on which of them has done what.
  void enterReads(const Lanes<uint64_t> &addresses, uint64_t size, const Access &access, const Knowledge &knowledge,
                  LaneConflicts &found);

  /// Drops the history of a range that gets a new meaning.
  void forget(uint64_t address, uint64_t size) {
    for (uint64_t cell = address / 8; cell <= (address + size - 1) / 8 && cell < cellCount; ++cell)
      if (auto &page = pages[cell / pageCells])
        page[cell % pageCells].history.clear();
  }

private:
  struct Cell {
    AccessList history;
  };
  void enterCell(Cell &cell, Access access, const Knowledge &knowledge, uint64_t address, Conflicts &found);
  /// Lanes that read the same bytes of a cell, others than those of the other parts.
  struct Part {
    LaneMask lanes;
    uint8_t mask;
  };
  /// Enters a read by several lanes; false, with nothing done, where they have to
  /// be entered one by one.
  bool enterTogether(Cell &cell, Access access, std::span<const Part> parts, const Knowledge &knowledge);
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
