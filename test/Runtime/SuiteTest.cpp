//===- SuiteTest.cpp - Lists of kernels -----------------------------------===//

#include "girih/Runtime/Suite.h"
#include "TestManifest.h"
#include "girih/Runtime/Files.h"
#include <filesystem>

using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

class SuiteTest : public testing::Test {
protected:
  void SetUp() override { std::filesystem::create_directories(folder + "/small"); }
  void TearDown() override { std::filesystem::remove_all(folder); }

  std::vector<KernelEntry> read(const std::string &text) {
    writeWholeFile(folder + "/small/suite.json", text);
    LaunchChoices common;
    common.pad = 8;
    return readSuite(findSuite("small", folder), common);
  }

  std::string folder = testing::TempDir() + "girih-suite-test";
};

} // namespace

TEST_F(SuiteTest, entries_are_paths_or_choices) {
  std::vector<KernelEntry> entries = read(
      R"({"suite": "small", "kernels": ["a.json", {"manifest": "b.json", "sizes": {"sq": 250}, "layout": "bshd"}]})");
  ASSERT_EQ(2u, entries.size());
  EXPECT_EQ(folder + "/small/a.json", entries[0].manifest);
  EXPECT_EQ(8, entries[0].choices.pad);
  EXPECT_EQ(250, entries[1].choices.sizes.at("sq"));
  EXPECT_EQ("bshd", entries[1].choices.layout);
  EXPECT_EQ(folder + "/small/suite.json", findSuite(folder + "/small", "elsewhere"));
}

TEST_F(SuiteTest, mistakes_are_told) {
  EXPECT_EQ(folder + "/small/suite.json: kernels is empty", errorOf([&] { read(R"({"kernels": []})"); }));
  EXPECT_EQ(folder + "/small/suite.json: kernels[0] has no 'manifest'", errorOf([&] { read(R"({"kernels": [{}]})"); }));
  EXPECT_EQ("there is no suite 'x': neither x/suite.json nor y/x/suite.json "
            "can be read",
            errorOf([] { findSuite("x", "y"); }));
}
