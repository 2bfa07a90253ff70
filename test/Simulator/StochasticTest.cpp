//===- StochasticTest.cpp - cvt.rs against integer arithmetic -------------===//
#include "Harness.h"

#include <bit>

namespace girih::sim {
namespace {

/// The definition, for numbers that are normal in the format: random bits added
/// to the upper bits of what is cut off an f32, whose exponent is rebiased.
uint32_t byDefinition(uint32_t f32, uint32_t random, unsigned randomBits, unsigned mantissaBits, int bias) {
  unsigned cut = 23 - mantissaBits;
  uint32_t magnitude = (f32 & 0x7fffffff) + (random << (cut - randomBits));
  uint32_t exponentBits = (magnitude >> cut) - uint32_t((127 - bias) << mantissaBits);
  return exponentBits;
}

struct Draw {
  uint32_t numbers[4], random;
};

/// Numbers in [1, 2) of either sign, which every format has.
std::vector<Draw> draws() {
  std::mt19937 random(3);
  std::vector<Draw> list(32);
  for (Draw &draw : list) {
    for (uint32_t &number : draw.numbers)
      number = 0x3f800000u | (random() & 0x807fffffu);
    draw.random = uint32_t(random());
  }
  list[0] = {{0x3fffffff, 0x3fffffff, 0xbfffffff, 0x3f800001}, 0xffffffff};
  list[1] = {{0x3fffffff, 0x3fffffff, 0xbfffffff, 0x3f800001}, 0};
  return list;
}

std::vector<uint32_t> convert(const std::string &code) {
  std::vector<uint32_t> image;
  for (const Draw &draw : draws()) {
    image.insert(image.end(), draw.numbers, draw.numbers + 4);
    image.insert(image.end(), {draw.random, 0, 0, 0});
  }
  TestLaunch test;
  test.in = bytesOf(image);
  TestRun run = runModule(
      makeModule("mul.wide.u32 %rd1, %tid, 32;\nadd.s64 %rd1, %in, %rd1;\nld.global.v4.f32 {%f1, %f2, %f3, %f4}, "
                 "[%rd1];\nld.global.b32 %r1, [%rd1+16];\n" +
                     code + "\nmul.wide.u32 %rd2, %tid, 4;\nadd.s64 %rd2, %out, %rd2;\nst.global.b32 [%rd2], %r0;",
                 "sm_100a"),
      test);
  EXPECT_EQ(run.verdict(), "");
  return run.out<uint32_t>();
}

struct Quad {
  const char *type;
  unsigned mantissaBits;
  int bias;
  unsigned bits;
};

class StochasticQuad : public testing::TestWithParam<Quad> {};

TEST_P(StochasticQuad, MatchesTheDefinition) {
  Quad quad = GetParam();
  bool isNibble = quad.bits == 4;
  std::string name = quad.type;
  auto out = convert(isNibble ? "cvt.rs.satfinite." + name +
                                    ".f32 %h1, {%f1, %f2, %f3, %f4}, %r1;\nmov.b16 %h2, 0;\n"
                                    "mov.b32 %r0, {%h1, %h2};"
                              : "cvt.rs.satfinite." + name + ".f32 %r0, {%f1, %f2, %f3, %f4}, %r1;");
  auto list = draws();
  // Element i of {a, b, e, f} is the i-th from above.
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      uint32_t bits = list[lane].random;
      const unsigned nibbleShift[] = {24, 8, 16, 0};
      uint32_t random = isNibble ? bits >> nibbleShift[i] & 0xff : (i < 2 ? bits >> 16 : bits) & 0xffff;
      uint32_t code = byDefinition(list[lane].numbers[i], random, isNibble ? 8 : 16, quad.mantissaBits, quad.bias);
      uint32_t signBit = name.starts_with("e4m3") || name.starts_with("e5m2") ? 7 : isNibble ? 3 : 5;
      code |= (list[lane].numbers[i] >> 31) << signBit;
      EXPECT_EQ(out[lane] >> (quad.bits * (3 - i)) & ((1u << quad.bits) - 1), code) << name << lane << " " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(All, StochasticQuad,
                         testing::Values(Quad{"e4m3x4", 3, 7, 8}, Quad{"e5m2x4", 2, 15, 8}, Quad{"e2m3x4", 3, 1, 8},
                                         Quad{"e3m2x4", 2, 3, 8}, Quad{"e2m1x4", 1, 1, 4}),
                         [](const auto &info) { return std::string(info.param.type); });

TEST(Stochastic, Pairs) {
  auto halves = convert("cvt.rs.f16x2.f32 %r0, %f1, %f3, %r1;"), brains = convert("cvt.rs.relu.bf16x2.f32 %r0, %f1, "
                                                                                  "%f3, %r1;");
  auto list = draws();
  for (unsigned lane = 0; lane < 32; ++lane) {
    uint32_t a = list[lane].numbers[0], b = list[lane].numbers[2], random = list[lane].random;
    auto half = [](uint32_t x, uint32_t r) { return byDefinition(x, r & 0x1fff, 13, 10, 15) | (x >> 31) << 15; };
    auto brain = [](uint32_t x, uint32_t r) { return x >> 31 ? 0 : byDefinition(x, r & 0xffff, 16, 7, 127); };
    EXPECT_EQ(halves[lane], half(a, random >> 16) << 16 | half(b, random)) << lane;
    EXPECT_EQ(brains[lane], brain(a, random >> 16) << 16 | brain(b, random)) << lane;
  }
}

TEST(Stochastic, Limits) {
  // 65519 lies under the middle of the largest f16 and infinity; a carry out
  // of the largest number is infinity, or that number with .satfinite.
  auto convertPair = [](const std::string &form, const std::string &number, const std::string &random) {
    return convert("mov.f32 %f5, " + number + ";\nmov.b32 %r2, " + random + ";\ncvt.rs" + form +
                   ".f32 %r0, %f5, %f5, %r2;")[0];
  };
  EXPECT_EQ(convertPair(".f16x2", "0f477FEF00", "0"), 0x7bff7bffu);
  EXPECT_EQ(convertPair(".f16x2", "0f477FEF00", "-1"), 0x7c007c00u);
  EXPECT_EQ(convertPair(".satfinite.f16x2", "0f477FEF00", "-1"), 0x7bff7bffu);
  EXPECT_EQ(convertPair(".bf16x2", "0f7FC00000", "-1"), 0x7fff7fffu);
  EXPECT_EQ(convertPair(".relu.bf16x2", "0fBF800000", "-1"), 0u);
}

} // namespace
} // namespace girih::sim
