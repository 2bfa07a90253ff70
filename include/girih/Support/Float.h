//===- Float.h - Conversions of 16-bit floating point -----------*- C++ -*-===//
//
// bfloat16 and IEEE binary16 as their bits in a uint16_t. Conversions to them
// round to nearest, ties to even, as cvt.rn does; every value of either type
// converts to float exactly.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SUPPORT_FLOAT_H
#define GIRIH_SUPPORT_FLOAT_H

#include <bit>
#include <cstdint>

namespace girih {

/// The float that the bfloat16 `bits` stands for.
inline float bfloat16ToFloat(uint16_t bits) { return std::bit_cast<float>(uint32_t(bits) << 16); }

/// The bfloat16 nearest to `value`. A NaN stays a NaN: it keeps its upper
/// payload and becomes quiet.
inline uint16_t floatToBfloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u)
    return uint16_t((bits >> 16) | 0x0040u);
  // Half an ulp less one, plus one more when the kept part is odd: a tie then
  // carries only into an odd value. A carry out of the exponent is infinity.
  return uint16_t((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/// The float that the binary16 `bits` stands for.
inline float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000u) << 16;
  uint32_t magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u) // infinity and NaN: the exponent becomes all ones
    return std::bit_cast<float>(sign | 0x7f800000u | (magnitude & 0x3ffu) << 13);
  if (magnitude >= 0x0400u) // normal: rebias the exponent from 15 to 127
    return std::bit_cast<float>(sign | ((magnitude << 13) + (112u << 23)));
  // Subnormal: a multiple of 2^-24, which float holds as a normal number.
  float value = float(magnitude) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
}

/// The binary16 nearest to `value`; at and above 65520 that is infinity. A NaN
/// keeps its upper payload and becomes quiet.
inline uint16_t floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = uint16_t((bits >> 16) & 0x8000u);
  uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return uint16_t(sign | 0x7e00u | ((magnitude >> 13) & 0x1ffu));
  if (magnitude >= 0x477ff000u) // 65520, half way to the next power of two
    return uint16_t(sign | 0x7c00u);
  if (magnitude >= 0x38800000u) { // 2^-14, the smallest normal
    magnitude -= 112u << 23;
    return uint16_t(sign | ((magnitude + 0xfffu + ((magnitude >> 13) & 1u)) >> 13));
  }
  // An ulp of 0.5f is 2^-24, the step of binary16's subnormals, so the addition
  // rounds exactly as the conversion must.
  float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  return uint16_t(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
}

} // namespace girih

#endif // GIRIH_SUPPORT_FLOAT_H
