//===- ShadowTest.cpp - Accesses of a warp at once, against one by one ----===//
#include "../../lib/Simulator/Memory/Shadow.h"
#include "Harness.h"

#include <set>

namespace girih::sim {
namespace {

/// Lane of the access, whose earlier one it conflicts with, and what is missing;
/// which of several reads by one lane is told does not matter.
using Races = std::set<std::tuple<LaneMask, uint32_t, Component, Missing>>;

/// The same history twice: entered lane by lane, and by enterReads.
class ShadowPair {
public:
  explicit ShadowPair(uint32_t seed) : random(seed) {}

  /// Some accesses, each by its own line; how many of them raced.
  unsigned run(unsigned steps) {
    unsigned raced = 0;
    for (unsigned step = 1; step <= steps; ++step) {
      if (random() % 3 == 0)
        learn(step);
      Access access;
      access.cluster = random() % 8 == 0;
      access.component = Component(random() % 3);
      access.tick = step / 6 + 1;
      access.line = random() % 4 ? step : 7;
      access.isThread = true;
      access.isStrong = random() % 16 == 0;
      access.isWrite = random() % 3 == 0;
      access.lanes = random() % 2 ? allLanes : LaneMask(random()) | 1;
      raced += enter(access, 1u << random() % 4);
    }
    return raced;
  }

private:
  std::mt19937 random;
  Shadow one{256, Shadow::Kind::Shared}, other{256, Shadow::Kind::Shared};
  Knowledge known[3];

  /// Some warp takes up what lanes of some warp have done so far.
  void learn(unsigned step) {
    Knowledge &view = known[random() % 3];
    LaneMask lanes = random() % 3 ? allLanes : LaneMask(random());
    Component component = Component(random() % 3);
    uint32_t tick = step / 6 + random() % 2;
    if (random() % 8 == 0)
      view.foreign[1].raise(component, tick, lanes);
    else if (random() % 4 == 0)
      view.past.raise(component, tick, lanes);
    else
      view.raiseGeneric(component, tick, lanes);
  }

