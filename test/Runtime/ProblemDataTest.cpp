//===- ProblemDataTest.cpp - The inputs that a kernel is checked with -----===//

#include "girih/Runtime/ProblemData.h"
#include "TestManifest.h"
#include <cmath>

using namespace girih;
using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

/// Scores of batch 1 and head 3 (key head 0 or 1) in double.
class ScoresTest : public testing::Test {
protected:
  void make(DataPattern pattern, const std::string &mask, int64_t sq, int64_t skv) {
    manifest = parseManifest(attentionText(), "attention.json");
    manifest.problem.mask = mask;
    LaunchChoices choices;
    choices.sizes = {{"sq", sq}, {"skv", skv}};
    binding = bindManifest(manifest, choices);
    DataOptions options;
    options.pattern = pattern;
    tensors = makeProblemData(binding, options);
  }

  double score(int64_t query, int64_t key) const {
    const HostTensor &q = tensors[0], &k = tensors[1];
    int64_t heads = q.layout.shape[1], keyHeads = k.layout.shape[1], head = heads - 1;
    int64_t a = q.rowOffset((heads + head) * q.layout.shape[2] + query);
    int64_t b = k.rowOffset((keyHeads + head / (heads / keyHeads)) * k.layout.shape[2] + key);
    double sum = 0;
    for (int64_t i = 0; i < q.rowLength(); ++i)
      sum += double(q.load(a + i)) * double(k.load(b + i));
    return sum * manifest.problem.scale;
  }

  Manifest manifest;
  Binding binding;
  std::vector<HostTensor> tensors;
};

} // namespace

TEST(ProblemDataTest, names_and_patterns) {
  for (DataPattern pattern : {DataPattern::Random, DataPattern::Equal, DataPattern::OneHot, DataPattern::MinusInf})
    EXPECT_EQ(pattern, parseDataPattern(dataPatternName(pattern)));
  EXPECT_EQ(std::nullopt, parseDataPattern("zero"));
}

TEST_F(ScoresTest, equal) {
  make(DataPattern::Equal, "none", 3, 200);
  EXPECT_GT(score(0, 0), 3e4);
  EXPECT_LE(score(0, 0), 0x1p16);
  for (int64_t key = 0; key < 200; ++key)
    EXPECT_EQ(score(2, 0), score(2, key));
}

TEST_F(ScoresTest, one_hot) {
  make(DataPattern::OneHot, "causal", 40, 50);
  for (int64_t query = 0; query < 40; ++query) {
    double best = -HUGE_VAL, second = -HUGE_VAL;
    for (int64_t key = 0; key < query + 11; ++key) {
      second = std::max(second, std::min(best, score(query, key)));
      best = std::max(best, score(query, key));
    }
    EXPECT_GT(best, 4e7);
    EXPECT_LE(best, 1e8);
    EXPECT_GT(best - second, 1e6);
  }
}

TEST_F(ScoresTest, minus_inf) {
  make(DataPattern::MinusInf, "none", 2, 400);
  for (int64_t key = 0; key < 400; ++key)
    EXPECT_EQ(key >= 240 || key < 80, std::isinf(score(1, key))) << key;
}

TEST(ProblemDataTest, patterns_need_attention) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  manifest.problem.kind = "other";
  LaunchChoices choices;
  choices.sizes = {{"sq", 1}, {"skv", 1}};
  Binding binding = bindManifest(manifest, choices);
  DataOptions options;
  options.pattern = DataPattern::Equal;
  EXPECT_THROW(makeProblemData(binding, options), Error);
}

TEST(ProblemDataTest, lengths_are_those_wanted_in_turn) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  LaunchChoices choices;
  choices.sizes = {{"sq", 30}, {"skv", 20}};
  DataOptions options;
  options.lengths = {7, 0};
  Binding binding = bindManifest(manifest, choices);
  EXPECT_EQ("attention.json: the kernel's sequences have no lengths of their own",
            errorOf([&] { makeProblemData(binding, options); }));
  auto numbers = [&](const char *name, int64_t count) {
    manifest.tensors.push_back({name, false, ElementType::I32, {{"", count, -1}}, {0}});
    binding = bindManifest(manifest, choices);
    HostTensor made = makeProblemData(binding, options).back();
    std::vector<int32_t> values(made.bytes.size() / sizeof(int32_t));
    std::memcpy(values.data(), made.bytes.data(), made.bytes.size());
    manifest.tensors.pop_back();
    return values;
  };
  EXPECT_EQ((std::vector<int32_t>{7, 0}), numbers("query_lengths", 2));
  options.lengths = {31};
  EXPECT_EQ("length 0 of a sequence is 31 when it should be from 0 to 30, the rows that are left",
            errorOf([&] { numbers("query_lengths", 2); }));
}

