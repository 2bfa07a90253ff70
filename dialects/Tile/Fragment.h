// Where the elements of a tile lie in the registers of a warpgroup.
#ifndef GIRIH_DIALECTS_TILE_FRAGMENT_H
#define GIRIH_DIALECTS_TILE_FRAGMENT_H

#include "dialects/Tile/Tile.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace girih::tile {

/// One digit of a register, lane or warp number: `size` values, each moving the
/// position by `steps` (one entry per tile dimension).
struct Mode {
  int64_t size;
  llvm::SmallVector<int64_t, 2> steps;

  bool operator==(const Mode &) const = default;
  bool movesAlong(unsigned dim) const { return size > 1 && steps[dim] != 0; }
};

/// A layout that can be asked which element register r of lane l of warp w holds.
class Fragment {
public:
  using Modes = llvm::SmallVector<Mode, 4>;
  using Position = llvm::SmallVector<int64_t, 2>;

  Fragment(unsigned rank, Modes registers, Modes lanes, Modes warps)
      : rank(rank), registers(std::move(registers)), lanes(std::move(lanes)), warps(std::move(warps)) {}
  explicit Fragment(FragmentAttr attr);

  FragmentAttr toAttr(mlir::MLIRContext *context) const;

  unsigned getRank() const { return rank; }
  const Modes &registerModes() const { return registers; }
  const Modes &laneModes() const { return lanes; }
  const Modes &warpModes() const { return warps; }

  int64_t numRegisters() const { return count(registers); }
  int64_t numLanes() const { return count(lanes); }
  int64_t numWarps() const { return count(warps); }

  Position registerOffset(int64_t index) const { return offset(registers, index); }
  Position laneOffset(int64_t index) const { return offset(lanes, index); }
  Position warpOffset(int64_t index) const { return offset(warps, index); }

  /// The layout of one row-reduced value: dimension 1 dropped. Register modes
  /// along it vanish; lane modes along it hold copies.
  Fragment dropColumns() const;

  /// The layout after adding up the registers of each lane along dimension 1:
  /// one column per lane of a row.
  Fragment foldColumnRegisters() const;

  /// The layout of the first `columns` of `whole`, or of any other such part: what its
  /// registers hold of it, in their order. None where lanes or warps divide the columns.
  std::optional<Fragment> narrowed(int64_t whole, int64_t columns) const;

  /// How many lanes share a row.
  int64_t lanesPerRow() const;

private:
  static int64_t count(const Modes &modes);
  Position offset(const Modes &modes, int64_t index) const;

  unsigned rank;
  Modes registers, lanes, warps;
};

} // namespace girih::tile

#endif // GIRIH_DIALECTS_TILE_FRAGMENT_H
