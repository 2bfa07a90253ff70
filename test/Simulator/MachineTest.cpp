//===- MachineTest.cpp - Control flow, collectives, memory, verdicts ------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

void expectContains(const TestRun &run, const std::string &text) {
  EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
}

TEST(Control, DivergentLoopsReconverge) {
  // Lane l adds 1 to l in a loop of l rounds; the vote needs all lanes again.
  TestRun run = runBody("mov.b32 %r0, 0;\nmov.b32 %r1, 0;\nL: setp.ge.u32 %p1, %r1, %lane;\n@%p1 bra D;\n"
                        "add.s32 %r0, %r0, %r1;\nadd.s32 %r1, %r1, 1;\nbra L;\nD:\n"
                        "vote.sync.ballot.b32 %r2, 1, 0xffffffff;\nadd.s32 %r0, %r0, %r2;\n" +
                        storeR0);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  for (uint32_t l = 0; l < 32; ++l)
    EXPECT_EQ(out[l], l * (l - 1) / 2 - 1);
}

TEST(Control, WarpBarriersOfDifferentMasks) {
  // Lane 0 meets itself first; the others wait for it under another mask.
  TestRun run = runBody("setp.eq.u32 %p1, %lane, 0;\n@%p1 bra FIRST;\nbar.warp.sync -1;\nld.shared.b32 %r0, [smem];\n"
                        "bra END;\nFIRST: bar.warp.sync 1;\nst.shared.b32 [smem], 7;\nbar.warp.sync -1;\n"
                        "mov.b32 %r0, 1;\nEND:\n" +
                        storeR0);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 1u);
  EXPECT_EQ(run.out<uint32_t>()[31], 7u);
}

TEST(Control, LabelsOfBlocksAreTheirOwn) {
  std::string block = "{ .reg .pred p; AGAIN: add.s32 %r0, %r0, 1; setp.lt.s32 p, %r0, LIMIT; @p bra AGAIN; }\n";
  auto with = [&](const char *limit) {
    std::string text = block;
    text.replace(text.find("LIMIT"), 5, limit);
    return text;
  };
  TestRun run = runBody("mov.b32 %r0, 0;\n" + with("5") + with("9") + storeR0);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[7], 9u);
}

TEST(Control, CallsPassParameters) {
  std::string callee = ".func (.param .b32 result) triple(.param .b32 x)\n{\n.reg .b32 %r<3>;\n"
                       "ld.param.b32 %r1, [x];\nmul.lo.s32 %r2, %r1, 3;\nst.param.b32 [result], %r2;\nret;\n}\n";
  TestRun run =
      runModule(makeModule("{ .param .b32 a; .param .b32 b; st.param.b32 [a], %tid; call.uni (b), triple, (a);\n"
                           "ld.param.b32 %r0, [b]; }\n" +
                               storeR0,
                           "sm_90a", callee));
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[11], 33u);
}

TEST(Control, BranchTables) {
  TestRun run = runBody("and.b32 %r1, %tid, 1;\nT: .branchtargets A, B;\nbrx.idx %r1, T;\n"
                        "A: mov.b32 %r0, 10;\nbra E;\nB: mov.b32 %r0, 20;\nE:\n" +
                        storeR0);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[4], 10u);
  EXPECT_EQ(run.out<uint32_t>()[5], 20u);
}

TEST(Collective, ShuffleRedux) {
  TestRun run = runBody("shfl.sync.bfly.b32 %r1, %lane, 1, 31, -1;\nredux.sync.add.u32 %r2, %r1, -1;\n"
                        "shfl.sync.down.b32 %r3|%p1, %lane, 4, 31, -1;\nselp.b32 %r4, %r3, 100, %p1;\n"
                        "mad.lo.u32 %r0, %r2, 1000, %r4;\n" +
                        storeR0);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[3], 496u * 1000 + 7);
  EXPECT_EQ(run.out<uint32_t>()[30], 496u * 1000 + 100);
}

