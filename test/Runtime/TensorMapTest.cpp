//===- TensorMapTest.cpp - Recipes of tensor maps -------------------------===//

#include "girih/Runtime/TensorMap.h"
#include "TestManifest.h"

using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

class TensorMapTest : public testing::Test {
protected:
  TensorMapFields fields(const LaunchChoices &changes) {
    LaunchChoices choices = changes;
    choices.sizes = {{"sq", 250}, {"skv", 384}};
    return tensorMapFields(manifest.arguments[0], bindManifest(manifest, choices));
  }

  std::string check(const TensorMapFields &fields, uint64_t address = 4096) {
    return errorOf([&] { checkTensorMap(fields, address); });
  }

  Manifest manifest = parseManifest(attentionText(), "attention.json");
};

} // namespace

TEST_F(TensorMapTest, split_innermost_dimension) {
  TensorMapFields map = fields({});
  EXPECT_EQ(5u, map.rank);
  EXPECT_EQ((std::array<uint64_t, 5>{64, 250, 2, 4, 2}), map.extents);
  EXPECT_EQ((std::array<uint64_t, 5>{2, 256, 128, 250 * 256, 4 * 250 * 256}), map.strides);
  EXPECT_EQ((std::array<uint32_t, 5>{64, 128, 2, 1, 1}), map.box);
  EXPECT_EQ("", check(map));
}

TEST_F(TensorMapTest, other_memory_order) {
  LaunchChoices choices;
  choices.layout = "bshd";
  choices.pad = 8;
  TensorMapFields map = fields(choices);
  EXPECT_EQ((std::array<uint64_t, 5>{2, 4 * 272, 128, 272, 250 * 4 * 272}), map.strides);
  EXPECT_EQ("", check(map));
}

TEST_F(TensorMapTest, modes_with_strides_of_their_own) {
  manifest.arguments[0].modes = {
      {3, {}, 1, 0, 64}, {2, 1000, 1, 0, 128}, {2, 2000, -1, 1 << 20, 1}, {-1, 3000, 1, 16, 1}};
  TensorMapFields map = fields({});
  EXPECT_EQ((std::array<uint64_t, 5>{128, 1000, 2000, 3000, 0}), map.extents);
  EXPECT_EQ((std::array<uint64_t, 5>{2, 256, (1 << 20) - 256, 16, 0}), map.strides);
  EXPECT_EQ("", check(map));
  manifest.arguments[0].modes[2].bytes = 16;
  EXPECT_EQ(
      "tensor map of 'q': stride of mode 2 is 18446744073709551376 when it should be less than 1099511627776 bytes",
      check(fields({})));
}

TEST_F(TensorMapTest, limits_of_the_hardware) {
  LaunchChoices choices;
  choices.pad = 1;
  EXPECT_EQ("tensor map of 'q': stride of mode 1 is 258 when it should be a "
            "multiple of 16 bytes",
            check(fields(choices)));
  TensorMapFields good = fields({});
  EXPECT_EQ("tensor map of 'q': address is 4104 when it should be a multiple "
            "of 16 bytes",
            check(good, 4104));
  TensorMapFields map = good;
  map.extents[1] = 0;
  EXPECT_EQ("tensor map of 'q': extent of mode 1 is 0 when it should be from 1 "
            "to 4294967296",
            check(map));
  map = good;
  map.box[1] = 257;
  EXPECT_EQ("tensor map of 'q': box of mode 1 is 257 when it should be from 1 to 256", check(map));
  map = good;
  map.box[0] = 128;
  EXPECT_EQ("tensor map of 'q': innermost box is 256 when it should be at most "
            "the swizzle's 128 bytes",
            check(map));
  map.box[0] = 4;
  EXPECT_EQ("tensor map of 'q': innermost box is 8 when it should be a "
            "multiple of 16 bytes",
            check(map));
  map = good;
  map.strides[4] = uint64_t(1) << 40;
  EXPECT_EQ("tensor map of 'q': stride of mode 4 is 1099511627776 when it "
            "should be less than "
            "1099511627776 bytes",
            check(map));
  map = good;
  map.strides[0] = 4;
  EXPECT_EQ("tensor map of 'q': stride of mode 0 is 4 when it should be the "
            "element's 2 bytes",
            check(map));
}
