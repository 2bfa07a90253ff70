//===- TensorMap.cpp - The encoding of a tensor map -----------------------===//
#include "TensorMap.h"

#include "Swizzle.h"
#include "girih/Simulator/Verdict.h"

#include <cstring>

namespace girih::sim {

unsigned mapElementBits(MapElement element) {
  switch (element) {
  case MapElement::U4x16:
  case MapElement::U4x16Padded:
    return 4;
  case MapElement::U6x16Padded:
    return 6;
  case MapElement::U8:
    return 8;
  case MapElement::U16:
  case MapElement::F16:
  case MapElement::BF16:
    return 16;
  case MapElement::U64:
  case MapElement::S64:
  case MapElement::F64:
    return 64;
  default:
    return 32;
  }
}

uint32_t TensorMap::boxElements(uint32_t dimension) const {
  if (recipe.mode != MapMode::Tiled)
    return dimension ? recipe.pixelsPerColumn : recipe.channelsPerPixel;
  // The driver ignores the stride of the innermost dimension.
  uint32_t stride = dimension ? recipe.elementStrides[dimension] : 1;
  return (recipe.box[dimension] + stride - 1) / stride;
}

uint32_t TensorMap::rowBytes() const { return boxElements(0) * mapElementBits(recipe.element) / 8; }

uint32_t TensorMap::groupBytes() const {
  return recipe.element == MapElement::U4x16Padded ? 8 : recipe.element == MapElement::U6x16Padded ? 12 : 16;
}

uint32_t TensorMap::sharedRowBytes() const { return rowBytes() / groupBytes() * 16; }

uint32_t TensorMap::swizzled(uint32_t address) const {
  uint32_t made = swizzle(address, recipe.swizzle, recipe.swizzleAtom);
  return recipe.flipsHalves ? flipHalves(made) : made;
}

static constexpr uint32_t mapMagic = 0x50414d47;

std::array<uint8_t, 128> encodeTensorMap(const TensorMapRecipe &recipe, uint64_t address) {
  if (std::string wrong = checkTensorMap(recipe, address); !wrong.empty())
    throw Stop(VerdictKind::Misuse, "tensor map: " + wrong);
  return packTensorMap({address, recipe});
}

namespace {

/// Calls f(offset, field) for each field; a corner takes 2 bytes, what is up
/// to 255 one.
template <class Map, class F> void forFields(Map &map, F f) {
  auto &recipe = map.recipe;
  f(0, map.address, 8);
  f(8, recipe.element, 1);
  f(9, recipe.rank, 1);
  f(10, recipe.swizzle, 1);
  f(11, recipe.fillsNaN, 1);
  for (size_t i = 0; i < 5; ++i)
    f(16 + 8 * i, recipe.sizes[i], 8);
  for (size_t i = 1; i < 5; ++i)
    f(48 + 8 * i, recipe.strides[i], 8);
  f(88, recipe.mode, 1);
  f(89, recipe.swizzleAtom, 1);
  f(90, recipe.flipsHalves, 1);
  f(91, recipe.interleave, 1);
  for (size_t i = 0; i < 5; ++i)
    f(92 + i, recipe.elementStrides[i], 1);
  if (recipe.mode == MapMode::Tiled) {
    for (size_t i = 0; i < 5; ++i)
      f(100 + 4 * i, recipe.box[i], 4);
    return;
  }
  for (size_t i = 0; i < 3; ++i) {
    f(100 + 4 * i, recipe.lowerCorner[i], 4);
    f(112 + 4 * i, recipe.upperCorner[i], 4);
  }
  f(124, recipe.channelsPerPixel, 2);
  f(126, recipe.pixelsPerColumn, 2);
}

} // namespace

std::array<uint8_t, 128> packTensorMap(const TensorMap &map) {
  std::array<uint8_t, 128> bytes{};
  std::memcpy(bytes.data() + 12, &mapMagic, 4);
  forFields(map, [&](size_t at, const auto &field, size_t size) { std::memcpy(bytes.data() + at, &field, size); });
  return bytes;
}

std::optional<TensorMap> decodeTensorMap(const uint8_t *bytes) {
  uint32_t magic;
  std::memcpy(&magic, bytes + 12, 4);
  if (magic != mapMagic)
    return std::nullopt;
  TensorMap map;
  map.recipe.mode = static_cast<MapMode>(bytes[88]);
  forFields(map, [&](size_t at, auto &field, size_t size) { std::memcpy(&field, bytes + at, size); });
  return map;
}

} // namespace girih::sim
