//===- ElementType.h - Element types of kernel tensors ----------*- C++ -*-===//
#ifndef GIRIH_SUPPORT_ELEMENTTYPE_H
#define GIRIH_SUPPORT_ELEMENTTYPE_H

#include "girih/Support/Float.h"
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

namespace girih {

enum class ElementType { BF16, F16, F32 };

/// The name that manifests and reports use.
inline const char *elementTypeName(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return "bf16";
  case ElementType::F16:
    return "f16";
  case ElementType::F32:
    return "f32";
  }
  return "?";
}

inline std::optional<ElementType> parseElementType(std::string_view name) {
  for (ElementType type : {ElementType::BF16, ElementType::F16, ElementType::F32})
    if (name == elementTypeName(type))
      return type;
  return std::nullopt;
}

inline size_t elementBytes(ElementType type) { return type == ElementType::F32 ? 4 : 2; }

/// The largest relative error of rounding to `type`: half an ulp of 1.
inline double unitRoundoff(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return 0x1p-8;
  case ElementType::F16:
    return 0x1p-11;
  case ElementType::F32:
    return 0x1p-24;
  }
  return 0;
}

/// Element `index` of an array of `type`.
inline float loadElement(ElementType type, const void *data, size_t index) {
  if (type == ElementType::F32) {
    float value;
    std::memcpy(&value, static_cast<const char *>(data) + 4 * index, 4);
    return value;
  }
  uint16_t bits;
  std::memcpy(&bits, static_cast<const char *>(data) + 2 * index, 2);
  return type == ElementType::BF16 ? bfloat16ToFloat(bits) : halfToFloat(bits);
}

/// Rounds `value` to `type` and stores it as element `index`.
inline void storeElement(ElementType type, void *data, size_t index, float value) {
  if (type == ElementType::F32) {
    std::memcpy(static_cast<char *>(data) + 4 * index, &value, 4);
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
  case ElementType::F32:
    return value;
  }
  return value;
}

} // namespace girih

#endif // GIRIH_SUPPORT_ELEMENTTYPE_H
