//===- MemoryBarrierTest.cpp - Every form of mbarrier ---------------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

/// Initialises the mbarrier at smem, whose address is in %r40; %p9 is false in
/// thread 0 of each CTA alone.
std::string setup(const std::string &count) {
  return "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra READY;\n"
         "mbarrier.init.shared::cta.b64 [%r40], " +
         count + ";\nfence.mbarrier_init.release.cluster;\nREADY: bar.sync 0;\n";
}

const std::string clusterSync = "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n";
const std::string storeR0 = "mul.wide.u32 %rd30, %tid, 4;\nadd.s64 %rd30, %out, %rd30;\nst.global.b32 [%rd30], %r0;\n";

/// The kernel's body in thread 0 alone.
std::string alone(const std::string &text) { return "@%p9 bra E;\n" + text + "E:\n"; }

void expectContains(const TestRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

TEST(MemoryBarrierForms, PendingCountOfNoComplete) {
  TestRun run =
      runBody(setup("7") + alone("mbarrier.arrive.noComplete.shared::cta.b64 %rd1, [%r40], 2;\n"
                                 "mbarrier.arrive_drop.noComplete.release.cta.shared::cta.b64 %rd2, [%r40], 1;\n"
                                 "mbarrier.arrive.noComplete.b64 %rd3, [%rd10], 1;\n"
                                 "mbarrier.pending_count.b64 %r1, %rd1;\nmbarrier.pending_count.b64 %r2, %rd2;\n"
                                 "mbarrier.pending_count.b64 %r3, %rd3;\n"
                                 "st.global.v2.b32 [%out], {%r1, %r2};\nst.global.b32 [%out+8], %r3;\n")
                               .insert(0, "cvta.shared.u64 %rd10, smem;\n"));
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 7u);
  EXPECT_EQ(run.out<uint32_t>()[1], 5u);
  EXPECT_EQ(run.out<uint32_t>()[2], 4u);
}

TEST(MemoryBarrierForms, PendingCountNeedsNoComplete) {
  expectContains(runBody(setup("2") + alone("mbarrier.arrive.shared::cta.b64 %rd1, [%r40];\n"
                                            "mbarrier.pending_count.b64 %r1, %rd1;\n")),
                 "the state holds no pending count");
  expectContains(runBody(setup("2") + alone("mbarrier.arrive.noComplete.shared::cta.b64 %rd1, [%r40], 2;\n")),
                 "an arrival of 2 with .noComplete completes the phase: 2 are pending");
  expectContains(runBody("mbarrier.arrive.noComplete.shared::cta.b64 %rd1, [smem];"), "no count");
}

TEST(MemoryBarrierForms, DroppedThreadsAreNotExpectedAgain) {
  TestLaunch test;
  test.threads = 64;
  // 64 arrivals end phase 0; only those of warp 0 are left for phase 1.
  TestRun run = runBody(setup("64") +
                            "setp.eq.u32 %p1, %warp, 1;\n@%p1 bra D;\n"
                            "mbarrier.arrive.shared::cta.b64 %rd1, [%r40];\n"
                            "A: mbarrier.try_wait.acquire.cta.shared::cta.b64 %p2, [%r40], %rd1, 100;\n@!%p2 bra A;\n"
                            "mbarrier.arrive.relaxed.cta.shared::cta.b64 %rd1, [%r40];\n"
                            "B: mbarrier.test_wait.relaxed.cluster.shared::cta.b64 %p2, [%r40], %rd1;\n@!%p2 bra B;\n"
                            "bra E;\nD: mbarrier.arrive_drop.shared::cta.b64 _, [%r40];\nE: mov.b32 %r0, 3;\n" +
                            storeR0,
                        test);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[33], 3u);
  expectContains(runBody(setup("1") + alone("mbarrier.arrive_drop.shared::cta.b64 _, [%r40], 2;\n")),
                 "arrive_drop of 2 from an expected count of 1");
}

TEST(MemoryBarrierForms, CountsOfBytes) {
  // The phase ends with the last of 96 bytes, whoever says that they came.
  std::string wait = "L: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra L;\n";
  std::string body = "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r40], 32;\n"
                     "mbarrier.arrive_drop.expect_tx.shared::cta.b64 %rd1, [%r40], 64;\n"
                     "mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r40], 0;\nselp.b32 %r1, 1, 0, %p1;\n"
                     "st.global.b32 [%out], %r1;\n"
                     "mbarrier.complete_tx.shared::cta.b64 [%r40], 90;\n";
  TestRun run = runBody(setup("1") + alone(body + "mbarrier.complete_tx.relaxed.cluster.shared::cta.b64 [%r40], 6;\n" +
                                           wait + "mov.b32 %r2, 9;\nst.global.b32 [%out+4], %r2;\n"));
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 0u);
  EXPECT_EQ(run.out<uint32_t>()[1], 9u);
  expectContains(runBody(setup("1") + alone(body + wait)), "6 transaction bytes outstanding");
}

