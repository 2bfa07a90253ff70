//===- Float.h - Conversions of narrow floating point -----------*- C++ -*-===//
//
// bfloat16 and IEEE binary16 as their bits in a uint16_t, e4m3, e5m2 and ue8m0 in a
// uint8_t. Conversions to all but ue8m0 round to nearest, ties to even, as cvt.rn does;
// every value of any of them converts to float exactly.
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

/// The float that the e5m2 `bits` stands for: the upper half of a binary16.
inline float e5m2ToFloat(uint8_t bits) { return halfToFloat(uint16_t(bits << 8)); }

/// The float that the e4m3 `bits` stands for. There is no infinity, and one NaN of each sign.
inline float e4m3ToFloat(uint8_t bits) {
  uint32_t sign = uint32_t(bits & 0x80u) << 24, magnitude = bits & 0x7fu;
  if (magnitude == 0x7fu)
    return std::bit_cast<float>(sign | 0x7fc00000u);
  if (magnitude >= 8) // normal: rebias the exponent from 7 to 127
    return std::bit_cast<float>(sign | ((magnitude << 20) + (120u << 23)));
  float value = float(magnitude) * 0x1p-9f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(value));
}

/// The float that the ue8m0 `bits` stands for, a power of two or NaN.
inline float ue8m0ToFloat(uint8_t bits) {
  if (bits == 0xff)
    return std::bit_cast<float>(0x7fc00000u);
  return std::bit_cast<float>(bits == 0 ? 0x00400000u : uint32_t(bits) << 23);
}

/// The largest power of two that ue8m0 has up to `value` without its sign, or the smallest one; of infinities and
/// NaN, NaN.
inline uint8_t floatToUe8m0(float value) { return uint8_t(std::bit_cast<uint32_t>(value) >> 23 & 0xffu); }

/// `magnitude`, finite bits of a float without the sign, rounded to `mantissa` bits with
/// exponents of that bias. Too large numbers give more than the format's largest one.
inline uint32_t roundToNarrow(uint32_t magnitude, int mantissa, uint32_t bias) {
  int shift = 23 - mantissa;
  uint32_t smallest = (128 - bias) << 23; // normal number
  if (magnitude < smallest) {
    // Of the number added, an ulp is the step of the format's subnormals.
    float anchor = std::bit_cast<float>((128 - bias + uint32_t(shift)) << 23);
    float shifted = std::bit_cast<float>(magnitude) + anchor;
    return std::bit_cast<uint32_t>(shifted) - std::bit_cast<uint32_t>(anchor);
  }
  magnitude -= (127 - bias) << 23;
  return (magnitude + (1u << (shift - 1)) - 1 + ((magnitude >> shift) & 1u)) >> shift;
}

/// The e4m3 nearest to `value`, 448 for what is larger, as cvt.satfinite does.
inline uint8_t floatToE4m3(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
  auto sign = uint8_t((bits >> 24) & 0x80u);
  if (magnitude > 0x7f800000u)
    return 0x7f;
  if (magnitude >= 0x43e00000u) // 448
    return uint8_t(sign | 0x7eu);
  return uint8_t(sign | roundToNarrow(magnitude, 3, 7));
}

/// The e5m2 nearest to `value`, 57344 for what is larger and finite. Infinities are kept.
inline uint8_t floatToE5m2(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value), magnitude = bits & 0x7fffffffu;
  auto sign = uint8_t((bits >> 24) & 0x80u);
  if (magnitude > 0x7f800000u)
    return 0x7f;
  if (magnitude == 0x7f800000u)
    return uint8_t(sign | 0x7cu);
  if (magnitude >= 0x47600000u) // 57344
    return uint8_t(sign | 0x7bu);
  return uint8_t(sign | roundToNarrow(magnitude, 2, 15));
}

} // namespace girih

#endif // GIRIH_SUPPORT_FLOAT_H