  bool enter(Access access, uint64_t size) {
    Lanes<uint64_t> addresses;
    unsigned pattern = random() % 4;
    uint64_t first = random() % 8;
    for (unsigned lane = 0; lane < warpSize; ++lane)
      addresses[lane] = (pattern == 0   ? first
                         : pattern == 1 ? lane / 2
                         : pattern == 2 ? lane
                                        : random() % 32) *
                        size % 256;
    const Knowledge &view = known[access.component];
    Races expected, found;
    for (LaneMask left = access.lanes; left; left &= left - 1) {
      Access mine = access;
      mine.lanes = left & -left;
      for (const Conflict &conflict : one.enter(addresses[unsigned(__builtin_ctz(left))], size, mine, view))
        expected.emplace(mine.lanes, conflict.earlier.cluster, conflict.earlier.component, conflict.missing);
      if (!access.isWrite && !access.isStrong)
        continue;
      for (const Conflict &conflict : other.enter(addresses[unsigned(__builtin_ctz(left))], size, mine, view))
        found.emplace(mine.lanes, conflict.earlier.cluster, conflict.earlier.component, conflict.missing);
    }
    if (!access.isWrite && !access.isStrong) {
      LaneConflicts conflicts;
      other.enterReads(addresses, size, access, view, conflicts);
      for (const auto &[mine, conflict] : conflicts)
        found.emplace(mine.lanes, conflict.earlier.cluster, conflict.earlier.component, conflict.missing);
    }
    EXPECT_EQ(expected, found) << "line " << access.line;
    return !expected.empty();
  }
};

TEST(Shadow, ReadsOfAWarpAreJudgedAsThoseOfItsLanes) {
  unsigned raced = 0, steps = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    raced += ShadowPair(seed).run(40);
    steps += 40;
    if (::testing::Test::HasFailure())
      FAIL() << "seed " << seed;
  }
  // Neither all nor none.
  EXPECT_GT(raced, steps / 10);
  EXPECT_LT(raced, steps * 19 / 20);
}

TEST(Shadow, AListOfAccessesKeepsItsOrder) {
  AccessList list;
  std::vector<unsigned> plain;
  std::mt19937 random(3);
  auto expectSame = [&] {
    ASSERT_EQ(list.size(), plain.size());
    for (size_t i = 0; i < plain.size(); ++i)
      EXPECT_EQ(list[i].line, plain[i]);
  };
  for (unsigned step = 0; step < 2000; ++step) {
    if (plain.empty() || random() % 5 < 3) {
      Access access;
      access.line = step;
      list.push_back(access);
      plain.push_back(step);
    } else if (random() % 8) {
      size_t at = random() % plain.size();
      list.erase(list.begin() + at);
      plain.erase(plain.begin() + long(at));
    } else {
      size_t kept = random() % (plain.size() + 1);
      list.truncate(uint32_t(kept));
      plain.resize(kept);
    }
    expectSame();
  }
}

// Lane 1 reads what lane 0 has stored: together with lane 0's own read, which
// is in order.
TEST(Shadow, OneLaneOfAReadMayRace) {
  std::string store = "mov.u32 %r0, smem;\nsetp.eq.u32 %p0, %tid, 0;\n@%p0 st.shared.u32 [%r0], %tid;\n";
  std::string load = "setp.lt.u32 %p1, %tid, 2;\n@%p1 ld.shared.u32 %r1, [%r0];\n";
  EXPECT_EQ(runBody(store + "bar.warp.sync -1;\n" + load).verdict(), "");
  std::string verdict = runBody(store + load).verdict();
  EXPECT_NE(verdict.find("read of shared memory byte 1024 is not ordered after the write"), std::string::npos)
      << verdict;
  EXPECT_NE(verdict.find("lane 1"), std::string::npos) << verdict;
}

// The lanes of one load: in and out of the buffer, aligned and not, of two
// spaces; each is told by itself.
TEST(Shadow, ALoadOfManyPlacesFallsApart) {
  auto load = [](const std::string &address) {
    return runBody("mov.u32 %r1, 7;\nmov.u64 %rd1, %in;\nsetp.eq.u32 %p0, %tid, 3;\n" + address +
                   "ld.u32 %r0, [%rd1];\nmad.wide.u32 %rd2, %tid, 4, %out;\nst.global.u32 [%rd2], %r0;\n");
  };
  EXPECT_EQ(load("").verdict(), "");
  EXPECT_NE(load("@%p0 add.u64 %rd1, %rd1, 16384;\n").verdict().find("is out of range"), std::string::npos);
  EXPECT_NE(load("@%p0 add.u64 %rd1, %rd1, 2;\n").verdict().find("is not a multiple of 4"), std::string::npos);
  std::string mixed = "mov.u32 %r2, smem;\nst.shared.u32 [%r2], %r1;\nbar.sync 0;\ncvt.u64.u32 %rd3, %r2;\n"
                      "cvta.shared.u64 %rd3, %rd3;\n@%p0 mov.u64 %rd1, %rd3;\n";
  TestRun run = load(mixed);
  EXPECT_EQ(run.verdict(), "");
  EXPECT_EQ(run.out<uint32_t>()[3], 7u);
  EXPECT_EQ(run.out<uint32_t>()[2], 0u);
}

TEST(Shadow, AnAccessHasAMostOfBytes) {
  auto verdict = [](const std::string &instruction) {
    return runModule(makeModule(".reg .b128 %q<8>;\n" + instruction, "sm_100a")).verdict();
  };
  EXPECT_NE(verdict("ld.global.v4.b128 {%q0, %q1, %q2, %q3}, [%in];\n").find("moves 64 bytes when 32 are the most"),
            std::string::npos);
  EXPECT_NE(verdict("st.global.v4.b128 [%out], {%q0, %q1, %q2, %q3};\n").find("moves 64 bytes when 32 are the most"),
            std::string::npos);
}

} // namespace
} // namespace girih::sim
