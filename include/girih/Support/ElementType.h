//===- ElementType.h - Element types of kernel tensors ----------*- C++ -*-===//
#ifndef GIRIH_SUPPORT_ELEMENTTYPE_H
#define GIRIH_SUPPORT_ELEMENTTYPE_H

#include "girih/Support/Float.h"
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace girih {

/// Of integers, i8 has no sign.
enum class ElementType { BF16, F16, F32, I8, I32, I64, E4M3, E5M2 };

/// The name that manifests and reports use.
inline const char *elementTypeName(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return "bf16";
  case ElementType::F16:
    return "f16";
  case ElementType::F32:
    return "f32";
  case ElementType::I8:
    return "i8";
  case ElementType::I32:
    return "i32";
  case ElementType::I64:
    return "i64";
  case ElementType::E4M3:
    return "e4m3";
  case ElementType::E5M2:
    return "e5m2";
  }
  return "?";
}

inline std::optional<ElementType> parseElementType(std::string_view name) {
  for (ElementType type : {ElementType::BF16, ElementType::F16, ElementType::F32, ElementType::I8, ElementType::I32,
                           ElementType::I64, ElementType::E4M3, ElementType::E5M2})
    if (name == elementTypeName(type))
      return type;
  return std::nullopt;
}

/// Whether it has 8 bits.
inline bool isNarrow(ElementType type) { return type == ElementType::E4M3 || type == ElementType::E5M2; }

inline size_t elementBytes(ElementType type) {
  switch (type) {
  case ElementType::BF16:
  case ElementType::F16:
    return 2;
  case ElementType::F32:
  case ElementType::I32:
    return 4;
  case ElementType::I8:
  case ElementType::E4M3:
  case ElementType::E5M2:
    return 1;
  case ElementType::I64:
    return 8;
  }
  return 0;
}

inline bool isInteger(ElementType type) {
  return type == ElementType::I8 || type == ElementType::I32 || type == ElementType::I64;
}

/// The largest relative error of rounding to `type`: half an ulp of 1; of integers there is none.
inline double unitRoundoff(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return 0x1p-8;
  case ElementType::F16:
    return 0x1p-11;
  case ElementType::F32:
    return 0x1p-24;
  case ElementType::E4M3:
    return 0x1p-4;
  case ElementType::E5M2:
    return 0x1p-3;
  default:
    return 0;
  }
}

/// The distance of the smallest numbers of `type`; of integers 0, like the above.
inline double subnormalStep(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return 0x1p-133;
  case ElementType::F16:
    return 0x1p-24;
  case ElementType::F32:
    return 0x1p-149;
  case ElementType::E4M3:
    return 0x1p-9;
  case ElementType::E5M2:
    return 0x1p-16;
  default:
    return 0;
  }
}

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
  }
}

} // namespace girih

#endif // GIRIH_SUPPORT_ELEMENTTYPE_H
