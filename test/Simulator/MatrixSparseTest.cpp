//===- MatrixSparseTest.cpp - mma.sp and wgmma.sp against plain loops -----===//
//
// A is made whole here, row by row, and its stored half and its codes are laid
// out by the figures of the PTX ISA; the product of the whole is the reference.
//
//===----------------------------------------------------------------------===//
#include "../../lib/Simulator/Numbers/Formats.h"
#include "Harness.h"

namespace girih::sim {
namespace {

struct SparseCase {
  std::string name, opcode;
  Type type;
  unsigned k;
  /// Of a chunk: all elements, and those that a place of its code stands for.
  unsigned chunk, part;
  unsigned selector = 0;
  bool isRising = false;
  /// The holders of a row's codes within a group of four threads.
  unsigned holders() const { return k / chunk / 4; }
};
void PrintTo(const SparseCase &c, std::ostream *out) { *out << c.name; }

unsigned mixed(unsigned a, unsigned b, unsigned c) {
  unsigned x = a * 0x9e3779b9u ^ b * 0x85ebca6bu ^ c * 0xc2b2ae35u;
  return (x ^ x >> 15) * 0x2c1b3c6du >> 12;
}
int numberAt(unsigned row, unsigned k, unsigned which) { return int(mixed(row, k, which) % 7) - 3; }

uint32_t bitsOf(int number, Type type) {
  if (type == Type::TF32)
    return __builtin_bit_cast(uint32_t, float(number));
  if (!isFloat(type))
    return uint32_t(number) & ((1u << typeBits(type)) - 1);
  return encodeFloat(number, formatOf(type), Rounding::NearestEven, true);
}

uint32_t codeAt(const SparseCase &c, unsigned row, unsigned chunk) {
  static const uint32_t rising[] = {4, 8, 12, 9, 13, 14}, falling[] = {1, 2, 3, 6, 7, 11};
  unsigned which = mixed(row, chunk, 9);
  if (c.chunk == 2)
    return which % 2 ? 14 : 4;
  return !c.isRising && which % 2 ? falling[which / 2 % 6] : rising[which / 2 % 6];
}

/// The place in its row of a stored element.
unsigned placeAt(const SparseCase &c, unsigned row, unsigned stored) {
  unsigned chunk = stored / (c.chunk / 2), i = stored % (c.chunk / 2), code = codeAt(c, row, chunk);
  if (c.chunk == 2)
    return chunk * 2 + (code == 14);
  return chunk * c.chunk + (code >> (i / c.part * 2) & 3) * c.part + i % c.part;
}

int64_t product(const SparseCase &c, unsigned row, unsigned column) {
  int64_t sum = 0;
  for (unsigned stored = 0; stored < c.k / 2; ++stored)
    sum += numberAt(row, stored, 0) * numberAt(column, placeAt(c, row, stored), 1);
  return sum;
}

/// Registers of A of a lane, in a tile of 16 rows that begins at `first`.
uint32_t wordOfA(const SparseCase &c, unsigned lane, unsigned r, unsigned first) {
  unsigned bits = typeBits(c.type), each = 32 / bits;
  uint32_t word = 0;
  for (unsigned i = 0; i < each; ++i)
    word |= bitsOf(numberAt(first + lane / 4 + r % 2 * 8, lane % 4 * each + i + r / 2 * 4 * each, 0), c.type)
            << i * bits;
  return word;
}

/// The codes that a lane holds: 16 bits of row lane / 4 and of the row 8 below.
uint32_t wordOfCodes(const SparseCase &c, unsigned lane, unsigned first) {
  unsigned holder = lane % 4 - c.selector * c.holders();
  uint32_t word = 0;
  for (unsigned i = 0; i < 8 && holder < c.holders(); ++i)
    word |= codeAt(c, first + lane / 4 + i / 4 * 8, holder * 4 + i % 4) << i * 4;
  return word;
}

std::string list(unsigned first, unsigned count) {
  std::string text = "{";
  for (unsigned i = 0; i < count; ++i)
    text += (i ? ", %r" : "%r") + std::to_string(first + i);
  return text + "}";
}

int64_t valueOf(uint32_t word, Type type) {
  return isFloat(type) ? int64_t(__builtin_bit_cast(float, word)) : int64_t(int32_t(word));
}

class MmaSparse : public testing::TestWithParam<SparseCase> {};

TEST_P(MmaSparse, MatchesPlainLoops) {
  const SparseCase &c = GetParam();
  unsigned bits = typeBits(c.type), each = 32 / bits, countA = c.k / 2 * 16 / 32 / each, countB = c.k * 8 / 32 / each;
  std::vector<uint32_t> image(32 * 16);
  for (unsigned lane = 0; lane < 32; ++lane) {
    for (unsigned r = 0; r < countA; ++r)
      image[lane * 16 + r] = wordOfA(c, lane, r, 0);
    for (unsigned r = 0; r < countB; ++r)
      for (unsigned i = 0; i < each; ++i)
        image[lane * 16 + 4 + r] |= bitsOf(numberAt(lane / 4, lane % 4 * each + i + r * 4 * each, 1), c.type)
                                    << i * bits;
    image[lane * 16 + 12] = wordOfCodes(c, lane, 0);
  }
  std::string body = "mul.wide.u32 %rd0, %tid, 64;\nadd.s64 %rd1, %in, %rd0;\nadd.s64 %rd2, %out, %rd0;\n";
  for (unsigned r = 0; r < 13; ++r)
    body += "ld.global.b32 %r" + std::to_string(r) + ", [%rd1+" + std::to_string(r * 4) + "];\n";
  body += c.opcode + " " + list(20, 4) + ", " + list(0, countA) + ", " + list(4, countB) + ", " + list(8, 4) +
          ", %r12, " + std::to_string(c.selector) + ";\n";
  for (unsigned r = 0; r < 4; ++r)
    body += "st.global.b32 [%rd2+" + std::to_string(r * 4) + "], %r" + std::to_string(20 + r) + ";\n";
  TestLaunch test;
  test.in = bytesOf(image);
  TestRun run = runBody(body, test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned r = 0; r < 4; ++r)
      ASSERT_EQ(valueOf(out[lane * 16 + r], c.type), product(c, lane / 4 + r / 2 * 8, lane % 4 * 2 + r % 2))
          << lane << " " << r;
}

const std::string sp = "mma.sp.sync.aligned.", ordered = "mma.sp::ordered_metadata.sync.aligned.";
const SparseCase mmaCases[] = {
    {"f16_k16", sp + "m16n8k16.row.col.f32.f16.f16.f32", Type::F16, 16, 4, 1, 0},
    {"f16_k16_selector", sp + "m16n8k16.row.col.f32.f16.f16.f32", Type::F16, 16, 4, 1, 3},
    {"f16_k32", ordered + "m16n8k32.row.col.f32.f16.f16.f32", Type::F16, 32, 4, 1, 0, true},
    {"bf16_k32_selector", sp + "m16n8k32.row.col.f32.bf16.bf16.f32", Type::BF16, 32, 4, 1, 1},
    {"tf32_k8", sp + "m16n8k8.row.col.f32.tf32.tf32.f32", Type::TF32, 8, 2, 1, 2},
    {"tf32_k16", sp + "m16n8k16.row.col.f32.tf32.tf32.f32", Type::TF32, 16, 2, 1, 1},
    {"s8_k32", sp + "m16n8k32.row.col.satfinite.s32.s8.s8.s32", Type::S8, 32, 4, 1, 1},
    {"s8_k64", sp + "m16n8k64.row.col.s32.s8.s8.s32", Type::S8, 64, 4, 1, 0},
    {"s4_k64", sp + "m16n8k64.row.col.s32.s4.s4.s32", Type::S4, 64, 8, 2, 1},
    {"s4_k128", ordered + "m16n8k128.row.col.s32.s4.s4.s32", Type::S4, 128, 8, 2, 0, true},
    {"e4m3_k64", ordered + "m16n8k64.row.col.f32.e4m3.e4m3.f32", Type::E4M3, 64, 4, 1, 0, true},
};
INSTANTIATE_TEST_SUITE_P(All, MmaSparse, testing::ValuesIn(mmaCases), [](const auto &info) { return info.param.name; });

struct WgmmaLaunch {
  TestLaunch launch;
  std::string body;
};

/// 64 x 16 of one instruction. Operands lie in shared memory without a swizzle:
/// lines of 16 bytes, eight of them a core matrix, core matrices along k first.
WgmmaLaunch makeWgmma(const SparseCase &c, bool fromRegisters) {
  unsigned size = typeBits(c.type) / 8, lineA = c.k / 2 * size, lineB = c.k * size;
  const uint32_t offsetB = 4096, offsetRegisters = 8192, bytes = 16384;
  std::vector<uint8_t> image(bytes);
  auto put = [&](uint32_t at, unsigned line, unsigned row, unsigned k, int number) {
    uint32_t code = bitsOf(number, c.type), inner = k * size;
    std::memcpy(&image[at + row / 8 * 8 * line + inner / 16 * 128 + row % 8 * 16 + inner % 16], &code, size);
  };
  for (unsigned row = 0; row < 64; ++row)
    for (unsigned k = 0; k < c.k / 2; ++k)
      put(0, lineA, row, k, numberAt(row, k, 0));
  for (unsigned column = 0; column < 16; ++column)
    for (unsigned k = 0; k < c.k; ++k)
      put(offsetB, lineB, column, k, numberAt(column, k, 1));
  for (unsigned t = 0; t < 128; ++t) {
    uint32_t words[8] = {};
    for (unsigned r = 0; r < 4; ++r)
      words[r] = wordOfA(c, t % 32, r, t / 32 * 16);
    words[4] = wordOfCodes(c, t % 32, t / 32 * 16);
    std::memcpy(&image[offsetRegisters + t * 32], words, 32);
  }
  auto descriptor = [](uint32_t at, unsigned line) {
    return std::to_string(uint64_t(1024 + at) >> 4 | 128ull >> 4 << 16 | uint64_t(8 * line) >> 4 << 32);
  };
  WgmmaLaunch made;
  made.launch.threads = 128;
  made.launch.in = image;
  made.body = "mov.u32 %r1, smem;\nmov.b32 %r2, %tid;\nC: mul.lo.s32 %r3, %r2, 16;\nadd.s32 %r4, %r1, %r3;\n"
              "cvt.u64.u32 %rd1, %r3;\nadd.s64 %rd2, %in, %rd1;\nld.global.v4.b32 {%r5, %r6, %r7, %r8}, [%rd2];\n"
              "st.shared.v4.b32 [%r4], {%r5, %r6, %r7, %r8};\nadd.s32 %r2, %r2, 128;\n"
              "setp.lt.s32 %p1, %r2, 1024;\n@%p1 bra C;\nfence.proxy.async;\nbar.sync 0;\n"
              "mul.wide.u32 %rd3, %tid, 32;\nadd.s64 %rd4, %in, %rd3;\n"
              "ld.global.v4.b32 {%r10, %r11, %r12, %r13}, [%rd4+8192];\nld.global.b32 %r14, [%rd4+8208];\n"
              "setp.ne.s32 %p2, %r1, %r1;\nwgmma.fence.sync.aligned;\n" +
              c.opcode + " " + list(100, 8) + ", " + (fromRegisters ? list(10, 4) : descriptor(0, lineA)) + ", " +
              descriptor(offsetB, lineB) + ", %r14, " + std::to_string(c.selector) + ", %p2" +
              (isFloat(c.type) ? ", 1, 1" : "") + (size == 2 ? fromRegisters ? ", 0" : ", 0, 0" : "") +
              ";\nwgmma.commit_group.sync.aligned;\n" + "wgmma.wait_group.sync.aligned 0;\nadd.s64 %rd4, %out, %rd3;\n";
  for (unsigned i = 0; i < 8; ++i)
    made.body += "st.global.b32 [%rd4+" + std::to_string(4 * i) + "], %r" + std::to_string(100 + i) + ";\n";
  return made;
}

class WgmmaSparse : public testing::TestWithParam<SparseCase> {};

TEST_P(WgmmaSparse, MatchesPlainLoops) {
  const SparseCase &c = GetParam();
  for (bool fromRegisters : {false, true}) {
    WgmmaLaunch made = makeWgmma(c, fromRegisters);
    TestRun run = runBody(made.body, made.launch);
    ASSERT_EQ(run.verdict(), "");
    auto out = run.out<uint32_t>();
    for (unsigned t = 0; t < 128; ++t)
      for (unsigned i = 0; i < 8; ++i)
        ASSERT_EQ(valueOf(out[t * 8 + i], c.type),
                  product(c, t / 32 * 16 + t % 32 / 4 + i / 2 % 2 * 8, i / 4 * 8 + t % 4 * 2 + i % 2))
            << t << " " << i;
  }
}

const std::string async = "wgmma.mma_async.sp.sync.aligned.";
const SparseCase wgmmaCases[] = {
    {"f16", async + "m64n16k32.f32.f16.f16", Type::F16, 32, 4, 1, 0},
    {"bf16_selector", async + "m64n16k32.f32.bf16.bf16", Type::BF16, 32, 4, 1, 1},
    {"tf32_selector", async + "m64n16k16.f32.tf32.tf32", Type::TF32, 16, 2, 1, 1},
    {"e4m3", async + "m64n16k64.f32.e4m3.e4m3", Type::E4M3, 64, 4, 1, 0},
    {"s8", async + "m64n16k64.s32.s8.s8", Type::S8, 64, 4, 1, 0},
};
INSTANTIATE_TEST_SUITE_P(All, WgmmaSparse, testing::ValuesIn(wgmmaCases),
                         [](const auto &info) { return info.param.name; });

std::string replaced(std::string text, const std::string &what, const std::string &with) {
  EXPECT_NE(text.find(what), text.npos) << what;
  return text.replace(text.find(what), what.size(), with);
}

TEST(Sparse, Mistakes) {
  const SparseCase &c = wgmmaCases[0];
  WgmmaLaunch made = makeWgmma(c, false);
  auto verdict = [&](const std::string &body) { return runBody(body, made.launch).verdict(); };
  auto expect = [&](const std::string &what, const std::string &with, const std::string &text) {
    std::string found = verdict(replaced(made.body, what, with));
    EXPECT_NE(found.find(text), found.npos) << found;
  };
  ASSERT_EQ(verdict(made.body), "");
  expect("ld.global.b32 %r14, [%rd4+8208];", "mov.b32 %r14, 0x4444444a;",
         "row 0 and k = 0 is 10, which selects nothing");
  expect("ld.global.b32 %r14, [%rd4+8208];", "", "uses an undefined register");
  expect(", %r14, 0, %p2", ", %r14, 2, %p2", "the sparsity selector is 2 when it should be below 2");
  expect("m64n16k32.f32", "m64n16k16.f32", "k is 16 when it should be 32");
  std::string registers =
      "{%r0, %r1, %r2, %r3}, {%r4, %r5, %r6, %r7}, {%r8, %r9, %r10, %r11}, {%r0, %r1, %r2, %r3}, %r14, ";
  auto product = [&](const std::string &opcode, const std::string &code, const std::string &selector) {
    std::string body;
    for (unsigned r = 0; r < 12; ++r)
      body += "mov.b32 %r" + std::to_string(r) + ", 0;\n";
    return runBody(body + "mov.b32 %r14, " + code + ";\n" + opcode + "m16n8k32.row.col.f32.f16.f16.f32 " + registers +
                   selector + ";")
        .verdict();
  };
  EXPECT_EQ(product(sp, "0x11111111", "0"), "");
  EXPECT_NE(product(sp, "0x11111110", "1").find("row 0 and k = 0 is 0, which selects nothing"), std::string::npos);
  EXPECT_NE(product(ordered, "0x11111111", "0").find("is 1, which selects nothing"), std::string::npos);
  EXPECT_NE(product(sp, "0x11111111", "2").find("the sparsity selector is 2 when it should be below 2"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim
