//===- MatrixScaledTest.cpp - Kinds of mma.sync against plain loops -------===//
//
// Narrow elements and block scales, dense and sparse. What the instruction has
// to leave out is filled: paddings with ones, other scales with NaN.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Numbers/Formats.h"
#include "Harness.h"

#include <cmath>

namespace girih::sim {
namespace {

struct ScaledCase {
  std::string name, kind;
  Type a, b;
  /// Scales of a row; 0 for none.
  unsigned blocks = 0;
  Type scale = Type::UE8M0;
  unsigned byteA = 0, threadA = 0, byteB = 0, threadB = 0;
  bool isSparse = false, hasHalfSums = false;

  bool isPadded() const { return kind.find("f8f6f4") != kind.npos; }
  unsigned k() const { return (isPadded() ? 32 : 64) << isSparse; }
  /// Elements of a register, and of A's in a row.
  unsigned each() const { return isPadded() ? 4 : 8; }
  unsigned stored() const { return k() >> isSparse; }
  std::string typeText(Type type) const { return std::string(".") + typeName(type); }
  std::string opcode() const {
    std::string sums = hasHalfSums ? ".f16" : ".f32";
    return "mma" + std::string(isSparse ? ".sp::ordered_metadata" : "") + ".sync.aligned.m16n8k" + std::to_string(k()) +
           ".row.col." + kind + sums + typeText(a) + typeText(b) + sums +
           (!blocks               ? ""
            : scale == Type::E4M3 ? ".ue4m3"
                                  : ".ue8m0");
  }
};
void PrintTo(const ScaledCase &c, std::ostream *out) { *out << c.name; }

int numberAt(unsigned row, unsigned k, unsigned which) { return int((row * 5 + k * 3 + which * 2 + k / 7) % 5) - 2; }
double scaleAt(unsigned line, unsigned block, unsigned which) {
  return std::ldexp(1.0, int((line * 3 + block + which) % 4) - 1);
}
uint32_t elementCode(const ScaledCase &c, int number, Type type) {
  uint32_t code = encodeFloat(number, formatOf(type), Rounding::NearestEven, true);
  if (!c.isPadded())
    return code;
  return type == Type::E2M1 ? code << 2 | 0xc3 : type == Type::E3M2 || type == Type::E2M3 ? code | 0xc0 : code;
}
uint32_t scaleCode(const ScaledCase &c, double scale) {
  return c.scale == Type::E4M3 ? encodeFloat(scale, formatOf(Type::E4M3), Rounding::NearestEven, true)
                               : uint32_t(127 + std::ilogb(scale));
}

/// Rising places of the stored parts of a chunk: 2 of 4 elements, or pairs of 8.
unsigned metadataAt(unsigned row, unsigned chunk) {
  static const unsigned codes[] = {4, 8, 12, 9, 13, 14};
  return codes[(row + chunk * 5) % 6];
}
unsigned placeAt(const ScaledCase &c, unsigned row, unsigned stored) {
  if (!c.isSparse)
    return stored;
  unsigned part = c.isPadded() ? 1 : 2, chunk = stored / (2 * part), i = stored % (2 * part);
  return chunk * 4 * part + (metadataAt(row, chunk) >> (i / part * 2) & 3) * part + i % part;
}

/// By lane, 32 words: A from 0 on, B from 8, C from 12, metadata and scales.
std::vector<uint32_t> imageOf(const ScaledCase &c) {
  std::vector<uint32_t> image(32 * 32);
  unsigned each = c.each(), bits = 32 / each;
  for (unsigned lane = 0; lane < 32; ++lane) {
    uint32_t *words = &image[lane * 32];
    for (unsigned i = 0; i < each; ++i) {
      for (unsigned r = 0; r < 4; ++r)
        words[r] |= elementCode(c, numberAt(lane / 4 + r % 2 * 8, lane % 4 * each + i + r / 2 * 4 * each, 0), c.a)
                    << i * bits;
      for (unsigned r = 0; r < c.k() / each / 4; ++r)
        words[8 + r] |= elementCode(c, numberAt(lane / 4, lane % 4 * each + i + r * 4 * each, 1), c.b) << i * bits;
    }
    for (unsigned half = 0; half < 2; ++half)
      for (unsigned chunk = 0; chunk < 4; ++chunk)
        words[16] |= metadataAt(lane / 4 + half * 8, lane % 4 * 4 + chunk) << (half * 16 + chunk * 4);
    words[17] = words[18] = ~0u;
    auto put = [&](unsigned word, unsigned byte, unsigned line, unsigned which) {
      for (unsigned block = 0; block < c.blocks; ++block) {
        unsigned shift = 8 * (byte + block);
        words[word] = (words[word] & ~(0xffu << shift)) | scaleCode(c, scaleAt(line, block, which)) << shift;
      }
    };
    if (lane % 4 / 2 == c.threadA)
      put(17, c.byteA, lane / 4 + lane % 2 * 8, 0);
    if (lane % 4 == c.threadB)
      put(18, c.byteB, lane / 4, 1);
  }
  return image;
}

std::string load() {
  std::string body = "mul.wide.u32 %rd30, %tid, 128;\nadd.s64 %rd31, %in, %rd30;\nadd.s64 %rd30, %out, %rd30;\n";
  for (unsigned r = 0; r < 19; ++r)
    body += "ld.global.b32 %r" + std::to_string(r) + ", [%rd31+" + std::to_string(4 * r) + "];\n";
  return body;
}
std::string registers(unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", %r" : "%r") + std::to_string(first + i);
  return text + "}";
}
std::string selectors(unsigned byte, unsigned thread) {
  return "{" + std::to_string(byte) + ", " + std::to_string(thread) + "}";
}
std::string product(const ScaledCase &c) {
  unsigned sums = c.hasHalfSums ? 2 : 4;
  std::string text = c.opcode() + " " + registers(20, sums) + ", " + registers(0, 4) + ", " +
                     registers(8, c.k() / c.each() / 4) + ", " + registers(12, sums);
  if (c.isSparse)
    text += ", %r16, 0";
  if (c.blocks)
    text += ", {%r17}, " + selectors(c.byteA, c.threadA) + ", %r18, " + selectors(c.byteB, c.threadB);
  return text + ";\n";
}

class ScaledProduct : public testing::TestWithParam<ScaledCase> {};

TEST_P(ScaledProduct, MatchesPlainLoops) {
  const ScaledCase &c = GetParam();
  std::string body = load() + product(c);
  for (unsigned r = 0; r < 4; ++r)
    body += "st.global.b32 [%rd30+" + std::to_string(4 * r) + "], %r" +
            std::to_string(c.hasHalfSums ? 20 + r % 2 : 20 + r) + ";\n";
  TestLaunch test;
  test.in = bytesOf(imageOf(c));
  TestRun run = runModule(makeModule(body, "sm_120a"), test);
  ASSERT_EQ(run.verdict(), "");
  auto floats = run.out<float>();
  auto halves = run.out<uint16_t>();
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      double sum = 0;
      for (unsigned stored = 0; stored < c.stored(); ++stored) {
        unsigned k = placeAt(c, row, stored), block = k * std::max(1u, c.blocks) / c.k();
        double scale = c.blocks ? scaleAt(row, block, 0) * scaleAt(column, block, 1) : 1;
        sum += scale * numberAt(row, stored, 0) * numberAt(column, k, 1);
      }
      double found = c.hasHalfSums ? decodeFloat(halves[lane * 64 + i], formatOf(Type::F16)) : floats[lane * 32 + i];
      ASSERT_EQ(found, sum) << row << " " << column;
    }
}

