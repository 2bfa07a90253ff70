//===- TraceTest.cpp - Timelines as a viewer reads them -------------------===//
#include "Harness.h"

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace girih::sim {
namespace {

using nlohmann::json;

struct Timeline {
  json events;
  /// Names of the rows by thread.
  std::map<int, std::string> rows;

  explicit Timeline(const std::vector<TraceEvent> &trace) {
    std::ostringstream text;
    writeTrace(text, trace);
    events = json::parse(text.str()).at("traceEvents");
    for (const json &event : events)
      if (event.at("name") == "thread_name")
        rows[event.at("tid")] = event.at("args").at("name");
  }
  std::vector<json> slices(const std::string &row) const {
    std::vector<json> found;
    for (const json &event : events)
      if (event.at("ph") == "X" && rows.at(event.at("tid")) == row)
        found.push_back(event);
    return found;
  }
  std::vector<json> phase(const std::string &ph) const {
    std::vector<json> found;
    for (const json &event : events)
      if (event.at("ph") == ph)
        found.push_back(event);
    return found;
  }
};

/// One thread copies twice 64 bytes and all wait for them; then the second
/// warp meets the first.
const std::string copies =
    "setp.ne.u32 %p1, %tid, 0;\n@%p1 bra READY;\nmbarrier.init.shared.b64 [smem], 1;\n"
    "fence.mbarrier_init.release.cluster;\nmbarrier.arrive.expect_tx.shared.b64 _, [smem], 128;\n"
    "mov.u32 %r1, smem;\nadd.u32 %r2, %r1, 128;\nadd.u32 %r3, %r1, 256;\n"
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%in], 64, [%r1];\n"
    "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r3], [%in], 64, [%r1];\n"
    "READY: bar.sync 0;\nAGAIN: mbarrier.try_wait.parity.shared.b64 %p2, [smem], PARITY;\n@!%p2 bra AGAIN;\n";

TestRun runTraced(Schedule schedule, const std::string &parity = "0") {
  std::string body = copies;
  body.replace(body.find("PARITY"), 6, parity);
  TestLaunch test;
  test.threads = 64;
  test.options.wantsTrace = true;
  test.options.schedule = schedule;
  return runBody(body, test);
}

TEST(Trace, RowsSlicesAndArrows) {
  for (Schedule schedule : {Schedule::Deterministic, Schedule::Late, Schedule::Early, Schedule::Random}) {
    TestRun run = runTraced(schedule);
    ASSERT_EQ(run.verdict(), "");
    Timeline timeline(run.report.trace);
    std::set<std::string> names;
    for (const auto &[thread, name] : timeline.rows)
      names.insert(name);
    EXPECT_EQ(names, (std::set<std::string>{"warp 0", "warp 1", "copy engine"}));
    EXPECT_FALSE(timeline.slices("warp 0").empty());
    auto transfers = timeline.slices("copy engine");
    ASSERT_EQ(transfers.size(), 2u);
    for (const json &transfer : transfers)
      EXPECT_NE(transfer.at("args").at("detail").get<std::string>().find("64 bytes"), std::string::npos);
    // An arrow starts in the warp that issued and ends in the transfer.
    auto begins = timeline.phase("s"), ends = timeline.phase("f");
    ASSERT_EQ(begins.size(), 2u);
    ASSERT_EQ(ends.size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(begins[i].at("id"), ends[i].at("id"));
      EXPECT_EQ(timeline.rows.at(begins[i].at("tid")), "warp 0");
      EXPECT_EQ(timeline.rows.at(ends[i].at("tid")), "copy engine");
    }
  }
}

TEST(Trace, EveryFieldOfTheFormat) {
  Timeline timeline(runTraced(Schedule::Random).report.trace);
  std::map<int, uint64_t> endOf;
  for (const json &event : timeline.events) {
    EXPECT_TRUE(event.at("name").is_string() && event.at("pid").is_number_unsigned() && event.at("tid").is_number());
    if (event.at("ph") != "X")
      continue;
    EXPECT_GT(event.at("dur").get<uint64_t>(), 0u);
    // Slices of a row come in order and do not overlap.
    EXPECT_GE(event.at("ts").get<uint64_t>(), endOf[event.at("tid")]);
    endOf[event.at("tid")] = event.at("ts").get<uint64_t>() + event.at("dur").get<uint64_t>();
  }
}

TEST(Trace, WaitsNameTheirBarrier) {
  Timeline timeline(runTraced(Schedule::Late).report.trace);
  std::set<std::string> names;
  for (const json &slice : timeline.slices("warp 1"))
    names.insert(slice.at("name"));
  EXPECT_TRUE(names.count("wait mbarrier 1024") && names.count("run")) << json(names).dump();
}

TEST(Trace, ADeadlockShowsTheWaitWithoutAnEnd) {
  TestRun stuck =
      runBody("mbarrier.init.shared.b64 [smem], 1;\nAGAIN: mbarrier.try_wait.parity.shared.b64 %p2, [smem], "
              "0;\n@!%p2 bra AGAIN;\n",
              [] {
                TestLaunch test;
                test.threads = 1;
                test.options.wantsTrace = true;
                return test;
              }());
  EXPECT_EQ(stuck.report.verdicts.at(0).kind, VerdictKind::Deadlock);
  auto slices = Timeline(stuck.report.trace).slices("warp 0");
  ASSERT_FALSE(slices.empty());
  EXPECT_NE(slices.back().at("args").at("detail").get<std::string>().find("without an end"), std::string::npos);
}

TEST(Trace, RolesNameRowsAndOverlapGetsItsOwnLine) {
  std::vector<TraceEvent> trace = {{0, "warp 10 (write)", "run", "", 0, 1, "", 0},
                                   {0, "warp 2 (load)", "run", "", 0, 1, "", 0},
                                   {0, "warp 2 (load)", "run", "", 1, 2, "", 0},
                                   {0, "copy engine", "tensor load", "line 1", 1, 5, "warp 2 (load)", 1},
                                   {0, "copy engine", "tensor load", "line 2", 2, 4, "warp 2 (load)", 2}};
  Timeline timeline(trace);
  // Consecutive rounds are one slice; warps come before units, in order.
  ASSERT_EQ(timeline.slices("warp 2 (load)").size(), 1u);
  EXPECT_EQ(timeline.slices("warp 2 (load)")[0].at("dur"), 2);
  EXPECT_EQ(timeline.rows, (std::map<int, std::string>{
                               {1, "warp 2 (load)"}, {2, "warp 10 (write)"}, {3, "copy engine"}, {4, "copy engine"}}));
}

} // namespace
} // namespace girih::sim
