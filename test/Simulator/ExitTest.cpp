//===- ExitTest.cpp - What a CTA has to wait for before it exits ----------===//
#include "Harness.h"

namespace girih::sim {
namespace {

const Schedule schedules[] = {Schedule::Deterministic, Schedule::Late, Schedule::Early, Schedule::Random};

void expectEverywhere(const std::string &body, const std::string &text, unsigned cluster = 1) {
  for (Schedule schedule : schedules) {
    TestLaunch test;
    test.threads = 1;
    test.grid = test.cluster = cluster;
    test.options.schedule = schedule;
    TestRun run = runBody(body, test);
    EXPECT_NE(run.verdict().find(text), std::string::npos) << "verdict: " << run.verdict();
  }
}

const std::string load = "mbarrier.init.shared.b64 [smem], 1;\nfence.mbarrier_init.release.cluster;\n"
                         "mbarrier.arrive.expect_tx.shared.b64 _, [smem], 64;\nmov.u32 %r1, smem;\n"
                         "add.u32 %r2, %r1, 128;\ncp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes"
                         "MULTICAST [%r2], [%in], 64, [%r1]MASK;\n";
std::string loadWith(const std::string &multicast, const std::string &mask) {
  std::string text = load;
  text.replace(text.find("MULTICAST"), 9, multicast);
  return text.replace(text.find("MASK"), 4, mask);
}

TEST(Exit, ACopyThatNobodyWaitedFor) {
  // Another barrier keeps the thread until the copy has come by itself.
  std::string other = "mbarrier.init.shared.b64 [smem+8], 1;\nfence.mbarrier_init.release.cluster;\n"
                      "mbarrier.arrive.expect_tx.shared.b64 _, [smem+8], 64;\nadd.u32 %r3, %r1, 256;\n"
                      "add.u32 %r4, %r1, 8;\n"
                      "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r3], [%in], 64, [%r4];\n"
                      "B: mbarrier.try_wait.parity.shared.b64 %p1, [smem+8], 0;\n@!%p1 bra B;\n";
  for (Schedule schedule : {Schedule::Deterministic, Schedule::Late, Schedule::Early}) {
    TestLaunch test;
    test.threads = 1;
    test.options.schedule = schedule;
    TestRun run = runBody(loadWith("", "") + other, test);
    EXPECT_NE(run.verdict().find("exits without a wait for phase 0 of the mbarrier at 1024, which counts this copy"),
              std::string::npos)
        << run.verdict();
    EXPECT_NE(run.verdict().find("expected mbarrier.try_wait before the exit"), std::string::npos);
  }
}

TEST(Exit, ABulkStoreThatNobodyWaitedFor) {
  expectEverywhere("st.shared.v4.b32 [smem], {1, 2, 3, 4};\nfence.proxy.async;\nmov.u32 %r1, smem;\n"
                   "cp.async.bulk.global.shared::cta.bulk_group [%out], [%r1], 16;\ncp.async.bulk.commit_group;\n",
                   "exits without waiting for 1 bulk copies out of its shared memory; expected "
                   "cp.async.bulk.wait_group");
}

TEST(Exit, MulticastToCtasThatDoNotExist) {
  expectEverywhere("mov.u16 %h1, 5;\n" + loadWith(".multicast::cluster", ", %h1"),
                   "multicast mask 5 names CTAs beyond the cluster's 1");
}

} // namespace
} // namespace girih::sim
