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
};
unsigned mapElementBytes(MapElement element);

/// The arguments of cuTensorMapEncodeTiled, innermost dimension first.
struct TensorMapRecipe {
  MapElement element = MapElement::BF16;
  uint32_t rank = 0;
  std::array<uint64_t, 5> sizes{};
  /// Bytes from one step of a dimension to the next; [0] is the element size.
  std::array<uint64_t, 5> strides{};
  std::array<uint32_t, 5> box{};
  std::array<uint32_t, 5> elementStrides{1, 1, 1, 1, 1};
  /// 0, 32, 64 or 128 bytes.
  uint32_t swizzle = 0;
  /// Out-of-bounds elements read as NaN instead of zero.
  bool fillsNaN = false;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TENSORMAPRECIPE_H
