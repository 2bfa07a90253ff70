//===- TensorMap.cpp - The tensor map and the rows of a box ---------------===//
#include "TensorMap.h"

#include "girih/Simulator/Verdict.h"

#include <algorithm>
#include <cstring>

namespace girih::sim {

unsigned mapElementBytes(MapElement element) {
  switch (element) {
  case MapElement::U8:
    return 1;
  case MapElement::U16:
  case MapElement::F16:
  case MapElement::BF16:
    return 2;
  case MapElement::U64:
  case MapElement::S64:
  case MapElement::F64:
    return 8;
  default:
    return 4;
  }
}

uint32_t TensorMap::boxElements(uint32_t dimension) const {
  uint32_t stride = recipe.elementStrides[dimension];
  return (recipe.box[dimension] + stride - 1) / stride;
}

uint32_t TensorMap::boxBytes() const {
  uint32_t bytes = elementBytes();
  for (uint32_t i = 0; i < recipe.rank; ++i)
    bytes *= boxElements(i);
  return bytes;
}

// The limits are those of the CUDA driver API, "cuTensorMapEncodeTiled".
std::string checkTensorMap(const TensorMapRecipe &recipe, uint64_t address) {
  auto text = [](auto number) { return std::to_string(number); };
  if (recipe.rank < 1 || recipe.rank > 5)
    return "rank is " + text(recipe.rank) + " when it should be 1 to 5";
  if (address % 16)
    return "global address is not a multiple of 16";
  uint32_t bytes = mapElementBytes(recipe.element);
  for (uint32_t i = 0; i < recipe.rank; ++i) {
    std::string dimension = "dimension " + text(i) + ": ";
    if (recipe.sizes[i] < 1 || recipe.sizes[i] > 1ull << 32)
      return dimension + "size is " + text(recipe.sizes[i]) + " when it should be 1 to 2^32";
    if (recipe.box[i] < 1 || recipe.box[i] > 256)
      return dimension + "box is " + text(recipe.box[i]) + " when it should be 1 to 256";
    if (recipe.elementStrides[i] < 1 || recipe.elementStrides[i] > 8)
      return dimension + "element stride is " + text(recipe.elementStrides[i]) + " when it should be 1 to 8";
    if (i && (recipe.strides[i] % 16 || recipe.strides[i] >= 1ull << 40))
      return dimension + "stride is " + text(recipe.strides[i]) +
             " bytes when it should be a multiple of 16 below 2^40";
  }
  uint32_t inner = recipe.box[0] * bytes;
  if (inner % 16)
    return "the box's inner dimension has " + text(inner) + " bytes when it should be a multiple of 16";
  if (recipe.swizzle && recipe.swizzle != 32 && recipe.swizzle != 64 && recipe.swizzle != 128)
    return "swizzle is " + text(recipe.swizzle) + " bytes when it should be 0, 32, 64 or 128";
  if (recipe.swizzle && inner > recipe.swizzle)
    return "the box's inner dimension has " + text(inner) + " bytes when the swizzle allows " + text(recipe.swizzle);
  if (recipe.elementStrides[0] != 1)
    return "an element stride of the innermost dimension is not simulated";
  return "";
}

static constexpr uint32_t mapMagic = 0x50414d47;

std::array<uint8_t, 128> encodeTensorMap(const TensorMapRecipe &recipe, uint64_t address) {
  if (std::string wrong = checkTensorMap(recipe, address); !wrong.empty())
    throw Stop(VerdictKind::Misuse, "tensor map: " + wrong);
  std::array<uint8_t, 128> bytes{};
  auto put = [&](size_t at, auto value) { std::memcpy(bytes.data() + at, &value, sizeof value); };
  put(0, address);
  put(8, static_cast<uint8_t>(recipe.element));
  put(9, static_cast<uint8_t>(recipe.rank));
  put(10, static_cast<uint8_t>(recipe.swizzle));
  put(11, static_cast<uint8_t>(recipe.fillsNaN));
  put(12, mapMagic);
  for (size_t i = 0; i < 5; ++i) {
    put(16 + 8 * i, recipe.sizes[i]);
    put(96 + 4 * i, recipe.box[i]);
    put(116 + i, static_cast<uint8_t>(recipe.elementStrides[i]));
  }
  for (size_t i = 0; i < 4; ++i)
    put(56 + 8 * i, recipe.strides[i + 1]);
  return bytes;
}

std::optional<TensorMap> decodeTensorMap(const uint8_t *bytes) {
  TensorMap map;
  auto get = [&](size_t at, auto &value) { std::memcpy(&value, bytes + at, sizeof value); };
  uint32_t magic;
  get(12, magic);
  if (magic != mapMagic)
    return std::nullopt;
  TensorMapRecipe &recipe = map.recipe;
  get(0, map.address);
  recipe.element = static_cast<MapElement>(bytes[8]);
  recipe.rank = bytes[9];
  recipe.swizzle = bytes[10];
  recipe.fillsNaN = bytes[11];
  for (size_t i = 0; i < 5; ++i) {
    get(16 + 8 * i, recipe.sizes[i]);
    get(96 + 4 * i, recipe.box[i]);
    recipe.elementStrides[i] = bytes[116 + i];
  }
  recipe.strides[0] = mapElementBytes(recipe.element);
  for (size_t i = 0; i < 4; ++i)
    get(56 + 8 * i, recipe.strides[i + 1]);
  return map;
}

std::vector<BoxRow> rowsOfBox(const TensorMap &map, const std::array<int32_t, 5> &coordinates) {
  const TensorMapRecipe &recipe = map.recipe;
  uint32_t bytes = map.elementBytes(), inner = map.boxElements(0);
  uint32_t count = map.boxBytes() / (inner * bytes);
  std::vector<BoxRow> rows(count);
  std::array<uint32_t, 5> at{};
  int64_t start = coordinates[0], size = int64_t(recipe.sizes[0]);
  for (uint32_t r = 0; r < count; ++r) {
    BoxRow &row = rows[r];
    row.sharedOffset = r * inner * bytes;
    int64_t address = int64_t(map.address);
    bool isInside = true;
    for (uint32_t i = 1; i < recipe.rank; ++i) {
      int64_t position = coordinates[i] + int64_t(at[i]) * recipe.elementStrides[i];
      isInside &= position >= 0 && position < int64_t(recipe.sizes[i]);
      address += position * int64_t(recipe.strides[i]);
    }
    int64_t first = std::clamp<int64_t>(-start, 0, inner);
    int64_t last = std::clamp<int64_t>(size - start, first, inner);
    if (isInside) {
      row.first = uint32_t(first);
      row.last = uint32_t(last);
      row.globalAddress = uint64_t(address + (start + first) * bytes);
    }
    for (uint32_t i = 1; i < recipe.rank; ++i) {
      if (++at[i] < map.boxElements(i))
        break;
      at[i] = 0;
    }
  }
  return rows;
}

} // namespace girih::sim
