//===- ProgressTest.cpp - Who gets a turn, and who waits for ever ---------===//
//
// Every lane makes progress whatever its warp does, a warp may compute for as
// long as it likes, and one that only goes round in a circle waits for others.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

void expectPart(const std::string &text, const std::string &part) { EXPECT_NE(text.find(part), text.npos) << text; }

/// Each of four lanes of a warp takes a lock, counts in a word beside it and
/// gives it back.
std::string lockedCount(const std::string &inside) {
  return "setp.ge.u32 %p3, %lane, 4;\n@%p3 bra E;\nL: atom.acquire.gpu.global.exch.b32 %r2, [%out], 1;\nsetp.ne.u32 "
         "%p1, %r2, 0;\n@%p1 bra L;\n"
         "ld.global.b32 %r3, [%out+64];\nadd.u32 %r3, %r3, 1;\n" +
         inside + "st.global.b32 [%out+64], %r3;\natom.release.gpu.global.exch.b32 %r4, [%out], 0;\nE:";
}

TEST(Progress, LockAmongLanes) {
  EXPECT_EQ(expectOrdered(lockedCount("")).out<uint32_t>()[16], 4u);
  TestLaunch test;
  test.threads = 64;
  EXPECT_EQ(expectOrdered(lockedCount("mov.u32 %r5, 0;\nM: add.u32 %r5, %r5, 1;\nsetp.lt.u32 %p2, %r5, 100;\n"
                                      "@%p2 bra M;\n"),
                          test)
                .out<uint32_t>()[16],
            8u);
}

TEST(Progress, LockThatNobodyGivesBack) {
  std::string verdict = runBody(replaced(lockedCount(""), "[%out], 0;", "[%out], 1;")).verdict();
  expectPart(verdict, "deadlock: line");
  expectPart(verdict, "repeats the same 3 instructions and finds nothing changed");
}

std::string loop(const std::string &label, unsigned rounds) {
  return "mov.u32 %r1, 0;\n" + label + ": add.u32 %r1, %r1, 1;\nsetp.lt.u32 %p1, %r1, " + std::to_string(rounds) +
         ";\n@%p1 bra " + label + ";\n";
}

TEST(Progress, LoopsMayBeLong) { EXPECT_EQ(runBody(loop("L", 1'000'000)).verdict(), ""); }