TEST(Collective, TilesOfAWarpHaveMasksOfTheirOwn) {
  // Sums over tiles of 8 lanes; one half of the warp comes later.
  std::string sum = "shfl.sync.bfly.b32 %r3, %r1, 1, 6175, %r2;\nadd.u32 %r1, %r1, %r3;\n"
                    "shfl.sync.bfly.b32 %r3, %r1, 2, 6175, %r2;\nadd.u32 %r1, %r1, %r3;\n"
                    "shfl.sync.bfly.b32 %r3, %r1, 4, 6175, %r2;\nadd.u32 %r0, %r1, %r3;\n";
  TestRun run =
      expectOrdered("and.b32 %r4, %lane, 24;\nmov.b32 %r2, 255;\nshl.b32 %r2, %r2, %r4;\nmov.b32 %r1, %lane;\n"
                    "setp.ge.u32 %p1, %lane, 16;\n@%p1 bra S;\nadd.u32 %r1, %r1, 100;\nS:\n" +
                    sum + "redux.sync.add.u32 %r5, %r0, %r2;\n" + storeR0);
  auto out = run.out<uint32_t>();
  for (uint32_t l = 0; l < 32; ++l)
    EXPECT_EQ(out[l], 8 * (l / 8 * 8) + 28 + (l < 16 ? 800 : 0));
  expectContains(runBody("shl.b32 %r2, 1, %lane;\nxor.b32 %r2, %r2, 3;\nvote.sync.any.pred %p1, 1, %r2;"),
                 "not in its member mask");
}

TEST(Memory, LocalConstAndVectors) {
  TestRun run =
      runModule(makeModule(".local .align 16 .b8 depot[32];\nmov.b64 %rd1, depot;\ncvta.local.u64 %rd2, %rd1;\n"
                           "st.b32 [%rd2+4], %tid;\nld.local.v2.b32 {%r3, %r1}, [%rd1];\n"
                           "mov.u64 %rd3, table;\nld.const.b32 %r2, [%rd3+8];\nadd.s32 %r0, %r1, %r2;\n" +
                               storeR0,
                           "sm_90a", ".const .align 4 .b32 table[3] = {1, 2, 1000};\n"));
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[9], 1009u);
}

TEST(Memory, AtomicsReturnTheOldValue) {
  TestLaunch test;
  test.threads = 64;
  TestRun run = runBody("atom.global.add.u32 %r1, [%out+32768], 2;\nred.global.max.u32 [%out+32772], %tid;\n"
                        "mov.b32 %r0, %r1;\n" +
                            storeR0,
                        test);
  ASSERT_EQ(run.verdict(), "");
  auto out = run.out<uint32_t>();
  EXPECT_EQ(out[8192], 128u);
  EXPECT_EQ(out[8193], 63u);
}

TEST(Verdicts, UnsupportedNamesLineAndInstruction) {
  TestRun run = runBody("txq.width.b32 %r0, [%rd0];");
  expectContains(run, "unsupported: line 19:");
  expectContains(run, "txq.width");
}

TEST(Verdicts, SyntaxErrorsDoNotCrash) {
  for (const char *text : {"add.s32 %r1, %r2", "add.s32 %r1, %nothing, 2;", "bra NOWHERE;", "@%r1 bra X;", "{",
                           "mov.b32 %r1, 0f12;", "ld.global.b32 %r1, %rd1;", "mov.b64 {%r1, %r2, , %r3}, %rd1;"}) {
    TestRun run = runBody(text);
    ASSERT_FALSE(run.report.verdicts.empty()) << text;
    EXPECT_NE(run.report.verdicts[0].kind, VerdictKind::Race) << text;
  }
  EXPECT_FALSE(runModule("").report.verdicts.empty());
  EXPECT_FALSE(runModule(".version 8.8 .target sm_90a .visible .entry test(").report.verdicts.empty());
}

TEST(Syntax, SpaceBeforeAModifier) {
  TestRun run = runBody("add .s32 %r1, %tid, 2;\nld.global .b32 %r1, [%out];");
  EXPECT_EQ(run.verdict(), "");
  EXPECT_EQ(runBody("add .s32 .s32 %r1, %tid, 2;").report.verdicts.size(), 1u);
}

