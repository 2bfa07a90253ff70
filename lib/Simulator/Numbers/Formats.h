//===- Formats.h - Small floating-point formats -----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_NUMBERS_FORMATS_H
#define GIRIH_SIMULATOR_NUMBERS_FORMATS_H

#include "../Program/Types.h"

#include <cstdint>

namespace girih::sim {

enum class Rounding : uint8_t {
  NearestEven,
  NearestAway,
  Zero,
  Down,
  Up,
};

/// What the largest exponent codes mean (PTX ISA, "Alternate Floating-Point
/// Data Formats").
enum class Specials : uint8_t {
  Ieee,     ///< infinities and NaNs as in IEEE 754
  OneNaN,   ///< e4m3: no infinity, S.1111.111 is NaN
  None,     ///< e3m2, e2m3, e2m1: every code is a number
  PowerOnly ///< ue8m0: an exponent alone, 0xff is NaN
};

struct Format {
  unsigned exponentBits, mantissaBits;
  int bias;
  Specials specials;
  unsigned bits() const { return 1 + exponentBits + mantissaBits; }
};

/// The format of an element type; packed types give that of an element.
Format formatOf(Type type);

/// The value of a code, exactly.
double decodeFloat(uint32_t code, const Format &format);

/// The code nearest to a value under a rounding. With `saturates`, what lies
/// beyond the largest finite number becomes that number (.satfinite); without
/// it, infinity, or NaN in formats that have none.
uint32_t encodeFloat(double value, const Format &format, Rounding rounding, bool saturates);

/// Sum of a product and an addend, rounded to odd at double precision: a
/// second rounding to a narrower format is then correct.
double fusedRoundToOdd(double a, double b, double c);

/// As encodeFloat, but rounded away from zero when the random bits, added to
/// as many of the discarded bits, give a carry (PTX ISA, "cvt", `.rs`).
uint32_t encodeStochastic(double value, const Format &format, uint32_t random, unsigned randomBits, bool saturates);

/// The value of a code, or zero of its sign where it is subnormal and
/// `flushes` (.ftz).
double decodeFlushed(uint32_t code, const Format &format, bool flushes);

/// float and double arithmetic under a directed rounding.
template <class T> T addRounded(T a, T b, Rounding rounding);
template <class T> T mulRounded(T a, T b, Rounding rounding);
template <class T> T fmaRounded(T a, T b, T c, Rounding rounding);
template <class T> T divRounded(T a, T b, Rounding rounding);
template <class T> T sqrtRounded(T a, Rounding rounding);
/// A double as float under a rounding.
float narrow(double value, Rounding rounding);

/// `.relu`: negative numbers and -0 become zero, a NaN stays.
inline double relu(double x) { return x > 0 || x != x ? x : 0.0; }

/// Subnormal numbers as zero of the same sign (.ftz).
inline float flush(float value) {
  uint32_t bits = __builtin_bit_cast(uint32_t, value);
  return bits & 0x7f800000u ? value : __builtin_bit_cast(float, bits & 0x80000000u);
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_NUMBERS_FORMATS_H
