//===- Float.cpp - f32 and f64 arithmetic ---------------------------------===//
#include "Elementwise.h"
#include "Halves.h"

#include <cmath>

namespace girih::sim {
namespace {

/// `.rn/.rz/.rm/.rp`, `.ftz` and `.sat` of a float instruction.
struct FloatMode {
  Rounding rounding = Rounding::NearestEven;
  bool flushes = false, saturates = false;

  explicit FloatMode(Decoder &d) : rounding(takeRounding(d)), flushes(d.has("ftz")), saturates(d.has("sat")) {}

  float in(float x) const { return flushes ? flush(x) : x; }
  double in(double x) const { return x; }
  float out(float x) const {
    if (flushes)
      x = flush(x);
    if (saturates)
      x = !(x > 0.0f) ? 0.0f : x > 1.0f ? 1.0f : x;
    return x;
  }
  double out(double x) const { return x; }
  bool isNearest() const { return rounding == Rounding::NearestEven; }
};

/// A NaN that arithmetic makes is the canonical one (PTX ISA, "Floating-Point
/// Instructions": single precision NaN payloads are not kept).
float canonical(float x) { return std::isnan(x) ? __builtin_bit_cast(float, 0x7fffffffu) : x; }
double canonical(double x) { return std::isnan(x) ? __builtin_bit_cast(double, 0x7ff8000000000000ull) : x; }

template <class T> void decodeAddOf(Decoder &d, Type type, bool isSubtraction) {
  FloatMode mode(d);
  if (mode.isNearest())
    runBinary<T, T>(d, type, [=](T a, T b) {
      a = mode.in(a), b = mode.in(b);
      return mode.out(canonical(isSubtraction ? a - b : a + b));
    });
  else
    runBinary<T, T>(d, type, [=](T a, T b) {
      b = isSubtraction ? -b : b;
      return mode.out(canonical(addRounded(mode.in(a), mode.in(b), mode.rounding)));
    });
}

template <class T> void decodeMulOf(Decoder &d, Type type) {
  FloatMode mode(d);
  if (mode.isNearest())
    runBinary<T, T>(d, type, [=](T a, T b) { return mode.out(canonical(mode.in(a)*mode.in(b))); });
  else
    runBinary<T, T>(d, type,
                    [=](T a, T b) { return mode.out(canonical(mulRounded(mode.in(a), mode.in(b), mode.rounding))); });
}

template <class T> void decodeFmaOf(Decoder &d, Type type) {
  FloatMode mode(d);
  if (mode.isNearest())
    runTernary<T, T, T>(d, type, type, [=](T a, T b, T c) {
      return mode.out(canonical(std::fma(mode.in(a), mode.in(b), mode.in(c))));
    });
  else
    runTernary<T, T, T>(d, type, type, [=](T a, T b, T c) {
      return mode.out(canonical(fmaRounded(mode.in(a), mode.in(b), mode.in(c), mode.rounding)));
    });
}

template <class T> void decodeDivOf(Decoder &d, Type type) {
  // The approximate forms are within 2 ulp; the exact quotient is.
  bool isApproximate = d.oneOf({"approx", "full"}) == "approx";
  FloatMode mode(d);
  runBinary<T, T>(d, type, [=](T a, T b) {
    a = mode.in(a), b = mode.in(b);
    // PTX ISA, "div": the reciprocal of a divisor this large is flushed.
    if (isApproximate && std::fabs(b) > T(0x1p126) && !std::isinf(b))
      return mode.out(canonical(a * std::copysign(T(0), b)));
    return mode.out(canonical(mode.isNearest() ? a / b : divRounded(a, b, mode.rounding)));
  });
}

template <class T> void decodeSqrtOf(Decoder &d, Type type) {
  d.has("approx");
  FloatMode mode(d);
  runUnary<T, T>(d, type, [=](T a) {
    a = mode.in(a);
    return mode.out(canonical(mode.isNearest() ? std::sqrt(a) : sqrtRounded(a, mode.rounding)));
  });
}

void decodeSqrt(Decoder &d) {
  Type type = d.type();
  type == Type::F64 ? decodeSqrtOf<double>(d, type) : decodeSqrtOf<float>(d, type);
}

template <class T> void decodeRcpOf(Decoder &d, Type type) {
  d.has("approx");
  FloatMode mode(d);
  runUnary<T, T>(d, type, [=](T a) {
    a = mode.in(a);
    return mode.out(canonical(mode.isNearest() ? T(1) / a : divRounded(T(1), a, mode.rounding)));
  });
}

void decodeRcp(Decoder &d) {
  Type type = d.type();
  type == Type::F64 ? decodeRcpOf<double>(d, type) : decodeRcpOf<float>(d, type);
}

template <class T> void decodeMinMaxOf(Decoder &d, Type type, bool isMax) {
  FloatMode mode(d);
  MinMax pick = takeMinMax(d, isMax);
  auto f = [=](T a, T b) { return canonical(pick(mode.in(a), mode.in(b))); };
  if (d.count() == 4)
    runTernary<T, T, T>(d, type, type, [=](T a, T b, T c) { return f(f(a, b), c); });
  else
    runBinary<T, T>(d, type, f);
}

void decodeCopysign(Decoder &d) {
  Type type = d.type();
  if (type == Type::F64)
    runBinary<double, double>(d, type, [](double a, double b) { return std::copysign(b, a); });
  else
    runBinary<float, float>(d, type, [](float a, float b) { return std::copysign(b, a); });
}

template <class T> bool testProperty(T x, const std::string &property) {
  if (property == "finite")
    return std::isfinite(x);
  if (property == "infinite")
    return std::isinf(x);
  if (property == "number")
    return !std::isnan(x);
  if (property == "notanumber")
    return std::isnan(x);
  if (property == "normal")
    return std::isnormal(x) || x == 0;
  return std::fpclassify(x) == FP_SUBNORMAL;
}

template <class T> void decodeTestpOf(Decoder &d, Type type) {
  std::string property = d.oneOf({"finite", "infinite", "number", "notanumber", "normal", "subnormal"});
  Operand into = d.destination(0), a = d.source(1, type);
  d.run([=](Step &s) {
    auto x = s.read<T>(a);
    LaneMask result = 0;
    for (unsigned i = 0; i < warpSize; ++i)
      result |= LaneMask(testProperty(x[i], property)) << i;
    s.writePredicate(into, result);
    return Outcome::Next;
  });
}

void decodeTestp(Decoder &d) {
  Type type = d.type();
  type == Type::F64 ? decodeTestpOf<double>(d, type) : decodeTestpOf<float>(d, type);
}

/// PTX ISA, "Mixed Precision Floating-Point Instructions": the last operand
/// and the result are f32, the others are widened. A sum is a product with 1,
/// which is exact.
void decodeMixed(Decoder &d, Type narrow, bool isSubtraction, bool isFma) {
  FloatMode mode(d);
  Format format = formatOf(narrow);
  Operand into = d.destination(0), a = d.source(1, narrow), b = isFma ? d.source(2, narrow) : Operand(),
          c = d.source(isFma ? 3 : 2, Type::F32);
  d.run([=](Step &s) {
    auto x = s.read<uint16_t>(a), y = s.read<uint16_t>(b);
    auto z = s.read<float>(c);
    Lanes<float> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      float factor = isFma ? float(decodeFloat(y[i], format)) : 1.0f;
      r[i] = mode.out(
          canonical(fmaRounded(float(decodeFloat(x[i], format)), factor, isSubtraction ? -z[i] : z[i], mode.rounding)));
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

/// fma is a float instruction only.
void decodeFma(Decoder &d) { decodeFloatFma(d, d.type()); }

} // namespace

void decodeFloatAdd(Decoder &d, Type type, bool isSubtraction) {
  if (isPackedFloat(type))
    return decodePackedFloat(d, type, isSubtraction ? "sub" : "add");
  if (auto narrow = d.maybeType())
    return decodeMixed(d, *narrow, isSubtraction, false);
  type == Type::F64 ? decodeAddOf<double>(d, type, isSubtraction) : decodeAddOf<float>(d, type, isSubtraction);
}

void decodeFloatMul(Decoder &d, Type type) {
  if (isPackedFloat(type))
    return decodePackedFloat(d, type, "mul");
  type == Type::F64 ? decodeMulOf<double>(d, type) : decodeMulOf<float>(d, type);
}

void decodeFloatFma(Decoder &d, Type type) {
  if (isPackedFloat(type))
    return decodePackedFloat(d, type, "fma");
  if (auto narrow = d.maybeType())
    return decodeMixed(d, *narrow, false, true);
  type == Type::F64 ? decodeFmaOf<double>(d, type) : decodeFmaOf<float>(d, type);
}

void decodeFloatDiv(Decoder &d, Type type) {
  type == Type::F64 ? decodeDivOf<double>(d, type) : decodeDivOf<float>(d, type);
}

void decodeFloatMinMax(Decoder &d, Type type, bool isMax) {
  if (isPackedFloat(type))
    return decodePackedFloat(d, type, isMax ? "max" : "min");
  type == Type::F64 ? decodeMinMaxOf<double>(d, type, isMax) : decodeMinMaxOf<float>(d, type, isMax);
}

/// abs and neg move the sign bit of each element.
void decodeFloatSign(Decoder &d, Type type, bool isAbs) {
  bool flushes = d.has("ftz");
  if (type == Type::F64)
    return runUnary<uint64_t, uint64_t>(d, type,
                                        [=](uint64_t a) { return isAbs ? a & ~(1ull << 63) : a ^ (1ull << 63); });
  uint32_t signs = type == Type::F32 ? 0x80000000u : type == Type::F16 || type == Type::BF16 ? 0x8000u : 0x80008000u;
  runUnary<uint32_t, uint32_t>(d, type, [=](uint32_t a) {
    if (flushes && type == Type::F32)
      a = __builtin_bit_cast(uint32_t, flush(__builtin_bit_cast(float, a)));
    return isAbs ? a & ~signs : a ^ signs;
  });
  if (typeBits(type) == 32 && type != Type::F32)
    keepHalves(d, d.instruction().reads);
}

void registerFloat(DecodeTable &table) {
  table["fma"] = decodeFma;
  table["sqrt"] = decodeSqrt;
  table["rcp"] = decodeRcp;
  table["copysign"] = decodeCopysign;
  table["testp"] = decodeTestp;
}

} // namespace girih::sim