TEST(Progress, OneWarpPollsWhileAnotherComputes) {
  TestLaunch test;
  test.threads = 64;
  std::string body = "setp.ne.u32 %p2, %lane, 0;\n@%p2 bra E;\nsetp.eq.u32 %p2, %warp, 0;\n@%p2 bra W;\n" +
                     loop("L", 800'000) +
                     "st.release.gpu.global.b32 [%out], 1;\nbra E;\n"
                     "W: ld.acquire.gpu.global.b32 %r2, [%out];\nsetp.eq.u32 %p2, %r2, 0;\n@%p2 bra W;\nE:";
  for (Schedule schedule : {Schedule::Deterministic, Schedule::Late, Schedule::Random}) {
    test.options.schedule = schedule;
    EXPECT_EQ(runBody(body, test).verdict(), "");
  }
}

TEST(Progress, CountersInMemoryAreNoRepetition) {
  // At the branch all registers are what they were a round before.
  const std::string count = "add.u32 %r1, %r1, 1;\nst.SPACE.b32 [%rd1], %r1;\nsetp.lt.u32 %p1, %r1, 20000;\n"
                            "mov.u32 %r1, 0;\n@%p1 bra L;\n";
  auto body = [&](const std::string &space, const std::string &address) {
    std::string text = address + "mov.u32 %r1, 0;\nst.SPACE.b32 [%rd1], %r1;\nL: ld.SPACE.b32 %r1, [%rd1];\n" + count;
    for (size_t at; (at = text.find("SPACE")) != text.npos;)
      text.replace(at, 5, space);
    return text;
  };
  TestLaunch test;
  test.threads = 1;
  EXPECT_EQ(runBody(body("shared", "mov.u64 %rd1, smem;\n"), test).verdict(), "");
  EXPECT_EQ(runBody(body("global", "mov.u64 %rd1, %out;\n"), test).verdict(), "");
  EXPECT_EQ(runBody(body("local", ".local .b32 counter;\nmov.u64 %rd1, counter;\n"), test).verdict(), "");
}

TEST(Progress, EndlessChangesReachTheLimit) {
  TestLaunch test;
  test.options.instructionLimit = 10'000;
  std::string verdict = runBody("L: atom.global.add.u32 %r1, [%out], 1;\nbra L;", test).verdict();
  expectPart(verdict, "deadlock: line");
  expectPart(verdict, "the warp has executed 10001 instructions when 10000 is the limit");
  expectPart(verdict, "a kernel that does end needs a higher instruction limit");
}

/// All CTAs of the grid meet once.
std::string gridBarrier(unsigned ctas) {
  return "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra M;\natom.acq_rel.gpu.global.add.u32 %r1, [%out], 1;\n"
         "L: ld.acquire.gpu.global.b32 %r1, [%out];\nsetp.lt.u32 %p1, %r1, " +
         std::to_string(ctas) + ";\n@%p1 bra L;\nM: bar.sync 0;\n";
}

TEST(Progress, GridBarrierOfResidentCtas) {
  TestLaunch test;
  test.grid = 5;
  test.multiprocessors = 2;
  test.shared = 1024;
  EXPECT_EQ(expectOrdered(gridBarrier(5), test).out<uint32_t>()[0], 5u);
}

TEST(Progress, GridBarrierOfMoreCtasThanFit) {
  TestLaunch test;
  test.grid = 3;
  test.multiprocessors = 2;
  test.shared = 200 * 1024;
  auto verdict = [&] { return runBody(gridBarrier(test.grid), test).verdict(); };
  for (const OrderPlan &plan : orderPlans) {
    test.options.schedule = plan.schedule;
    test.options.seed = plan.seed;
    expectPart(verdict(), "deadlock: line");
    expectPart(verdict(), "1 other clusters wait as well");
    expectPart(verdict(), "3 CTAs do not fit at once: 2 multiprocessors hold 1 each, limited by shared memory; the "
                          "others begin when one of these has ended");
  }
  test.shared = 1024;
  EXPECT_EQ(verdict(), "");
  test.threads = 1024;
  test.grid = 5;
  expectPart(verdict(), "5 CTAs do not fit at once: 2 multiprocessors hold 2 each, limited by threads");
  test.grid = test.cluster = 4;
  EXPECT_EQ(verdict(), "");
}

TEST(Progress, ShapesThatNoChipLaunches) {
  Launch launch;
  launch.kernel = "test";
  auto verdict = [&](std::array<uint32_t, 3> grid, std::array<uint32_t, 3> block, std::array<uint32_t, 3> cluster) {
    launch.grid = grid;
    launch.block = block;
    launch.cluster = cluster;
    Report report = Simulator(makeModule("")).run(launch, {});
    return report.isClean() ? "" : report.verdicts[0].str();
  };
  EXPECT_EQ(verdict({1, 65536, 1}, {32, 1, 1}, {1, 1, 1}),
            "misuse: size y of the grid is 65536 when it should be 1 to 65535");
  EXPECT_EQ(verdict({0x7fffffff, 65535, 1}, {32, 1, 1}, {1, 1, 1}),
            "misuse: a grid has 140735340806145 clusters when the simulator takes 4294967295");
  EXPECT_EQ(verdict({1, 1, 1}, {1024, 1024, 65}, {1, 1, 1}),
            "misuse: size z of the block is 65 when it should be 1 to 64");
  EXPECT_EQ(verdict({1, 1, 1}, {32, 33, 1}, {1, 1, 1}),
            "misuse: a block has 1056 threads when it should have 1 to 1024");
  EXPECT_EQ(verdict({1, 1, 1}, {32, 1, 1}, {1, 1, 0}), "misuse: size z of the cluster is 0 when it should be 1 to 16");
}

} // namespace
} // namespace girih::sim