TEST(MemoryBarrierForms, OnlyTwoPhasesMayBeTested) {
  std::string arrive = "mbarrier.arrive.shared::cta.b64 %rd2, [%r40];\n";
  expectContains(runBody(setup("1") + alone("mbarrier.arrive.shared::cta.b64 %rd1, [%r40];\n" + arrive +
                                            "mbarrier.test_wait.shared::cta.b64 %p1, [%r40], %rd1;\n")),
                 "the state is of phase 0 when the mbarrier at");
  expectContains(runBody(setup("1") + alone("mbarrier.test_wait.parity.shared::cta.b64 %p1, [%r40], %r40;\n")),
                 "when it should be 0 or 1");
}

TEST(MemoryBarrierForms, RelaxedArrivalsAndWaitsOrderNothing) {
  TestLaunch test;
  test.threads = 64;
  auto with = [&](const std::string &arrive, const std::string &wait) {
    return runBody(setup("32") +
                       "mad.lo.s32 %r1, %lane, 4, %r40;\nsetp.eq.u32 %p1, %warp, 1;\n@%p1 bra R;\n"
                       "st.shared.b32 [%r1+64], %lane;\nmbarrier.arrive" +
                       arrive + ".shared::cta.b64 _, [%r40];\nbra E;\nR: mbarrier.try_wait.parity" + wait +
                       ".shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra R;\nld.shared.b32 %r2, [%r1+64];\nE:",
                   test);
  };
  EXPECT_EQ(with("", "").verdict(), "");
  EXPECT_EQ(with(".release.cta", ".acquire.cta").verdict(), "");
  expectContains(with(".relaxed.cta", ""), "race");
  expectContains(with("", ".relaxed.cta"), "race");
}

TEST(MemoryBarrierForms, RemoteArrivals) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  // CTA 0 hears from CTA 1 through both windows; CTA 1's own barrier is idle.
  auto with = [&](const std::string &extra) {
    return runBody(setup("5") + clusterSync +
                       "mov.u32 %r1, %cluster_ctarank;\nsetp.eq.u32 %p1, %r1, 0;\n@%p9 bra E;\n@%p1 bra W;\n"
                       "mov.b32 %r2, 0;\nmapa.shared::cluster.u32 %r3, %r40, %r2;\ncvta.shared.u64 %rd1, smem;\n"
                       "mapa.u64 %rd2, %rd1, %r2;\nmbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r3];\n"
                       "mbarrier.arrive.release.cluster.b64 _, [%rd2], 2;\n"
                       "mbarrier.expect_tx.relaxed.cluster.shared::cluster.b64 [%r3], 8;\n"
                       "mbarrier.arrive.expect_tx.relaxed.cluster.b64 _, [%rd2], 16;\n"
                       "mbarrier.arrive_drop.shared::cluster.b64 _, [%r3];\n"
                       "mbarrier.complete_tx.relaxed.cluster.shared::cluster.b64 [%r3], 24;\n" +
                       extra +
                       "bra E;\nW: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p2, [%r40], 0;\n"
                       "@!%p2 bra W;\nmov.b32 %r4, 6;\nst.global.b32 [%out], %r4;\nE:" +
                       clusterSync,
                   test);
  };
  TestRun run = with("");
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 6u);
  expectContains(with("mbarrier.arrive.release.cluster.b64 %rd3, [%rd2];\n"), "returns no state; expected '_'");
  expectContains(with("mbarrier.inval.b64 [%rd2];\n"), "belongs to CTA 0");
  expectContains(runBody("mbarrier.arrive.shared::cluster.b64 %rd1, [smem];"), "which an arrival at .shared::cluster");
  expectContains(runBody("mbarrier.init.shared::cluster.b64 [smem], 1;"), "no form for that state space");
  expectContains(runBody("mov.b64 %rd1, 4096;\nmbarrier.init.b64 [%rd1], 1;"), "outside the shared window");
}

