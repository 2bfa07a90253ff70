//===- FindingsTest.cpp - Reports of runs, and their forms ----------------===//
#include "Harness.h"

#include "girih/Simulator/Findings.h"

#include <nlohmann/json.hpp>
#include <sstream>

namespace girih::sim {
namespace {

using nlohmann::json;

/// A copy whose mbarrier nobody fences; the second copy makes it two uses.
const char *const unfenced =
    "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra END;\nmov.u32 %r1, smem;\n"
    "mbarrier.init.shared::cta.b64 [%r1], 1;\n"
    "mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r1], 256;\nadd.u32 %r2, %r1, 128;\n"
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%in], 128, [%r1];\n"
    "add.u32 %r2, %r1, 256;\n"
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%in], 128, [%r1];\n"
    "AGAIN: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;\n@!%p2 bra AGAIN;\nEND:";

std::string loop(const std::string &name) {
  return "mov.u32 %r6, 0;\n" + name + ": add.u32 %r6, %r6, 1;\nsetp.lt.u32 %p3, %r6, 40;\n@%p3 bra " + name + ";\n";
}

/// Two lanes of warp 1 end two phases at once; warp 0 waits for the first.
std::string lapped(const std::string &beforeTheWait, const std::string &beforeTheArrivals) {
  return "mov.u32 %r1, smem;\nsetp.ne.u32 %p1, %tid, 0;\n@%p1 bra READY;\nmbarrier.init.shared::cta.b64 [%r1], 1;\n"
         "READY: bar.sync 0;\nshr.u32 %r2, %tid, 1;\nsetp.eq.u32 %p2, %r2, 16;\n@%p2 bra ARRIVE;\n@%p1 bra END;\n" +
         beforeTheWait +
         "AGAIN: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;\n@!%p2 bra AGAIN;\nbra END;\nARRIVE:\n" +
         beforeTheArrivals + "mbarrier.arrive.shared::cta.b64 _, [%r1];\nEND:";
}

Findings find(const std::string &body, unsigned threads = 32) {
  TestLaunch test;
  test.threads = threads;
  test.options.wantsTrace = test.options.wantsCoverage = true;
  std::string ptx = makeModule(body);
  Findings findings;
  findings.ptxPath = "a folder/test.ptx";
  findings.ptx = ptx;
  findings.kernel = "test";
  findings.rules = "isa";
  findings.schedule = "deterministic";
  findings.runs = 1;
  findings.add(runModule(ptx, test).report, Simulator(ptx, "test"));
  return findings;
}

bool has(const std::string &text, const std::string &part) { return text.find(part) != text.npos; }

TEST(Findings, VerdictsOfOneCauseAreOne) {
  Findings findings = find(unfenced);
  ASSERT_EQ(findings.verdicts.size(), 2u);
  auto groups = groupByCause(findings.verdicts);
  ASSERT_EQ(groups.size(), 1u);
  std::string text = groups[0].str();
  EXPECT_TRUE(text.starts_with("race: the mbarrier at 2048 is never fenced: 2 uses\n  line ") ||
              text.starts_with("race: the mbarrier at 1024 is never fenced: 2 uses\n  line "))
      << text;
  // Each use in a line of its own, with what belongs to it further to the right.
  EXPECT_TRUE(has(text, "\n    by cta (0, 0, 0) warp 0 lanes 0x00000001\n")) << text;
}

TEST(Findings, RunsAddUp) {
  Findings findings = find(unfenced), more = find(unfenced);
  TestLaunch test;
  std::string ptx = findings.ptx;
  findings.add(runModule(ptx, test).report, Simulator(ptx, "test"));
  EXPECT_EQ(findings.verdicts.size(), 2u);
  EXPECT_EQ(findings.verdicts[0].times, 2u);
  EXPECT_EQ(findings.warpInstructions, 2 * more.warpInstructions);
}

TEST(Findings, ALappedWaiterIsNamed) {
  Findings findings = find(lapped("", loop("LATER")), 64);
  ASSERT_EQ(findings.verdicts.size(), 1u);
  EXPECT_EQ(findings.verdicts[0].kind, VerdictKind::Deadlock);
  EXPECT_TRUE(has(findings.verdicts[0].str(), "; lapped: 2 phases have ended since it began to wait, so that it is 2 "
                                              "phases behind"))
      << findings.verdicts[0].str();
}

/// The waiter comes when both phases are over.
TEST(Findings, AWaiterThatComesTooLateIsNamed) {
  Findings findings = find(lapped(loop("LATER"), ""), 64);
  ASSERT_EQ(findings.verdicts.size(), 1u);
  EXPECT_TRUE(has(findings.verdicts[0].str(), "; lapped, unless it means to skip phases: it has seen 0 phases end and "
                                              "2 have, so that it is 2 phases behind"))
      << findings.verdicts[0].str();
}

/// Two warps that wait for each other's arrival.
const char *const crossed =
    "mov.u32 %r1, smem;\nshl.b32 %r2, %warp, 3;\nadd.u32 %r2, %r1, %r2;\nxor.b32 %r3, %r2, 8;\n"
    "setp.ne.u32 %p1, %lane, 0;\n@%p1 bra READY;\nmbarrier.init.shared::cta.b64 [%r2], 1;\nREADY: bar.sync 0;\n"
    "@%p1 bra END;\nmbarrier.arrive.shared::cta.b64 _, [%r3];\n"
    "FIRST: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 0;\n@!%p2 bra FIRST;\n"
    "AGAIN: mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r2], 1;\n@!%p2 bra AGAIN;\n"
    "mbarrier.arrive.shared::cta.b64 _, [%r3];\nEND:";

