//===- Formats.cpp - Codes of small floating-point formats ----------------===//
#include "Formats.h"

#include <bit>
#include <cmath>
#include <limits>

namespace girih::sim {

Format formatOf(Type type) {
  switch (type) {
  case Type::F16:
  case Type::F16x2:
    return {5, 10, 15, Specials::Ieee};
  case Type::BF16:
  case Type::BF16x2:
    return {8, 7, 127, Specials::Ieee};
  case Type::TF32:
    return {8, 10, 127, Specials::Ieee};
  case Type::E4M3:
  case Type::E4M3x2:
  case Type::E4M3x4:
    return {4, 3, 7, Specials::OneNaN};
  case Type::E5M2:
  case Type::E5M2x2:
  case Type::E5M2x4:
    return {5, 2, 15, Specials::Ieee};
  case Type::E3M2:
  case Type::E3M2x2:
  case Type::E3M2x4:
    return {3, 2, 3, Specials::None};
  case Type::E2M3:
  case Type::E2M3x2:
  case Type::E2M3x4:
    return {2, 3, 1, Specials::None};
  case Type::E2M1:
  case Type::E2M1x2:
  case Type::E2M1x4:
    return {2, 1, 1, Specials::None};
  case Type::UE8M0:
  case Type::UE8M0x2:
    return {8, 0, 127, Specials::PowerOnly};
  default:
    return {8, 23, 127, Specials::Ieee};
  }
}

/// 2^exponent, a normal number: what libm's ldexp takes ten times as long for.
static double powerOfTwo(int exponent) { return std::bit_cast<double>(uint64_t(exponent + 1023) << 52); }

double decodeFloat(uint32_t code, const Format &format) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (format.specials == Specials::PowerOnly)
    return (code & 0xff) == 0xff ? nan : std::ldexp(1.0, int(code & 0xff) - 127);
  uint32_t mantissa = code & ((1u << format.mantissaBits) - 1);
  uint32_t top = (1u << format.exponentBits) - 1;
  uint32_t exponent = code >> format.mantissaBits & top;
  bool isNegative = code >> (format.bits() - 1) & 1;
  double value;
  if (exponent == top && format.specials == Specials::Ieee) {
    value = mantissa ? nan : std::numeric_limits<double>::infinity();
  } else if (exponent == top && format.specials == Specials::OneNaN && mantissa == (1u << format.mantissaBits) - 1) {
    value = nan;
  } else if (exponent == 0) {
    value = double(mantissa) * powerOfTwo(1 - format.bias - int(format.mantissaBits));
  } else {
    value = double(mantissa | 1u << format.mantissaBits) *
            powerOfTwo(int(exponent) - format.bias - int(format.mantissaBits));
  }
  return isNegative ? -value : value;
}

namespace {

uint32_t nanCode(const Format &format) {
  uint32_t all = (1u << (format.bits() - 1)) - 1;
  switch (format.specials) {
  case Specials::Ieee:
    // The canonical NaN of the narrowing conversions has all bits set but the
    // sign (PTX ISA, "cvt").
  case Specials::OneNaN:
    return all;
  case Specials::None:
    return all; // no NaN: the largest number
  case Specials::PowerOnly:
    return 0xff;
  }
  return all;
}

/// The largest finite code, without sign.
uint32_t largestCode(const Format &format) {
  uint32_t all = (1u << (format.bits() - 1)) - 1;
  if (format.specials == Specials::Ieee)
    return (((1u << format.exponentBits) - 1) << format.mantissaBits) - 1;
  if (format.specials == Specials::OneNaN)
    return all - 1;
  return all;
}

/// Rounds a non-negative scaled value to an integer.
double roundScaled(double scaled, Rounding rounding, bool isNegative) {
  double down = std::floor(scaled), rest = scaled - down;
  switch (rounding) {
  case Rounding::NearestEven:
    if (rest > 0.5 || (rest == 0.5 && std::fmod(down, 2.0) != 0))
      return down + 1;
    return down;
  case Rounding::NearestAway:
    return rest >= 0.5 ? down + 1 : down;
  case Rounding::Zero:
    return down;
  case Rounding::Down:
    return isNegative && rest > 0 ? down + 1 : down;
  case Rounding::Up:
    return !isNegative && rest > 0 ? down + 1 : down;
  }
  return down;
}

/// The distance of neighbouring numbers at a value, as a power of two.
int quantumExponent(double magnitude, const Format &format) {
  // Of a subnormal double it is too large, but below that of every format.
  int exponent = int(std::bit_cast<uint64_t>(magnitude) >> 52 & 0x7ff) - 1023;
  return std::max(exponent, 1 - format.bias) - int(format.mantissaBits);
}

uint32_t encodePower(double value, Rounding rounding, bool saturates) {
  if (std::isnan(value) || value < 0)
    return 0xff;
  if (value == 0)
    return 0;
  int exponent;
  double mantissa = std::frexp(value, &exponent); // in [0.5, 1)
  exponent -= 1;
  if (mantissa > 0.5 && rounding == Rounding::Up)
    ++exponent;
  if (std::isinf(value) || exponent > 127)
    return saturates ? 0xfe : 0xff;
  return exponent < -127 ? 0 : static_cast<uint32_t>(exponent + 127);
}

} // namespace

