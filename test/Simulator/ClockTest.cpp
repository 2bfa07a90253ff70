//===- ClockTest.cpp - Vector clocks against plain tables -----------------===//
#include "../../lib/Simulator/Memory/SyncPoint.h"

#include <gtest/gtest.h>
#include <random>

namespace girih::sim {
namespace {

constexpr unsigned components = 7;
using Table = std::array<std::array<uint32_t, warpSize>, components>;

struct Pair {
  VectorClock clock;
  Table table{};

  void expectEqual() const {
    for (Component c = 0; c < components; ++c)
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        EXPECT_TRUE(clock.covers(c, table[c][lane], 1u << lane));
        EXPECT_FALSE(clock.covers(c, table[c][lane] + 1, 1u << lane)) << c << " " << lane;
      }
  }
};

TEST(VectorClock, BehavesAsATableOfTicks) {
  std::mt19937 random(5);
  std::vector<Pair> pairs(4);
  for (unsigned step = 0; step < 4000; ++step) {
    Pair &a = pairs[random() % pairs.size()];
    const Pair &b = pairs[random() % pairs.size()];
    switch (random() % 5) {
    case 0:
    case 1: {
      Component c = Component(random() % components);
      uint32_t tick = step / 40 + random() % 8;
      LaneMask lanes = random() % 3 ? 1u << random() % 32 : random() % 2 ? allLanes : uint32_t(random());
      a.clock.raise(c, tick, lanes);
      for (unsigned lane = 0; lane < warpSize; ++lane)
        if (lanes >> lane & 1)
          a.table[c][lane] = std::max(a.table[c][lane], tick);
      break;
    }
    case 2:
    case 3:
      a.clock.join(b.clock);
      for (unsigned c = 0; c < components; ++c)
        for (unsigned lane = 0; lane < warpSize; ++lane)
          a.table[c][lane] = std::max(a.table[c][lane], b.table[c][lane]);
      break;
    default:
      a.clock.meet(b.clock);
      for (unsigned c = 0; c < components; ++c)
        for (unsigned lane = 0; lane < warpSize; ++lane)
          a.table[c][lane] = std::min(a.table[c][lane], b.table[c][lane]);
    }
    if (step % 16 == 0)
      a.expectEqual();
  }
}

TEST(SyncPoint, PlainWritesHideOtherReleasesAndAtomicsKeepThem) {
  auto release = [](uint64_t thread, Component component) {
    Release made;
    made.thread = thread;
    made.scope = Scope::Gpu;
    made.passed.raise(component, 1);
    return made;
  };
  SyncPoint point;
  Access access;
  point.write(1, access, false, {release(1, 1)});
  point.write(2, access, true, {release(2, 2)});
  EXPECT_EQ(point.observed().size(), 2u);
  point.write(2, access, false, {});
  ASSERT_EQ(point.observed().size(), 1u);
  EXPECT_EQ(point.observed()[0].thread, 2u);
  point.write(3, access, false, {});
  EXPECT_TRUE(point.observed().empty());
}

} // namespace
} // namespace girih::sim
