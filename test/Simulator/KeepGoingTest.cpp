//===- KeepGoingTest.cpp - More than one verdict of a run -----------------===//
#include "Harness.h"

namespace girih::sim {
namespace {

std::vector<std::string> heads(const TestRun &run) {
  std::vector<std::string> found;
  for (const Verdict &verdict : run.report.verdicts)
    found.push_back(std::string(verdictName(verdict.kind)) + ":" + std::to_string(verdict.line));
  return found;
}

using Heads = std::vector<std::string>;

/// Lines 16 to 20: two stores out of range, a number that gets out, a trap.
const char *const faults = "st.global.u32 [%out+1000000], %tid;\n"
                           "ld.global.u32 %r1, [%in+1000000];\n"
                           "mul.wide.u32 %rd1, %tid, 4;\n"
                           "add.u64 %rd1, %rd1, %out;\n"
                           "st.global.u32 [%rd1], %r1;\n"
                           "trap;\n";

unsigned firstLine() {
  std::string text = makeModule(faults);
  size_t at = text.find(faults);
  return unsigned(std::count(text.begin(), text.begin() + ptrdiff_t(at), '\n')) + 1;
}

std::string at(const char *kind, unsigned behind) {
  return std::string(kind) + ":" + std::to_string(firstLine() + behind);
}

TEST(KeepGoing, EndsWithTheFirstMisuse) { EXPECT_EQ(heads(runBody(faults)), Heads{at("misuse", 0)}); }

/// What was not read counts as defined, so that one fault is told once.
TEST(KeepGoing, GoesOnBehindTheInstruction) {
  TestLaunch test;
  test.options.keepsGoing = true;
  TestRun run = runBody(faults, test);
  EXPECT_EQ(heads(run), (Heads{at("misuse", 0), at("misuse", 1), at("misuse", 5)}));
}

TEST(KeepGoing, UpToAsManyVerdicts) {
  TestLaunch test;
  test.options.keepsGoing = true;
  test.options.mostVerdicts = 2;
  EXPECT_EQ(heads(runBody(faults, test)), (Heads{at("misuse", 0), at("misuse", 1)}));
  test.options.mostVerdicts = 0;
  EXPECT_EQ(heads(runBody(faults, test)).size(), 3u);
}

/// Each CTA has them; they are told once, and counted.
TEST(KeepGoing, CountsWhatComesAgain) {
  TestLaunch test;
  test.grid = 3;
  test.options.keepsGoing = true;
  TestRun run = runBody(faults, test);
  ASSERT_EQ(run.report.verdicts.size(), 3u);
  EXPECT_EQ(run.report.verdicts[0].times, 3u);
}

/// A copy that is left out completes nothing.
TEST(KeepGoing, ADeadlockMayFollow) {
  TestLaunch test;
  test.options.keepsGoing = true;
  TestRun run =
      runBody("setp.ne.u32 %p1, %tid, 0;\n@%p1 bra END;\nmov.u32 %r1, smem;\n"
              "mbarrier.init.shared::cta.b64 [%r1], 1;\nfence.mbarrier_init.release.cluster;\n"
              "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 128;\nadd.u32 %r2, %r1, 128;\n"
              "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%in+16384], 128, [%r1];\n"
              "AGAIN: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;\n@!%p2 bra AGAIN;\nEND:",
              test);
  ASSERT_EQ(run.report.verdicts.size(), 2u);
  EXPECT_EQ(run.report.verdicts[0].kind, VerdictKind::Misuse);
  EXPECT_EQ(run.report.verdicts[1].kind, VerdictKind::Deadlock);
}

TEST(KeepGoing, OtherClustersGoOnAfterADeadlock) {
  TestLaunch test;
  test.grid = 2;
  test.options.keepsGoing = true;
  TestRun run = runBody("mov.u32 %r1, %ctaid.x;\nsetp.eq.u32 %p1, %r1, 0;\n@!%p1 bra OTHER;\n"
                        "AGAIN: bra AGAIN;\nOTHER: trap;\n",
                        test);
  ASSERT_EQ(run.report.verdicts.size(), 2u);
}

/// A warp that does not end is taken out.
TEST(KeepGoing, EndsAWarpAtTheLimit) {
  TestLaunch test;
  test.threads = 64;
  test.options.keepsGoing = true;
  test.options.instructionLimit = 1000;
  TestRun run = runBody("setp.ge.u32 %p1, %tid, 32;\n@%p1 bra OTHER;\nmov.u32 %r1, 0;\nAGAIN: add.u32 %r1, %r1, 1;\n"
                        "bra AGAIN;\nOTHER: trap;",
                        test);
  ASSERT_EQ(run.report.verdicts.size(), 2u);
}

Suppression suppress(const std::string &text) { return parseSuppression(text, "--ignore"); }

TEST(Suppressions, TheRunGoesOn) {
  TestLaunch test;
  test.options.suppressions = {suppress("misuse:" + std::to_string(firstLine())), suppress("race"), suppress("misuse")};
  TestRun run = runBody(faults, test);
  EXPECT_TRUE(run.report.isClean()) << run.verdict();
  EXPECT_EQ(run.report.suppressed, (std::vector<uint64_t>{1, 0, 2}));
  test.options.suppressions.pop_back();
  EXPECT_EQ(heads(runBody(faults, test)), Heads{at("misuse", 1)});
}

TEST(Suppressions, MatchASource) {
  Verdict verdict;
  verdict.kind = VerdictKind::Race;
  verdict.line = 7;
  verdict.source = "/src/kernels/attention.cu:12:8";
  EXPECT_TRUE(suppress("race:attention.cu:12").matches(verdict));
  EXPECT_TRUE(suppress("race:kernels/attention.cu:12").matches(verdict));
  EXPECT_TRUE(suppress("race:/src/kernels/attention.cu:12").matches(verdict));
  EXPECT_FALSE(suppress("race:tention.cu:12").matches(verdict));
  EXPECT_FALSE(suppress("race:attention.cu:1").matches(verdict));
  EXPECT_TRUE(suppress("race:7").matches(verdict));
  EXPECT_FALSE(suppress("race:8").matches(verdict));
  EXPECT_FALSE(suppress("misuse").matches(verdict));
}

std::string complaint(const std::string &text) {
  try {
    suppress(text);
  } catch (const Stop &stop) {
    return stop.found.message;
  }
  return "";
}

TEST(Suppressions, Complaints) {
  std::string form = " should be KIND, KIND:LINE or KIND:FILE:LINE; ";
  std::string kinds = "KIND is one of race, deadlock, misuse, uninitialised, assertion, mismatch";
  EXPECT_EQ(complaint("rice:3"), "--ignore: 'rice:3'" + form + kinds);
  EXPECT_EQ(complaint("syntax"), "--ignore: 'syntax'" + form + kinds);
  EXPECT_EQ(complaint("race:0"), "--ignore: 'race:0'" + form + "LINE is a number from 1");
  EXPECT_EQ(complaint("race:"), "--ignore: 'race:'" + form + "LINE is a number from 1");
  EXPECT_EQ(complaint("race::3"), "--ignore: 'race::3'" + form + "LINE is a number from 1");
  EXPECT_EQ(complaint("race:a.cu:x"), "--ignore: 'race:a.cu:x'" + form + "LINE is a number from 1");
}

TEST(Suppressions, FilesHaveComments) {
  auto made = parseSuppressions("# all of it\nrace:12  # known\n\n  misuse:a b.cu:3\r\n", "known.txt");
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].line, 12u);
  EXPECT_EQ(made[0].origin, "known.txt:2");
  EXPECT_EQ(made[1].source, "a b.cu:3");
  EXPECT_EQ(made[1].origin, "known.txt:4");
}

} // namespace
} // namespace girih::sim
