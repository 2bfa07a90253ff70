//===- SearchTest.cpp - Which schedule is measured next -------------------===//

#include "girih/Tune/Search.h"
#include "girih/Tune/Evaluate.h"
#include <cmath>
#include <gtest/gtest.h>
#include <set>

using namespace girih::tune;

namespace {

/// 3 x 10 x 3 x 3 schedules, and a model that knows `share` of what b does.
std::vector<Row> landscape(double share) {
  std::vector<Row> rows;
  for (int a = 0; a < 3; ++a)
    for (int b = 0; b < 10; ++b)
      for (int c = 0; c < 3; ++c)
        for (int d = 0; d < 3; ++d) {
          Row row;
          row.schedule = "a=" + std::to_string(a) + ",b=" + std::to_string(b) + ",c=" + std::to_string(c) +
                         ",d=" + std::to_string(d);
          row.state = State::Timed;
          double rest = 1 + 0.2 * std::abs(a - 1) + 0.1 * c + 0.03 * d;
          row.milliseconds = rest + 0.05 * std::abs(b - 6);
          row.predicted = rest + share * 0.05 * std::abs(b - 6);
          rows.push_back(row);
        }
  return rows;
}

std::vector<Candidate> candidates(int count) {
  std::vector<Candidate> list;
  for (int i = 0; i < count; ++i)
    list.push_back({"a=" + std::to_string(i), double(count - i)});
  return list;
}

} // namespace

TEST(SearchTest, without_a_limit_gives_each_once_in_an_order_of_the_seed) {
  auto orderOf = [](uint64_t seed) {
    Search search(candidates(20), 20, seed);
    std::vector<size_t> order;
    while (auto next = search.next()) {
      order.push_back(*next);
      search.tell(*next, 1.0);
    }
    return order;
  };
  std::vector<size_t> one = orderOf(1);
  EXPECT_EQ(20u, std::set<size_t>(one.begin(), one.end()).size());
  EXPECT_EQ(one, orderOf(1));
  EXPECT_NE(one, orderOf(2));
}

TEST(SearchTest, limited_begins_with_what_the_model_prefers) {
  Search search(candidates(20), 6, 1);
  EXPECT_EQ(19u, search.next());
  EXPECT_EQ(18u, search.next());
}

TEST(SearchTest, earlier_measurements_count) {
  Search search(candidates(20), 6, 1);
  for (size_t i = 15; i < 20; ++i)
    search.tell(i, std::nullopt);
  EXPECT_TRUE(search.next());
  EXPECT_FALSE(search.next());
}

TEST(SearchTest, goes_on_from_nothing_that_has_a_time) {
  Search search(candidates(20), 8, 1);
  int given = 0;
  while (auto next = search.next()) {
    search.tell(*next, std::nullopt);
    ++given;
  }
  EXPECT_EQ(8, given);
}

TEST(EvaluateTest, perfect_model_has_no_regret) {
  Evaluation result = evaluate(landscape(1), 0.1);
  EXPECT_EQ(270u, result.timed);
  EXPECT_EQ(27u, result.limit);
  EXPECT_NEAR(1, result.rankCorrelation, 1e-9);
  EXPECT_EQ(0, result.modelRegret);
  EXPECT_EQ(0, result.searchRegret);
}

TEST(EvaluateTest, search_finds_what_a_poor_model_hides) {
  Evaluation result = evaluate(landscape(0), 0.1);
  EXPECT_LT(result.rankCorrelation, 0.95);
  EXPECT_GT(result.modelRegret, 0.02);
  EXPECT_LE(result.searchRegret, 0.02);
}

TEST(EvaluateTest, nothing_timed_is_no_best) {
  std::vector<Row> rows(3);
  rows[0].state = State::Wrong;
  Evaluation result = evaluate(rows, 0.1);
  EXPECT_EQ(1u, result.wrong);
  EXPECT_EQ(2u, result.failed);
  EXPECT_EQ(0u, result.timed);
}
