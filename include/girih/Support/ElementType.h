//===- ElementType.h - Element types of kernel tensors ----------*- C++ -*-===//
#ifndef GIRIH_SUPPORT_ELEMENTTYPE_H
#define GIRIH_SUPPORT_ELEMENTTYPE_H

#include "girih/Support/Float.h"
#include <cstddef>
#include <cstring>
#include <iterator>
#include <optional>
#include <string_view>

namespace girih {

/// In the order of `elementFormats`. Of integers, i8 has no sign; ue8m0 are powers of two.
enum class ElementType { BF16, F16, F32, I8, I32, I64, E4M3, E5M2, UE8M0 };

/// What is known of an element type. Of integers, rounding has no error and the numbers no
/// smallest distance.
struct ElementFormat {
  const char *name; ///< that manifests and reports use
  size_t bytes;
  double unitRoundoff;  ///< the largest relative error of rounding: half an ulp of 1
  double subnormalStep; ///< the distance of the smallest numbers
};

inline constexpr ElementFormat elementFormats[] = {
    {"bf16", 2, 0x1p-8, 0x1p-133},
    {"f16", 2, 0x1p-11, 0x1p-24},
    {"f32", 4, 0x1p-24, 0x1p-149},
    {"i8", 1, 0, 0},
    {"i32", 4, 0, 0},
    {"i64", 8, 0, 0},
    {"e4m3", 1, 0x1p-4, 0x1p-9},
    {"e5m2", 1, 0x1p-3, 0x1p-16},
    {"ue8m0", 1, 0.5, 0x1p-127},
};

inline constexpr const ElementFormat &formatOf(ElementType type) { return elementFormats[size_t(type)]; }
inline const char *elementTypeName(ElementType type) { return formatOf(type).name; }
inline size_t elementBytes(ElementType type) { return formatOf(type).bytes; }
inline double unitRoundoff(ElementType type) { return formatOf(type).unitRoundoff; }
inline double subnormalStep(ElementType type) { return formatOf(type).subnormalStep; }

inline std::optional<ElementType> parseElementType(std::string_view name) {
  for (size_t i = 0; i < std::size(elementFormats); ++i)
    if (name == elementFormats[i].name)
      return ElementType(i);
  return std::nullopt;
}

inline bool isInteger(ElementType type) {
  return type == ElementType::I8 || type == ElementType::I32 || type == ElementType::I64;
}

/// Whether it is a float of 8 bits that has signs.
inline bool isNarrow(ElementType type) { return type == ElementType::E4M3 || type == ElementType::E5M2; }

/// Element `index` of an array of integers.
inline int64_t loadInteger(ElementType type, const void *data, size_t index) {
  const char *at = static_cast<const char *>(data) + elementBytes(type) * index;
  if (type == ElementType::I8)
    return static_cast<uint8_t>(*at);
  int32_t narrow;
  int64_t wide;
  std::memcpy(&narrow, at, 4);
  if (type == ElementType::I32)
    return narrow;
  std::memcpy(&wide, at, 8);
  return wide;
}

/// Stores what fits of `value` as element `index`.
inline void storeInteger(ElementType type, void *data, size_t index, int64_t value) {
  // The low bytes come first on every machine that CUDA runs on.
  std::memcpy(static_cast<char *>(data) + elementBytes(type) * index, &value, elementBytes(type));
}

/// Element `index` of an array of `type`.
inline float loadElement(ElementType type, const void *data, size_t index) {
  if (isInteger(type))
    return float(loadInteger(type, data, index));
  if (type == ElementType::F32) {
    float value;
    std::memcpy(&value, static_cast<const char *>(data) + 4 * index, 4);
    return value;
  }
  if (isNarrow(type)) {
    uint8_t byte = static_cast<const uint8_t *>(data)[index];
    return type == ElementType::E4M3 ? e4m3ToFloat(byte) : e5m2ToFloat(byte);
  }
  if (type == ElementType::UE8M0)
    return ue8m0ToFloat(static_cast<const uint8_t *>(data)[index]);
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char *>(data) + 2 * index, 2);
  return type == ElementType::BF16 ? bfloat16ToFloat(bits) : halfToFloat(bits);
}

/// Rounds `value` to `type` and stores it as element `index`.
inline void storeElement(ElementType type, void *data, size_t index, float value) {
  if (isInteger(type))
    return storeInteger(type, data, index, int64_t(value));
  if (type == ElementType::F32) {
    std::memcpy(static_cast<char *>(data) + 4 * index, &value, 4);
    return;
  }
  if (isNarrow(type)) {
    static_cast<uint8_t *>(data)[index] = type == ElementType::E4M3 ? floatToE4m3(value) : floatToE5m2(value);
    return;
  }
  if (type == ElementType::UE8M0) {
    static_cast<uint8_t *>(data)[index] = floatToUe8m0(value);
    return;
  }
  uint16_t bits = type == ElementType::BF16 ? floatToBfloat16(value) : floatToHalf(value);
  std::memcpy(static_cast<char *>(data) + 2 * index, &bits, 2);
}

/// `value` rounded to `type`, as a float.
inline float roundToElement(ElementType type, float value) {
  switch (type) {
  case ElementType::BF16:
    return bfloat16ToFloat(floatToBfloat16(value));
  case ElementType::F16:
    return halfToFloat(floatToHalf(value));
  default:
    return value;
  case ElementType::E4M3:
    return e4m3ToFloat(floatToE4m3(value));
  case ElementType::E5M2:
    return e5m2ToFloat(floatToE5m2(value));
  case ElementType::UE8M0:
    return ue8m0ToFloat(floatToUe8m0(value));
  }
}

} // namespace girih

#endif // GIRIH_SUPPORT_ELEMENTTYPE_H