TEST(Registers, ALaunchGivesWhatSetmaxnregAsksFor) {
  // 256 threads may have 255 each, and ptxas gives them 240.
  TestLaunch two;
  two.threads = 256;
  std::string one =
      "setp.lt.u32 %p1, %tid, 128;\n@%p1 bra GIVE;\nsetmaxnreg.inc.sync.aligned.u32 240;\nbra END;\nGIVE: "
      "setmaxnreg.dec.sync.aligned.u32 24;\nEND:";
  EXPECT_EQ(runBody(one, two).verdict(), "");
  std::string twice = "setmaxnreg.inc.sync.aligned.u32 240;\nsetmaxnreg.inc.sync.aligned.u32 232;";
  expectContains(runBody(twice, two), "setmaxnreg.inc to 232 registers when the warp has 240");
}

TEST(Verdicts, OutOfRangeNamesTheBuffer) {
  expectContains(runBody("st.global.b32 [%out+65536], %tid;"), "byte 65536 of 'out', which has 65536");
  expectContains(runBody("ld.global.b32 %r1, [%in+2];"), "is not a multiple of 4");
  expectContains(runBody("ld.shared.b32 %r1, [70000];"), "touches shared memory bytes 70000");
}

TEST(Verdicts, WrongRegisterClasses) {
  expectContains(runBody("setp.eq.s32 %r1, %tid, 0;"), "is not a predicate");
  expectContains(runBody("mov.b64 %rd1, -4;\nld.local.b32 %r1, [%rd1];"), "beyond the frame");
}

TEST(Verdicts, UndefinedValueReachesOutput) {
  expectContains(runBody("st.global.b32 [%out], %r17;"), "undefined value is stored");
  expectContains(runBody("ld.shared.b32 %r1, [smem];\nadd.s32 %r1, %r1, 1;\nst.global.b32 [%out], %r1;"),
                 "undefined value is stored");
  expectContains(runBody("setp.eq.s32 %p1, %r17, 0;\n@%p1 bra X;\nX:"), "undefined predicate");
}

TEST(Verdicts, ElementsOfAVectorAreUndefinedEach) {
  std::string body = "mov.u32 %r2, smem;\nmad.lo.u32 %r2, %tid, 8, %r2;\n"
                     "st.shared.b32 [%r2+4], %tid;\nld.shared.v2.b32 {%r3, %r4}, [%r2];\nmov.b32 %r0, WHICH;\n" +
                     storeR0;
  EXPECT_EQ(runBody(replaced(body, "WHICH", "%r4")).verdict(), "");
  expectContains(runBody(replaced(body, "WHICH", "%r3")), "undefined value is stored");
}

TEST(Verdicts, SharedMemoryRace) {
  TestLaunch test;
  test.threads = 64;
  std::string body = "mov.u32 %r1, smem;\nsetp.eq.u32 %p1, %warp, 0;\n@%p1 st.shared.b32 [%r1], %warp;\nBAR\n"
                     "ld.shared.b32 %r0, [%r1];\n" +
                     storeR0;
  auto with = [&](const char *barrier) {
    std::string text = body;
    text.replace(text.find("BAR"), 3, barrier);
    return runBody(text, test);
  };
  EXPECT_EQ(with("bar.sync 0;").verdict(), "");
  expectContains(with(""), "race: line");
  expectContains(with("bar.sync 1, 64;"), "");
}

TEST(Verdicts, DivergentAligned) {
  expectContains(runBody("setp.lt.u32 %p1, %lane, 16;\n@%p1 bar.sync 0;"), "some lanes only");
  expectContains(runBody("setp.lt.u32 %p1, %lane, 16;\n@%p1 bra A;\nbar.sync 0;\nbra E;\nA: bar.sync 0;\nE:"),
                 "is divergent");
}

TEST(Verdicts, DeadlockPrintsWaitersAndCycle) {
  TestLaunch test;
  test.threads = 64;
  TestRun run = runBody("setp.eq.u32 %p1, %warp, 0;\n@%p1 bar.sync 1, 64;\n@!%p1 bar.sync 2, 64;", test);
  expectContains(run, "deadlock");
  expectContains(run, "barrier 1: 32 of 64 threads");
  expectContains(run, "barrier 2: 32 of 64 threads");
  expectContains(run, "cycle: warp 0 waits barrier 1");
}

TEST(Verdicts, SpinningWarpIsReported) {
  TestLaunch test;
  expectContains(runBody("L: ld.volatile.global.b32 %r1, [%in];\nsetp.eq.s32 %p1, %r1, 0;\n@%p1 bra L;", test),
                 "repeats the same 3 instructions and finds nothing changed");
}

