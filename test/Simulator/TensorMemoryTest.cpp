//===- TensorMemoryTest.cpp - tcgen05 against plain loops -----------------===//
#include "TensorHarness.h"

namespace girih::sim {
namespace {

struct TensorCase {
  std::string name, kind;
  Type element;
  uint32_t formatCode, m, n, k;
  /// Blocks of K with a scale; the scales' type.
  uint32_t blocks = 0;
  Type scale = Type::UE8M0;
};
void PrintTo(const TensorCase &c, std::ostream *out) { *out << c.name; }

TestRun runSm100(const std::string &body, const std::vector<uint8_t> &image) {
  TestLaunch test;
  test.threads = 128;
  test.shared = 65536 + 1024;
  test.in = image;
  test.out.resize(131072);
  return runModule(makeModule(body, "sm_100a"), test);
}

class Tcgen05 : public testing::TestWithParam<TensorCase> {};

TEST_P(Tcgen05, MatchesPlainLoops) {
  const TensorCase &c = GetParam();
  std::vector<uint8_t> image(65536);
  const uint32_t offsetB = 32768, offsetScales = 60416;
  bool isDense = c.kind.starts_with("mxf4");
  for (unsigned k = 0; k < c.k; ++k) {
    for (unsigned m = 0; m < c.m; ++m)
      putK(image, 0, m, k, valueAt(m, k, 0), c.element, isDense);
    for (unsigned n = 0; n < c.n; ++n)
      putK(image, offsetB, n, k, valueAt(n, k, 1), c.element, isDense);
  }
  for (unsigned row = 0; row < 128; ++row)
    for (unsigned block = 0; block < c.blocks; ++block)
      for (unsigned which = 0; which < 2; ++which)
        image[offsetScales + which * 512 + row % 32 * 16 + row / 32 * 4 + block] =
            uint8_t(encodeFloat(scaleAt(row, block, which), formatOf(c.scale), Rounding::NearestEven, true));
  uint32_t code = c.formatCode << 7 | c.formatCode << 10 | c.n / 8 << 17 | c.m / 16 << 24;
  if (c.blocks)
    code |= c.scale == Type::UE8M0 ? 1 << 23 : 0;
  else
    code |= (c.element == Type::S8 ? 2 : 1) << 4;
  std::string scales;
  for (unsigned which = 0; which < (c.blocks ? 2u : 0u); ++which)
    scales += "add.s32 %r" + std::to_string(42 + which) + ", %r41, " + std::to_string(256 + 16 * which) +
              ";\n@!%p9 tcgen05.cp.cta_group::1.32x128b.warpx4 [%r" + std::to_string(42 + which) + "], " +
              text(descriptor(imageAt + offsetScales + 512 * which, 0, 128)) + ";\n";
  std::string vector = c.blocks ? ".block_scale.scale_vec::" + std::to_string(c.blocks) + "X" : "";
  std::string body = copyImage + scales +
                     "setp.ne.s32 %p3, %r1, %r1;\n@%p9 bra W;\ntcgen05.mma.cta_group::1.kind::" + c.kind + vector +
                     " [%r41], " + text(descriptor(imageAt)) + ", " + text(descriptor(imageAt + offsetB)) + ", " +
                     std::to_string(code) + (c.blocks ? ", [%r42], [%r43]" : "") + ", %p3;\n" + waitProduct;
  body += "shl.b32 %r50, %warp, 21;\nadd.s32 %r50, %r41, %r50;\nmul.wide.u32 %rd3, %tid, " + std::to_string(c.n * 4) +
          ";\nadd.s64 %rd3, %out, %rd3;\n";
  for (unsigned n = 0; n < c.n; n += 8) {
    body += "add.s32 %r51, %r50, " + std::to_string(n) +
            ";\ntcgen05.ld.sync.aligned.32x32b.x8.b32 {%r60, %r61, %r62, %r63, %r64, %r65, %r66, %r67}, [%r51];\n"
            "tcgen05.wait::ld.sync.aligned;\n";
    for (unsigned i = 0; i < 8; ++i)
      body += (c.m == 64 ? "setp.lt.u32 %p4, %lane, 16;\n@%p4 " : "") + std::string("st.global.b32 [%rd3+") +
              std::to_string(4 * (n + i)) + "], %r" + std::to_string(60 + i) + ";\n";
  }
  TestRun run = runSm100(body + finish, image);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (unsigned m = 0; m < c.m; ++m)
    for (unsigned n = 0; n < c.n; ++n) {
      double sum = 0;
      for (unsigned k = 0; k < c.k; ++k) {
        double product = valueAt(m, k, 0) * valueAt(n, k, 1);
        if (c.blocks) {
          unsigned block = k / (c.k / c.blocks);
          product *= scaleAt(m, block, 0) * scaleAt(n, block, 1);
        }
        sum += product;
      }
      unsigned lane = c.m == 64 ? m / 16 * 32 + m % 16 : m;
      uint32_t bits = out[lane * c.n + n];
      double found = c.element == Type::S8 ? double(int32_t(bits)) : double(__builtin_bit_cast(float, bits));
      ASSERT_EQ(found, sum) << "row " << m << " column " << n;
    }
}

const TensorCase tensorCases[] = {
    {"f16", "f16", Type::F16, 0, 128, 64, 16},
    {"bf16", "f16", Type::BF16, 1, 128, 32, 16},
    {"bf16_m64", "f16", Type::BF16, 1, 64, 24, 16},
    {"tf32", "tf32", Type::TF32, 2, 128, 32, 8},
    {"s8", "i8", Type::S8, 1, 128, 32, 32},
    {"e4m3", "f8f6f4", Type::E4M3, 0, 128, 48, 32},
    {"e5m2", "f8f6f4", Type::E5M2, 1, 128, 32, 32},
    {"e2m3", "f8f6f4", Type::E2M3, 3, 128, 32, 32},
    {"e3m2", "f8f6f4", Type::E3M2, 4, 128, 32, 32},
    {"e2m1", "f8f6f4", Type::E2M1, 5, 128, 32, 32},
    {"mxf8", "mxf8f6f4", Type::E4M3, 0, 128, 32, 32, 1},
    {"mxf4", "mxf4", Type::E2M1, 1, 128, 64, 64, 2},
    {"nvf4", "mxf4nvf4", Type::E2M1, 1, 128, 128, 64, 4, Type::E4M3},
};
INSTANTIATE_TEST_SUITE_P(All, Tcgen05, testing::ValuesIn(tensorCases),
                         [](const auto &info) { return info.param.name; });

/// What one shape stores, another loads: the cells by both maps are the same.
TEST(TensorMemory, ShapesAgreeOnCells) {
  std::string body = copyImage + "shl.b32 %r50, %warp, 21;\nadd.s32 %r50, %r41, %r50;\n";
  for (unsigned i = 0; i < 4; ++i) // lane and column in every cell
    body += "mad.lo.s32 %r" + std::to_string(60 + i) + ", %tid, 100, " + std::to_string(i) + ";\n";
  body += "tcgen05.st.sync.aligned.32x32b.x4.b32 [%r50], {%r60, %r61, %r62, %r63};\ntcgen05.wait::st.sync.aligned;\n"
          "tcgen05.ld.sync.aligned.16x64b.x1.b32 {%r70}, [%r50];\n"
          "tcgen05.ld.sync.aligned.16x128b.x1.b32 {%r71, %r72}, [%r50];\n"
          "tcgen05.ld.sync.aligned.16x32bx2.x2.b32 {%r73, %r74}, [%r50], 2;\n"
          "tcgen05.ld.sync.aligned.32x32b.x1.pack::16b.b32 {%r75}, [%r50];\ntcgen05.wait::ld.sync.aligned;\n"
          "mul.wide.u32 %rd3, %tid, 32;\nadd.s64 %rd3, %out, %rd3;\n";
  for (unsigned i = 0; i < 6; ++i)
    body += "st.global.b32 [%rd3+" + std::to_string(4 * i) + "], %r" + std::to_string(70 + i) + ";\n";
  TestRun run = runSm100(body + finish, std::vector<uint8_t>(65536));
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (uint32_t t = 0; t < 128; ++t) {
    uint32_t base = t / 32 * 32, l = t % 32;
    auto cell = [&](uint32_t lane, uint32_t column) { return (base + lane) * 100 + column; };
    EXPECT_EQ(out[8 * t], cell(l / 4 + 8 * (l % 2), l / 2 % 2));
    EXPECT_EQ(out[8 * t + 1], cell(l / 4, l % 4));
    EXPECT_EQ(out[8 * t + 2], cell(l / 4 + 8, l % 4));
    EXPECT_EQ(out[8 * t + 3], cell(l % 16, l / 16 * 2));
    EXPECT_EQ(out[8 * t + 4], cell(l % 16, l / 16 * 2 + 1));
    EXPECT_EQ(out[8 * t + 5], (cell(l, 0) & 0xffff) | cell(l, 1) << 16);
  }
}

/// A pair of CTAs: each holds half of the rows of A and half of the columns of
/// B; the even one issues, and the commit reaches both.
class TensorPair : public testing::TestWithParam<uint32_t> {};

TEST_P(TensorPair, MatchesPlainLoops) {
  const uint32_t m = GetParam(), n = 64, rows = m / 2, offsetB = 32768;
  std::vector<uint8_t> images;
  for (unsigned rank = 0; rank < 2; ++rank) {
    std::vector<uint8_t> image(65536);
    for (unsigned k = 0; k < 16; ++k) {
      for (unsigned row = 0; row < rows; ++row)
        putK(image, 0, row, k, valueAt(rank * rows + row, k, 0), Type::BF16);
      for (unsigned column = 0; column < n / 2; ++column)
        putK(image, offsetB, column, k, valueAt(rank * n / 2 + column, k, 1), Type::BF16);
    }
    images.insert(images.end(), image.begin(), image.end());
  }
  uint32_t code = 1 << 4 | 1 << 7 | 1 << 10 | n / 8 << 17 | m / 16 << 24;
  std::string body = "mov.u32 %r9, %cluster_ctarank;\nmul.wide.u32 %rd9, %r9, 65536;\nadd.s64 %in, %in, %rd9;\n" +
                     asPair(copyImage) + "tcgen05.fence::before_thread_sync;\n" + clusterSync +
                     "tcgen05.fence::after_thread_sync;\nsetp.ne.or.u32 %p7, %r9, 0, %p9;\nsetp.ne.s32 %p3, %r1, "
                     "%r1;\nmov.b16 %h1, 3;\n"
                     "@%p7 bra W;\ntcgen05.mma.cta_group::2.kind::f16 [%r41], " +
                     text(descriptor(imageAt)) + ", " + text(descriptor(imageAt + offsetB)) + ", " +
                     std::to_string(code) +
                     ", %p3;\ntcgen05.commit.cta_group::2.mbarrier::arrive::one.shared::cluster.multicast::cluster.b64 "
                     "[%r40], %h1;\nW: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
                     "tcgen05.fence::after_thread_sync;\nshl.b32 %r50, %warp, 21;\nadd.s32 %r50, %r41, %r50;\n"
                     "mul.lo.s32 %r52, %r9, 128;\nadd.s32 %r52, %r52, %tid;\nmul.wide.u32 %rd3, %r52, 256;\nadd.s64 "
                     "%rd3, %out, %rd3;\n";
  uint32_t columns = m == 256 ? n : n / 2;
  for (unsigned at = 0; at < columns; at += 8) {
    body += "add.s32 %r51, %r50, " + std::to_string(at) +
            ";\ntcgen05.ld.sync.aligned.32x32b.x8.b32 {%r60, %r61, %r62, %r63, %r64, %r65, %r66, %r67}, [%r51];\n"
            "tcgen05.wait::ld.sync.aligned;\n";
    for (unsigned i = 0; i < 8; ++i)
      body += "st.global.b32 [%rd3+" + std::to_string(4 * (at + i)) + "], %r" + std::to_string(60 + i) + ";\n";
  }
  TestLaunch test;
  test.threads = 128;
  test.grid = test.cluster = 2;
  test.shared = 65536 + 1024;
  test.in = images;
  TestRun run = runModule(makeModule(body + asPair(finish) + clusterSync, "sm_100a"), test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<float>();
  for (unsigned row = 0; row < m; ++row)
    for (unsigned column = 0; column < n; ++column) {
      double sum = 0;
      for (unsigned k = 0; k < 16; ++k)
        sum += valueAt(row, k, 0) * valueAt(column, k, 1);
      unsigned rank = row / rows, lane = row % rows, at = column;
      if (m == 128) { // two by two: the right half of the columns is 64 lanes up
        lane += column / 32 * 64;
        at = column % 32;
      }
      ASSERT_EQ(out[(rank * 128 + lane) * 64 + at], sum) << row << " " << column;
    }
}

INSTANTIATE_TEST_SUITE_P(Rows, TensorPair, testing::Values(128u, 256u));

/// Each CTA counts its items, asks for another one, and `after` it has the answer.
TestRun askForWork(const std::string &after) {
  TestLaunch test;
  test.grid = 5;
  test.multiprocessors = 2;
  std::string body =
      "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\nmov.u32 %r1, %ctaid.x;\nmov.b32 %r2, 0;\nmov.b32 %r7, 0;\n"
      "@!%p9 mbarrier.init.shared::cta.b64 [%r40], 1;\nfence.mbarrier_init.release.cluster;\nbar.sync 0;\n"
      "@%p9 bra E;\nN: red.global.add.u32 [%out+256], 1;\nmul.wide.u32 %rd1, %r1, 4;\nadd.s64 %rd1, %out, %rd1;\n"
      "red.global.add.u32 [%rd1], 1;\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 16;\n"
      "clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.b128 [%r40+16], [%r40];\n"
      "and.b32 %r3, %r2, 1;\nW: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], %r3;\n@!%p2 bra W;\n"
      "add.s32 %r2, %r2, 1;\n{ .reg .b128 q; ld.shared.b128 q, [%r40+16];\n"
      "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 %p3, q;\n"
      "@%p3 clusterlaunchcontrol.query_cancel.get_first_ctaid::x.b32.b128 %r1, q; }\n"
      "fence.proxy.async;\n" +
      after + "E:";
  return runModule(makeModule(body, "sm_100a"), test);
}

/// A cluster that asks for more work gets what is not launched yet.
TEST(LaunchControl, TakesOverWork) {
  TestRun run = askForWork("@%p3 bra N;\n");
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  EXPECT_EQ(out[64], 5u);
  for (unsigned i = 0; i < 5; ++i)
    EXPECT_EQ(out[i], 1u);
  // A CTA that has seen a request fail may make no other.
  std::string verdict =
      askForWork("@%p3 bra N;\nadd.s32 %r7, %r7, 1;\nsetp.lt.u32 %p3, %r7, 2;\n@%p3 bra N;\n").verdict();
  EXPECT_NE(verdict.find("another request after line"), std::string::npos) << verdict;
}

/// One CTA of two asks for both: the answer comes to the slot and the barrier of each, which the one that asks expects.
std::string askForPairs(const std::string &query) {
  return "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\nmov.u32 %r1, %ctaid.x;\nmov.b32 %r2, 0;\n"
         "mov.u32 %r9, %cluster_ctarank;\nsetp.eq.u32 %p7, %r9, 0;\n@!%p9 mbarrier.init.shared::cta.b64 [%r40], 1;\n"
         "@!%p9 mbarrier.init.shared::cta.b64 [%r40+8], 2;\nfence.mbarrier_init.release.cluster;\n" +
         clusterSync +
         "@%p9 bra E;\nmapa.shared::cluster.u32 %r4, %r40, 1;\nmapa.shared::cluster.u32 %r5, %r40, 0;\n"
         "N: mul.wide.u32 %rd1, %r1, 4;\nadd.s64 %rd1, %out, %rd1;\nred.global.add.u32 [%rd1], 1;\nand.b32 %r3, %r2, "
         "1;\n"
         "@!%p7 bra H;\nxor.b32 %r6, %r3, 1;\n"
         "F: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r40+8], %r6;\n@!%p2 bra F;\n"
         "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 16;\n"
         "mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [%r4], 16;\n"
         "clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.multicast::cluster::all.b128 "
         "[%r40+16], [%r40];\nH: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r40], %r3;\n@!%p2 bra "
         "H;\n"
         "add.s32 %r2, %r2, 1;\n{ .reg .b128 q; ld.shared.b128 q, [%r40+16];\n"
         "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 %p3, q;\n" +
         query +
         "clusterlaunchcontrol.query_cancel.get_first_ctaid::x.b32.b128 %r1, q; }\nadd.s32 %r1, %r1, %r9;\n"
         "fence.proxy.async;\nmbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r5+8];\n@%p3 bra N;\nE:" +
         clusterSync;
}

TestRun runPairs(const std::string &body, Schedule schedule) {
  TestLaunch test;
  test.grid = 10;
  test.cluster = 2;
  test.multiprocessors = 4;
  test.options.schedule = schedule;
  return runModule(makeModule(body, "sm_100a"), test);
}

TEST(LaunchControl, TakesOverWorkOfPairs) {
  for (Schedule schedule : {Schedule::Deterministic, Schedule::Late, Schedule::Early, Schedule::Random}) {
    TestRun run = runPairs(askForPairs("@%p3 "), schedule);
    ASSERT_EQ(run.verdict(), "");
    for (unsigned i = 0; i < 10; ++i)
      EXPECT_EQ(run.out<uint32_t>()[i], 1u);
    // Who asks on waits for all that hear.
    std::string body = askForPairs("@%p3 ");
    size_t wait = body.find("F: mbarrier");
    EXPECT_NE(runPairs(body.erase(wait, body.find("bra F;", wait) + 7 - wait), schedule).verdict(), "");
  }
}

TEST(LaunchControl, Misuse) {
  EXPECT_NE(runPairs(askForPairs(""), Schedule::Deterministic).verdict().find("a request that failed has no CTA"),
            std::string::npos);
  std::string body = askForPairs("@%p3 ");
  body.insert(body.find("@%p9 bra E"), "@!%p7 bra X;\n");
  body.insert(body.find("F: mbarrier"),
              "mov.u32 %r8, 0;\nL: add.u32 %r8, %r8, 1;\nsetp.lt.u32 %p4, %r8, 500;\n@%p4 bra L;\n");
  size_t remote = body.find("mbarrier.arrive.expect_tx.release");
  body.erase(remote, body.find("\n", remote) - remote);
  body += "X:";
  std::string verdict = runPairs(body, Schedule::Deterministic).verdict();
  EXPECT_NE(verdict.find("for all CTAs of the cluster when"), std::string::npos) << verdict;
}

TEST(TensorMemory, Misuse) {
  auto verdictOf = [](const std::string &body) { return runSm100(body, std::vector<uint8_t>(65536)).verdict(); };
  auto contains = [](const std::string &text, const char *part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  contains(verdictOf(copyImage), "without tcgen05.dealloc of 512 columns");
  contains(verdictOf(copyImage + "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r60}, [%r41];\n"), "may address");
  contains(verdictOf("mov.u32 %r1, smem;\ntcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%r1], 48;\n"),
           "power of two");
  std::string mma = "@!%p9 tcgen05.mma.cta_group::1.kind::f16 [%r41], 0, 0, 0, %p9;\n";
  contains(verdictOf(copyImage + mma), "descriptor");
  contains(verdictOf(copyImage + "tcgen05.mma.cta_group::1.kind::f16 [%r41], 0, 0, 0, %p9;\n"), "32 lanes");
}

} // namespace
} // namespace girih::sim
