//===- FormatsTest.cpp - Conversions of small floats ----------------------===//
#include "../../lib/Simulator/Numbers/Formats.h"
#include "Harness.h"

#include <cmath>

namespace girih::sim {
namespace {

/// The nearest code by trying them all; ties to the even code.
uint32_t nearestByEnumeration(double value, const Format &format, bool saturates) {
  uint32_t best = 0;
  double bestDistance = INFINITY;
  uint32_t top = 1u << format.bits();
  for (uint32_t code = 0; code < top; ++code) {
    double candidate = decodeFloat(code, format);
    if (!std::isfinite(candidate) || std::signbit(candidate) != std::signbit(value))
      continue;
    double distance = std::fabs(candidate - value);
    if (distance < bestDistance || (distance == bestDistance && code % 2 == 0)) {
      best = code;
      bestDistance = distance;
    }
  }
  (void)saturates;
  return best;
}

class SmallFormat : public testing::TestWithParam<Type> {};

TEST_P(SmallFormat, EncodeInvertsDecode) {
  Format format = formatOf(GetParam());
  for (uint32_t code = 0; code < 1u << format.bits(); ++code) {
    double value = decodeFloat(code, format);
    if (!std::isnan(value))
      EXPECT_EQ(encodeFloat(value, format, Rounding::NearestEven, false), code);
  }
}

TEST_P(SmallFormat, RoundsToNearestEven) {
  Format format = formatOf(GetParam());
  std::mt19937_64 random(5);
  for (int i = 0; i < 400; ++i) {
    double value = std::ldexp(double(int64_t(random()) >> 40) * 0x1p-23, int(random() % 20) - 14);
    EXPECT_EQ(encodeFloat(value, format, Rounding::NearestEven, true), nearestByEnumeration(value, format, true))
        << value;
  }
  // Exactly between two codes.
  for (uint32_t code = 1; code + 1 < 1u << (format.bits() - 2); ++code) {
    double middle = (decodeFloat(code, format) + decodeFloat(code + 1, format)) / 2;
    EXPECT_EQ(encodeFloat(middle, format, Rounding::NearestEven, true), code + code % 2);
    EXPECT_EQ(encodeFloat(middle, format, Rounding::Zero, true), code);
    EXPECT_EQ(encodeFloat(middle, format, Rounding::Up, true), code + 1);
    EXPECT_EQ(encodeFloat(middle, format, Rounding::NearestAway, true), code + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(All, SmallFormat, testing::Values(Type::E4M3, Type::E5M2, Type::E3M2, Type::E2M3, Type::E2M1),
                         [](const auto &info) { return std::string(typeName(info.param)); });

TEST(Formats, Saturation) {
  Format e4m3 = formatOf(Type::E4M3), e5m2 = formatOf(Type::E5M2);
  EXPECT_EQ(encodeFloat(1e9, e4m3, Rounding::NearestEven, true), 0x7eu);
  EXPECT_EQ(encodeFloat(1e9, e4m3, Rounding::NearestEven, false), 0x7fu);
  EXPECT_EQ(encodeFloat(-1e9, e5m2, Rounding::NearestEven, true), 0xfbu);
  EXPECT_EQ(encodeFloat(-1e9, e5m2, Rounding::NearestEven, false), 0xfcu);
  EXPECT_EQ(encodeFloat(NAN, e4m3, Rounding::NearestEven, true), 0x7fu);
}

TEST(Formats, PowersOfTwo) {
  Format format = formatOf(Type::UE8M0);
  EXPECT_EQ(encodeFloat(1.0, format, Rounding::Up, true), 127u);
  EXPECT_EQ(encodeFloat(1.5, format, Rounding::Up, true), 128u);
  EXPECT_EQ(encodeFloat(1.5, format, Rounding::Zero, true), 127u);
  EXPECT_EQ(decodeFloat(130, format), 8.0);
}

TEST(Formats, FusedSumRoundsOnce) {
  // 1 + 2^-11 + 2^-60 is just above the middle of two binary16 numbers: a
  // rounding to double first would lose the last term.
  double odd = fusedRoundToOdd(1.0, 1.0 + 0x1p-11, 0x1p-60);
  EXPECT_EQ(encodeFloat(odd, formatOf(Type::F16), Rounding::NearestEven, false), 0x3c01u);
}

/// cvt.rn.satfinite.e4m3x2.f32 and back, through the instructions.
TEST(Convert, PackedEightBitRoundTrip) {
  std::string body = "mul.wide.u32 %rd1, %tid, 8;\nadd.s64 %rd2, %in, %rd1;\n"
                     "ld.global.v2.f32 {%f1, %f2}, [%rd2];\n"
                     "cvt.rn.satfinite.e4m3x2.f32 %h1, %f1, %f2;\n"
                     "cvt.rn.f16x2.e4m3x2 %r1, %h1;\n"
                     "cvt.rn.bf16x2.f32 %r2, %f1, %f2;\n"
                     "add.s64 %rd3, %out, %rd1;\nst.global.v2.b32 [%rd3], {%r1, %r2};";
  std::vector<float> values;
  for (int i = 0; i < 64; ++i)
    values.push_back(float(std::ldexp(1.0 + i * 0.0371, i % 13 - 6)) * (i % 3 ? 1 : -1));
  TestLaunch test;
  test.in = bytesOf(values);
  TestRun run = runBody(body, test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  Format e4m3 = formatOf(Type::E4M3);
  for (unsigned i = 0; i < 32; ++i) {
    auto half = [&](float x) {
      double rounded = decodeFloat(nearestByEnumeration(x, e4m3, true), e4m3);
      return encodeFloat(rounded, formatOf(Type::F16), Rounding::NearestEven, false);
    };
    EXPECT_EQ(out[2 * i], half(values[2 * i]) << 16 | half(values[2 * i + 1]));
    auto bf = [](float x) { return encodeFloat(x, formatOf(Type::BF16), Rounding::NearestEven, false); };
    EXPECT_EQ(out[2 * i + 1], bf(values[2 * i]) << 16 | bf(values[2 * i + 1]));
  }
}

} // namespace
} // namespace girih::sim