TEST(Verdicts, ReleaseAcquireOrdersGlobalMemory) {
  TestLaunch test;
  test.grid = 2;
  std::string body =
      "mov.u32 %r1, %ctaid.x;\nsetp.eq.s32 %p1, %r1, 0;\nsetp.ne.u32 %p3, %tid, 0;\n@%p3 bra E;\n@%p1 bra W;\n"
      "L: ld.ACQ.gpu.global.b32 %r2, [%out+1024];\nsetp.eq.s32 %p2, %r2, 0;\n@%p2 bra L;\n"
      "ld.global.b32 %r3, [%out];\nst.global.b32 [%out+4], %r3;\nbra E;\n"
      "W: mov.b32 %r4, 77;\nst.global.b32 [%out], %r4;\nst.REL.gpu.global.b32 [%out+1024], %r4;\nE:";
  auto with = [&](const char *acquire, const char *release) {
    std::string text = body;
    text.replace(text.find("ACQ"), 3, acquire);
    text.replace(text.find("REL"), 3, release);
    return runBody(text, test);
  };
  TestRun good = with("acquire", "release");
  ASSERT_EQ(good.verdict(), "");
  EXPECT_EQ(good.out<uint32_t>()[1], 77u);
  expectContains(with("relaxed", "relaxed"), "race");
}

TEST(Clusters, DistributedSharedMemory) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  std::string body =
      "mov.u32 %r1, smem;\nmov.u32 %r2, %cluster_ctarank;\nadd.s32 %r3, %tid, 100;\nmad.lo.s32 %r3, %r2, 1000, %r3;\n"
      "mad.lo.s32 %r4, %tid, 4, %r1;\nst.shared.b32 [%r4], %r3;\n"
      "barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;\n"
      "xor.b32 %r5, %r2, 1;\nmapa.shared::cluster.u32 %r6, %r4, %r5;\nld.shared::cluster.b32 %r0, [%r6];\n"
      "mad.lo.s32 %r7, %r2, 32, %tid;\nmul.wide.u32 %rd1, %r7, 4;\nadd.s64 %rd1, %out, %rd1;\nst.global.b32 [%rd1], "
      "%r0;\n";
  std::string end = "barrier.cluster.arrive.aligned;\nbarrier.cluster.wait.aligned;\n";
  TestRun good = runBody(body + end, test);
  ASSERT_EQ(good.verdict(), "");
  EXPECT_EQ(good.out<uint32_t>()[5], 1105u);
  EXPECT_EQ(good.out<uint32_t>()[37], 105u);
  expectContains(runBody(body, test), "cluster barrier before the exit");
}

TEST(MemoryBarrier, PhasesAndParity) {
  TestLaunch test;
  test.threads = 64;
  // Warp 1 ends the first phase, warp 0 the second and waits for both.
  TestRun run = runBody(
      setup("32") +
          "setp.eq.u32 %p1, %warp, 0;\n@%p1 bra W;\n"
          "mbarrier.arrive.shared::cta.b64 %rd1, [%r40];\n"
          "L1: mbarrier.try_wait.shared::cta.b64 %p2, [%r40], %rd1;\n@!%p2 bra L1;\n"
          "bra E;\n"
          "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
          "mbarrier.arrive.shared::cta.b64 _, [%r40];\n"
          "W2: mbarrier.test_wait.parity.shared::cta.b64 %p2, [%r40], 1;\n@!%p2 bra W2;\nE:\nmov.b32 %r0, 5;\n" +
          storeR0,
      test);
  ASSERT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[0], 5u);
}

TEST(MemoryBarrier, DeadlockTellsPhaseAndBytes) {
  TestRun run = runBody(setup("1") + "@%p9 bra E;\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 64;\n"
                                     "L: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra L;\nE:");
  expectContains(run, "parity 0");
  expectContains(run, "64 transaction bytes outstanding");
}

