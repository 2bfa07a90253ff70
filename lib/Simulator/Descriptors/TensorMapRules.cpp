//===- TensorMapRules.cpp - What the driver refuses to encode -------------===//
//
// The limits are those of the CUDA driver API, "cuTensorMapEncodeTiled",
// "cuTensorMapEncodeIm2col" and "cuTensorMapEncodeIm2colWide".
//
//===----------------------------------------------------------------------===//
#include "TensorMap.h"

namespace girih::sim {
namespace {

std::string text(int64_t number) { return std::to_string(number); }

bool isPadded(MapElement element) { return element == MapElement::U4x16Padded || element == MapElement::U6x16Padded; }

bool isFloat(MapElement element) {
  return element == MapElement::F16 || element == MapElement::F32 || element == MapElement::F64 ||
         element == MapElement::BF16 || element == MapElement::TF32 || element == MapElement::F32Ftz ||
         element == MapElement::TF32Ftz;
}

std::string checkTensor(const TensorMapRecipe &recipe, uint64_t address) {
  uint32_t alignment = isPadded(recipe.element) ? 32 : 16;
  if (address % alignment)
    return "global address is not a multiple of " + text(alignment);
  for (uint32_t i = 0; i < recipe.rank; ++i) {
    std::string dimension = "dimension " + text(i) + ": ";
    if (recipe.sizes[i] < 1 || recipe.sizes[i] > 1ull << 32)
      return dimension + "size is " + std::to_string(recipe.sizes[i]) + " when it should be 1 to 2^32";
    if (recipe.elementStrides[i] < 1 || recipe.elementStrides[i] > 8)
      return dimension + "element stride is " + text(recipe.elementStrides[i]) + " when it should be 1 to 8";
    if (i && (recipe.strides[i] % alignment || recipe.strides[i] >= 1ull << 40))
      return dimension + "stride is " + std::to_string(recipe.strides[i]) + " bytes when it should be a multiple of " +
             text(alignment) + " below 2^40";
  }
  uint32_t packed = isPadded(recipe.element) ? 128 : recipe.element == MapElement::U4x16 ? 2 : 1;
  if (recipe.sizes[0] % packed)
    return "dimension 0: size is " + std::to_string(recipe.sizes[0]) + " when it should be a multiple of " +
           text(packed);
  return "";
}

/// The innermost dimension of a box or pixel against type and swizzle.
std::string checkRow(const TensorMapRecipe &recipe, uint32_t elements) {
  if (isPadded(recipe.element) && elements != 128)
    return "the box's inner dimension has " + text(elements) + " elements when a padded type needs 128";
  TensorMap map{0, recipe};
  uint32_t inner = map.rowBytes();
  if (uint64_t(elements) * mapElementBits(recipe.element) % 128)
    return "the box's inner dimension has " + text(inner) + " bytes when it should be a multiple of 16";
  if (recipe.swizzle != 0 && recipe.swizzle != 32 && recipe.swizzle != 64 && recipe.swizzle != 128)
    return "swizzle is " + text(recipe.swizzle) + " bytes when it should be 0, 32, 64 or 128";
  // PTX ISA, "Swizzling Modes", the combinations of span and atom.
  bool isSmallAtom = recipe.swizzleAtom == 16 && !recipe.flipsHalves;
  bool isLargeAtom = recipe.swizzle == 128 && (recipe.swizzleAtom == 32 || recipe.swizzleAtom == 64) &&
                     !(recipe.flipsHalves && recipe.swizzleAtom == 64);
  if (!isSmallAtom && !isLargeAtom)
    return "a swizzle of " + text(recipe.swizzle) + " bytes has no atoms of " + text(recipe.swizzleAtom) + " bytes" +
           (recipe.flipsHalves ? " with flipped halves" : "");
  if (recipe.swizzle && map.sharedRowBytes() > recipe.swizzle)
    return "the box's inner dimension has " + text(map.sharedRowBytes()) + " bytes when the swizzle allows " +
           text(recipe.swizzle);
  if (isPadded(recipe.element) && ((recipe.swizzle && recipe.swizzle != 128) || recipe.flipsHalves))
    return "a padded type has no swizzle of " + text(recipe.swizzle) + " bytes" +
           (recipe.flipsHalves ? " with flipped halves" : "");
  if (recipe.element == MapElement::U4x16Padded && recipe.swizzleAtom == 64)
    return "16U4_ALIGN16B has no atoms of 64 bytes";
  return "";
}

std::string checkColumn(const TensorMapRecipe &recipe) {
  if (recipe.rank < 3)
    return "rank is " + text(recipe.rank) + " when im2col needs 3 to 5";
  static constexpr int32_t limits[] = {32768, 128, 16};
  bool isWide = isAlongWidth(recipe.mode);
  int32_t limit = limits[isWide ? 0 : recipe.rank - 3];
  for (uint32_t i = 0; i < (isWide ? 1 : recipe.rank - 2); ++i) {
    for (int32_t corner : {recipe.lowerCorner[i], recipe.upperCorner[i]})
      if (corner < -limit || corner >= limit)
        return "corner " + text(corner) + " is not within " + text(-limit) + " to " + text(limit - 1);
    if (int64_t(recipe.sizes[i + 1]) - 1 + recipe.upperCorner[i] < recipe.lowerCorner[i])
      return "the bounding box from " + text(recipe.lowerCorner[i]) + " to " +
             text(int64_t(recipe.sizes[i + 1]) - 1 + recipe.upperCorner[i]) + " is empty";
  }
  if (recipe.channelsPerPixel < 1 || recipe.channelsPerPixel > 256)
    return "channels per pixel are " + text(recipe.channelsPerPixel) + " when they should be 1 to 256";
  if (recipe.mode != MapMode::Im2colWidth128 && (recipe.pixelsPerColumn < 1 || recipe.pixelsPerColumn > 1024))
    return "pixels per column are " + text(recipe.pixelsPerColumn) + " when they should be 1 to 1024";
  if (std::string wrong = checkRow(recipe, recipe.channelsPerPixel); !wrong.empty())
    return wrong;
  if (isWide && (recipe.swizzle < 64 || recipe.swizzleAtom == 64 || recipe.flipsHalves))
    return "im2col along the width needs a swizzle of 64 bytes, or of 128 in atoms of 16 or 32";
  return "";
}

} // namespace

std::string checkTensorMap(const TensorMapRecipe &recipe, uint64_t address) {
  if (recipe.rank < 1 || recipe.rank > 5)
    return "rank is " + text(recipe.rank) + " when it should be 1 to 5";
  if (recipe.interleave)
    return "an interleave of " + text(recipe.interleave) + " bytes is not simulated";
  if (std::string wrong = checkTensor(recipe, address); !wrong.empty())
    return wrong;
  if (recipe.fillsNaN && !isFloat(recipe.element))
    return "out-of-bounds elements cannot be NaN in a tensor of integers";
  if (recipe.mode != MapMode::Tiled)
    return checkColumn(recipe);
  for (uint32_t i = 0; i < recipe.rank; ++i)
    if (recipe.box[i] < 1 || recipe.box[i] > 256)
      return "dimension " + text(i) + ": box is " + text(recipe.box[i]) + " when it should be 1 to 256";
  return checkRow(recipe, recipe.box[0]);
}

} // namespace girih::sim
