//===- DeadlockTest.cpp - Who waits for whom, and divergence --------------===//
//
// The text of a deadlock under every schedule: each waiter with its barrier,
// phase, pending arrivals and bytes, the cycle, and who has exited. And the
// verdict on `.aligned` instructions that part of a warp executes.
//
//===----------------------------------------------------------------------===//
#include "OrderHarness.h"

namespace girih::sim {
namespace {

/// A deadlock under every schedule whose text has all of these parts.
void expectDeadlock(const std::string &ptx, TestLaunch test, std::initializer_list<const char *> parts) {
  for (const OrderPlan &plan : orderPlans) {
    test.options.schedule = plan.schedule;
    test.options.seed = plan.seed;
    std::string verdict = runModule(ptx, test).verdict();
    EXPECT_EQ(verdict.substr(0, 8), "deadlock") << plan.name << ": " << verdict;
    for (const char *part : parts)
      EXPECT_NE(verdict.find(part), verdict.npos) << plan.name << ": no '" << part << "' in " << verdict;
  }
}

std::string waitParity(const std::string &name, const std::string &barrier, int parity) {
  return name + ": mbarrier.try_wait.parity.shared::cta.b64 %p2, [" + barrier + "], " + std::to_string(parity) +
         ";\n@!%p2 bra " + name + ";\n";
}

TEST(Deadlock, CycleOfTwoMbarriers) {
  // Each warp arrives once on its barrier; in the second round each waits for
  // the other before it arrives.
  TestLaunch test;
  test.threads = 64;
  std::string body = setup("1") +
                     "@!%p9 mbarrier.init.shared::cta.b64 [%r40+8], 1;\nbar.sync 0;\nsetp.eq.u32 %p1, %lane, 0;\n"
                     "@!%p1 bra E;\nsetp.eq.u32 %p3, %warp, 0;\n@%p3 bra A;\n"
                     "mbarrier.arrive.shared::cta.b64 _, [%r40+8];\n" +
                     waitParity("B1", "%r40", 0) + waitParity("B2", "%r40", 1) +
                     "mbarrier.arrive.shared::cta.b64 _, [%r40+8];\nbra E;\n"
                     "A: mbarrier.arrive.shared::cta.b64 _, [%r40];\n" +
                     waitParity("A1", "%r40+8", 0) + waitParity("A2", "%r40+8", 1) +
                     "mbarrier.arrive.shared::cta.b64 _, [%r40];\nE:";
  expectDeadlock(makeModule(body), test,
                 {"2 wait", "warp 0, line", "warp 1, line",
                  "phase 1 (parity 1), 1 of 1 arrivals pending, 0 transaction bytes outstanding",
                  "cycle: warp 0 waits mbarrier", "from warp 1 waits mbarrier", "from warp 0"});
}

TEST(Deadlock, CommitThatIsNeverIssued) {
  TestLaunch test;
  std::string body = setup("1") + waitParity("L", "%r40", 0);
  expectDeadlock(makeModule(body, "sm_100a"), test,
                 {"on the mbarrier at", "for parity 0", "1 of 1 arrivals pending", "by cta (0, 0, 0) warp 0"});
}

TEST(Deadlock, PeerThatHasExited) {
  TestLaunch test;
  test.grid = test.cluster = 2;
  std::string body = setup("1") + "mov.u32 %r2, %cluster_ctarank;\nsetp.eq.u32 %p1, %r2, 1;\n@%p1 bra E;\n" +
                     waitParity("L", "%r40", 0) + "E:";
  expectDeadlock(makeModule(body), test, {"1 of 1 arrivals pending", "have exited: cta 1 warp 0"});
}

TEST(Deadlock, NamedBarrierWithAWrongCount) {
  TestLaunch test;
  test.threads = 96;
  expectDeadlock(makeModule("bar.sync 1, 128;"), test,
                 {"3 wait", "cta (0, 0, 0) warp 0 to warp 2, line", "on barrier 1: 96 of 128 threads have arrived"});
}

TEST(Deadlock, BytesThatNeverArrive) {
  TestLaunch test;
  std::string body =
      setup("1") + "@!%p9 mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r40], 48;\n" + waitParity("L", "%r40", 0);
  expectDeadlock(makeModule(body), test, {"0 of 1 arrivals pending, 48 transaction bytes outstanding"});
}

TEST(Deadlock, RolesAreNamed) {
  TestLaunch test;
  std::string ptx = makeModule("setp.eq.u32 %p1, %warp, 0;\n@%p1 bar.sync 1, 64;\n@!%p1 bar.sync 2, 64;");
  Launch launch;
  launch.kernel = "test";
  launch.block[0] = 64;
  launch.roles = {{"load", 1}, {"compute", 1}};
  launch.buffers = {{"in", std::vector<uint8_t>(64), false}, {"out", std::vector<uint8_t>(64), false}};
  launch.arguments.resize(2);
  for (Argument &argument : launch.arguments)
    argument.kind = Argument::Kind::Pointer;
  Report report = Simulator(ptx).run(launch, {});
  ASSERT_FALSE(report.isClean());
  std::string text = report.verdicts[0].str();
  EXPECT_NE(text.find("cycle: warp 0 (load) waits barrier 1 from warp 1 (compute) waits barrier 2 from warp 0 (load)"),
            text.npos)
      << text;
}

/// The instruction guarded by half of the warp, and in one branch of two.
void expectDivergent(const std::string &before, const std::string &instruction, const std::string &opcode,
                     TestLaunch test = {}, const std::string &target = "sm_90a") {
  test.threads = std::max(test.threads, 128u);
  const std::string half = before + "setp.lt.u32 %p1, %lane, 16;\n";
  for (const OrderPlan &plan : orderPlans) {
    test.options.schedule = plan.schedule;
    test.options.seed = plan.seed;
    auto verdictOf = [&](const std::string &body) { return runModule(makeModule(body, target), test).verdict(); };
    std::string guarded = verdictOf(half + "@%p1 " + instruction);
    EXPECT_EQ(guarded.substr(0, 6), "misuse") << guarded;
    EXPECT_NE(guarded.find("'" + opcode), guarded.npos) << guarded;
    EXPECT_NE(guarded.find("is executed by some lanes only"), guarded.npos) << guarded;
    EXPECT_NE(guarded.find("lanes 0x0000ffff"), guarded.npos) << guarded;
    std::string branched = verdictOf(half + "@%p1 bra A;\n" + instruction + "\nbra E;\nA: " + instruction + "\nE:");
    EXPECT_EQ(branched.substr(0, 6), "misuse") << branched;
    EXPECT_NE(branched.find("'" + opcode), branched.npos) << branched;
    EXPECT_NE(branched.find("is divergent: other lanes of the warp are at the aligned instruction of line"),
              branched.npos)
        << branched;
  }
}

TEST(Divergence, AlignedInstructions) {
  expectDivergent("", "bar.sync 0;", "bar.sync");
  expectDivergent("", "barrier.sync.aligned 0;", "barrier.sync.aligned");
  expectDivergent("", "wgmma.fence.sync.aligned;", "wgmma.fence");
  expectDivergent("", "wgmma.commit_group.sync.aligned;", "wgmma.commit_group");
  expectDivergent("", "setmaxnreg.inc.sync.aligned.u32 240;", "setmaxnreg.inc");
  expectDivergent("mov.u32 %r1, smem;\n", "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r0}, [%r1];",
                  "ldmatrix.sync.aligned");
  expectDivergent("", "barrier.cluster.arrive.aligned;", "barrier.cluster.arrive.aligned");
  expectDivergent("mov.b32 %r1, 0;\n", "tcgen05.ld.sync.aligned.32x32b.x1.b32 {%r0}, [%r1];", "tcgen05.ld", {},
                  "sm_100a");
  expectDivergent("", "tcgen05.wait::ld.sync.aligned;", "tcgen05.wait::ld", {}, "sm_100a");
  std::string registers = "{%f0";
  for (int i = 1; i < 4; ++i)
    registers += ", %f" + std::to_string(i);
  expectDivergent("mov.b64 %rd1, 0;\nwgmma.fence.sync.aligned;\n",
                  "wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 " + registers + "}, %rd1, %rd1, 1, 1, 1, 0, 0;",
                  "wgmma.mma_async");
}

} // namespace
} // namespace girih::sim
