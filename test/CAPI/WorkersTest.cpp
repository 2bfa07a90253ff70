//===- WorkersTest.cpp - The rule of few work items beside what was measured ----===//

#include "girih-c/girih.h"
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <memory>
#include <string>

namespace {

/// Attention of one batch with as many keys as queries.
struct Case {
  int head;
  std::string mask;
  long heads, length;
  auto operator<=>(const Case &) const = default;
};

/// How many workers, and whether each item has a CTA where others take items from a counter.
struct Choice {
  int workers;
  bool isFlat = false;
  auto operator<=>(const Choice &) const = default;
};

/// Microseconds, of the kernels with the columns that the compiler chooses.
using Times = std::map<Case, std::map<Choice, double>>;

void readTimes(const char *path, Times &times) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    Case found;
    char mask[16], rest[16];
    int workers;
    double time;
    if (std::sscanf(line.c_str(), "d%d_%15[^_]_w%d_%15[^,],%ld,%ld,%lf", &found.head, mask, &workers, rest,
                    &found.heads, &found.length, &time) != 7)
      continue;
    found.mask = mask;
    // Keys of 64 or fewer have tiles of 64 columns, and so has head size 256; p0 is a CTA for each item, p2 a counter,
    // as is what says neither.
    std::string name = rest, columns = found.length > 64 ? "c128" : "c64";
    bool isWide = found.head == 256, isFlat = !isWide && name.ends_with("p0");
    if (isWide ? name == (found.mask == "none" ? "c64" : "p0")
               : name == columns || name == columns + "p0" || name == columns + "p2")
      times[found][{workers, isFlat}] = time;
  }
}

class Rule {
public:
  Rule(int head, const std::string &mask) {
    std::string problem = "b=?,h=?,sq=?,d=" + std::to_string(head) + ",mask=" + mask;
    GirihCompileOptions options{};
    options.structSize = sizeof options;
    options.target = "sm_90a";
    rule.reset(girihScheduleRuleCreate({problem.data(), problem.size()}, &options, nullptr));
  }

  Choice choiceFor(const Case &at, int usual) const {
    int64_t shape[4] = {1, at.heads, at.length, at.head};
    GirihText text = girihScheduleRuleKnobs(rule.get(), girihScheduleRuleClassOf(rule.get(), shape, 0));
    std::string knobs(text.data, text.size);
    return {knobs.empty() ? usual : std::stoi(knobs.substr(sizeof "workers=" - 1)), knobs.ends_with(",persistent=0")};
  }

private:
  std::unique_ptr<GirihScheduleRule, decltype(&girihScheduleRuleDestroy)> rule{nullptr, girihScheduleRuleDestroy};
};

} // namespace

/// On an H200 its kernel is nearly always the fastest one.
TEST(WorkersTest, few_work_items) {
  Times times;
  readTimes(GIRIH_SHAPES, times);
  readTimes(GIRIH_FLAT_SHAPES, times);
  ASSERT_EQ(times.size(), 246u);
  double sum = 0, worst = 0, worstCausal = 0;
  for (const auto &[at, byChoice] : times) {
    int usual = byChoice.rbegin()->first.workers;
    Choice chosen = Rule(at.head, at.mask).choiceFor(at, usual);
    double best = std::min_element(byChoice.begin(), byChoice.end(), [](auto &a, auto &b) {
                    return a.second < b.second;
                  })->second;
    ASSERT_TRUE(byChoice.count(chosen)) << at.head << " " << at.heads << " " << at.length << " " << chosen.workers;
    double loss = byChoice.at(chosen) / best - 1;
    sum += loss;
    worst = std::max(worst, loss);
    if (at.mask == "causal")
      worstCausal = std::max(worstCausal, loss);
    if (loss > 0.02)
      std::printf("head size %d, %s, %ld heads, %ld keys: %d workers%s lose %.1f %%\n", at.head, at.mask.c_str(),
                  at.heads, at.length, chosen.workers, chosen.isFlat ? ", flat," : "", 100 * loss);
  }
  std::printf("mean loss %.2f %%, worst %.1f %%, worst causal %.1f %%\n", 100 * sum / double(times.size()), 100 * worst,
              100 * worstCausal);
  EXPECT_LT(sum / double(times.size()), 0.0015);
  EXPECT_LT(worst, 0.12);
  EXPECT_LT(worstCausal, 0.045);
}

/// Where a counter would give the CTA with the longest item a second one too early, each has its own, if items are
/// long.
TEST(WorkersTest, items_are_taken_ahead) {
  for (auto [heads, length] : {std::pair(16, 1024), {4, 4096}, {8, 2048}})
    EXPECT_EQ(Rule(128, "causal").choiceFor({128, "causal", heads, length}, 2), (Choice{1, true}));
  EXPECT_EQ(Rule(128, "causal").choiceFor({128, "causal", 16, 2048}, 2), (Choice{2, true}));
  EXPECT_EQ(Rule(128, "causal").choiceFor({128, "causal", 64, 512}, 2), (Choice{2, false}));
  EXPECT_EQ(Rule(128, "causal").choiceFor({128, "causal", 8, 1024}, 2), (Choice{1, true}));
  EXPECT_EQ(Rule(256, "causal").choiceFor({256, "causal", 16, 1024}, 2), (Choice{1, false})); // a CTA for each item
  EXPECT_EQ(Rule(64, "none").choiceFor({64, "none", 1L << 40, 1L << 60}, 3), (Choice{3, false}));
}
