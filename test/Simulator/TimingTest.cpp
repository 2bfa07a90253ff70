//===- TimingTest.cpp - The model of time ---------------------------------===//
//
// Small kernels whose cycles follow from the table of sm_90a by hand; they are
// compared by differences, so that what every launch costs drops out.
//
//===----------------------------------------------------------------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

TestLaunch timed(unsigned threads = 32) {
  TestLaunch test;
  test.threads = threads;
  test.options.schedule = Schedule::Timed;
  return test;
}

TimingReport timeOf(const std::string &body, TestLaunch test = timed()) {
  TestRun run = runBody(body, test);
  EXPECT_EQ(run.verdict(), "");
  return run.report.timing;
}

std::string repeat(const std::string &text, unsigned count) {
  std::string all;
  for (unsigned i = 0; i < count; ++i)
    all += text;
  return all;
}

/// What `more` adds to `less`.
double added(const std::string &more, const std::string &less, TestLaunch test = timed()) {
  return timeOf(more, test).cycles - timeOf(less, test).cycles;
}

TEST(Timing, ADependenceChainTakesItsLatencies) {
  std::string one = "cvt.rn.f32.s32 %f1, %tid;\n", fma = "fma.rn.f32 %f1, %f1, %f1, %f1;\n";
  std::string store = "st.global.f32 [%out], %f1;\n";
  // Stored by one lane, so that nothing races; 4 cycles each.
  std::string only = "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra E;\n";
  EXPECT_EQ(added(only + one + repeat(fma, 110) + store + "E:\n", only + one + repeat(fma, 10) + store + "E:\n"), 400);
}

TEST(Timing, IndependentInstructionsTakeSlotsOfTheirPipe) {
  std::string number = "cvt.rn.f32.s32 %f1, %tid;\n";
  auto exponentials = [&](unsigned count) {
    std::string all = number;
    for (unsigned i = 0; i < count; ++i)
      all += "ex2.approx.ftz.f32 %f" + std::to_string(2 + i % 16) + ", %f1;\n";
    return all;
  };
  // 8 cycles of a scheduler each; a warp on each scheduler changes nothing, two
  // take twice as long.
  EXPECT_EQ(added(exponentials(110), exponentials(10)), 800);
  EXPECT_EQ(added(exponentials(110), exponentials(10), timed(128)), 800);
  EXPECT_EQ(added(exponentials(110), exponentials(10), timed(256)), 1600);
}

TEST(Timing, BlocksAreOrderedForThePipes) {
  // Two chains, one written behind the other, run beside each other; two parts
  // of one chain cannot.
  std::string number = "cvt.rn.f32.s32 %f1, %tid;\nmov.f32 %f2, %f1;\n";
  auto chain = [](const std::string &reg) { return repeat("fma.rn.f32 " + reg + ", " + reg + ", %f3, %f3;\n", 100); };
  std::string first = "mov.f32 %f3, %f1;\n" + chain("%f1");
  EXPECT_NEAR(added(number + first + chain("%f2"), number + first), 0, 8);
  EXPECT_NEAR(added(number + first + chain("%f1"), number + first), 400, 8);
}

TEST(Timing, WarpsOfASchedulerShareItFairly) {
  // Each of the two takes its turn at the pipe: both end at the same time.
  std::string body =
      "cvt.rn.f32.s32 %f1, %tid;\n" + repeat("ex2.approx.ftz.f32 %f1, %f1;\nex2.approx.ftz.f32 %f2, %f1;\n", 100);
  double one = timeOf(body).clusterCycles, two = timeOf(body, timed(256)).clusterCycles;
  // 17 of latency a step leave room for most of the other's.
  EXPECT_LT(two, 1.4 * one + 100);
  EXPECT_GE(two, 3200);
}

TEST(Timing, BankConflictsComeFromTheAddresses) {
  auto loads = [](const std::string &stride, unsigned count) {
    return "mov.u32 %r1, smem;\nmad.lo.u32 %r2, %lane, " + stride + ", %r1;\nst.shared.u32 [%r2], %tid;\n" +
           repeat("ld.shared.u32 %r3, [%r2];\n", count);
  };
  // The first loads hide behind the store that they read.
  EXPECT_EQ(added(loads("4", 210), loads("4", 110)), 100);
  EXPECT_EQ(added(loads("8", 210), loads("8", 110)), 200);
  EXPECT_EQ(added(loads("128", 210), loads("128", 110)), 3200);
}

