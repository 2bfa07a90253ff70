//===- MatrixSyncTest.cpp - mma.sync of all shapes against plain loops ----===//
//
// Fragments are laid out here by the figures' own formulas, written out by
// type, and every lane's registers come from memory.
//
//===----------------------------------------------------------------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

struct MmaCase {
  std::string name, opcode;
  unsigned m, k;
  /// Bits of an element, and how its code is made from a small number.
  unsigned bits;
  enum Kind { Integer, Half, Brain, Tensor, Eight, Double, Bit } kind;
  bool hasHalfSums = false, saturates = false, isXor = false;
};

void PrintTo(const MmaCase &c, std::ostream *out) { *out << c.opcode; }

/// Numbers from -3 to 3, which every type but bits holds.
int numberAt(const MmaCase &c, unsigned row, unsigned column, unsigned salt) {
  uint32_t mixed = (row * 0x9e3779b9u) ^ (column * 0x85ebca6bu) ^ (salt * 0xc2b2ae35u);
  mixed = (mixed ^ mixed >> 15) * 0x2c1b3c6du;
  mixed ^= mixed >> 12;
  bool isUnsigned = c.opcode.find(".u8.u8") != std::string::npos || c.opcode.find(".u4.u4") != std::string::npos;
  return c.kind == MmaCase::Bit ? int(mixed & 1) : isUnsigned ? int(mixed % 8) : int(mixed % 7) - 3;
}

uint64_t codeOf(const MmaCase &c, int number) {
  // Magnitudes 0 to 3 in each type.
  static const uint16_t half[] = {0, 0x3c00, 0x4000, 0x4200}, brain[] = {0, 0x3f80, 0x4000, 0x4040};
  static const uint8_t e4m3[] = {0, 0x38, 0x40, 0x44};
  unsigned magnitude = unsigned(std::abs(number));
  double wide = number;
  float narrow = float(number);
  uint32_t word;
  uint64_t doubled;
  std::memcpy(&word, &narrow, 4);
  std::memcpy(&doubled, &wide, 8);
  switch (c.kind) {
  case MmaCase::Half:
    return half[magnitude] | (number < 0 ? 0x8000u : 0u);
  case MmaCase::Brain:
    return brain[magnitude] | (number < 0 ? 0x8000u : 0u);
  case MmaCase::Tensor:
    return word;
  case MmaCase::Eight:
    return e4m3[magnitude] | (number < 0 ? 0x80u : 0u);
  case MmaCase::Double:
    return doubled;
  default:
    return uint64_t(number) & ((1ull << c.bits) - 1);
  }
}

std::string registerList(const char *prefix, unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", " : "") + std::string(prefix) + std::to_string(first + i);
  return text + "}";
}

class MmaSync : public testing::TestWithParam<MmaCase> {};

