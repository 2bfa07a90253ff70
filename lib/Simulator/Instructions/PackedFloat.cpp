//===- PackedFloat.cpp - f16, bf16, their pairs, and f32x2 ----------------===//
#include "Elementwise.h"
#include "girih/Support/Float.h"

#include <cmath>

namespace girih::sim {
namespace {

struct PackedMode {
  Type type;
  Format format;
  bool flushes, saturates, isRelu, keepsNaN;
};

double decode16(uint32_t bits, const PackedMode &mode) {
  double x = decodeFloat(bits & 0xffff, mode.format);
  if (mode.flushes && std::fabs(x) < 0x1p-14 && mode.format.exponentBits == 5)
    return std::copysign(0.0, x);
  return x;
}

uint32_t encode16(double x, const PackedMode &mode) {
  if (mode.saturates)
    x = !(x > 0) ? 0 : x > 1 ? 1 : x;
  if (mode.isRelu && x < 0)
    x = 0;
  uint32_t code = encodeFloat(x, mode.format, Rounding::NearestEven, false);
  return mode.flushes ? encodeFloat(decode16(code, mode), mode.format, Rounding::NearestEven, false) : code;
}

double pickOf(double a, double b, bool isMax, bool keepsNaN) {
  if (std::isnan(a) || std::isnan(b))
    return keepsNaN || (std::isnan(a) && std::isnan(b)) ? NAN : std::isnan(a) ? b : a;
  if (a == b)
    return std::signbit(a) != isMax ? a : b;
  return (a < b) != isMax ? a : b;
}

using ElementFunction = std::function<uint32_t(uint32_t, uint32_t, uint32_t, const PackedMode &)>;

/// The function of one 16-bit element. Sums and products of two such numbers
/// are exact in double, so one rounding remains.
ElementFunction elementFunction(const std::string &operation) {
  if (operation == "add")
    return [](uint32_t a, uint32_t b, uint32_t, const PackedMode &m) {
      return encode16(fusedRoundToOdd(1, decode16(a, m), decode16(b, m)), m);
    };
  if (operation == "sub")
    return [](uint32_t a, uint32_t b, uint32_t, const PackedMode &m) {
      return encode16(fusedRoundToOdd(1, decode16(a, m), -decode16(b, m)), m);
    };
  if (operation == "mul")
    return [](uint32_t a, uint32_t b, uint32_t, const PackedMode &m) {
      return encode16(decode16(a, m) * decode16(b, m), m);
    };
  if (operation == "fma")
    return [](uint32_t a, uint32_t b, uint32_t c, const PackedMode &m) {
      return encode16(fusedRoundToOdd(decode16(a, m), decode16(b, m), decode16(c, m)), m);
    };
  bool isMax = operation == "max";
  return [=](uint32_t a, uint32_t b, uint32_t, const PackedMode &m) {
    return encode16(pickOf(decode16(a, m), decode16(b, m), isMax, m.keepsNaN), m);
  };
}

float apply32(const std::string &operation, float a, float b, float c, bool flushes) {
  if (flushes)
    a = flush(a), b = flush(b), c = flush(c);
  float r = operation == "add" ? a + b : operation == "sub" ? a - b : operation == "mul" ? a * b : std::fma(a, b, c);
  return flushes ? flush(r) : r;
}

void decodePair32(Decoder &d, Type type, const std::string &operation) {
  if (takeRounding(d) != Rounding::NearestEven)
    d.unsupported("a directed rounding of .f32x2");
  bool flushes = d.has("ftz"), isFma = operation == "fma";
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type),
          c = isFma ? d.source(3, type) : Operand();
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a), y = s.read<uint64_t>(b), z = s.read<uint64_t>(c);
    Lanes<uint64_t> r;
    auto part = [](uint64_t v, unsigned half) { return __builtin_bit_cast(float, uint32_t(v >> (32 * half))); };
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = 0;
      for (unsigned h = 0; h < 2; ++h)
        r[i] |= uint64_t(__builtin_bit_cast(uint32_t,
                                            apply32(operation, part(x[i], h), part(y[i], h), part(z[i], h), flushes)))
                << (32 * h);
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

/// ex2 and tanh of 16-bit types: the exact value, rounded.
void decodeFunction16(Decoder &d, Type type, double (*function)(double)) {
  d.has("approx");
  PackedMode mode{type, formatOf(type), d.has("ftz"), false, false, false};
  mode.flushes = mode.flushes && mode.format.exponentBits == 5;
  unsigned elements = typeBits(type) / 16;
  runUnary<uint32_t, uint32_t>(d, type, [=](uint32_t a) {
    uint32_t r = 0;
    for (unsigned e = 0; e < elements; ++e)
      r |= encode16(function(decode16(a >> (16 * e), mode)), mode) << (16 * e);
    return r;
  });
}

} // namespace

bool isPackedFloat(Type type) {
  return type == Type::F16 || type == Type::F16x2 || type == Type::BF16 || type == Type::BF16x2 || type == Type::F32x2;
}

void decodePackedFloat(Decoder &d, Type type, const std::string &operation) {
  if (type == Type::F32x2)
    return decodePair32(d, type, operation);
  d.has("rn");
  PackedMode mode{type, formatOf(type), d.has("ftz"), d.has("sat"), d.has("relu"), d.has("NaN")};
  auto function = elementFunction(operation);
  bool isPair = typeBits(type) == 32, isFma = operation == "fma";
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type),
          c = isFma ? d.source(3, type) : Operand();
  d.run([=](Step &s) {
    auto x = s.read<uint32_t>(a), y = s.read<uint32_t>(b), z = s.read<uint32_t>(c);
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = function(x[i], y[i], z[i], mode);
      if (isPair)
        r[i] |= function(x[i] >> 16, y[i] >> 16, z[i] >> 16, mode) << 16;
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

void decodeExp16(Decoder &d, Type type) { decodeFunction16(d, type, std::exp2); }
void decodeTanh16(Decoder &d, Type type) { decodeFunction16(d, type, std::tanh); }

} // namespace girih::sim