TEST(Timing, AFasterUnitIsNeverSlower) {
  std::string body = "cvt.rn.f32.s32 %f1, %tid;\n" + repeat("ex2.approx.ftz.f32 %f2, %f1;\n", 100);
  TimingReport before = timeOf(body);
  EXPECT_EQ(before.bottleneck(), Unit::Mufu);
  for (unsigned u = 0; u < unitCount; ++u) {
    TestLaunch test = timed();
    test.options.timing.speed[u] = 2;
    double cycles = timeOf(body, test).cycles;
    EXPECT_LE(cycles, before.cycles) << unitName(Unit(u));
    if (Unit(u) == Unit::Mufu)
      EXPECT_NEAR(before.cycles - cycles, 400, 8);
  }
}

TEST(Timing, WavesAndTails) {
  std::string body = "cvt.rn.f32.s32 %f1, %tid;\n" + repeat("ex2.approx.ftz.f32 %f2, %f1;\n", 100);
  TestLaunch test = timed();
  test.multiprocessors = 4;
  test.shared = 120 * 1024; // one CTA on each
  test.grid = 4;
  double one = timeOf(body, test).cycles, cluster = timeOf(body, test).clusterCycles;
  test.grid = 5;
  TimingReport two = timeOf(body, test);
  EXPECT_NEAR(two.cycles - one, cluster + 450, 1);
  EXPECT_EQ(two.clusters, 5u);
  EXPECT_EQ(two.simulated, 4u);
  test.grid = 8;
  EXPECT_EQ(timeOf(body, test).cycles, two.cycles);
  // Two on each: their warps are on different schedulers.
  test.shared = 60 * 1024;
  EXPECT_NEAR(timeOf(body, test).cycles, one, 5);
}

TEST(Timing, CtasOfAMultiprocessorWaitForEachOther) {
  std::string number = "cvt.rn.f32.s32 %f1, %tid;\n", one = "ex2.approx.ftz.f32 %f2, %f1;\n";
  auto exponentials = [&](unsigned shared) {
    TestLaunch test = timed(128);
    test.multiprocessors = 4;
    test.grid = 8;
    test.shared = shared;
    return added(number + repeat(one, 110), number + repeat(one, 10), test);
  };
  // Two waves of one on each, or two on each at once, which share the pipes.
  EXPECT_NEAR(exponentials(120 * 1024), 1600, 10);
  EXPECT_NEAR(exponentials(60 * 1024), 1600, 10);
}

TEST(Timing, WhatOtherCtasHaveToSeeTakesLonger) {
  auto arrivals = [](const std::string &how) {
    return "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra E;\nmov.u32 %r1, smem;\nmbarrier.init.shared::cta.b64 [%r1], 100;\n" +
           repeat("mbarrier.arrive" + how + ".shared::cta.b64 _, [%r1];\n", 10) + "E:\n";
  };
  EXPECT_NEAR(timeOf(arrivals(".release.cluster")).cycles - timeOf(arrivals("")).cycles, 10 * 190, 20);
}

TEST(Timing, CopiesTakeTheirLatencyAndOverlap) {
  auto copies = [](unsigned count) {
    std::string body = "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra E;\nmov.u32 %r1, smem;\nadd.s32 %r2, %r1, 1024;\n"
                       "mbarrier.init.shared::cta.b64 [%r1], 1;\nfence.mbarrier_init.release.cluster;\n"
                       "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], " +
                       std::to_string(8192 * count) + ";\n";
    for (unsigned i = 0; i < count; ++i)
      body += "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%in], 8192, [%r1];\n"
              "add.s32 %r2, %r2, 8192;\n";
    return body + "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;\n@!%p2 bra W;\nE:\n";
  };
  TimingReport one = timeOf(copies(1)), four = timeOf(copies(4));
  // 520 for the first byte, 8192 bytes at 97 a cycle from the L2 cache; then
  // 128 cycles each.
  EXPECT_NEAR(one.clusterCycles, 520 + 8192 / 97.0, 150);
  EXPECT_NEAR(four.cycles - one.cycles, 3 * 128, 10);
  auto waits = one.waits.find({"all", "cp.async.bulk"});
  ASSERT_NE(waits, one.waits.end());
  EXPECT_GT(waits->second, 0.5);
  EXPECT_GT((one.path.at({"all", "waits for cp.async.bulk"})), 0.5);
}

