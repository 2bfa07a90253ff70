//===- MemoryFormsTest.cpp - 128 and 256 bits, lines, special registers ---===//
#include "Harness.h"

namespace girih::sim {
namespace {

void expectContains(const TestRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

std::vector<uint8_t> counting() {
  std::vector<uint32_t> words(1024);
  for (uint32_t i = 0; i < words.size(); ++i)
    words[i] = i * 3 + 1;
  return bytesOf(words);
}

TEST(MemoryForms, Loads256Bits) {
  TestLaunch test;
  test.in = counting();
  TestRun run =
      runModule(makeModule("mul.wide.u32 %rd1, %tid, 32;\nadd.s64 %rd2, %in, %rd1;\nadd.s64 %rd3, %out, %rd1;\n"
                           "ld.global.L2::evict_first.v8.b32 {%r1, _, %r3, %r4, %r5, %r6, %r7, %r8}, [%rd2];\n"
                           "ld.global.v4.b64 {%rd4, %rd5, %rd6, %rd7}, [%rd2];\n"
                           "mov.b64 {%r10, %r11}, %rd7;\nmov.b32 %r2, %r11;\n"
                           "st.global.v8.b32 [%rd3], {%r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8};",
                           "sm_100a"),
                test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (uint32_t i = 0; i < 256; ++i)
    EXPECT_EQ(out[i], (i % 8 == 1 ? i + 6 : i) * 3 + 1) << i;
  expectContains(
      runModule(makeModule("ld.global.v8.b32 {%r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8}, [%in+16];", "sm_100a")),
      "is not a multiple of 32");
}

TEST(MemoryForms, AtomicsOf128Bits) {
  // Lane by lane: exchange hands the previous lane's value on, and only the
  // comparison that holds stores.
  std::string body = ".reg .b128 %q<4>;\ncvt.u64.u32 %rd1, %lane;\nmov.b128 %q1, {%rd1, %rd1};\n"
                     "atom.relaxed.gpu.global.exch.b128 %q0, [%out+1024], %q1;\nmov.b128 {%rd2, %rd3}, %q0;\n"
                     "mov.b64 %rd4, 31;\nmov.b64 %rd5, 77;\nmov.b128 %q2, {%rd4, %rd4};\nmov.b128 %q3, {%rd5, %rd1};\n"
                     "atom.global.cas.b128 %q0, [%out+1024], %q2, %q3;\n"
                     "mul.wide.u32 %rd6, %tid, 8;\nadd.s64 %rd6, %out, %rd6;\nst.global.b64 [%rd6], %rd3;";
  TestRun run = runBody(body);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint64_t>();
  EXPECT_EQ(out[0], 0u);
  for (uint64_t lane = 1; lane < 32; ++lane)
    EXPECT_EQ(out[lane], lane - 1);
  EXPECT_EQ(out[128], 77u);
  EXPECT_EQ(out[129], 0u); // lane 0 came first
  expectContains(runBody(".reg .b128 %q<2>;\nmov.b128 %q1, {%in, %in};\natom.global.exch.b128 %q0, [%out+8], %q1;"),
                 "is not a multiple of 16");
}

TEST(MemoryForms, VectorAndHalfAtomics) {
  std::string body = "mov.f32 %f1, 0f3F800000;\nred.global.add.v4.f32 [%out], {%f1, %f1, %f1, %f1};\n"
                     "mov.b32 %r1, 0x3f803f80;\nred.global.max.noftz.v2.bf16x2 [%out+16], {%r1, %r1};\n"
                     "mov.b16 %h1, 0;\nmov.b16 %h2, 9;\nsetp.eq.u32 %p1, %lane, 7;\n"
                     "@%p1 atom.global.cas.b16 %h3, [%out+26], %h1, %h2;\n";
  TestRun run = runBody(body);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<float>()[3], 32.0f);
  EXPECT_EQ(run.out<uint32_t>()[5], 0x3f803f80u);
  EXPECT_EQ(run.out<uint32_t>()[6], 0x90000u);
}

TEST(MemoryForms, DiscardLosesTheBytes) {
  TestRun run =
      runBody("st.global.b32 [%out+512], 5;\nsetp.eq.u32 %p1, %lane, 0;\n@%p1 discard.global.L2 [%out+128], 128;\n"
              "@%p1 applypriority.global.L2::evict_normal [%out], 128;\nprefetch.global.L2 [%out];");
  ASSERT_EQ(run.verdict(), "");
  EXPECT_NE(run.out<uint32_t>()[32], 0u);
  EXPECT_EQ(run.out<uint32_t>()[31], 0u);
  EXPECT_EQ(run.out<uint32_t>()[64], 0u);
  expectContains(runBody("discard.global.L2 [%out+64], 128;"), "is not a multiple of 128");
  expectContains(runBody("discard.global.L2 [%out], 64;"), "has size 64 when 128 is the only one");
  expectContains(runBody("cvta.shared.u64 %rd1, smem;\ndiscard.L2 [%rd1], 128;"), "is not in global memory");
}

TEST(MemoryForms, SpecialRegisters) {
  TestRun run =
      runBody("mov.u32 %r1, %reserved_smem_offset_end;\nmov.u32 %r2, %envreg31;\nmov.u64 %rd1, %pm7_64;\n"
              "cvt.u32.u64 %r3, %rd1;\nmov.u32 %r4, %globaltimer_hi;\nst.global.v4.b32 [%out], {%r1, %r2, %r3, %r4};");
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 1024u);
  EXPECT_EQ(run.out<uint32_t>()[3], 0u);
  expectContains(runBody("mov.u32 %r1, %pm8;"), "unknown name '%pm8'");
  expectContains(runBody("mov.u32 %r1, %envreg32;"), "unknown name '%envreg32'");
}

} // namespace
} // namespace girih::sim