TEST(ProblemDataTest, dropout_has_the_seed) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  LaunchChoices choices;
  choices.sizes = {{"sq", 30}, {"skv", 20}};
  manifest.problem.dropout = 0.5;
  auto dropout = [&](uint64_t seed, int64_t words) {
    manifest.tensors.push_back({"dropout_state", false, ElementType::I32, {{"", words, -1}}, {0}});
    Binding binding = bindManifest(manifest, choices);
    DataOptions options;
    options.seed = seed;
    try {
      reference::Dropout made = dropoutOf(binding, makeProblemData(binding, options));
      manifest.tensors.pop_back();
      return made;
    } catch (...) {
      manifest.tensors.pop_back();
      throw;
    }
  };
  EXPECT_EQ(0x8123456789abcdefu, dropout(0x8123456789abcdefu, 4).seed);
  EXPECT_NE(dropout(1, 4).offset, dropout(2, 4).offset);
  EXPECT_EQ(32768, dropout(1, 4).threshold);
  EXPECT_EQ("attention.json: tensor 'dropout_state' should have 4 elements of i32", errorOf([&] { dropout(1, 2); }));
}

TEST(ProblemDataTest, lists_of_blocks_have_rows_of_every_kind) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  LaunchChoices choices;
  choices.sizes = {{"sq", 200}, {"skv", 100}};
  const TensorDeclaration &q = manifest.tensors[size_t(manifest.findTensor("q"))];
  std::vector<Extent> shape = {q.shape[0], q.shape[1], {"", 4, -1}, {"", 7, -1}};
  manifest.problem.blocks = {50, 16};
  for (std::string name : {"", "full_"}) {
    manifest.tensors.push_back(
        {name + "kv_num_blocks", false, ElementType::I32, {shape.begin(), shape.end() - 1}, {0, 1, 2}});
    manifest.tensors.push_back({name + "kv_indices", false, ElementType::I32, shape, {0, 1, 2, 3}});
  }
  Binding binding = bindManifest(manifest, choices);
  std::vector<HostTensor> tensors = makeProblemData(binding, {});
  reference::Captures captures = capturesOf(binding, tensors);
  reference::Mask mask = problemMask(manifest, captures);
  ASSERT_TRUE(mask.blocks);
  int rows = 0, nothing = 0, all = 0, twice = 0;
  int64_t pairs = 0;
  const std::vector<int64_t> &sizes = binding.layout("q").shape;
  for (reference::AttentionRow row; row.b < sizes[0]; ++row.b)
    for (row.h = 0; row.h < sizes[1]; ++row.h)
      for (row.q = 0; row.q < 200; row.q += 50, ++rows) {
        std::vector<int> times = mask.listedTimes(row, 200, 100);
        for (int number : times)
          pairs += 50 * number;
        nothing += mask.visible(row, 200, 100).size() == 0;
        all += std::ranges::count(times, 1) == 100;
        twice += *std::ranges::max_element(times) > 1;
      }
  EXPECT_GE(rows, 8);
  EXPECT_GE(nothing, rows / 8);
  EXPECT_GE(all, rows / 8);
  EXPECT_GE(twice, 1);
  EXPECT_EQ(pairs, mask.visiblePairs(200, 100, sizes[0], sizes[1]));
  EXPECT_LT(problemFlops(binding, DataOptions()), problemFlops(binding)); // without data, as if all were listed
}

