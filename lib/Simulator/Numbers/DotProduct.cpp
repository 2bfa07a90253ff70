//===- DotProduct.cpp - How matrix units add products ---------------------===//
#include "DotProduct.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace girih::sim {

/// Exponent of zero: a term without weight, which never is the largest. Two of
/// them and a scale still are far from overflow.
static constexpr int32_t zeroExponent = -100000;

/// A magnitude times 2^up, cut off at its last bit.
static int64_t shifted(int64_t significand, int up) {
  int64_t magnitude = std::abs(significand);
  magnitude = up >= 0 ? magnitude << up : magnitude >> std::min(-up, 63);
  return significand < 0 ? -magnitude : magnitude;
}

DotProduct::Significands DotProduct::decompose(const std::vector<float> &values, Format format) {
  Significands result;
  result.fractionBits = format.mantissaBits;
  result.significands.resize(values.size());
  result.exponents.resize(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    uint32_t bits = std::bit_cast<uint32_t>(values[i]);
    int biased = int(bits >> 23 & 0xff);
    result.hasSpecials |= biased == 0xff;
    if (biased == 0xff || bits << 1 == 0) {
      result.exponents[i] = zeroExponent;
      continue;
    }
    if (format.mantissaBits == 0) { // ue8m0, whose least, 2^-127, is subnormal here
      result.exponents[i] = std::ilogb(values[i]);
      result.significands[i] = 1;
      continue;
    }
    int own = std::max(biased, 1) - 127, exponent = std::max(own, 1 - format.bias);
    // Exact: the value is a multiple of the format's smallest step.
    int drop = std::min(23 - int(format.mantissaBits) + exponent - own, 31);
    auto magnitude = int32_t(((bits & 0x7fffffu) | (biased ? 0x800000u : 0)) >> drop);
    result.exponents[i] = exponent;
    result.significands[i] = bits >> 31 ? -magnitude : magnitude;
  }
  return result;
}

DotProduct::DotProduct(const DotProductRule &rule, DotOperand a, DotOperand b, Type accumulator, uint32_t columns)
    : rule(rule), a(a), b(b), accumulator(accumulator), k(uint32_t(b.values.size() / columns)), columns(columns),
      numbersA(decompose(a.values, formatOf(a.type))), numbersB(decompose(b.values, formatOf(b.type))),
      scalesA(decompose(a.scales.values, formatOf(a.scales.type))),
      scalesB(decompose(b.scales.values, formatOf(b.scales.type))), largest(columns), sums(columns) {
  if (a.scales.blocks != 1)
    return;
  // One scale for all of K is a power of two and only moves exponents.
  for (size_t i = 0; i < numbersA.exponents.size(); ++i)
    numbersA.exponents[i] += scalesA.exponents[i / k];
  for (size_t i = 0; i < numbersB.exponents.size(); ++i)
    numbersB.exponents[i] += scalesB.exponents[i % columns];
}

void DotProduct::alignAccumulators(const Significands &c) {
  for (uint32_t column = 0; column < columns; ++column)
    sums[column] = shifted(c.significands[column],
                           int(rule.alignedBits) - int(c.fractionBits) - (largest[column] - c.exponents[column]));
}

// The two inner loops take most of the time of a simulated attention kernel.
// Shifts by a different number for each column need AVX2 to be vectorized.
#if defined(__x86_64__)
#define GIRIH_WITH_AVX2 __attribute__((target_clones("avx2", "default")))
#else
#define GIRIH_WITH_AVX2
#endif

GIRIH_WITH_AVX2 static void raiseLargest(int32_t exponentA, const int32_t *exponentsB, int32_t *largest,
                                         uint32_t columns) {
  for (uint32_t column = 0; column < columns; ++column)
    largest[column] = std::max(largest[column], exponentA + exponentsB[column]);
}

/// Adds one aligned product to the sum of each column. Products have at most
/// 22 bits, so that aligned ones fit 32.
GIRIH_WITH_AVX2 static void addAligned(int32_t significandA, int32_t exponentA, const int32_t *significandsB,
                                       const int32_t *exponentsB, unsigned up, const int32_t *largest, int64_t *sums,
                                       uint32_t columns) {
  for (uint32_t column = 0; column < columns; ++column) {
    int32_t product = significandA * significandsB[column];
    auto drop = uint32_t(std::min(largest[column] - exponentA - exponentsB[column], 31));
    auto magnitude = int32_t(uint32_t(std::abs(product)) << up >> drop);
    sums[column] += product < 0 ? -magnitude : magnitude;
  }
}

