//===- ExtrapolationTest.cpp - From some clusters to all of a launch ------===//
#include "../../lib/Simulator/Machine/Extrapolation.h"

#include <gtest/gtest.h>

#include <cmath>

namespace girih::sim {
namespace {

struct Found {
  double worst = 0, mean = 0;
  size_t simulated = 0;
};

/// The extrapolation beside what each cluster takes.
template <class F> Found extrapolate(uint32_t count, uint32_t unit, F cyclesOf, uint64_t items = 0) {
  Extrapolation extrapolation(count, items, unit, 3, [&](uint32_t i) { return ClusterCost{cyclesOf(i), 1, 1000}; });
  std::vector<ClusterCost> all = extrapolation.all();
  EXPECT_EQ(all.size(), count);
  Found found;
  double total = 0, right = 0;
  for (uint32_t i = 0; i < count; ++i) {
    found.worst = std::max(found.worst, std::abs(all[i].cycles / cyclesOf(i) - 1));
    total += all[i].cycles;
    right += cyclesOf(i);
  }
  found.mean = total / right - 1;
  found.simulated = extrapolation.found().size();
  return found;
}

TEST(Extrapolation, ThreeClustersTellThatAllAreAlike) {
  Found found = extrapolate(1000, 16, [](uint32_t) { return 5000.0; });
  EXPECT_EQ(found.worst, 0);
  EXPECT_EQ(found.simulated, 4u);
}

TEST(Extrapolation, SharesOfItemsTellWhatTheOthersTake) {
  // 512 items of 132 clusters: the first 116 have four, the others three.
  Found found = extrapolate(132, 8, [](uint32_t i) { return i < 116 ? 4000.0 : 3000.0; }, 512);
  EXPECT_LT(found.worst, 1e-9);
  EXPECT_EQ(found.simulated, 4u);
}

TEST(Extrapolation, ItemsThatDoNotComeOutEvenAreCounted) {
  // 272 items of 132 clusters: only the first eight have three.
  Found found = extrapolate(132, 17, [](uint32_t i) { return i < 8 ? 3000.0 : 2000.0; }, 272);
  EXPECT_LT(found.worst, 1e-9);
  EXPECT_EQ(found.simulated, 4u);
}

TEST(Extrapolation, EndsTellWhatNeighboursInTheMiddleDoNot) {
  // 128 heads of one block after another, 22 blocks: those near a third, the
  // next one and five sixths of a grid can have as much to do.
  Found found = extrapolate(
      2816, 22, [](uint32_t i) { return i / 128 == 11 || i / 128 == 3 ? 9000.0 : 3000.0 + 500 * (21 - i / 128); });
  EXPECT_GT(found.simulated, 4u);
  EXPECT_LT(std::abs(found.mean), 0.03);
}

TEST(Extrapolation, BlocksOfACausalMaskRepeat) {
  // Blocks are counted fastest, from the longest or the shortest on.
  Found found = extrapolate(2048, 16, [](uint32_t i) { return 3000.0 + 900 * (15 - i % 16); });
  EXPECT_LT(found.worst, 1e-9);
  EXPECT_LT(found.simulated, 32u);
  // As few as two of them.
  EXPECT_LT(extrapolate(256, 2, [](uint32_t i) { return i % 2 ? 4000.0 : 7000.0; }).worst, 1e-9);
  // More than are simulated: on lines between them.
  EXPECT_LT(extrapolate(4096, 128, [](uint32_t i) { return 3000.0 + 900 * (i % 128); }).worst, 1e-9);
}

TEST(Extrapolation, GroupsOfHeadsTakeOneBlockAfterAnother) {
  // Eight heads of one block, then of the next.
  Found found = extrapolate(2048, 16, [](uint32_t i) { return 3000.0 + 900 * (15 - i / 8 % 16); });
  EXPECT_LT(std::abs(found.mean), 0.02);
  // All heads of one block: nothing repeats.
  found = extrapolate(2048, 16, [](uint32_t i) { return 3000.0 + 900 * (15 - i / 128); });
  EXPECT_LT(std::abs(found.mean), 0.02);
}

TEST(SharedCounter, WorkOfOneSizeTakesAsLongAsTheOne) {
  // Ten places, 35 items: four rounds, the next number asked for ahead of each.
  SharedCounter ahead({{0, {{100}, {1000}, {2000}, {3000}}, {}, 4000}}, 10, 35);
  EXPECT_NEAR(ahead.cycles(), 4000, 1);
  // The same when the work on one ends, and when the number of items is not known.
  EXPECT_NEAR(SharedCounter({{0, {{1000}, {2000}, {3000}, {3900}}, {}, 4000}}, 10, 35).cycles(), 4000, 1);
  EXPECT_NEAR(SharedCounter({{0, {{100}, {1000}, {2000}, {3000}}, {}, 4000}}, 10, 0).cycles(), 4000, 1);
  EXPECT_NEAR(ahead.shares(), 35.0 / 4, 1e-9);
}

TEST(SharedCounter, ItemsEndWithTheirStores) {
  // The numbers were asked for long before; two stores an item.
  CounterRun run{0, {{100}, {200}, {300}}, {3900, 4000, 6900, 7000, 8900, 9000}, 9000};
  // Whoever has asked for all of its numbers ahead ends as it would alone: the
  // first place has the longest of each round.
  EXPECT_NEAR(SharedCounter({run}, 10, 30).cycles(), 9000, 1);
  // Asked for at the end of each, the longest first end together.
  run.taken = {{4000}, {7000}, {9000}};
  EXPECT_LT(SharedCounter({run}, 10, 30).cycles(), 8600);
}

TEST(SharedCounter, ItemsOfGroupsAreLookedAtApart) {
  // Groups of 10 heads, each with its longest blocks first; the last has two.
  // The first of each ten items has more to do than the others.
  std::vector<double> costs;
  for (int heads : {10, 10, 10, 2})
    for (int block = 32; block > 0; --block)
      costs.insert(costs.end(), size_t(heads), 100.0 * block);
  constexpr uint32_t places = 132;
  std::vector<CounterRun> runs;
  for (uint32_t place : {0u, 22u, 44u, 66u}) {
    CounterRun run{place, {}, {}, costs[place]};
    run.stores.push_back(uint64_t(run.end));
    for (uint32_t round = 1; round < 8; ++round) { // the last has a hundred
      uint32_t within = (round * 82 + place) % (round < 7 ? places : 100);
      if (place == 22) // looks at the last two rounds
        within = uint32_t(std::max(0.0, double(costs.size()) - 2.0 * places * (1 - round / 8.0) - round * places));
      run.taken.push_back({uint64_t(run.end), within});
      run.end += costs[round * places + within];
      run.stores.push_back(uint64_t(run.end));
    }
    run.taken.push_back({uint64_t(run.end), 0});
    runs.push_back(run);
  }
  // Whoever is free first takes the next.
  EXPECT_NEAR(SharedCounter(runs, places, costs.size()).cycles() / makespan(costs, places, 0), 1, 0.1);
}

TEST(SharedCounter, CostsThatRiseAgainTellNothingOfOthers) {
  CounterRun run{0, {{4000}, {6000}, {10000}}, {4000, 6000, 10000, 12000}, 12000};
  EXPECT_EQ(SharedCounter({run}, 10, 40).cycles(), 12000);
}

TEST(SharedCounter, NumbersAskedForAsAnItemEndsAreNotAheadOfIt) {
  // One number is asked for ahead, the next with the last loads of an item.
  SharedCounter counter({{0, {{200}, {5900}, {9900}}, {6000, 10000, 12000}, 12000}}, 10, 30);
  EXPECT_LT(counter.cycles(), 11800);
  EXPECT_GT(counter.cycles(), 9000);
}

TEST(SharedCounter, TheLongestFirstEndTogether) {
  // 40 items from 4000 cycles down to 100 on ten places: the one that took the
  // first of each ten had 10000, all together 82000.
  SharedCounter counter({{0, {{4000}, {7000}, {9000}, {10000}}, {4000, 7000, 9000, 10000}, 10000}}, 10, 40);
  EXPECT_LT(counter.cycles(), 9300);
  EXPECT_GT(counter.cycles(), 8200);
  // One round is over when the first is, whatever was asked before its end.
  EXPECT_EQ(SharedCounter({{0, {{1500}}, {}, 4000}}, 10, 4).cycles(), 4000);
}

} // namespace
} // namespace girih::sim
