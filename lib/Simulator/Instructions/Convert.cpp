//===- Convert.cpp - cvt --------------------------------------------------===//
#include "Convert.h"

#include <cmath>

namespace girih::sim {
namespace {

ConvertMode takeMode(Decoder &d) {
  ConvertMode mode;
  std::string integral = d.oneOf({"rni", "rzi", "rmi", "rpi"});
  mode.toIntegral = !integral.empty();
  mode.rounding = integral == "rzi"   ? Rounding::Zero
                  : integral == "rmi" ? Rounding::Down
                  : integral == "rpi" ? Rounding::Up
                                      : takeRounding(d);
  mode.flushes = d.has("ftz");
  mode.saturates = d.has("sat");
  mode.satfinite = d.has("satfinite");
  mode.isRelu = d.has("relu");
  return mode;
}

double roundIntegral(double x, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return std::trunc(x);
  case Rounding::Down:
    return std::floor(x);
  case Rounding::Up:
    return std::ceil(x);
  case Rounding::NearestAway:
    return std::round(x);
  default:
    return std::nearbyint(x);
  }
}

/// The value of a scalar float of any type as double; exact for all of them.
double toDouble(uint64_t bits, Type type, bool flushes) {
  if (type == Type::F64)
    return __builtin_bit_cast(double, bits);
  if (type == Type::F32 || type == Type::TF32) {
    float f = __builtin_bit_cast(float, uint32_t(bits));
    return flushes ? flush(f) : f;
  }
  return decodeFloat(uint32_t(bits), formatOf(type));
}

template <class From> int64_t clampTo(From value, Type into, bool saturates) {
  if (!saturates)
    return int64_t(value);
  unsigned bits = typeBits(into);
  __int128 low = isSigned(into) ? -(__int128(1) << (bits - 1)) : 0;
  __int128 high = isSigned(into) ? (__int128(1) << (bits - 1)) - 1 : (__int128(1) << bits) - 1;
  __int128 wide = value;
  return int64_t(wide < low ? low : wide > high ? high : wide);
}

/// PTX ISA, "cvt": float to integer saturates always; a NaN gives zero or, from
/// or to 64 bits, the upper bit alone.
uint64_t floatToInteger(double x, Type from, Type into) {
  unsigned bits = typeBits(into);
  if (std::isnan(x))
    return from == Type::F64 || bits == 64 ? 1ull << (bits - 1) : 0;
  if (isSigned(into)) {
    double limit = std::ldexp(1.0, int(bits) - 1);
    if (x >= limit)
      return (1ull << (bits - 1)) - 1;
    if (x < -limit)
      return 1ull << (bits - 1);
    return uint64_t(int64_t(x));
  }
  if (x <= 0)
    return 0;
  if (x >= std::ldexp(1.0, int(bits)))
    return bits == 64 ? ~0ull : (1ull << bits) - 1;
  return uint64_t(x);
}

uint64_t integerToFloat(uint64_t bits, Type from, Type into, const ConvertMode &mode) {
  // long double holds 64-bit integers exactly.
  long double exact = isSigned(from) ? (long double)int64_t(bits) : (long double)bits;
  if (into == Type::F32 && mode.rounding == Rounding::NearestEven)
    return __builtin_bit_cast(uint32_t, float(exact));
  double nearest = double(exact);
  if ((long double)nearest == exact || (into == Type::F64 && mode.rounding == Rounding::NearestEven))
    return fromDouble(nearest, into, mode);
  double below = (long double)nearest < exact ? nearest : std::nextafter(nearest, -INFINITY);
  double above = std::nextafter(below, INFINITY);
  if (into == Type::F64) {
    bool isUp = mode.rounding == Rounding::Up || (mode.rounding == Rounding::Zero && exact < 0);
    return fromDouble(isUp ? above : below, into, mode);
  }
  // Rounding to odd keeps the second rounding right.
  bool isOdd = __builtin_bit_cast(uint64_t, below) & 1;
  return fromDouble(isOdd ? below : above, into, mode);
}

/// The bits of an integer operand extended to 64 by its type.
uint64_t extend(uint64_t bits, Type type) {
  unsigned width = typeBits(type);
  if (width == 64)
    return bits;
  uint64_t shifted = bits << (64 - width);
  return isSigned(type) ? uint64_t(int64_t(shifted) >> (64 - width)) : shifted >> (64 - width);
}

void decodeCvt(Decoder &d) {
  if (d.has("pack"))
    return decodeIntegerPack(d);
  bool isStochastic = d.has("rs");
  ConvertMode mode = takeMode(d);
  Type into = d.type(), from = d.type();
  if (isStochastic)
    return decodeStochasticConvert(d, into, from, mode);
  if (isPackedType(into) || isPackedType(from))
    return decodePackedConvert(d, into, from, mode);
  auto isScalar = [](Type type) {
    return !isFloat(type) || type == Type::F16 || type == Type::BF16 || type == Type::TF32 || type == Type::F32 ||
           type == Type::F64;
  };
  if (!isScalar(into) || !isScalar(from))
    d.unsupported("a conversion from ." + std::string(typeName(from)) + " to ." + typeName(into));
  Operand dst = d.destination(0), a = d.source(1, from);
  if (d.count() != 2)
    d.unsupported();
  auto convert = [=](uint64_t bits) -> uint64_t {
    if (isFloat(from)) {
      double x = toDouble(bits, from, mode.flushes);
      if (!isFloat(into))
        return floatToInteger(roundIntegral(x, mode.rounding), from, into);
      if (mode.toIntegral)
        x = roundIntegral(x, mode.rounding);
      return fromDouble(x, into, mode);
    }
    uint64_t wide = extend(bits, from);
    if (isFloat(into))
      return integerToFloat(wide, from, into, mode);
    return isSigned(from) ? uint64_t(clampTo(int64_t(wide), into, mode.saturates))
                          : uint64_t(clampTo(wide, into, mode.saturates));
  };
  // Truncation needs no more than it keeps.
  if (!isFloat(from) && !isFloat(into) && !mode.saturates && typeBits(into) < typeBits(from))
    d.instruction().defined = [=](const Step &s) { return s.definedHalves(a, typeBits(into)).whole(); };
  // The result is extended to the register by the type of the destination.
  bool extends = !isFloat(into);
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a);
    Lanes<uint64_t> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = convert(x[i]);
      if (extends)
        r[i] = extend(r[i], into);
    }
    s.write(dst, r);
    return Outcome::Next;
  });
}

} // namespace

uint64_t fromDouble(double x, Type type, const ConvertMode &mode) {
  if (mode.saturates)
    x = !(x > 0) ? 0 : x > 1 ? 1 : x;
  if (mode.isRelu)
    x = relu(x);
  if (type == Type::F64)
    return std::isnan(x) ? 0x7ff8000000000000ull : __builtin_bit_cast(uint64_t, x);
  if (type == Type::F32) {
    float f = mode.rounding == Rounding::NearestEven ? float(x) : narrow(x, mode.rounding);
    if (mode.flushes)
      f = flush(f);
    if (std::isnan(f))
      return 0x7fffffffu;
    return __builtin_bit_cast(uint32_t, f);
  }
  if (type == Type::TF32)
    return uint64_t(encodeFloat(x, formatOf(type), mode.rounding, mode.satfinite)) << 13;
  return encodeFloat(x, formatOf(type), mode.rounding, mode.satfinite);
}

void registerConvert(DecodeTable &table) { table["cvt"] = decodeCvt; }

} // namespace girih::sim