const ScaledCase scaledCases[] = {
    {"narrow", "kind::f8f6f4", Type::E3M2, Type::E2M1},
    {"narrowHalfSums", "kind::f8f6f4", Type::E2M3, Type::E5M2, 0, Type::UE8M0, 0, 0, 0, 0, false, true},
    {"narrowSparse", "kind::f8f6f4", Type::E2M1, Type::E4M3, 0, Type::UE8M0, 0, 0, 0, 0, true},
    {"mxf8f6f4", "kind::mxf8f6f4.block_scale.scale_vec::1X", Type::E4M3, Type::E2M1, 1, Type::UE8M0, 2, 1, 1, 3},
    {"mxf8f6f4Sparse", "kind::mxf8f6f4.block_scale", Type::E2M3, Type::E5M2, 1, Type::UE8M0, 3, 0, 0, 2, true},
    {"mxf4", "kind::mxf4.block_scale", Type::E2M1, Type::E2M1, 2, Type::UE8M0, 2, 1, 0, 2},
    {"mxf4Sparse", "kind::mxf4.block_scale.scale_vec::2X", Type::E2M1, Type::E2M1, 2, Type::UE8M0, 0, 1, 2, 1, true},
    {"nvf4", "kind::mxf4nvf4.block_scale.scale_vec::4X", Type::E2M1, Type::E2M1, 4, Type::E4M3, 0, 0, 0, 1},
    {"nvf4Sparse", "kind::mxf4nvf4.block_scale.scale_vec::4X", Type::E2M1, Type::E2M1, 4, Type::E4M3, 0, 1, 0, 0, true},
    {"nvf4Powers", "kind::mxf4nvf4.block_scale.scale_vec::4X", Type::E2M1, Type::E2M1, 4, Type::UE8M0, 0, 1, 0, 3},
};
INSTANTIATE_TEST_SUITE_P(All, ScaledProduct, testing::ValuesIn(scaledCases),
                         [](const auto &info) { return info.param.name; });

