//===- BindingTest.cpp - Sizes, strides, grid, target ---------------------===//

#include "TestManifest.h"
#include "girih/Runtime/Kernel.h"

using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

Manifest attention() { return parseManifest(attentionText(), "attention.json"); }

LaunchChoices sizes(int64_t sq, int64_t skv) {
  LaunchChoices choices;
  choices.sizes = {{"sq", sq}, {"skv", skv}};
  return choices;
}

using Numbers = std::vector<int64_t>;

} // namespace

TEST(BindingTest, strides_follow_the_memory_order) {
  Manifest manifest = attention();
  LaunchChoices choices = sizes(256, 384);
  EXPECT_EQ((Numbers{4 * 256 * 128, 256 * 128, 128, 1}), bindManifest(manifest, choices).layout("q").strides);
  choices.layout = "bshd";
  Binding binding = bindManifest(manifest, choices);
  EXPECT_EQ((Numbers{256 * 4 * 128, 128, 4 * 128, 1}), binding.layout("q").strides);
  EXPECT_EQ((Numbers{384 * 2 * 128, 128, 2 * 128, 1}), binding.layout("k").strides);
  EXPECT_EQ((Numbers{4 * 256, 256, 1}), binding.layout("lse").strides);
  choices.pad = 8;
  binding = bindManifest(manifest, choices);
  EXPECT_EQ((Numbers{256 * 4 * 136, 136, 4 * 136, 1}), binding.layout("q").strides);
  EXPECT_EQ(2 * 256 * 4 * 136, binding.layout("q").span);
  EXPECT_EQ(2 * 256 * 4 * 128, binding.layout("q").elements());
}

TEST(BindingTest, choices_that_cannot_be_are_refused) {
  Manifest manifest = attention();
  auto message = [&](const LaunchChoices &choices) { return errorOf([&] { bindManifest(manifest, choices); }); };
  EXPECT_EQ("attention.json: size 'sq' is dynamic: choose it with --size sq=N", message({}));
  LaunchChoices choices = sizes(1, 1);
  choices.sizes["b"] = 3;
  EXPECT_EQ("attention.json: size 'b' is 2 in this kernel and cannot be 3", message(choices));
  choices = sizes(1, 1);
  choices.sizes["x"] = 3;
  EXPECT_EQ("attention.json: size 'x' is not in sizes", message(choices));
  choices = sizes(1, 1);
  choices.layout = "bshx";
  EXPECT_EQ("layout 'bshx' should be an order of b, h, s, d that ends with d", message(choices));
  choices = sizes(int64_t(1) << 39, 1);
  EXPECT_NE(std::string::npos, message(choices).find("the problem is too large"));
}

TEST(BindingTest, grid_counts_tiles_and_rounds_to_clusters) {
  Manifest manifest = attention();
  auto grid = [&](int64_t sq, int multiprocessors) {
    return computeGrid(bindManifest(manifest, sizes(sq, 64)), multiprocessors);
  };
  EXPECT_EQ(2u * 4 * 2, grid(129, 132));
  EXPECT_EQ(8u, grid(1, 132));
  manifest.launch.work.pop_back();
  manifest.launch.work.pop_back();
  EXPECT_EQ(4u, grid(257, 132)); // 3 tiles, clusters of 2
  manifest.launch.persistent = true;
  EXPECT_EQ(132u, grid(100000, 132));
  EXPECT_EQ(132u, grid(100000, 131));
  EXPECT_EQ(4u, grid(257, 132));
  EXPECT_EQ("attention.json: no work to launch: size 'sq' is 0", errorOf([&] { grid(0, 132); }));
}

TEST(BindingTest, flops_count_visible_pairs) {
  Manifest manifest = attention();
  auto flops = [&](int64_t sq, int64_t skv) { return problemFlops(bindManifest(manifest, sizes(sq, skv))); };
  EXPECT_EQ(4.0 * 2 * 4 * 256 * 384 * 128, flops(256, 384));
  manifest.problem.mask = "causal";
  EXPECT_EQ(2.0 * 2 * 4 * 256 * 256 * 128, flops(256, 256));
  // Two queries that see 2 and 3 keys.
  EXPECT_EQ(4.0 * 2 * 4 * 5 * 128, flops(2, 3));
}

TEST(BindingTest, problem_has_a_short_name) {
  Manifest manifest = attention();
  EXPECT_EQ("[2, 4/2, 250x129, 128] bf16", describeProblem(bindManifest(manifest, sizes(250, 129))));
  manifest.problem.mask = "causal";
  EXPECT_EQ("[2, 4/2, 64, 128] bf16 causal", describeProblem(bindManifest(manifest, sizes(64, 64))));
}

TEST(BindingTest, code_runs_on_its_own_chip_only) {
  DeviceFacts device;
  auto message = [&](const char *target, int major, int minor) {
    device.major = major;
    device.minor = minor;
    return errorOf([&] { checkTarget(target, device); });
  };
  EXPECT_EQ("", message("sm_90a", 9, 0));
  EXPECT_EQ("kernel is for sm_90a, device 0 is sm_80", message("sm_90a", 8, 0));
  EXPECT_EQ("kernel is for sm_100a, device 0 is sm_103", message("sm_100a", 10, 3));
  EXPECT_EQ("", message("sm_100f", 10, 3));
  EXPECT_EQ("", message("sm_80", 8, 6));
  EXPECT_EQ("kernel is for sm_86, device 0 is sm_80", message("sm_86", 8, 0));
  EXPECT_EQ("target 'hopper' is not of the form sm_NNa", message("hopper", 9, 0));
  EXPECT_EQ("target 'sm' is not of the form sm_NNa", message("sm", 9, 0));
}
