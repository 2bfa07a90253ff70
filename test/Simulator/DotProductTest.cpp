//===- DotProductTest.cpp - Where matrix units cut off --------------------===//
#include "../../lib/Simulator/Numbers/DotProduct.h"

#include <cmath>
#include <gtest/gtest.h>

namespace girih::sim {
namespace {

struct Operands {
  std::vector<float> a, b;
  Type type = Type::BF16, accumulator = Type::F32;
  DotProductRule rule = {};
  float c = 0;
  BlockScales scalesA = {}, scalesB = {};

  float sum() const {
    float d = c;
    DotProduct(rule, {a, type, scalesA}, {b, type, scalesB}, accumulator, 1).addRow(0, &d);
    return d;
  }
};

TEST(DotProduct, KeepsTwentyFiveBitsBelowTheLargestExponent) {
  // Two terms of 2^-25 are one bit of the sum of 1 - 2^-24 and more; half as large, they are nothing.
  EXPECT_EQ((Operands{{-1, 1}, {1, 0x1p-25f}, Type::BF16, Type::F32, {}, 1}.sum()), 0x1p-25f);
  EXPECT_EQ((Operands{{-1, 1}, {1, 0x1p-26f}, Type::BF16, Type::F32, {}, 1}.sum()), 0.0f);
}

TEST(DotProduct, EachTermIsCutOffBeforeTheSum) {
  // Eight times 2^-28 would be 2^-25.
  Operands many{{-1, 1, 1, 1, 1, 1, 1, 1, 1}, {1}, Type::BF16, Type::F32, {}, 1};
  many.b.insert(many.b.end(), 8, 0x1p-28f);
  EXPECT_EQ(many.sum(), 0.0f);
}

TEST(DotProduct, TheSumIsCutOffTowardsZero) {
  EXPECT_EQ((Operands{{1, 1}, {1, 0x1.8p-24f}}.sum()), 1.0f);
  EXPECT_EQ((Operands{{-1, -1}, {1, 0x1.8p-24f}}.sum()), -1.0f);
  EXPECT_EQ((Operands{{1, 1}, {1, 0x1p-23f}}.sum()), 1.0f + 0x1p-23f);
}

TEST(DotProduct, ThirteenBitsForHoppersEightBitNumbers) {
  DotProductRule rule{13, 13};
  EXPECT_EQ((Operands{{1, 0x1p-6f}, {1, 0x1p-6f}, Type::E4M3, Type::F32, rule}.sum()), 1.0f + 0x1p-12f);
  EXPECT_EQ((Operands{{16, 0x1p-6f}, {1, 0x1p-6f}, Type::E4M3, Type::F32, rule}.sum()), 16.0f);
}

TEST(DotProduct, ProductsAreNotNormalised) {
  // 1.5 * 1.5 = 2.25 has the exponent 0 of its factors: 2^-25 still counts.
  EXPECT_EQ((Operands{{1.5f, 1}, {1.5f, 0x1p-25f}, Type::BF16, Type::F32, {}, -2.25f}.sum()), 0.0f);
  EXPECT_EQ((Operands{{1.5f, 1}, {1.5f, 0x1p-25f}, Type::BF16, Type::F32, {}, 0}.sum()), 2.25f);
  EXPECT_EQ((Operands{{1.5f, 1, -1.5f}, {1.5f, 0x1p-25f, 1.5f}}.sum()), 0x1p-25f);
}

TEST(DotProduct, ZeroHasNoWeight) {
  // The exponent of 2^100 * 0 does not push out the small term.
  EXPECT_EQ((Operands{{0x1p100f, 1}, {0, 0x1p-60f}}.sum()), 0x1p-60f);
}

TEST(DotProduct, SubnormalOperandsKeepTheSmallestExponent) {
  // float16: 2^-24 has the exponent -14 of all subnormal numbers, so 2^-40 is 26 bits below it.
  EXPECT_EQ((Operands{{0x1p-24f, 0x1p-14f}, {1, 0x1p-14f}, Type::F16}.sum()), 0x1p-24f + 0x1p-28f);
  EXPECT_EQ((Operands{{0x1p-24f, 0x1p-20f}, {1, 0x1p-20f}, Type::F16}.sum()), 0x1p-24f);
}

TEST(DotProduct, HalfPrecisionAccumulatorsRoundToNearestEven) {
  EXPECT_EQ((Operands{{1, 1}, {1, 0x1p-11f}, Type::F16, Type::F16}.sum()), 1.0f);
  EXPECT_EQ((Operands{{1, 1}, {1, 0x1.8p-11f}, Type::F16, Type::F16}.sum()), 1.0f + 0x1p-10f);
  EXPECT_EQ((Operands{{256}, {256}, Type::F16, Type::F16}.sum()), INFINITY);
}

TEST(DotProduct, NoNegativeZeroIsLeft) {
  EXPECT_FALSE(std::signbit(Operands{{-0x1p-126f}, {0x1p-30f}}.sum()));
  EXPECT_FALSE(std::signbit(Operands{{0}, {-1}, Type::BF16, Type::F32, {}, -0.0f}.sum()));
}

TEST(DotProduct, InfinitiesAndNaNs) {
  EXPECT_EQ((Operands{{INFINITY, 1}, {1, 1}}.sum()), INFINITY);
  EXPECT_TRUE(std::isnan(Operands{{INFINITY, -INFINITY}, {1, 1}}.sum()));
  EXPECT_TRUE(std::isnan(Operands{{INFINITY}, {0}}.sum()));
  EXPECT_TRUE(std::isnan(Operands{{1}, {1}, Type::BF16, Type::F32, {}, NAN}.sum()));
}

TEST(DotProduct, OneScaleMovesExponents) {
  Operands scaled{{1, 2}, {3, 4}, Type::E4M3};
  scaled.scalesA = {1, Type::UE8M0, {0x1p20f}};
  scaled.scalesB = {1, Type::UE8M0, {0x1p-30f}};
  EXPECT_EQ(scaled.sum(), 11 * 0x1p-10f);
  // From one end of their range to the other.
  scaled.scalesA.values = {0x1p-127f};
  scaled.scalesB.values = {0x1p127f};
  EXPECT_EQ(scaled.sum(), 11.0f);
}

TEST(DotProduct, FourBitBlocksAreSummedExactlyAndThenScaled) {
  Operands scaled{std::vector<float>(64, 0.5f), std::vector<float>(64, 1.5f), Type::E2M1, Type::F32, {35, 23}};
  scaled.scalesA = {4, Type::E4M3, {1, 2, 0x1p-6f, 1.125f}};
  scaled.scalesB = {4, Type::E4M3, {1, 1, 0x1p-6f, 3}};
  EXPECT_EQ(scaled.sum(), 16 * 0.75f * (1 + 2 + 0x1p-12f + 3.375f));
}

} // namespace
} // namespace girih::sim
