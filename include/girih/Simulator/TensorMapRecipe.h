//===- TensorMapRecipe.h - How to build a tensor map ------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_TENSORMAPRECIPE_H
#define GIRIH_SIMULATOR_TENSORMAPRECIPE_H

#include <array>
#include <cstdint>

namespace girih::sim {

/// Element types of cuTensorMapEncodeTiled, by what they mean for arithmetic
/// (`.reduce`) and by size.
enum class MapElement : uint8_t {
  U8,
  U16,
  U32,
  S32,
  U64,
  S64,
  F16,
  F32,
  F64,
  BF16,
  TF32,
  F32Ftz,
  TF32Ftz,
  U4x16,       ///< 16U4_ALIGN8B: packed on both sides
  U4x16Padded, ///< 16U4_ALIGN16B: 8 bytes of every 16 in shared memory are padding
  U6x16Padded, ///< 16U6_ALIGN16B: 4 bytes of every 16 are; a store drops 2 bits of every 8
};
/// Bits of an element in global memory.
unsigned mapElementBits(MapElement element);

/// The last two are those of cuTensorMapEncodeIm2colWide.
enum class MapMode : uint8_t { Tiled, Im2col, Im2colWidth, Im2colWidth128 };
inline bool isAlongWidth(MapMode mode) { return mode == MapMode::Im2colWidth || mode == MapMode::Im2colWidth128; }

/// The arguments of cuTensorMapEncodeTiled, innermost dimension first, or of
/// cuTensorMapEncodeIm2col and cuTensorMapEncodeIm2colWide, width first.
struct TensorMapRecipe {
  MapElement element = MapElement::BF16;
  MapMode mode = MapMode::Tiled;
  uint32_t rank = 0;
  std::array<uint64_t, 5> sizes{};
  /// Bytes from one step of a dimension to the next; [0] is not used.
  std::array<uint64_t, 5> strides{};
  std::array<uint32_t, 5> box{};
  std::array<uint32_t, 5> elementStrides{1, 1, 1, 1, 1};
  /// Corners of the pixels' bounding box, for im2col in place of the box; along
  /// the width alone only the first.
  std::array<int32_t, 3> lowerCorner{}, upperCorner{};
  uint32_t channelsPerPixel = 0, pixelsPerColumn = 0;
  /// 0, 32, 64 or 128 bytes, in atoms of 16, or of 32 or 64 within 128.
  uint32_t swizzle = 0, swizzleAtom = 16;
  /// The halves of each 16 bytes change places in every other 128 bytes.
  bool flipsHalves = false;
  /// 0, 16 or 32 bytes.
  uint32_t interleave = 0;
  /// Out-of-bounds elements read as NaN instead of zero.
  bool fillsNaN = false;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TENSORMAPRECIPE_H