TEST(ProblemDataTest, scales_of_groups_cancel_but_for_a_little) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  LaunchChoices choices;
  choices.sizes = {{"sq", 200}, {"skv", 100}};
  for (auto [name, scaled, rows] : {std::tuple("q_scales", "q", 64), std::tuple("k_scales", "k", 32)}) {
    const TensorDeclaration &of = manifest.tensors[size_t(manifest.findTensor(scaled))];
    manifest.tensors.push_back(
        {name, false, ElementType::UE8M0, {of.shape[0], of.shape[1], {"", rows, -1}, {"", 16, -1}}, {0, 1, 2, 3}});
  }
  Binding binding = bindManifest(manifest, choices);
  int64_t groups = binding.layout("q").shape[3] / 32;
  for (DataPattern pattern : {DataPattern::Random, DataPattern::Equal}) {
    DataOptions options;
    options.pattern = pattern;
    std::vector<HostTensor> tensors = makeProblemData(binding, options);
    auto exponent = [&](const char *name, int64_t row, int64_t group) {
      const HostTensor &tensor = tensors[size_t(binding.tensorIndex(name))];
      return int(uint8_t(tensor.bytes[size_t(row / 128 * 512 + row % 32 * 16 + row % 128 / 32 * 4 + group)])) - 127;
    };
    int most = 0, different = 0;
    for (int64_t q = 0; q < 200; ++q)
      for (int64_t group = 0; group < groups; ++group) {
        int ofQuery = exponent("q_scales", q, group), sum = ofQuery + exponent("k_scales", q % 100, group);
        EXPECT_LE(std::abs(sum), pattern == DataPattern::Random ? 2 : 0);
        most = std::max(most, std::abs(ofQuery));
        different += sum != 0;
      }
    EXPECT_GE(most, 60);
    EXPECT_EQ(pattern == DataPattern::Random, different > 0);
    EXPECT_EQ(128, exponent("q_scales", 200, 0)); // NaN
    EXPECT_EQ(128, exponent("k_scales", 100, 0));
  }
}

TEST(ProblemDataTest, attention_to_other_keys_has_rows_of_every_kind) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  LaunchChoices choices;
  choices.sizes = {{"sq", 30}, {"skv", 20}};
  TensorDeclaration output = manifest.tensors[size_t(manifest.findTensor("o"))];
  output.isOutput = false;
  output.name = "partial_o";
  TensorDeclaration sums = manifest.tensors[size_t(manifest.findTensor("lse"))];
  sums.isOutput = false;
  sums.name = "partial_lse";
  manifest.tensors.push_back(output);
  EXPECT_EQ("attention.json: a problem of kind 'attention.forward' should have a tensor 'partial_lse'",
            errorOf([&] { hasPartial(bindManifest(manifest, choices)); }));
  manifest.tensors.push_back(sums);
  Binding binding = bindManifest(manifest, choices);
  ASSERT_TRUE(hasPartial(binding));
  std::vector<HostTensor> tensors = makeProblemData(binding, {});
  const HostTensor &o = tensors[tensors.size() - 2], &lse = tensors.back();
  for (int64_t q = 0; q < 30; ++q) {
    EXPECT_EQ(q % 5 == 4, std::isinf(lse.load(lse.rowOffset(0) + q)));
    EXPECT_EQ(q % 5 == 4, std::isnan(o.load(o.rowOffset(q))));
  }
  manifest.tensors.back() = output;
  manifest.tensors.back().name = "partial_lse";
  EXPECT_EQ("attention.json: tensor 'partial_lse' should have the sizes of 'o', but the last",
            errorOf([&] { hasPartial(bindManifest(manifest, choices)); }));
}

TEST(ProblemDataTest, inputs_are_random_and_outputs_poison) {
  Manifest manifest = parseManifest(attentionText(), "attention.json");
  LaunchChoices choices;
  choices.sizes = {{"sq", 30}, {"skv", 20}};
  choices.layout = "bshd";
  Binding binding = bindManifest(manifest, choices);
  DataOptions options;
  options.injectNan = true;
  std::vector<HostTensor> tensors = makeProblemData(binding, options);
  ASSERT_EQ(5u, tensors.size());
  EXPECT_TRUE(isPoison(tensors[3], 0) && isPoison(tensors[4], 0));
  reference::AttentionRow row = nanRow(binding);
  EXPECT_EQ((reference::AttentionRow{1, 2, 20}), row);
  const std::vector<int64_t> &strides = tensors[0].layout.strides;
  int nans = 0;
  for (int64_t i = 0; i < tensors[0].layout.span; ++i)
    nans += std::isnan(tensors[0].load(i));
  EXPECT_EQ(1, nans);
  EXPECT_TRUE(std::isnan(tensors[0].load(strides[0] + 2 * strides[1] + 20 * strides[2])));
  EXPECT_NE(tensors[1].bytes, tensors[2].bytes);
}
