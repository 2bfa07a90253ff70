// The polynomial of lib/Target/Common/Exp2.cpp, with the operations of its PTX in their
// order, over every input that a softmax can give. That the PTX does compute this is
// what test/Kernels/functions.test shows.
#include "girih/Target/Exp2.h"
#include "../../lib/Target/Common/Exp2.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

namespace girih::exp2 {
namespace {

constexpr double kBound = kExp2PolynomialError;
constexpr float kInfinity = std::numeric_limits<float>::infinity(), kNaN = std::numeric_limits<float>::quiet_NaN();

uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

float fromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/// a + b rounded down: the sum in double is exact or, for small a, between the same two
/// floats as the exact one.
float addDownwards(float a, float b) {
  double sum = static_cast<double>(a) + b;
  if (a < 0 && sum == b)
    return std::nextafter(b, -kInfinity);
  float nearest = static_cast<float>(sum);
  return nearest > sum ? std::nextafter(nearest, -kInfinity) : nearest;
}

float evaluate(float x) {
  x = std::isnan(x) || x > kLeastInput ? x : kLeastInput;
  float biased = addDownwards(x, kFloorBias);
  float fraction = x - (biased - kFloorBias);
  float mantissa = kCoefficients[3];
  for (int degree = 2; degree >= 0; --degree)
    mantissa = std::fma(fraction, mantissa, kCoefficients[degree]);
  return mantissa * fromBits(bitsOf(biased) << 23);
}

/// The largest relative error over all inputs from `first` down to `last`, both below 0.
double largestError(float first, float last) {
  double largest = 0;
  for (uint32_t bits = bitsOf(first), end = bitsOf(last); bits <= end; ++bits) {
    float x = fromBits(bits);
    double wanted = std::exp2(static_cast<double>(x));
    largest = std::max(largest, std::abs(evaluate(x) - wanted) / wanted);
  }
  return largest;
}

// Below 2^-25, 1 + x rounds to 1: all such inputs have one result.
TEST(Exp2Polynomial, HasOneResultNextToZero) {
  for (float x : {-0x1p-26f, -0x1.8p-30f, -1e-30f, -0x1p-126f, -0x1p-149f})
    EXPECT_EQ(evaluate(x), evaluate(-0x1p-25f)) << x;
  EXPECT_LE(1 - evaluate(-0x1p-149f), kBound);
}

TEST(Exp2Polynomial, IsWithinItsBoundBelowZero) { EXPECT_LE(largestError(-0x1p-26f, -1), kBound); }

TEST(Exp2Polynomial, IsWithinItsBoundOnNormalResults) { EXPECT_LE(largestError(-1, -126), kBound); }

// A weight may be too large where the output is not rescaled.
TEST(Exp2Polynomial, IsWithinItsBoundAboveZero) {
  for (float x = 0; x < 128; x += 0x1p-10f)
    EXPECT_LE(std::abs(evaluate(x) / std::exp2(static_cast<double>(x)) - 1), kBound) << x;
  EXPECT_EQ(evaluate(128), kInfinity);
}

TEST(Exp2Polynomial, IsExactAtWholeNumbers) {
  for (int x = -126; x < 128; ++x)
    EXPECT_EQ(evaluate(static_cast<float>(x)), std::ldexp(1.0f, x));
  EXPECT_EQ(evaluate(-0.0f), 1);
}

TEST(Exp2Polynomial, FlushesSubnormalResults) {
  for (uint32_t bits = bitsOf(std::nextafter(-126.0f, -kInfinity)); bits <= bitsOf(-200.0f); ++bits)
    ASSERT_EQ(evaluate(fromBits(bits)), 0) << fromBits(bits);
  for (float x : {-1e6f, std::numeric_limits<float>::lowest(), -kInfinity})
    EXPECT_EQ(evaluate(x), 0) << x;
}

TEST(Exp2Polynomial, KeepsNaN) { EXPECT_TRUE(std::isnan(evaluate(kNaN))); }

} // namespace
} // namespace girih::exp2