TEST_P(MmaSync, MatchesPlainLoops) {
  const MmaCase c = GetParam();
  bool isDouble = c.kind == MmaCase::Double;
  unsigned each = isDouble ? 1 : 32 / c.bits, size = isDouble ? 8 : 4;
  unsigned aCount = c.m * c.k / 32 / each, bCount = c.k * 8 / 32 / each,
           cCount = c.m * 8 / 32 / (c.hasHalfSums ? 2 : 1);
  // 32 registers a lane: A from 0, B from 8, C from 12.
  std::vector<uint8_t> image(32 * 32 * 8);
  auto put = [&](unsigned lane, unsigned index, uint64_t code) {
    std::memcpy(&image[(lane * 32 + index) * size], &code, size);
  };
  auto addend = [&](unsigned row, unsigned column) {
    int small = numberAt({c.name, "", c.m, c.k, 8, MmaCase::Integer}, row, column, 2);
    return c.saturates ? INT32_MAX - 3 + std::abs(small) : small;
  };
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned r = 0; r < aCount; ++r) {
      uint64_t word = 0;
      for (unsigned i = 0; i < each; ++i) {
        unsigned row = lane / 4 + (c.m == 16 && r % 2 ? 8 : 0), k = lane % 4 * each + i + (r / 2) * 4 * each;
        word |= codeOf(c, numberAt(c, row, k, 0)) << (i * c.bits % 64);
      }
      put(lane, r, word);
    }
    for (unsigned r = 0; r < bCount; ++r) {
      uint64_t word = 0;
      for (unsigned i = 0; i < each; ++i)
        word |= codeOf(c, numberAt(c, lane / 4, lane % 4 * each + i + r * 4 * each, 1)) << (i * c.bits % 64);
      put(lane, 8 + r, word);
    }
    for (unsigned r = 0; r < cCount; ++r) {
      unsigned row = lane / 4 + (c.hasHalfSums ? r : r / 2) * 8, column = lane % 4 * 2;
      if (c.hasHalfSums) {
        MmaCase half{"", "", 0, 0, 16, MmaCase::Half};
        put(lane, 12 + r, codeOf(half, addend(row, column)) | codeOf(half, addend(row, column + 1)) << 16);
      } else if (isDouble) {
        put(lane, 12 + r, codeOf(c, addend(row, column + r % 2)));
      } else {
        MmaCase sums{"", "", 0,
                     0,  32, c.kind == MmaCase::Integer || c.kind == MmaCase::Bit ? MmaCase::Integer : MmaCase::Tensor};
        put(lane, 12 + r, codeOf(sums, addend(row, column + r % 2)));
      }
    }
  }
  const char *prefix = isDouble ? "%rd" : "%r";
  std::string type = isDouble ? "b64" : "b32", body = "mul.wide.u32 %rd30, %tid, " + std::to_string(32 * size) +
                                                      ";\nadd.s64 %rd31, %in, %rd30;\nadd.s64 %rd30, %out, %rd30;\n";
  for (unsigned r = 0; r < 16; ++r)
    body += "ld.global." + type + " " + prefix + std::to_string(r) + ", [%rd31+" + std::to_string(r * size) + "];\n";
  body += c.opcode + " " + registerList(prefix, 20, cCount) + ", " + registerList(prefix, 0, aCount) + ", " +
          registerList(prefix, 8, bCount) + ", " + registerList(prefix, 12, cCount) + ";\n";
  for (unsigned r = 0; r < cCount; ++r)
    body +=
        "st.global." + type + " [%rd30+" + std::to_string(r * size) + "], " + prefix + std::to_string(20 + r) + ";\n";
  TestLaunch test;
  test.in = image;
  TestRun run = runBody(body, test);
  ASSERT_EQ(run.verdict(), "");
  auto bytes = run.out<uint8_t>();
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned r = 0; r < cCount; ++r)
      for (unsigned h = 0; h < (c.hasHalfSums ? 2 : 1); ++h) {
        unsigned row = lane / 4 + (c.hasHalfSums ? r : r / 2) * 8, column = lane % 4 * 2 + (c.hasHalfSums ? h : r % 2);
        int64_t sum = addend(row, column);
        for (unsigned k = 0; k < c.k; ++k) {
          int x = numberAt(c, row, k, 0), y = numberAt(c, column, k, 1);
          sum += c.isXor ? x ^ y : x * y;
        }
        if (c.saturates)
          sum = std::min<int64_t>(sum, INT32_MAX);
        const uint8_t *at = &bytes[(lane * 32 + r) * size];
        if (isDouble) {
          double got;
          std::memcpy(&got, at, 8);
          EXPECT_EQ(got, double(sum)) << lane << " " << r;
        } else if (c.hasHalfSums) {
          uint16_t got;
          std::memcpy(&got, at + 2 * h, 2);
          int exponent = (got >> 10 & 31) - 15;
          double value = (got & 0x7fff) ? std::ldexp(1 + (got & 1023) / 1024.0, exponent) : 0;
          EXPECT_EQ(got >> 15 ? -value : value, double(sum)) << lane << " " << r;
        } else if (c.kind == MmaCase::Integer || c.kind == MmaCase::Bit) {
          int32_t got;
          std::memcpy(&got, at, 4);
          EXPECT_EQ(got, int32_t(sum)) << lane << " " << r;
        } else {
          float got;
          std::memcpy(&got, at, 4);
          EXPECT_EQ(got, float(sum)) << lane << " " << r;
        }
      }
}

