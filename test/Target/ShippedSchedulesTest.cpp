// Which row of a table of measured schedules a problem has.
#include "girih/Target/ShippedSchedules.h"

#include <gtest/gtest.h>
#include <string>

namespace girih {
namespace {

constexpr ShippedSchedule kTable[] = {
    {64, false, 128, 256, "stages=3"},
    {64, false, 128, 1024, "anchor=8"},
    {64, false, 8, 1024, ""},
    {64, true, 128, 256, "columns=96"},
    {128, false, 128, 256, "stages=1"},
    {64, false, 128, 512, "columns=64,workers=1"},
    {128, true, 8, 4096, "persistent=0"},
};

std::string knobsFor(const AttentionSizes &sizes) {
  const ShippedSchedule *row = findShipped(kTable, sizes);
  return row ? row->knobs : "none";
}

} // namespace

TEST(ShippedSchedulesTest, own_sizes) {
  EXPECT_EQ("stages=3", knobsFor({64, false, 128, 256, 256}));
  EXPECT_EQ("columns=96", knobsFor({64, true, 128, 256, 256}));
  EXPECT_EQ("stages=1", knobsFor({128, false, 128, 256, 256}));
  EXPECT_EQ("columns=64,workers=1", knobsFor({64, false, 128, 512, 512}));
  EXPECT_EQ("none", knobsFor({192, false, 128, 256, 256}));
}

TEST(ShippedSchedulesTest, between_them_the_nearest) {
  EXPECT_EQ("stages=3", knobsFor({64, false, 128, 300, 300}));
  EXPECT_EQ("anchor=8", knobsFor({64, false, 128, 900, 900}));
  EXPECT_EQ("anchor=8", knobsFor({64, false, 64, 2048, 2048}));
  EXPECT_EQ("", knobsFor({64, false, 12, 1024, 1024})); // the heuristics are the fastest there
}

TEST(ShippedSchedulesTest, none_far_from_all) {
  EXPECT_EQ("none", knobsFor({64, false, 128, 2049, 2049}));
  EXPECT_EQ("none", knobsFor({64, false, 32, 1024, 1024}));
  EXPECT_EQ("none", knobsFor({64, true, 128, 256, 1024})); // by keys
  EXPECT_EQ("none", knobsFor({64, true, 128, 100, 256}));  // by queries
}

// How many workers there should be follows from how many work items fill the chip, and so does the grid. Where the
// nearest row says so, no other is taken.
TEST(ShippedSchedulesTest, workers_for_their_own_sizes_only) {
  EXPECT_EQ("none", knobsFor({64, false, 128, 500, 500}));
  EXPECT_EQ("none", knobsFor({64, false, 129, 512, 512}));
  EXPECT_EQ("persistent=0", knobsFor({128, true, 8, 4096, 4096}));
  EXPECT_EQ("none", knobsFor({128, true, 9, 4096, 4096}));
}

} // namespace girih