void DotProduct::addProducts(uint32_t row) {
  unsigned up = rule.alignedBits - numbersA.fractionBits - numbersB.fractionBits;
  for (uint32_t i = 0; i < k; ++i) {
    size_t atA = size_t(row) * k + i, atB = size_t(i) * columns;
    addAligned(numbersA.significands[atA], numbersA.exponents[atA], numbersB.significands.data() + atB,
               numbersB.exponents.data() + atB, up, largest.data(), sums.data(), columns);
  }
}

/// 4-bit numbers: 16 products are summed exactly, then scaled and aligned.
void DotProduct::addScaledBlocks(uint32_t row) {
  constexpr uint32_t group = 16;
  uint32_t blocks = a.scales.blocks, size = k / blocks;
  int fraction = int(numbersA.fractionBits + numbersB.fractionBits + scalesA.fractionBits + scalesB.fractionBits);
  for (uint32_t column = 0; column < columns; ++column)
    for (uint32_t first = 0; first < k; first += group) {
      size_t scaleA = row * blocks + first / size, scaleB = column * blocks + first / size;
      int64_t sum = 0;
      for (uint32_t i = first; i < first + group; ++i) {
        size_t atA = size_t(row) * k + i, atB = size_t(i) * columns + column;
        // Small integers: the exponents of a 4-bit format are 0, 1 and 2, but
        // that of a zero is far below.
        if (int64_t product = int64_t(numbersA.significands[atA]) * numbersB.significands[atB])
          sum += product << (numbersA.exponents[atA] + numbersB.exponents[atB]);
      }
      sum *= int64_t(scalesA.significands[scaleA]) * scalesB.significands[scaleB];
      int drop = largest[column] - scalesA.exponents[scaleA] - scalesB.exponents[scaleB];
      sums[column] += shifted(sum, int(rule.alignedBits) - fraction - drop);
    }
}

float DotProduct::resultOf(uint32_t column) const {
  int scale = largest[column] - int(rule.alignedBits);
  double value = std::ldexp(double(sums[column]), scale);
  if (accumulator == Type::F16) {
    Format half = formatOf(Type::F16);
    value = decodeFloat(encodeFloat(value, half, Rounding::NearestEven, false), half);
  } else if (auto magnitude = uint64_t(std::abs(sums[column]))) {
    int exponent = std::max(int(std::bit_width(magnitude)) - 1 + scale, -126);
    int drop = exponent - int(rule.resultBits) - scale;
    if (drop > 0)
      magnitude = drop > 63 ? 0 : magnitude >> drop << drop;
    value = std::copysign(std::ldexp(double(magnitude), scale), value);
  }
  // Nothing left of a negative sum is +0.
  return float(value) + 0.0f;
}

/// Tells what infinities and NaNs among the operands make of the sum.
double DotProduct::plainSum(uint32_t row, uint32_t column, float c) const {
  double sum = c;
  for (uint32_t i = 0; i < k; ++i) {
    double product = double(a.values[size_t(row) * k + i]) * b.values[size_t(i) * columns + column];
    if (uint32_t blocks = a.scales.blocks)
      product *=
          double(a.scales.values[row * blocks + i * blocks / k]) * b.scales.values[column * blocks + i * blocks / k];
    sum += product;
  }
  return sum;
}

void DotProduct::addRow(uint32_t row, float *d) {
  Significands c = decompose({d, d + columns}, formatOf(accumulator));
  bool hasBlocks = a.scales.blocks > 1;
  largest = c.exponents;
  if (hasBlocks) {
    uint32_t blocks = a.scales.blocks;
    for (uint32_t column = 0; column < columns; ++column)
      for (uint32_t i = 0; i < blocks; ++i)
        largest[column] =
            std::max(largest[column], scalesA.exponents[row * blocks + i] + scalesB.exponents[column * blocks + i]);
  } else {
    for (uint32_t i = 0; i < k; ++i)
      raiseLargest(numbersA.exponents[size_t(row) * k + i], numbersB.exponents.data() + size_t(i) * columns,
                   largest.data(), columns);
  }
  alignAccumulators(c);
  hasBlocks ? addScaledBlocks(row) : addProducts(row);
  bool hasSpecials =
      c.hasSpecials || numbersA.hasSpecials || numbersB.hasSpecials || scalesA.hasSpecials || scalesB.hasSpecials;
  for (uint32_t column = 0; column < columns; ++column) {
    double plain = hasSpecials ? plainSum(row, column, d[column]) : 0;
    d[column] = std::isnan(plain)   ? std::bit_cast<float>(0x7fffffffu)
                : std::isinf(plain) ? float(plain)
                                    : resultOf(column);
  }
}

} // namespace girih::sim
