//===- PackedFloat.cpp - f16, bf16, their pairs, and f32x2 ----------------===//
#include "Elementwise.h"
#include "Halves.h"
#include "girih/Support/Float.h"

#include <cmath>

namespace girih::sim {
namespace {

struct PackedMode {
  Format format;
  bool flushes = false, saturates = false, isRelu = false, isOob = false;
  MinMax minMax;
};

/// `OOB NaN` of PTX ISA, "Tensors": what a tensor copy fills elements outside
/// of the tensor with.
constexpr uint32_t oobNaN = 0x7fff;

double decode16(uint32_t bits, const PackedMode &mode) {
  return decodeFlushed(bits & 0xffff, mode.format, mode.flushes);
}

uint32_t encode16(double x, const PackedMode &mode) {
  if (mode.saturates)
    x = !(x > 0) ? 0 : x > 1 ? 1 : x;
  if (mode.isRelu)
    x = relu(x);
  uint32_t code = encodeFloat(x, mode.format, Rounding::NearestEven, false);
  return mode.flushes ? encodeFloat(decode16(code, mode), mode.format, Rounding::NearestEven, false) : code;
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
      if (m.isOob && ((a & 0xffff) == oobNaN || (b & 0xffff) == oobNaN))
        return 0u;
      return encode16(fusedRoundToOdd(decode16(a, m), decode16(b, m), decode16(c, m)), m);
    };
  return [](uint32_t a, uint32_t b, uint32_t, const PackedMode &m) {
    return encode16(m.minMax(decode16(a, m), decode16(b, m)), m);
  };
}

float apply32(const std::string &operation, float a, float b, float c, Rounding rounding) {
  if (rounding == Rounding::NearestEven)
    return operation == "add" ? a + b : operation == "sub" ? a - b : operation == "mul" ? a * b : std::fma(a, b, c);
  return operation == "add"   ? addRounded(a, b, rounding)
         : operation == "sub" ? addRounded(a, -b, rounding)
         : operation == "mul" ? mulRounded(a, b, rounding)
                              : fmaRounded(a, b, c, rounding);
}

void decodePair32(Decoder &d, Type type, const std::string &operation) {
  Rounding rounding = takeRounding(d);
  bool flushes = d.has("ftz"), isFma = operation == "fma";
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type),
          c = isFma ? d.source(3, type) : Operand();
  keepHalves(d, {a, b, c});
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a), y = s.read<uint64_t>(b), z = s.read<uint64_t>(c);
    Lanes<uint64_t> r;
    auto part = [=](uint64_t v, unsigned half) {
      float value = __builtin_bit_cast(float, uint32_t(v >> (32 * half)));
      return flushes ? flush(value) : value;
    };
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = 0;
      for (unsigned h = 0; h < 2; ++h) {
        float value = apply32(operation, part(x[i], h), part(y[i], h), part(z[i], h), rounding);
        value = std::isnan(value) ? __builtin_bit_cast(float, 0x7fffffffu) : flushes ? flush(value) : value;
        r[i] |= uint64_t(__builtin_bit_cast(uint32_t, value)) << (32 * h);
      }
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

/// ex2 and tanh of 16-bit types: the exact value, rounded.
void decodeFunction16(Decoder &d, Type type, double (*function)(double)) {
  d.has("approx");
  PackedMode mode{.format = formatOf(type), .flushes = d.has("ftz"), .minMax = {}};
  unsigned elements = typeBits(type) / 16;
  runUnary<uint32_t, uint32_t>(d, type, [=](uint32_t a) {
    uint32_t r = 0;
    for (unsigned e = 0; e < elements; ++e)
      r |= encode16(function(decode16(a >> (16 * e), mode)), mode) << (16 * e);
    return r;
  });
  keepHalves(d, d.instruction().reads);
}

} // namespace

bool isPackedFloat(Type type) {
  return type == Type::F16 || type == Type::F16x2 || type == Type::BF16 || type == Type::BF16x2 || type == Type::F32x2;
}

void decodePackedFloat(Decoder &d, Type type, const std::string &operation) {
  if (type == Type::F32x2)
    return decodePair32(d, type, operation);
  d.has("rn");
  PackedMode mode{.format = formatOf(type),
                  .flushes = d.has("ftz"),
                  .saturates = d.has("sat"),
                  .isRelu = d.has("relu"),
                  .isOob = d.has("oob"),
                  .minMax = takeMinMax(d, operation == "max")};
  auto function = elementFunction(operation);
  bool isPair = typeBits(type) == 32, isFma = operation == "fma";
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type),
          c = isFma ? d.source(3, type) : Operand();
  keepHalves(d, {a, b, c});
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
