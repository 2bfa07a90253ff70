//===- MultimemTest.cpp - Multicast objects of one device -----------------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

TEST(Multimem, IsTheMemoryOfOneDevice) {
  TestLaunch launch;
  std::vector<uint32_t> in(64);
  for (unsigned i = 0; i < in.size(); ++i)
    in[i] = 1000 + 3 * i;
  launch.in = bytesOf(in);
  TestRun run =
      runBody("mul.wide.u32 %rd1, %tid, 4;\nadd.u64 %rd2, %in, %rd1;\nadd.u64 %rd3, %out, %rd1;\n"
              "multimem.ld_reduce.weak.global.add.u32 %r0, [%rd2+4];\nmultimem.st.weak.global.u32 [%rd3], %r0;\n"
              "multimem.red.relaxed.gpu.global.max.u32 [%rd3+256], %r0;\n"
              "multimem.red.relaxed.gpu.global.add.u32 [%out+512], %r0;\n",
              launch);
  EXPECT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  uint32_t sum = 0;
  for (unsigned i = 0; i < 32; ++i) {
    EXPECT_EQ(out[i], in[i + 1]);
    EXPECT_EQ(out[64 + i], in[i + 1]);
    sum += in[i + 1];
  }
  EXPECT_EQ(out[128], sum);
}

TEST(Multimem, VectorsOfHalves) {
  TestLaunch launch;
  launch.in = bytesOf(std::vector<uint32_t>{0x3c004000, 0x42003800, 0, 0x7c00bc00});
  launch.out = bytesOf(std::vector<uint32_t>{0x3c003c00, 0x3c003c00, 0x3c003c00, 0x3c003c00});
  launch.threads = 1;
  TestRun run = runBody("multimem.ld_reduce.relaxed.gpu.global.add.acc::f32.v4.f16x2 {%r0, %r1, %r2, %r3}, [%in];\n"
                        "multimem.red.relaxed.gpu.global.add.v4.f16x2 [%out], {%r0, %r1, %r2, %r3};\n",
                        launch);
  EXPECT_EQ(run.verdict(), "");
  // 1 more than 1, 2; 3, 0.5; 0, 0; infinity, -1.
  EXPECT_EQ(run.out<uint32_t>(), (std::vector<uint32_t>{0x40004200, 0x44003e00, 0x3c003c00, 0x7c000000}));
}

// multimem.st is strong where it does not say otherwise, and so releases.
TEST(Multimem, PassesOnWhatItReleases) {
  std::string body = "setp.eq.u32 %p1, %warp, 1;\n@%p1 bra READ;\n"
                     "setp.ne.u32 %p3, %tid, 0;\n@%p3 bra END;\nst.global.b32 [%out+128], 7;\n"
                     "multimem.st.release.gpu.global.u32 [%out+256], 1;\nbra END;\n"
                     "READ: multimem.ld_reduce.acquire.gpu.global.add.u32 %r1, [%out+256];\nsetp.ne.u32 %p2, %r1, 1;\n"
                     "@%p2 bra READ;\nld.global.b32 %r0, [%out+128];\nEND:\n";
  TestLaunch launch;
  launch.threads = 64;
  expectOrdered(body, launch);
  raceOrUndefined(replaced(body, "st.release.gpu", "st.relaxed.gpu"), launch);
  raceOrUndefined(replaced(body, "ld_reduce.acquire.gpu", "ld_reduce.relaxed.gpu"), launch);
}

TEST(Multimem, IsInGlobalMemory) {
  EXPECT_NE(runBody("mov.u64 %rd1, smem;\ncvta.shared.u64 %rd1, %rd1;\nmultimem.st.u32 [%rd1], 1;\n")
                .verdict()
                .find("is not in global memory, where multicast objects are"),
            std::string::npos);
}

TEST(Multimem, WhatItDoesNotHaveStopsWithItsLine) {
  for (const char *form :
       {"multimem.ld_reduce.relaxed.gpu.global.add.s64 %rd0, [%in];",
        "multimem.ld_reduce.relaxed.gpu.global.min.f32 %f0, [%in];",
        "multimem.ld_reduce.relaxed.gpu.global.min.acc::f32.v2.f16x2 {%r0, %r1}, [%in];",
        "multimem.red.relaxed.gpu.global.add.e4m3x4 [%out], %r0;",
        "multimem.red.relaxed.gpu.global.exch.b32 [%out], %r0;", "multimem.ld.global.u32 %r0, [%in];"}) {
    std::string verdict = runBody(form).verdict();
    EXPECT_EQ(verdict.rfind("unsupported: line", 0), 0u) << form << "\n" << verdict;
  }
}

} // namespace
} // namespace girih::sim
