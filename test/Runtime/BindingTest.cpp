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
  for (int64_t pad : {int64_t(-1), INT64_MAX}) {
    choices = sizes(1, 1);
    choices.pad = pad;
    EXPECT_EQ("pad is " + std::to_string(pad) + " when it should be from 0 to 70368744177664", message(choices));
  }
  choices = sizes(int64_t(1) << 39, 1);
  EXPECT_NE(std::string::npos, message(choices).find("the problem is too large"));
}

TEST(BindingTest, constraints_are_checked) {
  std::string text = constrainedText(R"({"kind": "size", "size": "sq", "minimum": 1, "maximum": 1000},
    {"kind": "size", "size": "skv", "multiple": "b"}, {"kind": "work_items", "maximum": 24},
    {"kind": "stride", "tensor": "q", "dim": 2, "minimum": 0, "maximum": 136, "multiple": 8},
    {"kind": "stride", "tensor": "q", "dim": 3, "minimum": 1, "maximum": 1},
    {"kind": "reach", "tensor": "q", "dim": 2, "maximum": 393216},
    {"kind": "address", "tensor": "q", "minimum": 16, "multiple": 16})");
  auto message = [&](const LaunchChoices &choices) {
    Manifest manifest = parseManifest(text, "attention.json");
    return errorOf([&] { bindManifest(manifest, choices); });
  };
  EXPECT_EQ("", message(sizes(384, 64)));
  EXPECT_EQ("attention.json: size 'sq' is 0 when it should be from 1 to 1000", message(sizes(0, 64)));
  EXPECT_EQ("attention.json: size 'sq' is 1001 when it should be from 1 to 1000", message(sizes(1001, 64)));
  EXPECT_EQ("attention.json: size 'skv' is 65 when it should be a multiple of b, which is 2", message(sizes(64, 65)));
  EXPECT_EQ("attention.json: the number of work items is 32 when it should be at most 24", message(sizes(385, 64)));
  LaunchChoices choices = sizes(64, 64);
  choices.pad = 4;
  EXPECT_EQ("attention.json: stride 2 of 'q' is 132 when it should be a multiple of 8", message(choices));
  choices = sizes(384, 64);
  choices.pad = 8;
  EXPECT_EQ("attention.json: the reach of 'q' is 417792 when it should be at most 393216", message(choices));
  choices.pad = 16;
  EXPECT_EQ("attention.json: stride 2 of 'q' is 144 when it should be from 0 to 136", message(choices));

  Manifest manifest = parseManifest(text, "attention.json");
  Binding binding = bindManifest(manifest, sizes(64, 64));
  auto address = [&](int tensor, uint64_t at) { return errorOf([&] { checkAddress(binding, tensor, at); }); };
  EXPECT_EQ("", address(0, 4096));
  EXPECT_EQ("", address(1, 0));
  EXPECT_EQ("attention.json: the address of 'q' is 0 when it should be at least 16", address(0, 0));
  EXPECT_EQ("attention.json: the address of 'q' is 4104 when it should be a multiple of 16", address(0, 4104));
}

TEST(BindingTest, scalars_are_chosen) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  manifest.scalars = {{"t", girih::ElementType::F32}, {"n", girih::ElementType::I32}};
  std::vector<double> open = chooseScalars(manifest, {});
  EXPECT_GE(open[0], 0.5);
  EXPECT_LE(open[0], 1.5);
  EXPECT_GE(open[1], 0);
  EXPECT_LT(open[1], 100);
  EXPECT_EQ((std::vector<double>{float(0.1), -7}), chooseScalars(manifest, {{"t", 0.1}, {"n", -7}}));
  EXPECT_EQ(0x3f000000u, scalarBits(manifest.scalars[0], 0.5));
  EXPECT_EQ(0xfffffff9u, scalarBits(manifest.scalars[1], -7));
  EXPECT_EQ("attention.json: scalar 'x' is not in scalars", errorOf([&] { chooseScalars(manifest, {{"x", 1}}); }));
  EXPECT_EQ("attention.json: scalar 'n' is 0.500000 when it should be a whole number of 32 bits",
            errorOf([&] { chooseScalars(manifest, {{"n", 0.5}}); }));
}

TEST(BindingTest, rows_are_as_far_apart_as_strides_must_be) {
  std::string text = constrainedText(
      R"({"kind": "stride", "tensor": "lse", "dim": 1, "minimum": 0, "maximum": 1000, "multiple": 16})");
  Manifest manifest = parseManifest(text, "attention.json");
  Binding binding = bindManifest(manifest, sizes(100, 64));
  EXPECT_EQ((std::vector<int64_t>{4 * 112, 112, 1}), binding.layout("lse").strides);
  EXPECT_EQ((std::vector<int64_t>{4 * 100 * 128, 100 * 128, 128, 1}), binding.layout("q").strides);
}

TEST(BindingTest, size_fits_its_argument) {
  Manifest manifest = attention();
  for (TensorDeclaration &tensor : manifest.tensors)
    tensor.shape.pop_back(), tensor.order.pop_back();
  EXPECT_EQ("attention.json: size 'skv' is 2147483648 when an argument holds at most 2147483647",
            errorOf([&] { bindManifest(manifest, sizes(1, int64_t(1) << 31)); }));
}

TEST(BindingTest, grid_counts_tiles_of_clusters) {
  Manifest manifest = attention();
  auto grid = [&](int64_t sq, int multiprocessors) {
    return computeGrid(bindManifest(manifest, sizes(sq, 64)), multiprocessors);
  };
  EXPECT_EQ(2u * 2 * 4 * 2, grid(129, 132));
  EXPECT_EQ(2u * 8, grid(1, 132));
  manifest.launch.work[0].more = {"skv", 0, manifest.findSize("skv")};
  EXPECT_EQ(2 * (2u + 64) * 4 * 2, grid(129, 132));
  manifest.launch.work[0].more = {};
  manifest.launch.work.pop_back();
  manifest.launch.work.pop_back();
  EXPECT_EQ(6u, grid(257, 132)); // 3 tiles, clusters of 2
  manifest.launch.persistent = true;
  EXPECT_EQ(132u, grid(100000, 132));
  manifest.launch.ctas = 3;
  EXPECT_EQ(396u, grid(100000, 132));
  EXPECT_EQ(6u, grid(257, 132));
  manifest.launch.ctas = 1;
  EXPECT_EQ(130u, grid(100000, 131));
  EXPECT_EQ(6u, grid(257, 132));
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

TEST(BindingTest, values_of_another_size_have_their_own_flops_and_name) {
  std::string text = replaced(attentionText(), "\"d\": 128", "\"d\": 128, \"dv\": 64");
  text = replaced(text, R"("shape": ["b", "hkv", "skv", "d"], "order": ["b", "hkv", "skv", "d"]},
    {"name": "o", "access": "write", "dtype": "bf16", "shape": ["b", "h", "sq", "d"], "order": ["b", "h", "sq", "d"]})",
                  R"("shape": ["b", "hkv", "skv", "dv"], "order": ["b", "hkv", "skv", "dv"]},
    {"name": "o", "access": "write", "dtype": "bf16", "shape": ["b", "h", "sq", "dv"], "order": ["b", "h", "sq", "dv"]})");
  Manifest manifest = parseManifest(text, "attention.json");
  Binding binding = bindManifest(manifest, sizes(256, 384));
  EXPECT_EQ(2.0 * 2 * 4 * 256 * 384 * (128 + 64), problemFlops(binding));
  EXPECT_EQ("[2, 4/2, 256x384, 128/64] bf16", describeProblem(binding));
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