const std::string start = "mma.sync.aligned.";
const MmaCase mmaCases[] = {
    {"m8n8k4_f64", start + "m8n8k4.row.col.f64.f64.f64.f64", 8, 4, 64, MmaCase::Double},
    {"m16n8k4_f64", start + "m16n8k4.row.col.f64.f64.f64.f64", 16, 4, 64, MmaCase::Double},
    {"m16n8k8_f64", start + "m16n8k8.row.col.f64.f64.f64.f64", 16, 8, 64, MmaCase::Double},
    {"m16n8k16_f64", start + "m16n8k16.row.col.f64.f64.f64.f64", 16, 16, 64, MmaCase::Double},
    {"m16n8k8_f16", start + "m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 16, MmaCase::Half},
    {"m16n8k16_f16_sums", start + "m16n8k16.row.col.f16.f16.f16.f16", 16, 16, 16, MmaCase::Half, true},
    {"m16n8k16_bf16", start + "m16n8k16.row.col.f32.bf16.bf16.f32", 16, 16, 16, MmaCase::Brain},
    {"m16n8k4_tf32", start + "m16n8k4.row.col.f32.tf32.tf32.f32", 16, 4, 32, MmaCase::Tensor},
    {"m16n8k8_tf32", start + "m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 32, MmaCase::Tensor},
    {"m16n8k16_e4m3", start + "m16n8k16.row.col.f32.e4m3.e4m3.f32", 16, 16, 8, MmaCase::Eight},
    {"m16n8k32_e4m3_sums", start + "m16n8k32.row.col.f16.e4m3.e4m3.f16", 16, 32, 8, MmaCase::Eight, true},
    {"m8n8k16_s8", start + "m8n8k16.row.col.s32.s8.s8.s32", 8, 16, 8, MmaCase::Integer},
    {"m16n8k16_u8", start + "m16n8k16.row.col.s32.u8.u8.s32", 16, 16, 8, MmaCase::Integer},
    {"m16n8k32_s8_sat", start + "m16n8k32.row.col.satfinite.s32.s8.s8.s32", 16, 32, 8, MmaCase::Integer, false, true},
    {"m16n8k32_s8_wraps", start + "m16n8k32.row.col.s32.s8.s8.s32", 16, 32, 8, MmaCase::Integer},
    {"m8n8k32_s4", start + "m8n8k32.row.col.s32.s4.s4.s32", 8, 32, 4, MmaCase::Integer},
    {"m16n8k32_u4", start + "m16n8k32.row.col.s32.u4.u4.s32", 16, 32, 4, MmaCase::Integer},
    {"m16n8k64_s4", start + "m16n8k64.row.col.s32.s4.s4.s32", 16, 64, 4, MmaCase::Integer},
    {"m8n8k128_and", start + "m8n8k128.row.col.s32.b1.b1.s32.and.popc", 8, 128, 1, MmaCase::Bit},
    {"m16n8k128_xor", start + "m16n8k128.row.col.s32.b1.b1.s32.xor.popc", 16, 128, 1, MmaCase::Bit, false, false, true},
    {"m16n8k256_and", start + "m16n8k256.row.col.s32.b1.b1.s32.and.popc", 16, 256, 1, MmaCase::Bit},
};

INSTANTIATE_TEST_SUITE_P(All, MmaSync, testing::ValuesIn(mmaCases), [](const auto &info) { return info.param.name; });

/// Four products of 8x8x4 by groups of eight lanes, in every layout.
TEST(MmaQuad, AllLayouts) {
  for (bool isRowA : {true, false})
    for (bool isRowB : {true, false})
      for (bool hasHalfSums : {true, false}) {
        auto a = [](unsigned q, unsigned row, unsigned k) { return int(row * 3 + k * 5 + q) % 7 - 3; };
        auto b = [](unsigned q, unsigned k, unsigned column) { return int(k * 4 + column * 3 + q * 2) % 7 - 3; };
        MmaCase half{"", "", 0, 0, 16, MmaCase::Half};
        std::vector<uint16_t> image(32 * 8);
        for (unsigned lane = 0; lane < 32; ++lane)
          for (unsigned i = 0; i < 4; ++i) {
            unsigned q = lane / 4 % 4, upper = lane / 16 * 4, within = lane % 4;
            image[lane * 8 + i] = uint16_t(codeOf(half, isRowA ? a(q, within + upper, i) : a(q, i + upper, within)));
            image[lane * 8 + 4 + i] =
                uint16_t(codeOf(half, isRowB ? b(q, within, i + upper) : b(q, i, within + upper)));
          }
        std::string sums = hasHalfSums ? "f16" : "f32";
        std::string zeros = "{%r9, %r9, %r9, %r9" + std::string(hasHalfSums ? "}" : ", %r9, %r9, %r9, %r9}");
        std::string body = "mul.wide.u32 %rd1, %tid, 16;\nadd.s64 %rd1, %in, %rd1;\nld.global.v4.b32 {%r1, %r2, %r3, "
                           "%r4}, [%rd1];\nmov.b32 %r9, 0;\nmma.sync.aligned.m8n8k4." +
                           std::string(isRowA ? "row." : "col.") + (isRowB ? "row." : "col.") + sums + ".f16.f16." +
                           sums + " " + registerList("%r", 10, hasHalfSums ? 4 : 8) + ", {%r1, %r2}, {%r3, %r4}, " +
                           zeros + ";\nmul.wide.u32 %rd2, %tid, 32;\nadd.s64 %rd2, %out, %rd2;\n";
        for (unsigned r = 0; r < (hasHalfSums ? 4u : 8u); ++r)
          body += "st.global.b32 [%rd2+" + std::to_string(4 * r) + "], %r" + std::to_string(10 + r) + ";\n";
        TestLaunch test;
        test.in = bytesOf(image);
        TestRun run = runBody(body, test);
        ASSERT_EQ(run.verdict(), "");
        auto floats = run.out<float>();
        auto halves = run.out<uint16_t>();
        for (unsigned lane = 0; lane < 32; ++lane)
          for (unsigned i = 0; i < 8; ++i) {
            unsigned q = lane / 4 % 4, upper = lane / 16 * 4;
            unsigned row = hasHalfSums ? lane % 4 + upper : (lane & 1) + (i & 2) + upper;
            unsigned column = hasHalfSums ? i : (i & 4) + (lane & 2) + (i & 1);
            int sum = 0;
            for (unsigned k = 0; k < 4; ++k)
              sum += a(q, row, k) * b(q, k, column);
            if (hasHalfSums) {
              uint16_t got = halves[lane * 16 + i];
              double value = got & 0x7fff ? std::ldexp(1 + (got & 1023) / 1024.0, (got >> 10 & 31) - 15) : 0;
              EXPECT_EQ(got >> 15 ? -value : value, sum);
            } else {
              EXPECT_EQ(floats[lane * 8 + i], float(sum));
            }
          }
      }
}

TEST(MmaSync, Mistakes) {
  auto verdictOf = [](const std::string &code) { return runBody(code).verdict(); };
  EXPECT_NE(verdictOf("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2}, {%r3, %r4}, "
                      "{%f1, %f2, %f3, %f4};")
                .find("operand 2 has 2 registers when 4 are needed"),
            std::string::npos);
  EXPECT_NE(
      verdictOf("mma.sync.aligned.m16n8k16.col.row.f32.f16.f16.f32 {%f1}, {%r1}, {%r3}, {%f1};").find("its layout"),
      std::string::npos);
  EXPECT_NE(
      verdictOf("mma.sync.aligned.m16n8k64.row.col.f32.f16.f16.f32 {%f1}, {%r1}, {%r3}, {%f1};").find("its shape"),
      std::string::npos);
  EXPECT_NE(verdictOf("mma.sync.aligned.m16n8k16.row.col.f16.bf16.bf16.f16 {%f1}, {%r1}, {%r3}, {%f1};")
                .find("its operand types"),
            std::string::npos);
}

/// Bytes through shared memory: a row of memory is 16 bytes.
std::string fillShared() {
  return "mov.u32 %r1, smem;\nmul.wide.u32 %rd1, %tid, 16;\nadd.s64 %rd1, %in, %rd1;\nld.global.v4.b32 {%r2, %r3, %r4, "
         "%r5}, [%rd1];\nmad.lo.u32 %r6, %tid, 16, %r1;\nst.shared.v4.b32 [%r6], {%r2, %r3, %r4, %r5};\nbar.sync 0;\n";
}

std::vector<uint8_t> randomBytes() {
  std::mt19937 random(9);
  std::vector<uint8_t> bytes(512);
  for (uint8_t &byte : bytes)
    byte = uint8_t(random());
  return bytes;
}

TEST(ByteMatrices, LdmatrixTransposes) {
  TestLaunch test;
  test.in = randomBytes();
  TestRun run =
      runModule(makeModule(fillShared() + "ldmatrix.sync.aligned.m16n16.x2.trans.shared.b8 {%r10, %r11, %r12, "
                                          "%r13}, [%r6];\nmul.wide.u32 %rd2, %tid, 16;\nadd.s64 %rd2, %out, "
                                          "%rd2;\nst.global.v4.b32 [%rd2], {%r10, %r11, %r12, %r13};",
                           "sm_100a"),
                test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint8_t>();
  // Lane 4g + t: rows 4t to 4t + 3 of columns g and g + 8 of each matrix.
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned i = 0; i < 4; ++i)
        EXPECT_EQ(out[lane * 16 + r * 4 + i], test.in[(r / 2 * 16 + lane % 4 * 4 + i) * 16 + lane / 4 + r % 2 * 8]);
}

TEST(ByteMatrices, LdmatrixExpands) {
  for (unsigned bits : {4u, 6u}) {
    TestLaunch test;
    test.in = randomBytes();
    std::string format = bits == 4 ? "b4x16_p64" : "b6x16_p32";
    TestRun run =
        runModule(makeModule(fillShared() + "ldmatrix.sync.aligned.m8n16.x4.shared.b8x16." + format +
                                 " {%r10, %r11, %r12, %r13}, [%r6];\nmul.wide.u32 %rd2, %tid, 16;\nadd.s64 %rd2, "
                                 "%out, %rd2;\nst.global.v4.b32 [%rd2], {%r10, %r11, %r12, %r13};",
                             "sm_100a"),
                  test);
    ASSERT_EQ(run.verdict(), "");
    auto out = run.out<uint8_t>();
    for (unsigned lane = 0; lane < 32; ++lane)
      for (unsigned r = 0; r < 4; ++r)
        for (unsigned i = 0; i < 4; ++i) {
          unsigned row = r * 8 + lane / 4, element = lane % 4 * 4 + i, code = 0;
          for (unsigned b = 0; b < bits; ++b) {
            unsigned at = element * bits + b;
            code |= (test.in[row * 16 + at / 8] >> (at % 8) & 1u) << b;
          }
          EXPECT_EQ(out[lane * 16 + r * 4 + i], bits == 4 ? code << 2 : code);
        }
  }
}

TEST(ByteMatrices, StmatrixTransposes) {
  TestLaunch test;
  test.in = randomBytes();
  TestRun run = runModule(
      makeModule(
          "mul.wide.u32 %rd1, %tid, 16;\nadd.s64 %rd1, %in, %rd1;\nld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd1];\n"
          "mov.u32 %r1, smem;\nmad.lo.u32 %r6, %tid, 16, %r1;\nstmatrix.sync.aligned.m16n8.x4.trans.shared.b8 [%r6], "
          "{%r2, %r3, %r4, %r5};\nbar.sync 0;\nld.shared.v4.b32 {%r2, %r3, %r4, %r5}, [%r6];\n"
          "mul.wide.u32 %rd2, %tid, 16;\nadd.s64 %rd2, %out, %rd2;\nst.global.v4.b32 [%rd2], {%r2, %r3, %r4, %r5};",
          "sm_100a"),
      test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint8_t>();
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned i = 0; i < 4; ++i)
        EXPECT_EQ(out[(r * 8 + lane % 4 * 2 + i % 2) * 16 + lane / 4 + i / 2 * 8], test.in[lane * 16 + r * 4 + i]);
}

} // namespace
} // namespace girih::sim
