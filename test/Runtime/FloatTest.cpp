//===- FloatTest.cpp - Conversions of 16-bit floating point ---------------===//

#include "girih/Support/ElementType.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace girih;

namespace {

/// Decodes a 16-bit format with `exponentBits` by its definition.
double decode(uint16_t bits, int exponentBits) {
  int fractionBits = 15 - exponentBits, bias = (1 << (exponentBits - 1)) - 1;
  int exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1);
  int fraction = bits & ((1 << fractionBits) - 1);
  double sign = bits & 0x8000 ? -1 : 1;
  if (exponent == (1 << exponentBits) - 1)
    return fraction ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * std::ldexp(fraction, 1 - bias - fractionBits);
  return sign * std::ldexp(fraction + (1 << fractionBits), exponent - bias - fractionBits);
}

struct Format {
  int exponentBits;
  float (*toFloat)(uint16_t);
  uint16_t (*fromFloat)(float);
};

class FloatTest : public testing::TestWithParam<Format> {};

} // namespace

TEST_P(FloatTest, every_value_decodes_and_comes_back) {
  Format format = GetParam();
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    double expected = decode(uint16_t(bits), format.exponentBits);
    float value = format.toFloat(uint16_t(bits));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_TRUE(std::isnan(format.toFloat(format.fromFloat(value))));
      continue;
    }
    ASSERT_EQ(expected, double(value)) << bits;
    ASSERT_EQ(bits, format.fromFloat(value)) << bits;
  }
}

TEST_P(FloatTest, between_neighbours_rounds_to_nearest_even) {
  Format format = GetParam();
  uint16_t infinity = format.fromFloat(INFINITY);
  for (uint32_t bits = 0; bits + 1 < infinity; ++bits) {
    float low = format.toFloat(uint16_t(bits)), high = format.toFloat(uint16_t(bits + 1));
    float middle = float((double(low) + double(high)) / 2);
    uint16_t even = uint16_t(bits % 2 ? bits + 1 : bits);
    // The smallest bfloat16 subnormals have no float half way between them.
    if (double(middle) != (double(low) + double(high)) / 2)
      continue;
    ASSERT_EQ(even, format.fromFloat(middle)) << bits;
    ASSERT_EQ(bits, format.fromFloat(std::nextafter(middle, -INFINITY))) << bits;
    ASSERT_EQ(bits + 1, format.fromFloat(std::nextafter(middle, INFINITY))) << bits;
    ASSERT_EQ(even | 0x8000, format.fromFloat(-middle)) << bits;
  }
}

TEST_P(FloatTest, beyond_the_largest_is_infinity) {
  Format format = GetParam();
  uint16_t infinity = format.fromFloat(INFINITY);
  float largest = format.toFloat(uint16_t(infinity - 1));
  EXPECT_EQ(infinity - 1, format.fromFloat(largest));
  EXPECT_EQ(infinity, format.fromFloat(std::numeric_limits<float>::max()));
  EXPECT_EQ(infinity | 0x8000, format.fromFloat(-std::numeric_limits<float>::max()));
}

INSTANTIATE_TEST_SUITE_P(Formats, FloatTest,
                         testing::Values(Format{8, bfloat16ToFloat, floatToBfloat16},
                                         Format{5, halfToFloat, floatToHalf}));

/// A format of 8 bits, whose largest number stands for all that are larger.
struct NarrowFormat {
  uint8_t largest;
  float (*toFloat)(uint8_t);
  uint8_t (*fromFloat)(float);
};

class NarrowFloatTest : public testing::TestWithParam<NarrowFormat> {};

TEST_P(NarrowFloatTest, values_come_back_and_those_between_go_to_the_nearest) {
  NarrowFormat format = GetParam();
  for (int bits = 0; bits < format.largest; ++bits) {
    float low = format.toFloat(uint8_t(bits)), high = format.toFloat(uint8_t(bits + 1)), middle = (low + high) / 2;
    ASSERT_EQ(bits, format.fromFloat(low));
    ASSERT_EQ(bits | 0x80, format.fromFloat(-low));
    ASSERT_EQ(bits % 2 ? bits + 1 : bits, format.fromFloat(middle)) << bits;
    ASSERT_EQ(bits, format.fromFloat(std::nextafter(middle, -INFINITY))) << bits;
    ASSERT_EQ(bits + 1, format.fromFloat(std::nextafter(middle, INFINITY))) << bits;
  }
}

TEST_P(NarrowFloatTest, larger_numbers_are_the_largest) {
  NarrowFormat format = GetParam();
  float largest = format.toFloat(format.largest);
  EXPECT_EQ(format.largest, format.fromFloat(largest));
  EXPECT_EQ(format.largest, format.fromFloat(std::nextafter(largest, INFINITY)));
  EXPECT_EQ(format.largest | 0x80, format.fromFloat(-std::numeric_limits<float>::max()));
  EXPECT_TRUE(std::isnan(format.toFloat(format.fromFloat(NAN))));
}

INSTANTIATE_TEST_SUITE_P(Formats, NarrowFloatTest,
                         testing::Values(NarrowFormat{0x7e, e4m3ToFloat, floatToE4m3},
                                         NarrowFormat{0x7b, e5m2ToFloat, floatToE5m2}));

TEST(NarrowFloatTest, formats_have_their_limits) {
  EXPECT_EQ(448, e4m3ToFloat(0x7e));
  EXPECT_EQ(0x1p-9f, e4m3ToFloat(1));
  EXPECT_EQ(57344, e5m2ToFloat(0x7b));
  EXPECT_EQ(0x1p-16f, e5m2ToFloat(1));
  EXPECT_EQ(INFINITY, e5m2ToFloat(floatToE5m2(INFINITY)));
  EXPECT_EQ(448, e4m3ToFloat(floatToE4m3(INFINITY)));
}

TEST(NarrowFloatTest, scales_are_powers_of_two) {
  EXPECT_EQ(1, ue8m0ToFloat(127));
  EXPECT_EQ(0x1p-127f, ue8m0ToFloat(0));
  EXPECT_EQ(0x1p127f, ue8m0ToFloat(254));
  EXPECT_TRUE(std::isnan(ue8m0ToFloat(255)));
  for (int bits = 1; bits < 256; ++bits)
    EXPECT_EQ(bits, floatToUe8m0(ue8m0ToFloat(uint8_t(bits))));
  EXPECT_EQ(0, floatToUe8m0(0x1p-127f));
  EXPECT_EQ(128, floatToUe8m0(3));
  EXPECT_EQ(255, floatToUe8m0(INFINITY));
}

TEST(ElementTypeTest, unit_roundoff_is_half_an_ulp_of_one) {
  for (ElementType type : {ElementType::BF16, ElementType::F16, ElementType::E4M3, ElementType::E5M2}) {
    float roundoff = float(unitRoundoff(type));
    EXPECT_EQ(1.0f, roundToElement(type, 1 + roundoff));
    EXPECT_EQ(1 + 2 * roundoff, roundToElement(type, 1 + 1.01f * roundoff));
  }
}