TEST(MemoryBarrierForms, MemoryOfAnInvalidatedBarrier) {
  // Thread 32 stores to the memory once thread 0 has told it to.
  auto with = [](const std::string &order) {
    TestLaunch test;
    test.threads = 64;
    return runBody(setup("1") +
                       "setp.eq.u32 %p1, %tid, 32;\nmov.b64 %rd0, 1;\nadd.s32 %r41, %r40, 8;\n"
                       "@!%p9 mbarrier.init.shared::cta.b64 [%r41], 1;\nbar.sync 0;\n"
                       "@!%p9 mbarrier.inval.shared::cta.b64 [%r40];\n"
                       "@!%p9 mbarrier.arrive." +
                       order +
                       ".cta.shared::cta.b64 _, [%r41];\n"
                       "@!%p1 bra E;\nL: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r41], 0;\n@!%p2 bra L;\n"
                       "st.shared.b64 [%r40], %rd0;\nE: bar.sync 0;\n"
                       "@!%p9 mbarrier.init.shared::cta.b64 [%r40], 4;\n",
                   test);
  };
  EXPECT_EQ(with("release").verdict(), "");
  expectContains(with("relaxed"), "race");
}

TEST(MemoryBarrierForms, ArrivalsOfCopies) {
  TestLaunch test;
  test.threads = 64;
  for (uint32_t i = 0; i < 64; ++i)
    test.in[4 * i] = uint8_t(i + 1);
  // Warp 0 copies; warp 1 reads what the copies, or the warp itself, wrote.
  auto with = [&](const std::string &count, const std::string &arrive, const std::string &own) {
    return runBody(setup(count) +
                       "mad.lo.s32 %r1, %lane, 4, %r40;\nmul.wide.u32 %rd1, %lane, 4;\nadd.s64 %rd1, %in, %rd1;\n"
                       "mov.b32 %r0, 0;\nsetp.eq.u32 %p1, %warp, 1;\n@%p1 bra R;\n"
                       "cp.async.ca.shared.global [%r1+64], [%rd1], 4;\nst.shared.b32 [%r1+512], %lane;\n" +
                       arrive + "bra E;\nR: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra R;\n" +
                       own + "E:\n" + storeR0,
                   test);
  };
  std::string copied = "ld.shared.b32 %r0, [%r1+64];\n", own = "ld.shared.b32 %r0, [%r1+512];\n";
  std::string counted = "cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%r40];\n";
  std::string both = "cp.async.mbarrier.arrive.shared::cta.b64 [%r40];\nmbarrier.arrive.shared::cta.b64 _, [%r40];\n";
  for (const TestRun &run : {with("32", counted, copied), with("32", both, copied)}) {
    ASSERT_EQ(run.verdict(), "");
    EXPECT_EQ(run.out<uint32_t>()[32 + 7], 8u);
  }
  EXPECT_EQ(with("32", both, own).verdict(), "");
  expectContains(with("32", counted, own), "race");
  expectContains(with("1048575", both, copied), "counts up to 1048575");
}

TEST(MemoryBarrierForms, CopiesOfPartsOfTheirSource) {
  TestLaunch test;
  for (uint32_t i = 0; i < 64; ++i)
    test.in[i] = uint8_t(i + 1);
  std::string body = setup("1") + "setp.eq.u32 %p1, %tid, %tid;\nmov.b64 %rd1, 0;\n" +
                     alone("cp.async.ca.shared.global.L2::cache_hint [%r40+16], [%in], 8, %rd1;\n"
                           "cp.async.cg.shared::cta.global.L2::cache_hint.L2::128B [%r40+32], [%in+16], 16, 3, %rd1;\n"
                           "cp.async.cg.shared::cta.global.L2::cache_hint [%r40+48], [%in], 16, %p1, %rd1;\n"
                           "cp.async.wait_all;\nld.shared.v2.b32 {%r1, %r2}, [%r40+16];\nld.shared.v2.b32 {%r3, %r4}, "
                           "[%r40+32];\nld.shared.b32 %r5, [%r40+48];\nst.global.v4.b32 [%out], {%r1, %r2, %r3, %r4};\n"
                           "st.global.b32 [%out+16], %r5;\n");
  TestRun run = runBody(body, test);
  ASSERT_EQ(run.verdict(), "");
  const uint32_t expected[] = {0x04030201, 0x08070605, 0x00131211, 0, 0};
  for (size_t i = 0; i < 5; ++i)
    EXPECT_EQ(run.out<uint32_t>()[i], expected[i]);
  expectContains(runBody("cp.async.ca.shared.global [smem], [%in], 8, 9;"), "of 8 bytes has a source of 9");
  expectContains(runBody("cp.async.cg.shared.global [smem], [%in], 8;"), "copies 8 bytes when 16 are allowed");
}

} // namespace
} // namespace girih::sim