TEST(Findings, ADeadlockIsAPicture) {
  Findings findings = find(crossed, 64);
  ASSERT_EQ(findings.verdicts.size(), 1u);
  const std::vector<Waiter> &waiters = findings.verdicts[0].waiters;
  ASSERT_EQ(waiters.size(), 2u);
  EXPECT_TRUE(waiters[0].isInCycle && waiters[1].isInCycle);
  EXPECT_EQ(waiters[0].others, std::vector<size_t>{1});
  EXPECT_TRUE(has(waiters[0].object, "mbarrier ") && has(waiters[0].object, " of cta (0, 0, 0)"));
  std::string picture = drawWaitGraph(waiters);
  auto count = [&](const std::string &part) {
    size_t found = 0;
    for (size_t at = picture.find(part); at != picture.npos; at = picture.find(part, at + 1))
      ++found;
    return found;
  };
  // Two waiters and two barriers; one line each way for both, in red.
  EXPECT_EQ(count("<rect"), 4u);
  EXPECT_EQ(count("<line"), 4u);
  EXPECT_EQ(count("stroke-dasharray"), 2u);
  EXPECT_EQ(count("#c00"), 8u);
  std::vector<Waiter> many(50, waiters[0]);
  EXPECT_TRUE(has(drawWaitGraph(many), ">and 10 more<"));
}

TEST(Findings, Json) {
  std::ostringstream out;
  Findings findings = find(crossed, 64);
  findings.verdicts[0].source = "dir/a.cu:3:4";
  writeJson(out, findings);
  json report = json::parse(out.str());
  EXPECT_EQ(report["girih_report"], 1);
  EXPECT_EQ(report["status"], "failed");
  EXPECT_EQ(report["kernel"], "test");
  const json &verdict = report["verdicts"][0];
  EXPECT_EQ(verdict["kind"], "deadlock");
  EXPECT_EQ(verdict["line"], findings.verdicts[0].line);
  EXPECT_EQ(verdict["source"], (json{{"file", "dir/a.cu"}, {"line", 3}, {"column", 4}}));
  EXPECT_EQ(verdict["waiters"].size(), 2u);
  EXPECT_EQ(verdict["waiters"][0]["in_cycle"], true);
  EXPECT_EQ(report["coverage"].size(), findings.coverage.size());
}

TEST(Findings, JsonReplacesWhatIsNoText) {
  Findings findings;
  findings.kernel = "\xff";
  std::ostringstream out;
  writeJson(out, findings);
  EXPECT_EQ(json::parse(out.str())["kernel"], "\xef\xbf\xbd");
}

TEST(Findings, Sarif) {
  std::ostringstream out;
  Findings findings = find(unfenced);
  findings.notes.push_back({Rule::BulkExit, 0, "warp 0"});
  writeSarif(out, findings);
  json log = json::parse(out.str());
  const json &run = log["runs"][0];
  ASSERT_EQ(run["results"].size(), 3u);
  const json &result = run["results"][0];
  EXPECT_EQ(result["ruleId"], "race");
  EXPECT_EQ(run["tool"]["driver"]["rules"][result["ruleIndex"].get<size_t>()]["id"], "race");
  const json &place = result["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "a%20folder/test.ptx");
  EXPECT_EQ(place["region"]["startLine"], findings.verdicts[0].line);
  EXPECT_EQ(run["results"][2]["level"], "note");
}

TEST(Findings, Html) {
  std::ostringstream out;
  Findings findings = find(crossed, 64);
  findings.verdicts[0].source = "dir/a.cu:2:4";
  writeHtml(out, findings, [](const std::string &path) { return "one of " + path + "\ntwo <b> & more\nthree"; });
  std::string page = out.str(), line = std::to_string(findings.verdicts[0].line);
  EXPECT_TRUE(has(page, "<a href=\"#L" + line + "\">line " + line + "</a>: no warp"));
  EXPECT_TRUE(has(page, "<tr id=\"L" + line + "\" class=\"bad\">"));
  EXPECT_TRUE(has(page, "<svg class=\"waits\""));
  EXPECT_TRUE(has(page, "<svg class=\"timeline\""));
  EXPECT_TRUE(has(page, "<span class=\"hit\">2  two &lt;b&gt; &amp; more</span>"));
  EXPECT_TRUE(has(page, " class=\"never\""));
  for (const char *remote : {"src=", "<link", "<script", "@import"})
    EXPECT_FALSE(has(page, remote)) << remote;
}

TEST(Findings, Coverage) {
  Findings findings =
      find("setp.eq.u32 %p1, %tid, 99;\n@%p1 add.u32 %r1, %r1, 1;\n@!%p1 bra END;\nadd.u32 %r1, %r1, 2;\n"
           "\nadd.u32 %r1, %r1, 3;\nEND: mov.u32 %r2, 0;\nbra LAST;\nmov.u32 %r3, 0;\nLAST:");
  std::ostringstream out;
  printCoverage(out, findings);
  std::string text = out.str();
  size_t all = findings.coverage.size();
  EXPECT_TRUE(text.starts_with("coverage: " + std::to_string(all - 4) + " of " + std::to_string(all) +
                               " instructions executed\n"))
      << text;
  // Three places: a guard that is never true, two instructions behind each other, one more.
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 4) << text;
  EXPECT_TRUE(has(text, ": add.u32 and 1 more\n")) << text;
}

} // namespace
} // namespace girih::sim