TEST(ScaledProducts, MistakesAreTold) {
  ScaledCase nv = scaledCases[7], mx = scaledCases[3], four = scaledCases[5];
  auto verdictOf = [&](const ScaledCase &c, const std::string &what = "", const std::string &with = "") {
    std::string text = product(c);
    if (size_t at = text.find(what); !what.empty() && at != text.npos)
      text.replace(at, what.size(), with);
    TestLaunch test;
    test.in = bytesOf(imageOf(c));
    return runModule(
               makeModule(load() + "cvt.u16.u32 %h1, %tid;\n" + text + "st.global.b32 [%rd30], %r20;\n", "sm_120a"),
               test)
        .verdict();
  };
  auto expect = [](const std::string &verdict, const std::string &part) {
    EXPECT_NE(verdict.find(part), verdict.npos) << verdict;
  };
  EXPECT_EQ(verdictOf(mx), "");
  expect(verdictOf(mx, "{2, 1}", "{4, 1}"), "byte-id-a is 4 when it should be 0 to 3");
  expect(verdictOf(mx, "{2, 1}", "{2, 2}"), "thread-id-a is 2 when it should be 0 to 1");
  expect(verdictOf(mx, "{1, 3}", "{1, 4}"), "thread-id-b is 4 when it should be 0 to 3");
  expect(verdictOf(mx, "{1, 3}", "{%h1, 3}"), "byte-id-b is 1 in lane 1 when it is 0 in lane 0");
  expect(verdictOf(mx, "{1, 3}", "{1}"), "operand 8 has 1 selectors when scales have 2");
  expect(verdictOf(mx, "{%r17}", "{%r17, %r18}"), "operand 5 has 2 registers when scales are in 1");
  expect(verdictOf(mx, ";", ", %r1;"), "operand 9 has no meaning here");
  expect(verdictOf(mx, "%r18", "%r300"), "undefined");
  expect(verdictOf(mx, ".block_scale.scale_vec::1X", ""), "block_scale");
  expect(verdictOf(mx, "scale_vec::1X", "scale_vec::2X"), "its kind cannot have .scale_vec::2X");
  expect(verdictOf(mx, ".ue8m0", ".ue4m3"), "the scale type is ue4m3, which only .scale_vec::4X has");
  expect(verdictOf(mx, ".e4m3.", ".f16."), "its operand types with its kind");
  expect(verdictOf(mx, "m16n8k32", "m16n8k64"), "its shape with its kind");
  expect(verdictOf(four, "{2, 1}", "{1, 1}"), "byte-id-a is 1 when it should be 0 to 2 in steps of 2");
  expect(verdictOf(four, ".e2m1.e2m1", ".e4m3.e2m1"), "its operand types with its kind");
  expect(verdictOf(nv, "{0, 0}", "{2, 0}"), "byte-id-a is 2 when it should be 0");
  expect(verdictOf(nv, ".scale_vec::4X", ""), "no scale vector size; it should be .scale_vec::2X or .scale_vec::4X");
  expect(verdictOf(scaledCases[2], "sp::ordered_metadata", "sp"), "a sparse A of its kind has .sp::ordered_metadata");
  expect(verdictOf(scaledCases[0], "kind::f8f6f4.", ""), "its shape with A of type .e3m2");
}

} // namespace
} // namespace girih::sim