uint32_t encodeFloat(double value, const Format &format, Rounding rounding, bool saturates) {
  if (format.specials == Specials::PowerOnly)
    return encodePower(value, rounding, saturates);
  bool isNegative = std::signbit(value);
  uint32_t sign = uint32_t(isNegative) << (format.bits() - 1);
  if (std::isnan(value))
    return nanCode(format);
  double magnitude = std::fabs(value);
  uint32_t largest = largestCode(format);
  auto overflow = [&]() -> uint32_t {
    bool staysFinite =
        saturates || format.specials == Specials::None ||
        (!std::isinf(value) && (rounding == Rounding::Zero || (rounding == Rounding::Down && !isNegative) ||
                                (rounding == Rounding::Up && isNegative)));
    if (staysFinite)
      return sign | largest;
    return format.specials == Specials::OneNaN ? sign | (largest + 1) : sign | (largest + 1);
  };
  if (std::isinf(value))
    return overflow();
  if (magnitude == 0)
    return sign;
  int scale = quantumExponent(magnitude, format);
  double rounded = roundScaled(magnitude * powerOfTwo(-scale), rounding, isNegative);
  // Rounding may carry into the next binade; the code is monotonic, so adding
  // the mantissa to the exponent field is right in every case.
  uint32_t code;
  double unit = powerOfTwo(int(format.mantissaBits));
  if (rounded < unit) {
    code = static_cast<uint32_t>(rounded); // subnormal
  } else {
    int field = scale + int(format.mantissaBits) + format.bias;
    code = (static_cast<uint32_t>(field) << format.mantissaBits) + static_cast<uint32_t>(rounded - unit);
  }
  return code > largest ? overflow() : sign | code;
}

uint32_t encodeStochastic(double value, const Format &format, uint32_t random, unsigned randomBits, bool saturates) {
  if (!std::isfinite(value) || value == 0)
    return encodeFloat(value, format, Rounding::Zero, saturates);
  // Adding the random bits below the last place and cutting off is the carry
  // of the definition; a double holds both exactly.
  double added = std::ldexp(double(random), quantumExponent(std::fabs(value), format) - int(randomBits));
  double moved = value + std::copysign(added, value);
  double largest = decodeFloat(largestCode(format), format);
  double beyond = largest + std::ldexp(1.0, quantumExponent(largest, format));
  // A carry out of the largest number overflows as rounding to nearest does.
  return encodeFloat(moved, format, std::fabs(moved) < beyond ? Rounding::Zero : Rounding::NearestEven, saturates);
}

double decodeFlushed(uint32_t code, const Format &format, bool flushes) {
  double value = decodeFloat(code, format);
  return flushes && std::fabs(value) < std::ldexp(1.0, 1 - format.bias) ? std::copysign(0.0, value) : value;
}

double fusedRoundToOdd(double a, double b, double c) {
  double product = a * b; // exact for factors of 24 bits or less
  double sum = product + c;
  if (!std::isfinite(sum))
    return sum;
  // Knuth's two-sum gives what the addition lost.
  double part = sum - product;
  double lost = (product - (sum - part)) + (c - part);
  if (lost == 0)
    return sum;
  if (std::signbit(lost) != std::signbit(sum))
    sum = std::nextafter(sum, 0.0);
  return std::bit_cast<double>(std::bit_cast<uint64_t>(sum) | 1);
}

} // namespace girih::sim
