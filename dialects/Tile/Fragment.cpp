#include "dialects/Tile/Fragment.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace girih::tile {

static Fragment::Modes unflatten(unsigned rank, ArrayRef<int64_t> flat) {
  Fragment::Modes modes;
  for (size_t i = 0; i < flat.size(); i += rank + 1) {
    ArrayRef<int64_t> steps = flat.slice(i + 1, rank);
    modes.push_back(Mode{flat[i], {steps.begin(), steps.end()}});
  }
  return modes;
}

static SmallVector<int64_t> flatten(const Fragment::Modes &modes) {
  SmallVector<int64_t> flat;
  for (const Mode &mode : modes) {
    flat.push_back(mode.size);
    flat.append(mode.steps.begin(), mode.steps.end());
  }
  return flat;
}

Fragment::Fragment(FragmentAttr attr)
    : rank(attr.getRank()), registers(unflatten(rank, attr.getRegisters())), lanes(unflatten(rank, attr.getLanes())),
      warps(unflatten(rank, attr.getWarps())) {}

FragmentAttr Fragment::toAttr(MLIRContext *context) const {
  return FragmentAttr::get(context, rank, flatten(registers), flatten(lanes), flatten(warps));
}

int64_t Fragment::count(const Modes &modes) {
  int64_t product = 1;
  for (const Mode &mode : modes)
    product *= mode.size;
  return product;
}

Fragment::Position Fragment::offset(const Modes &modes, int64_t index) const {
  Position position(rank, 0);
  for (const Mode &mode : modes) {
    int64_t digit = index % mode.size;
    index /= mode.size;
    for (unsigned dim = 0; dim < rank; ++dim)
      position[dim] += digit * mode.steps[dim];
  }
  return position;
}

Fragment Fragment::dropColumns() const {
  Modes rowRegisters, rowLanes, rowWarps;
  for (const Mode &mode : registers)
    if (mode.movesAlong(0))
      rowRegisters.push_back({mode.size, {mode.steps[0]}});
  for (const Mode &mode : lanes)
    rowLanes.push_back({mode.size, {mode.steps[0]}});
  for (const Mode &mode : warps)
    rowWarps.push_back({mode.size, {mode.steps[0]}});
  return Fragment(1, rowRegisters, rowLanes, rowWarps);
}

Fragment Fragment::foldColumnRegisters() const {
  Modes rowRegisters, newLanes;
  for (const Mode &mode : registers)
    if (mode.movesAlong(0))
      rowRegisters.push_back(mode);
  // The lanes of a row get consecutive columns, in the order of their modes.
  int64_t column = 1;
  for (const Mode &mode : lanes) {
    if (!mode.movesAlong(1)) {
      newLanes.push_back(mode);
      continue;
    }
    newLanes.push_back({mode.size, {mode.steps[0], column}});
    column *= mode.size;
  }
  return Fragment(2, rowRegisters, newLanes, warps);
}

std::optional<Fragment> Fragment::narrowed(int64_t whole, int64_t columns) const {
  Modes left = registers;
  for (int64_t end = whole; end > columns;) {
    // The digit that moves farthest numbers parts of `step` columns.
    auto stepOf = [](const Mode &mode) { return mode.movesAlong(1) ? mode.steps[1] : 0; };
    auto *last = llvm::max_element(left, [&](const Mode &a, const Mode &b) { return stepOf(a) < stepOf(b); });
    if (last == left.end() || last->size * stepOf(*last) != end)
      return std::nullopt;
    int64_t step = stepOf(*last);
    end = std::max(columns, step);
    if (end % step != 0)
      return std::nullopt;
    if (end > step)
      last->size = end / step;
    else
      left.erase(last);
  }
  return Fragment(rank, left, lanes, warps);
}

int64_t Fragment::lanesPerRow() const {
  int64_t product = 1;
  for (const Mode &mode : lanes)
    if (mode.movesAlong(1))
      product *= mode.size;
  return product;
}

} // namespace girih::tile
