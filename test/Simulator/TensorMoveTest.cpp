//===- TensorMoveTest.cpp - tcgen05.cp and tcgen05.shift ------------------===//
#include "TensorHarness.h"

namespace girih::sim {
namespace {

/// Rows of 32 bytes without a swizzle: core matrices of 8 rows by 16 bytes, two
/// beside each other, the next eight rows 256 bytes on.
uint32_t placeOf(unsigned row, unsigned byte) { return row / 8 * 256 + byte / 16 * 128 + row % 8 * 16 + byte % 16; }
const std::string source = text(descriptor(imageAt, 0, 256, 128));

struct CopyCase {
  std::string name, shape;
  unsigned rows, words;
  /// The lanes that receive a row.
  std::vector<unsigned> (*lanes)(unsigned row);
};
void PrintTo(const CopyCase &c, std::ostream *out) { *out << c.name; }

class TensorCopyIn : public testing::TestWithParam<CopyCase> {};

TEST_P(TensorCopyIn, ReachesItsLanes) {
  const CopyCase &c = GetParam();
  for (unsigned ctas : {1u, 2u}) {
    TensorKernel kernel(ctas);
    std::vector<uint32_t> wanted[2];
    for (unsigned cta = 0; cta < ctas; ++cta) {
      for (uint32_t &cell : kernel.before[cta])
        cell = 0xabcd0000;
      wanted[cta] = kernel.before[cta];
      for (unsigned row = 0; row < c.rows; ++row)
        for (unsigned w = 0; w < c.words; ++w) {
          uint32_t value = cta << 16 | row << 8 | (w + 1);
          orWord(kernel.images[cta], placeOf(row, 4 * w), value);
          for (unsigned lane : c.lanes(row))
            wanted[cta][lane * TensorKernel::columns + 40 + w] = value;
        }
    }
    ASSERT_EQ(kernel.run("tcgen05.cp.cta_group::1." + c.shape + " [%r41+40], " + source + ";\n"), "");
    for (unsigned cta = 0; cta < ctas; ++cta)
      EXPECT_EQ(kernel.after[cta], wanted[cta]) << cta;
  }
}

const CopyCase copyCases[] = {
    {"rows128of256", "128x256b", 128, 8, [](unsigned r) { return std::vector<unsigned>{r}; }},
    {"rows128of128", "128x128b", 128, 4, [](unsigned r) { return std::vector<unsigned>{r}; }},
    {"rows4", "4x256b", 4, 8, [](unsigned r) { return std::vector<unsigned>{32 * r}; }},
    {"pairs02_13", "64x128b.warpx2::02_13", 64, 4, [](unsigned r) { return std::vector<unsigned>{r, r + 64}; }},
    {"pairs01_23", "64x128b.warpx2::01_23", 64, 4,
     [](unsigned r) { return r < 32 ? std::vector<unsigned>{r, r + 32} : std::vector<unsigned>{r + 32, r + 64}; }},
    {"allWarps", "32x128b.warpx4", 32, 4, [](unsigned r) { return std::vector<unsigned>{r, r + 32, r + 64, r + 96}; }},
};
INSTANTIATE_TEST_SUITE_P(All, TensorCopyIn, testing::ValuesIn(copyCases),
                         [](const auto &info) { return info.param.name; });

/// 16 elements and padding become 16 bytes: 6 bits in the low ones, 4 bits in
/// the middle. The padding may be undefined.
TEST(TensorCopyIn, Decompresses) {
  for (unsigned bits : {6u, 4u}) {
    TensorKernel kernel;
    for (unsigned row = 0; row < 128; ++row)
      for (unsigned e = 0; e < 32; ++e) {
        unsigned first = e % 16 * bits, code = (row * 7 + e * 5 + 3) % (1 << bits);
        for (unsigned b = 0; b < bits; ++b)
          if (code >> b & 1)
            kernel.images[0][placeOf(row, e / 16 * 16 + (first + b) / 8)] |= 1 << (first + b) % 8;
      }
    std::string format = bits == 6 ? "b6x16_p32" : "b4x16_p64";
    ASSERT_EQ(kernel.run("tcgen05.cp.cta_group::1.128x256b.b8x16." + format + " [%r41], " + source + ";\n"), "");
    for (unsigned row = 0; row < 128; ++row)
      for (unsigned e = 0; e < 32; ++e) {
        unsigned code = (row * 7 + e * 5 + 3) % (1 << bits);
        ASSERT_EQ(kernel.result(row, e / 4) >> e % 4 * 8 & 0xff, bits == 6 ? code : code << 2) << row << " " << e;
      }
  }
}

TEST(TensorShift, MovesThirtyOneRows) {
  for (unsigned ctas : {1u, 2u}) {
    TensorKernel kernel(ctas);
    for (unsigned cta = 0; cta < ctas; ++cta)
      for (unsigned lane = 0; lane < 128; ++lane)
        for (unsigned column = 0; column < TensorKernel::columns; ++column)
          kernel.cell(cta, lane, column) = cta * 1000000 + lane * 1000 + column;
    ASSERT_EQ(kernel.run("add.s32 %r42, %r41, 2097168;\ntcgen05.shift.cta_group::1.down [%r42];\n"), ""); // lane 32
    for (unsigned cta = 0; cta < ctas; ++cta)
      for (unsigned lane = 0; lane < 128; ++lane)
        for (unsigned column = 0; column < TensorKernel::columns; ++column) {
          bool moves = lane >= 32 && lane < 63 && column >= 16 && column < 24;
          ASSERT_EQ(kernel.result(lane, column, cta), cta * 1000000 + (lane + moves) * 1000 + column);
        }
  }
}

/// PTX ISA, "Pipelined tcgen05 Instructions": which pairs need no wait.
TEST(TensorPipeline, OrdersListedPairsOnly) {
  const std::string shift = "tcgen05.shift.cta_group::1.down [%r41];\n",
                    copy = "tcgen05.cp.cta_group::1.128x256b [%r41], " + source + ";\n",
                    refresh = "tcgen05.cp.cta_group::1.4x256b [%r41+2031616], " + source + ";\n"; // lane 31
  auto mma = [](unsigned n, unsigned at = 0) {
    return "tcgen05.mma.cta_group::1.kind::f16 [%r41+" + std::to_string(at) + "], " + text(descriptor(imageAt)) + ", " +
           text(descriptor(imageAt)) + ", " + std::to_string(1 << 4 | n / 8 << 17 | 8 << 24) + ", %p4;\n";
  };
  auto verdictOf = [](const std::string &body) { return TensorKernel().run(body); };
  for (const std::string &body : {copy + mma(16), shift + mma(16), shift + refresh, mma(16) + shift, mma(16) + mma(16),
                                  mma(16) + mma(24, 16), copy + mma(16) + copy, shift + mma(16) + shift})
    EXPECT_EQ(verdictOf(body), "") << body;
  for (const std::string &body :
       {copy + copy, copy + shift, shift + copy, shift + shift, refresh + shift, mma(16) + mma(24), refresh + refresh})
    EXPECT_NE(verdictOf(body).find("race"), std::string::npos) << body;
}

/// The operations in flight against warps that read or write the same cells.
TEST(TensorPipeline, RacesWithOtherWarps) {
  TensorKernel kernel;
  std::string shift = "tcgen05.shift.cta_group::1.down [%r41];\n";
  auto verdictOf = [&](const std::string &text) {
    TestLaunch test;
    test.threads = 128;
    test.shared = 65536 + 1024;
    test.in.resize(65536);
    return runModule(makeModule(text, "sm_100a"), test).verdict();
  };
  const std::string fill = copyImage + "shl.b32 %r50, %warp, 21;\nadd.s32 %r50, %r41, %r50;\nmov.b32 %r60, 0;\n"
                                       "tcgen05.st.sync.aligned.32x32b.x1.b32 [%r50], {%r60};\n";
  const std::string sync = "tcgen05.fence::before_thread_sync;\nbar.sync 0;\ntcgen05.fence::after_thread_sync;\n";
  // A store that is not waited for.
  EXPECT_NE(verdictOf(fill + sync + "@!%p9 " + shift).find("race"), std::string::npos);
  // A load that does not wait for the commit.
  EXPECT_NE(verdictOf(fill + "tcgen05.wait::st.sync.aligned;\n" + sync + "@!%p9 " + shift + sync +
                      "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r61}, [%r50];\ntcgen05.wait::ld.sync.aligned;\n")
                .find("race"),
            std::string::npos);
  // A copy whose source is overwritten before it has been read.
  std::string overwrite =
      "@!%p9 tcgen05.cp.cta_group::1.128x128b [%r41], " + source + ";\nbar.sync 0;\nst.shared.b32 [%r1], %r60;\n";
  EXPECT_NE(verdictOf(copyImage + "mov.b32 %r60, 0;\n" + overwrite).find("race"), std::string::npos);
  // Columns freed under a shift.
  EXPECT_NE(verdictOf(fill + "tcgen05.wait::st.sync.aligned;\n" + sync + "@!%p9 " + shift + finish)
                .find("tensor memory being freed"),
            std::string::npos);
}

TEST(TensorMove, Misuse) {
  auto expect = [](const std::string &body, const char *part, unsigned ctas = 1) {
    TensorKernel kernel(ctas);
    std::string verdict = kernel.run(body);
    EXPECT_NE(verdict.find(part), std::string::npos) << verdict;
  };
  const std::string copy = "tcgen05.cp.cta_group::1.128x256b ";
  expect("tcgen05.shift.cta_group::1.down [%r41+327680];\n",
         "tcgen05.shift at lane 5 when the lane should be a multiple of 32");
  expect("tcgen05.shift.cta_group::1.down [%r41+508];\n", "lane 1 column 512 is out of range");
  expect("tcgen05.shift.cta_group::1.down [%r41+8388608];\n", "lane 129 column 0 is out of range");
  expect(copy + "[%r41+508], " + source + ";\n", "column 512 is out of range");
  expect("tcgen05.cp.cta_group::1.4x256b [%r41+2097152], " + source + ";\n", "lane 128 column 0 is out of range");
  expect(copy + "[%r41], " + text(descriptor(imageAt, 1)) + ";\n", "descriptor: atoms of 32 bytes");
  expect(copy + "[%r41], 0;\n", "descriptor: bits 46 to 48 are 0 when they should be 1");
  expect("tcgen05.shift.cta_group::2.down [%r41];\n", "has .cta_group::2 when line");
  expect("tcgen05.cp.cta_group::1.128x256b.b8x16 [%r41], 0;\n", ".b8x16 has no source format");
  expect("tcgen05.cp.cta_group::1.32x128b.warpx2::02_13 [%r41], 0;\n", "warpx4");
}

TEST(TensorMove, NeedsBothCtas) {
  TestLaunch test;
  std::string body = "mov.b32 %r41, 0;\nsetp.eq.u32 %p1, %tid, 0;\n@%p1 tcgen05.shift.cta_group::2.down [%r41];\n";
  EXPECT_NE(runModule(makeModule(body, "sm_100a"), test)
                .verdict()
                .find("tcgen05.shift of a pair of CTAs is issued by CTA 0 of a cluster of 1"),
            std::string::npos);
  test.grid = test.cluster = 2;
  std::string alone = "mov.u32 %r9, %cluster_ctarank;\nsetp.eq.u32 %p2, %r9, 1;\n@%p2 bra E;\nmov.b32 %r10, 0;\n"
                      "L: add.s32 %r10, %r10, 1;\nsetp.lt.u32 %p3, %r10, 2000;\n@%p3 bra L;\n" +
                      body + "E:\n";
  EXPECT_NE(runModule(makeModule(alone, "sm_100a"), test)
                .verdict()
                .find("tcgen05.shift of a pair of CTAs is issued when CTA 1 has exited"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim
