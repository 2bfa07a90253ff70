//===- BoxRows.cpp - The rows of global memory that a copy touches --------===//
#include "TensorMap.h"

#include <algorithm>

namespace girih::sim {
namespace {

/// The row whose elements lie at the given position; out of bounds when any
/// dimension but the innermost is.
BoxRow rowAt(const TensorMap &map, uint32_t index, const std::array<int64_t, 5> &position) {
  const TensorMapRecipe &recipe = map.recipe;
  BoxRow row;
  row.sharedOffset = index * map.sharedRowBytes();
  uint64_t address = map.address; // that of a row is where it wraps around to
  for (uint32_t i = 1; i < recipe.rank; ++i) {
    if (position[i] < 0 || position[i] >= int64_t(recipe.sizes[i]))
      return row;
    address += uint64_t(position[i]) * recipe.strides[i];
  }
  int64_t bits = mapElementBits(recipe.element);
  int64_t start = position[0] * bits / 8, size = int64_t(recipe.sizes[0]) * bits / 8, most = map.rowBytes();
  int64_t first = std::clamp<int64_t>(-start, 0, most);
  row.first = uint32_t(first);
  row.last = uint32_t(std::clamp<int64_t>(size - start, first, most));
  row.globalAddress = address + uint64_t(start + first);
  return row;
}

} // namespace

std::vector<BoxRow> rowsOfBox(const TensorMap &map, const std::array<int32_t, 5> &coordinates) {
  const TensorMapRecipe &recipe = map.recipe;
  uint32_t count = 1;
  for (uint32_t i = 1; i < recipe.rank; ++i)
    count *= map.boxElements(i);
  std::vector<BoxRow> rows;
  std::array<uint32_t, 5> at{};
  for (uint32_t r = 0; r < count; ++r) {
    std::array<int64_t, 5> position{coordinates[0]};
    for (uint32_t i = 1; i < recipe.rank; ++i)
      position[i] = coordinates[i] + int64_t(at[i]) * recipe.elementStrides[i];
    rows.push_back(rowAt(map, r, position));
    for (uint32_t i = 1; i < recipe.rank; ++i) {
      if (++at[i] < map.boxElements(i))
        break;
      at[i] = 0;
    }
  }
  return rows;
}

std::vector<BoxRow> rowsOfGather(const TensorMap &map, const std::array<int32_t, 5> &coordinates) {
  std::vector<BoxRow> rows;
  for (uint32_t r = 0; r < 4; ++r)
    rows.push_back(rowAt(map, r, {coordinates[0], coordinates[1 + r]}));
  return rows;
}

std::vector<BoxRow> rowsOfColumn(const TensorMap &map, const std::array<int32_t, 5> &coordinates,
                                 const std::array<uint32_t, 3> &offsets) {
  // PTX ISA, "Im2col mode": the filter's base walks over the bounding box,
  // width first, then through the images; the offsets are those within the
  // filter. The box reaches from its lower corner to the upper one, which
  // counts from the last pixel.
  const TensorMapRecipe &recipe = map.recipe;
  std::array<int64_t, 5> base{};
  std::copy(coordinates.begin(), coordinates.end(), base.begin());
  uint32_t last = recipe.rank - 1;
  std::vector<BoxRow> rows;
  for (uint32_t r = 0; r < recipe.pixelsPerColumn; ++r) {
    std::array<int64_t, 5> position = base;
    for (uint32_t i = 1; i < last; ++i)
      position[i] += offsets[i - 1];
    rows.push_back(rowAt(map, r, position));
    uint32_t i = 1;
    for (; i < last; ++i) {
      base[i] += recipe.elementStrides[i];
      if (base[i] <= int64_t(recipe.sizes[i]) - 1 + recipe.upperCorner[i - 1])
        break;
      base[i] = recipe.lowerCorner[i - 1];
    }
    base[last] += i == last;
  }
  return rows;
}

std::vector<BoxRow> rowsAlongWidth(const TensorMap &map, const std::array<int32_t, 5> &coordinates, uint32_t halo,
                                   uint32_t offset) {
  // PTX ISA, "im2col::w and im2col::w::128 modes": as above, with a box that is
  // one pixel high and deep, so that an image follows its row. Halo pixels go on
  // along the width. Behind the end of the box they may be there or in the next
  // image: the text does not say.
  const TensorMapRecipe &recipe = map.recipe;
  bool hasGroups = recipe.mode == MapMode::Im2colWidth128;
  uint32_t pixels = hasGroups ? 128 : recipe.pixelsPerColumn, group = hasGroups ? 32 : pixels;
  int64_t stride = recipe.elementStrides[1], end = int64_t(recipe.sizes[1]) - 1 + recipe.upperCorner[0];
  std::array<int64_t, 5> base{};
  std::copy(coordinates.begin(), coordinates.end(), base.begin());
  std::vector<BoxRow> rows;
  auto add = [&] {
    std::array<int64_t, 5> position = base;
    position[1] += offset;
    rows.push_back(rowAt(map, uint32_t(rows.size()), position));
  };
  for (uint32_t r = 1; r <= pixels; ++r) {
    add();
    int64_t last = base[1];
    for (uint32_t h = 0; r % group == 0 && h < halo; ++h) {
      base[1] += stride;
      add();
      rows.back().isUnknown = base[1] > end;
    }
    base[1] = last + stride;
    if (base[1] > end) {
      base[1] = recipe.lowerCorner[0];
      ++base[recipe.rank - 1];
    }
  }
  return rows;
}

} // namespace girih::sim