TEST(MemoryBarrier, Misuse) {
  expectContains(runBody("mov.u32 %r40, smem;\nmbarrier.arrive.shared::cta.b64 _, [%r40];"), "not initialised");
  expectContains(runBody(setup("1") + "mbarrier.arrive.shared::cta.b64 _, [%r40], 2;"), "2 arrivals when 1 of 1");
  expectContains(runBody(setup("1") + "mbarrier.init.shared::cta.b64 [%r40], 1;"), "initialised again");
  expectContains(runBody(setup("1") + "st.shared.b32 [%r40+4], %tid;"), "hits the mbarrier");
  expectContains(runBody("mov.u32 %r40, smem;\nmbarrier.init.shared::cta.b64 [%r40+4], 1;"), "not a multiple of 8");
}

TEST(Copies, BulkAndGroups) {
  std::vector<uint32_t> in(256);
  for (uint32_t i = 0; i < 256; ++i)
    in[i] = i * 7;
  TestLaunch test;
  test.in = bytesOf(in);
  std::string body =
      setup("1") + "@%p9 bra W;\nmbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 1024;\nadd.s32 %r1, %r40, 1024;\n"
                   "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r1], [%in], 1024, [%r40];\n"
                   "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r40], 0;\n@!%p2 bra W;\n"
                   "@%p9 bra E;\nadd.s32 %r1, %r40, 1024;\nOPERATION\ncp.async.bulk.commit_group;\nWAIT\nE:";
  auto with = [&](const std::string &operation, const std::string &wait = "cp.async.bulk.wait_group 0;") {
    std::string text = body;
    text.replace(text.find("OPERATION"), 9, operation);
    text.replace(text.find("WAIT\n"), 4, wait);
    return runBody(text, test);
  };
  TestRun copy = with("cp.async.bulk.global.shared::cta.bulk_group [%out], [%r1], 1024;");
  ASSERT_EQ(copy.verdict(), "");
  EXPECT_EQ(copy.out<uint32_t>()[100], 700u);
  TestRun sum = with("cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%out], [%r1], 1024;\n"
                     "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.u32 [%out], [%r1], 1024;");
  ASSERT_EQ(sum.verdict(), "");
  EXPECT_EQ(sum.out<uint32_t>()[100], 1400u);
  expectContains(with("cp.async.bulk.global.shared::cta.bulk_group [%out], [%r1], 1024;", ""), "without waiting");
  expectContains(with("cp.async.bulk.global.shared::cta.bulk_group [%out], [%r1], 1000;"), "multiples of 16");
}

TEST(Copies, CpAsyncNeedsItsWait) {
  std::vector<uint32_t> in(128);
  for (uint32_t i = 0; i < 128; ++i)
    in[i] = i + 5;
  TestLaunch test;
  test.in = bytesOf(in);
  std::string body =
      "mov.u32 %r40, smem;\nmad.lo.s32 %r1, %tid, 16, %r40;\nmul.wide.u32 %rd1, %tid, 16;\nadd.s64 %rd1, %in, %rd1;\n"
      "cp.async.cg.shared.global [%r1], [%rd1], 16, 8;\ncp.async.commit_group;\n";
  std::string rest = "ld.shared.v4.b32 {%r0, %r2, %r3, %r4}, [%r1];\nadd.s32 %r0, %r2, %r4;\n" + storeR0;
  TestRun good = runBody(body + "cp.async.wait_group 0;\n" + rest, test);
  ASSERT_EQ(good.verdict(), "");
  EXPECT_EQ(good.out<uint32_t>()[3], 3u * 4 + 1 + 5); // the upper half is zero
  EXPECT_NE(runBody(body + rest, test).verdict(), "");
}

TEST(Schedules, RandomRunsRepeat) {
  TestLaunch test;
  test.threads = 128;
  test.options.schedule = Schedule::Random;
  std::string body = "atom.shared.add.u32 %r0, [smem+64], 1;\n" + storeR0;
  std::string init = "setp.ne.u32 %p1, %tid, 0;\nmov.b32 %r9, 0;\n@!%p1 st.shared.b32 [smem+64], %r9;\nbar.sync 0;\n";
  test.options.seed = 3;
  TestRun first = runBody(init + body, test), again = runBody(init + body, test);
  test.options.seed = 4;
  TestRun other = runBody(init + body, test);
  ASSERT_EQ(first.verdict(), "");
  EXPECT_EQ(first.out<uint32_t>(), again.out<uint32_t>());
  EXPECT_NE(first.out<uint32_t>(), other.out<uint32_t>());
}

} // namespace
} // namespace girih::sim