TEST(Timing, ABatchOfMatrixProductsDoesNotHoldItsWarps) {
  // Products of 24 cycles or more are queued in 16 each, and arithmetic of less
  // than is left goes on beside them.
  std::string begin = "cvt.rn.f32.s32 %f5, 1;\nmov.u64 %rd1, 64;\n", sums;
  for (unsigned i = 8; i < 24; ++i) {
    begin += "mov.f32 %f" + std::to_string(i) + ", 0f00000000;\n";
    sums += (i > 8 ? ", %f" : "%f") + std::to_string(i);
  }
  begin +=
      "wgmma.fence.sync.aligned;\n" +
      repeat("wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16 {" + sums + "}, %rd1, %rd1, 1, 1, 1, 0, 0;\n", 40) +
      "wgmma.commit_group.sync.aligned;\n";
  // The fence, which nobody executes, keeps the wait behind the arithmetic.
  std::string wait = "setp.lt.f32 %p1, %f5, 0f00000000;\n@%p1 membar.cta;\nwgmma.wait_group.sync.aligned 0;\n",
              fma = "fma.rn.f32 %f5, %f5, %f5, %f5;\n";
  EXPECT_LT(added(begin + repeat(fma, 50) + wait, begin + wait, timed(128)), 20);
}

TEST(Timing, OperationsOfMmasAreCountedForEveryType) {
  auto operations = [](const std::string &k, const std::string &type) {
    std::string body = "mov.f32 %f1, 0f00000000;\nmov.f32 %f2, %f1;\nmov.f32 %f3, %f1;\nmov.f32 %f4, %f1;\n"
                       "mov.u64 %rd1, 64;\nwgmma.fence.sync.aligned;\nwgmma.mma_async.sync.aligned.m64n8k" +
                       k + ".f32." + type + "." + type + " {%f1, %f2, %f3, %f4}, %rd1, %rd1, 1, 1, 1" +
                       (type == "bf16" ? ", 0, 0" : "") +
                       ";\nwgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n";
    return timeOf(body, timed(128)).operations;
  };
  EXPECT_EQ(operations("16", "bf16"), 2.0 * 64 * 8 * 16);
  EXPECT_EQ(operations("32", "e4m3"), 2.0 * 64 * 8 * 32);
}

TEST(Timing, ResultsAreThoseOfTheOtherSchedules) {
  std::string body = "mul.wide.u32 %rd1, %tid, 4;\nadd.s64 %mine, %out, %rd1;\nmov.u32 %r1, smem;\n"
                     "mad.lo.u32 %r2, %tid, 4, %r1;\nst.shared.u32 [%r2], %tid;\nbar.sync 0;\n"
                     "xor.b32 %r3, %tid, 33;\nmad.lo.u32 %r4, %r3, 4, %r1;\nld.shared.u32 %r5, [%r4];\n"
                     "st.global.u32 [%mine], %r5;\n";
  TestLaunch test = timed(128);
  TestRun run = runBody(body, test);
  EXPECT_EQ(run.verdict(), "");
  for (unsigned i = 0; i < 128; ++i)
    EXPECT_EQ(run.out<uint32_t>()[i], i ^ 33);
  // Without the barrier a warp reads what another has yet to write, whatever the times.
  std::string racing = body;
  racing.erase(racing.find("bar.sync 0;\n"), 12);
  EXPECT_NE(runBody(racing, test).verdict(), "");
}

TEST(Timing, DeadlocksAreFound) {
  std::string body = "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra E;\nmov.u32 %r1, smem;\n"
                     "mbarrier.init.shared::cta.b64 [%r1], 1;\n"
                     "W: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;\n@!%p2 bra W;\nE:\n";
  EXPECT_NE(runBody(body, timed()).verdict().find("deadlock"), std::string::npos);
}

TEST(Timing, AChipWithoutATableIsRefused) {
  TestRun run = runModule(makeModule("", "sm_80"), timed());
  EXPECT_NE(run.verdict().find("there is no model of time for sm_80"), std::string::npos);
}

} // namespace
} // namespace girih::sim
