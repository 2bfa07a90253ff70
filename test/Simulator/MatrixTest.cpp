//===- MatrixTest.cpp - wgmma and tcgen05.mma against plain loops ---------===//
//
// Operands are laid out in shared memory by formulas of this file, copied in
// by the kernel, multiplied by one instruction and compared, element by
// element, with a product in double.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Numbers/Formats.h"
#include "Harness.h"

#include <bit>
#include <cmath>

namespace girih::sim {
namespace {

struct MatrixCase {
  std::string name, types;
  Type element;
  unsigned n, k, swizzle;
  bool transposesA, transposesB, fromRegisters, isNegative;
};
void PrintTo(const MatrixCase &c, std::ostream *out) { *out << c.name; }

unsigned bytesOfElement(Type type) { return typeBits(type) / 8; }

/// Small integers and halves: exact in every type and in every order of sums.
double valueAt(unsigned row, unsigned k, unsigned which) { return double(int((row * 7 + k * 3 + which * 5) % 9) - 4); }

uint32_t codeOf(double value, Type type) {
  if (type == Type::S8)
    return uint8_t(int8_t(value));
  if (type == Type::TF32)
    return __builtin_bit_cast(uint32_t, float(value));
  return encodeFloat(value, formatOf(type), Rounding::NearestEven, true);
}

/// Where element (row, k) lies: K-major rows of `swizzle` bytes in groups of
/// eight, or MN-major lines; 16-byte chunks are exchanged by the pattern.
uint32_t placeOf(const MatrixCase &c, unsigned row, unsigned k, unsigned rows, bool transposed) {
  unsigned size = bytesOfElement(c.element), at;
  if (!transposed) {
    unsigned inner = k * size;
    if (c.swizzle == 0) // core matrices of 8 rows by 16 bytes
      return row / 8 * 256 + inner / 16 * 128 + row % 8 * 16 + inner % 16;
    at = row * c.swizzle + inner;
  } else {
    unsigned inner = row * size; // lines of k, groups of `swizzle` bytes of rows
    at = inner / c.swizzle * (c.k * c.swizzle) + k * c.swizzle + inner % c.swizzle;
  }
  (void)rows;
  unsigned chunk = at / 16 % 8, line = at / 128 % 8;
  unsigned mask = c.swizzle / 16 - 1;
  return at - chunk * 16 + ((chunk & ~mask) | ((chunk ^ line) & mask)) * 16;
}

std::string descriptorOf(const MatrixCase &c, uint32_t address, bool transposed) {
  uint64_t leading = transposed ? c.k * c.swizzle : c.swizzle ? 16 : 128;
  uint64_t stride = transposed || c.swizzle ? 8 * c.swizzle : 256;
  uint64_t layout = c.swizzle == 128 ? 1 : c.swizzle == 64 ? 2 : c.swizzle == 32 ? 3 : 0;
  uint64_t bits = uint64_t(address >> 4) | leading >> 4 << 16 | stride >> 4 << 32 | layout << 62;
  return std::to_string(int64_t(bits));
}

/// Bits lie as bytes do, eight to one.
bool isOfBits(const MatrixCase &c) { return c.types.ends_with("popc"); }

class Wgmma : public testing::TestWithParam<MatrixCase> {};

TEST_P(Wgmma, MatchesPlainLoops) {
  const MatrixCase &c = GetParam();
  const uint32_t offsetA = 0, offsetB = 32768, base = 1024;
  std::vector<uint8_t> image(65536);
  unsigned size = bytesOfElement(c.element);
  for (unsigned k = 0; k < c.k; ++k) {
    for (unsigned m = 0; m < 64; ++m) {
      uint32_t code = codeOf(valueAt(m, k, 0), c.element);
      std::memcpy(image.data() + offsetA + placeOf(c, m, k, 64, c.transposesA), &code, size);
    }
    for (unsigned n = 0; n < c.n; ++n) {
      uint32_t code = codeOf(valueAt(n, k, 1), c.element);
      std::memcpy(image.data() + offsetB + placeOf(c, n, k, c.n, c.transposesB), &code, size);
    }
  }
  // A of registers: four words a thread, by thread.
  std::vector<uint32_t> fragment(128 * 4);
  unsigned e = 4 / size;
  for (unsigned t = 0; t < 128; ++t)
    for (unsigned r = 0; r < 4; ++r)
      for (unsigned i = 0; i < e; ++i) {
        unsigned row = t / 32 * 16 + t % 32 / 4 + (r % 2) * 8, k = t % 4 * e + i + (r / 2) * 4 * e;
        fragment[t * 4 + r] |= codeOf(valueAt(row, k, 0), c.element) << (8 * size * i);
      }
  std::memcpy(image.data() + 60000 - 60000 % 16, fragment.data(), fragment.size() * 4);
  unsigned count = c.n / 2;
  std::string list = "{";
  for (unsigned i = 0; i < count; ++i)
    list += (i ? ", %r" : "%r") + std::to_string(100 + i);
  list += "}";
  // Lane-wise copy of the image, then the product.
  std::string body =
      "mov.u32 %r1, smem;\nmov.b32 %r2, %tid;\nC: mul.lo.s32 %r3, %r2, 16;\nadd.s32 %r4, %r1, %r3;\n"
      "cvt.u64.u32 %rd1, %r3;\nadd.s64 %rd2, %in, %rd1;\nld.global.v4.b32 {%r5, %r6, %r7, %r8}, [%rd2];\n"
      "st.shared.v4.b32 [%r4], {%r5, %r6, %r7, %r8};\nadd.s32 %r2, %r2, 128;\n"
      "setp.lt.s32 %p1, %r2, 4096;\n@%p1 bra C;\nfence.proxy.async;\nbar.sync 0;\n"
      "mul.lo.s32 %r3, %tid, 16;\nadd.s32 %r4, %r1, %r3;\nld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%r4+" +
      std::to_string(60000 - 60000 % 16) + "];\nsetp.ne.s32 %p2, %r1, %r1;\n";
  std::string tail = c.element == Type::S8 ? ", %p2;\n"
                                           : std::string(", %p2, ") + (c.isNegative ? "-1" : "1") + ", 1" +
                                                 (size == 2 ? std::string(c.fromRegisters ? ""
                                                                          : c.transposesA ? ", 1"
                                                                                          : ", 0") +
                                                                  (c.transposesB ? ", 1" : ", 0")
                                                            : "") +
                                                 ";\n";
  std::string a = c.fromRegisters ? "{%r10, %r11, %r12, %r13}" : descriptorOf(c, base + offsetA, c.transposesA);
  body += "wgmma.fence.sync.aligned;\nwgmma.mma_async.sync.aligned.m64n" + std::to_string(c.n) + "k" +
          std::to_string(c.k * (isOfBits(c) ? 8 : 1)) + "." + c.types + " " + list + ", " + a + ", " +
          descriptorOf(c, base + offsetB, c.transposesB) + tail +
          "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\nmul.wide.u32 %rd3, %tid, " +
          std::to_string(count * 4) + ";\nadd.s64 %rd3, %out, %rd3;\n";
  for (unsigned i = 0; i < count; ++i)
    body += "st.global.b32 [%rd3+" + std::to_string(4 * i) + "], %r" + std::to_string(100 + i) + ";\n";
  TestLaunch test;
  test.threads = 128;
  test.in = image;
  TestRun run = runBody(body, test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (unsigned t = 0; t < 128; ++t)
    for (unsigned i = 0; i < count; ++i) {
      unsigned row = t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + t % 4 * 2 + i % 2;
      double sum = 0;
      for (unsigned k = 0; k < c.k; ++k)
        sum += isOfBits(c)
                   ? std::popcount(codeOf(valueAt(row, k, 0), c.element) & codeOf(valueAt(column, k, 1), c.element))
                   : valueAt(row, k, 0) * valueAt(column, k, 1);
      if (c.isNegative)
        sum = -sum;
      double found = c.element == Type::S8 ? double(int32_t(out[t * count + i]))
                                           : double(__builtin_bit_cast(float, out[t * count + i]));
      ASSERT_EQ(found, sum) << "row " << row << " column " << column;
    }
}

const MatrixCase matrixCases[] = {
    {"bf16_swizzle128", "f32.bf16.bf16", Type::BF16, 64, 16, 128, false, false, false, false},
    {"bf16_swizzle64", "f32.bf16.bf16", Type::BF16, 32, 16, 64, false, false, false, false},
    {"bf16_swizzle32", "f32.bf16.bf16", Type::BF16, 16, 16, 32, false, false, false, false},
    {"bf16_plain", "f32.bf16.bf16", Type::BF16, 24, 16, 0, false, false, false, false},
    {"f16_transposed_b", "f32.f16.f16", Type::F16, 128, 16, 128, false, true, false, false},
    {"f16_transposed_both", "f32.f16.f16", Type::F16, 64, 16, 128, true, true, false, true},
    {"bf16_transposed_64", "f32.bf16.bf16", Type::BF16, 64, 16, 64, false, true, false, false},
    {"bf16_registers", "f32.bf16.bf16", Type::BF16, 64, 16, 128, false, false, true, true},
    {"tf32", "f32.tf32.tf32", Type::TF32, 40, 8, 128, false, false, false, false},
    {"tf32_registers", "f32.tf32.tf32", Type::TF32, 8, 8, 128, false, false, true, false},
    {"e4m3", "f32.e4m3.e4m3", Type::E4M3, 64, 32, 128, false, false, false, false},
    {"e5m2_registers", "f32.e5m2.e5m2", Type::E5M2, 64, 32, 128, false, false, true, true},
    {"s8", "s32.s8.s8", Type::S8, 96, 32, 128, false, false, false, false},
    {"b1", "s32.b1.b1.and.popc", Type::S8, 24, 32, 64, false, false, false, false},
    {"b1_registers", "s32.b1.b1.and.popc", Type::S8, 8, 32, 0, false, false, true, false},
};
INSTANTIATE_TEST_SUITE_P(All, Wgmma, testing::ValuesIn(matrixCases), [](const auto &info) { return info.param.name; });

/// mma.sync m16n8k16 with operands through ldmatrix.
TEST(MatrixSync, LdmatrixAndMma) {
  std::vector<uint16_t> image(16 * 16 + 8 * 16);
  for (unsigned k = 0; k < 16; ++k) {
    for (unsigned m = 0; m < 16; ++m)
      image[m * 16 + k] = uint16_t(codeOf(valueAt(m, k, 0), Type::F16));
    for (unsigned n = 0; n < 8; ++n)
      image[256 + n * 16 + k] = uint16_t(codeOf(valueAt(n, k, 1), Type::F16));
  }
  TestLaunch test;
  test.in = bytesOf(image);
  std::string body =
      "mov.u32 %r1, smem;\nmov.b32 %r2, %tid;\nC: mul.lo.s32 %r3, %r2, 4;\nadd.s32 %r4, %r1, %r3;\ncvt.u64.u32 %rd1, "
      "%r3;\n"
      "add.s64 %rd2, %in, %rd1;\nld.global.b32 %r5, [%rd2];\nst.shared.b32 [%r4], %r5;\nadd.s32 %r2, %r2, 32;\n"
      "setp.lt.s32 %p1, %r2, 192;\n@%p1 bra C;\nbar.warp.sync -1;\n"
      // Lane l: row l % 16, columns 8 (l / 16) of A; row l % 8, columns 8 (l / 8) of B.
      "and.b32 %r6, %lane, 15;\nshr.u32 %r7, %lane, 4;\nmad.lo.s32 %r8, %r6, 32, %r1;\nmad.lo.s32 %r8, %r7, 16, %r8;\n"
      "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10, %r11, %r12, %r13}, [%r8];\n"
      "and.b32 %r6, %lane, 7;\nbfe.u32 %r7, %lane, 3, 1;\nmad.lo.s32 %r8, %r6, 32, %r1;\nmad.lo.s32 %r8, %r7, 16, "
      "%r8;\n"
      "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r14, %r15}, [%r8+512];\n"
      "mov.f32 %f0, 0f3F800000;\n"
      "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r10, %r11, %r12, %r13}, {%r14, %r15}, "
      "{%f0, %f0, %f0, %f0};\n"
      "mul.wide.u32 %rd3, %tid, 16;\nadd.s64 %rd3, %out, %rd3;\nst.global.v4.f32 [%rd3], {%f1, %f2, %f3, %f4};\n";
  TestRun run = runBody(body, test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<float>();
  for (unsigned t = 0; t < 32; ++t)
    for (unsigned i = 0; i < 4; ++i) {
      unsigned row = t / 4 + i / 2 * 8, column = t % 4 * 2 + i % 2;
      double sum = 1;
      for (unsigned k = 0; k < 16; ++k)
        sum += valueAt(row, k, 0) * valueAt(column, k, 1);
      EXPECT_EQ(out[t * 4 + i], sum) << row << " " << column;
    }
}

/// stmatrix and a transposing ldmatrix are inverse up to the transpose.
TEST(MatrixSync, StmatrixTransposes) {
  std::string body = "mov.u32 %r1, smem;\nand.b32 %r2, %lane, 7;\nmad.lo.s32 %r3, %r2, 16, %r1;\n"
                     "shl.b32 %r4, %lane, 1;\nadd.s32 %r5, %r4, 1;\nshl.b32 %r5, %r5, 16;\nor.b32 %r6, %r4, %r5;\n"
                     "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r3], {%r6};\nbar.warp.sync -1;\n"
                     "ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%r7}, [%r3];\n"
                     "movmatrix.sync.aligned.m8n8.trans.b16 %r8, %r6;\n"
                     "mul.wide.u32 %rd3, %tid, 8;\nadd.s64 %rd3, %out, %rd3;\nst.global.v2.b32 [%rd3], {%r7, %r8};\n";
  TestRun run = runBody(body);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (uint32_t t = 0; t < 32; ++t) {
    uint32_t row = t % 4 * 2, column = t / 4;
    EXPECT_EQ(out[2 * t], (row * 8 + column) | ((row + 1) * 8 + column) << 16);
    EXPECT_EQ(out[2 * t + 1], out[2 * t]);
  }
}

/// 32 products of ones onto accumulators near the ends of the range.
TEST(WgmmaIntegers, SaturateOrWrap) {
  for (bool saturates : {false, true}) {
    TestLaunch test;
    test.threads = 128;
    std::string body = "mov.u32 %r1, smem;\nmov.b32 %r2, 16843009;\nmov.b32 %r3, 2147483640;\nmov.b32 %r4, -9;\n"
                       "mad.lo.s32 %r5, %tid, 4, %r1;\nst.shared.b32 [%r5], %r2;\nfence.proxy.async;\nbar.sync 0;\n"
                       "mov.b32 %r6, -2147483648;\nwgmma.fence.sync.aligned;\n"
                       "wgmma.mma_async.sync.aligned.m64n8k32.s32.s8.s8" +
                       std::string(saturates ? ".satfinite" : "") + " {%r3, %r4, %r6, %r7}, {%r2, %r2, %r2, %r2}, " +
                       std::to_string(uint64_t(1024 >> 4) | uint64_t(8) << 16 | uint64_t(16) << 32) +
                       ", %p1;\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n"
                       "mul.wide.u32 %rd3, %tid, 16;\nadd.s64 %rd3, %out, %rd3;\n"
                       "st.global.v4.b32 [%rd3], {%r3, %r4, %r6, %r3};\n";
    body.insert(0, "mov.b32 %r7, 0;\nsetp.eq.s32 %p1, %r7, %r7;\n");
    TestRun run = runBody(body, test);
    ASSERT_EQ(run.verdict(), "");
    auto out = run.out<int32_t>();
    EXPECT_EQ(out[0], saturates ? INT32_MAX : int32_t(2147483640u + 32));
    EXPECT_EQ(out[1], 23);
    EXPECT_EQ(out[2], INT32_MIN + 32);
  }
  auto refuses = [](const std::string &form, const std::string &why) {
    std::string verdict = runBody("wgmma.mma_async.sync.aligned." + form + ";\n").verdict();
    EXPECT_NE(verdict.find(why), std::string::npos) << form << ": " << verdict;
  };
  refuses("m64n8k16.f32.f16.f16.satfinite {%f1, %f2, %f3, %f4}, 0, 0, %p1, 1, 1, 0, 0", ".satfinite is for integers");
  refuses("m64n8k256.s32.satfinite.b1.b1.and.popc {%r1, %r2, %r3, %r4}, 0, 0, %p1", ".satfinite is not for bits");
  refuses("m64n8k256.s32.b1.b1.xor.popc {%r1, %r2, %r3, %r4}, 0, 0, %p1", "and");
  refuses("m64n40k32.s32.s8.s8 {%r1}, 0, 0, %p1", "n is 40 when integers allow 8, 24 and multiples of 16");
  refuses("m64n8k32.f32.s8.s8 {%f1, %f2, %f3, %f4}, 0, 0, %p1", "has accumulators of .f32 for operands of .s8");
}

} // namespace
} // namespace girih::sim
