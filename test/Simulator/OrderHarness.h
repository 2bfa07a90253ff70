//===- OrderHarness.h - Programs that are ordered, or race ------*- C++ -*-===//
#ifndef GIRIH_TEST_SIMULATOR_ORDERHARNESS_H
#define GIRIH_TEST_SIMULATOR_ORDERHARNESS_H

#include "Harness.h"

namespace girih::sim {

/// %r0 of each thread to its word of the output.
inline const std::string storeR0 =
    "mul.wide.u32 %rd30, %tid, 4;\nadd.s64 %rd30, %out, %rd30;\nst.global.b32 [%rd30], %r0;\n";

/// An mbarrier at smem (%r40) with `count` arrivals; %p9 is false in thread 0.
inline std::string setup(const std::string &count) {
  return "mov.u32 %r40, smem;\nsetp.ne.u32 %p9, %tid, 0;\n@%p9 bra READY;\nmbarrier.init.shared::cta.b64 [%r40], " +
         count + ";\nfence.mbarrier_init.release.cluster;\nREADY: bar.sync 0;\n";
}

inline std::string replaced(std::string text, const std::string &what, const std::string &with) {
  size_t at = text.find(what);
  EXPECT_NE(at, text.npos) << what;
  return at == text.npos ? text : text.replace(at, what.size(), with);
}

struct OrderPlan {
  const char *name;
  Schedule schedule;
  uint64_t seed;
};
inline const OrderPlan orderPlans[] = {{"deterministic", Schedule::Deterministic, 1},
                                       {"late", Schedule::Late, 1},
                                       {"early", Schedule::Early, 1},
                                       {"random 1", Schedule::Random, 1},
                                       {"random 2", Schedule::Random, 2},
                                       {"random 3", Schedule::Random, 3}};

/// No verdict under any schedule; the last run comes back.
inline TestRun expectOrdered(const std::string &body, TestLaunch test = {}) {
  TestRun run;
  for (const OrderPlan &plan : orderPlans) {
    test.options.schedule = plan.schedule;
    test.options.seed = plan.seed;
    run = runBody(body, test);
    EXPECT_EQ(run.verdict(), "") << plan.name << "\n" << body;
  }
  return run;
}

/// A race or, where a schedule brings the value late, an undefined value,
/// under every schedule; the verdict of the first comes back.
inline std::string raceOrUndefined(const std::string &body, TestLaunch test = {}) {
  std::string first;
  for (const OrderPlan &plan : orderPlans) {
    test.options.schedule = plan.schedule;
    test.options.seed = plan.seed;
    TestRun run = runBody(body, test);
    if (first.empty())
      first = run.verdict();
    if (run.report.verdicts.empty()) {
      ADD_FAILURE() << "no verdict, " << plan.name << "\n" << body;
      continue;
    }
    VerdictKind kind = run.report.verdicts[0].kind;
    EXPECT_TRUE(kind == VerdictKind::Race || kind == VerdictKind::Uninitialised) << run.verdict();
  }
  return first;
}

/// A race under every schedule.
inline std::string expectRace(const std::string &body, TestLaunch test = {}) {
  std::string first = raceOrUndefined(body, test);
  EXPECT_EQ(first.substr(0, 4), "race") << first << "\n" << body;
  return first;
}

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_ORDERHARNESS_H
