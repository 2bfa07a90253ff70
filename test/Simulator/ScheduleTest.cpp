//===- ScheduleTest.cpp - Orders that the memory model leaves open --------===//
//
// Each program is free of races and has several outcomes; random schedules
// show all of them.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"

#include <set>

namespace girih::sim {
namespace {

/// The first word of the output under 60 seeds.
std::set<uint32_t> outcomes(const std::string &body, TestLaunch test = {}) {
  std::set<uint32_t> seen;
  test.options.schedule = Schedule::Random;
  for (test.options.seed = 1; test.options.seed <= 60; ++test.options.seed) {
    TestRun run = runBody(body, test);
    EXPECT_EQ(run.verdict(), "") << "seed " << test.options.seed;
    seen.insert(run.out<uint32_t>()[0]);
  }
  return seen;
}

std::string copyTo(const std::string &place, const std::string &barrier, const std::string &more = "",
                   const std::string &mask = "") {
  return "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes" + more + " [" + place +
         "], [%in], 512, [" + barrier + "]" + mask + ";\n";
}

const std::string twoBarriers =
    "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra E;\nadd.s32 %r41, %r40, 8;\n"
    "mbarrier.init.shared::cta.b64 [%r40], 1;\nmbarrier.init.shared::cta.b64 [%r41], 1;\n"
    "fence.mbarrier_init.release.cluster;\nadd.s32 %r1, %r40, 1024;\nadd.s32 %r2, %r40, 2048;\n"
    "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 512;\n"
    "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r41], 512;\n";
/// 1, 2 or 3: which of the barriers are first seen complete.
const std::string poll = "L: mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r40], 0;\n"
                         "mbarrier.test_wait.parity.shared::cta.b64 %p2, [%r41], 0;\nselp.b32 %r3, 1, 0, %p1;\n"
                         "selp.b32 %r4, 2, 0, %p2;\nor.b32 %r3, %r3, %r4;\nsetp.eq.u32 %p3, %r3, 0;\n@%p3 bra L;\n"
                         "st.global.b32 [%out], %r3;\n"
                         "M: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r40], 0;\n@!%p1 bra M;\n"
                         "N: mbarrier.try_wait.parity.shared::cta.b64 %p1, [%r41], 0;\n@!%p1 bra N;\nE:";

TEST(Schedules, CopiesCompleteInAnyOrder) {
  EXPECT_EQ(outcomes(twoBarriers + copyTo("%r1", "%r40") + copyTo("%r2", "%r41") + poll),
            (std::set<uint32_t>{1, 2, 3}));
}

TEST(Schedules, MulticastArrivesAtDifferentTimes) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  // Each CTA takes a ticket when its part has arrived; CTA 0 stores its own.
  std::string body = setup("1") +
                     "mov.u32 %r2, %cluster_ctarank;\nsetp.ne.u32 %p1, %r2, 0;\nadd.s32 %r1, %r40, 1024;\n"
                     "@!%p9 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 512;\nbar.warp.sync -1;\n"
                     "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n@%p9 bra E;\n@%p1 bra W;\n"
                     "mov.b16 %h1, 3;\n" +
                     copyTo("%r1", "%r40", ".multicast::cluster", ", %h1") +
                     "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
                     "atom.global.add.u32 %r3, [%out+64], 1;\n@%p1 bra E;\nst.global.b32 [%out], %r3;\n"
                     "E: bar.warp.sync -1;\nbarrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
  EXPECT_EQ(outcomes(body, test), (std::set<uint32_t>{0, 1}));
}

TEST(Schedules, PiecesOfOneCopyInterleave) {
  // Two copies on one mbarrier: its phase ends only with both, whatever comes
  // first, and the words of either may be last.
  std::string body = setup("1") +
                     "@%p9 bra E;\nadd.s32 %r1, %r40, 1024;\nadd.s32 %r2, %r40, 2048;\n"
                     "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 1024;\n" +
                     copyTo("%r1", "%r40") + copyTo("%r2", "%r40") +
                     "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
                     "ld.shared.b32 %r3, [%r40+1532];\nld.shared.b32 %r4, [%r40+2556];\nadd.u32 %r3, %r3, %r4;\n"
                     "st.global.b32 [%out], %r3;\nE:";
  TestLaunch test;
  std::vector<uint32_t> in(128, 21);
  test.in = bytesOf(in);
  EXPECT_EQ(outcomes(body, test), (std::set<uint32_t>{42}));
}

TEST(Schedules, WarpsAndClustersComeInAnyOrder) {
  const std::string ticket = "setp.ne.u32 %p1, %lane, 0;\n@%p1 bra E;\natom.global.add.u32 %r1, [%out+64], 1;\n"
                             "mov.u32 %r2, %ctaid.x;\nadd.u32 %r2, %r2, %warp;\nsetp.ne.u32 %p2, %r2, 0;\n@%p2 bra E;\n"
                             "st.global.b32 [%out], %r1;\nE:";
  TestLaunch warps, clusters;
  warps.threads = 96;
  clusters.grid = 3;
  EXPECT_EQ(outcomes(ticket, warps), (std::set<uint32_t>{0, 1, 2}));
  EXPECT_EQ(outcomes(ticket, clusters), (std::set<uint32_t>{0, 1, 2}));
}

TEST(Schedules, DivergentLanesComeInAnyOrder) {
  EXPECT_EQ(outcomes("setp.eq.u32 %p1, %lane, 0;\nsetp.gt.u32 %p3, %lane, 1;\n@%p3 bra E;\n@%p1 bra A;\n"
                     "atom.global.add.u32 %r1, [%out+64], 1;\nbra E;\nA: atom.global.add.u32 %r1, [%out+64], 1;\n"
                     "st.global.b32 [%out], %r1;\nE:"),
            (std::set<uint32_t>{0, 1}));
}

} // namespace
} // namespace girih::sim
