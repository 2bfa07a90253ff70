//===- ReferenceTest.cpp - The references against plain loops -------------===//

#include "SmallAttention.h"
#include "girih/Reference/CutOff.h"
#include "girih/Reference/Gemm.h"
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <set>

using namespace girih;
using namespace girih::reference;

namespace {

/// Multiplies the rows of each head of keys by its factor.
void multiplyHeads(std::vector<float> &data, const std::vector<double> &factors, int64_t queryHeads, int64_t heads) {
  size_t perHead = data.size() / (factors.size() / size_t(heads) * size_t(queryHeads));
  for (size_t i = 0; i < data.size(); ++i) {
    size_t head = i / perHead;
    size_t batch = head / size_t(queryHeads), keyHead = head % size_t(queryHeads) / size_t(queryHeads / heads);
    data[i] *= float(factors[batch * size_t(heads) + keyHead]);
  }
}

template <typename Sees> void expectMatches(const Attention &attention, const Sees &sees) {
  std::vector<AttentionRow> rows = attention.allRows();
  AttentionResult exact = attentionForward(attention.problem, rows, Precision::Float64);
  AttentionResult kernel = attentionForward(attention.problem, rows, Precision::Kernel);
  for (size_t row = 0; row < rows.size(); ++row)
    for (int64_t i = 0; i < exact.dim; ++i) {
      double expected = attention.element(rows[row].b, rows[row].h, rows[row].q, i, sees);
      size_t at = row * size_t(exact.dim) + size_t(i);
      ASSERT_NEAR(expected, exact.output[at], 1e-12);
      ASSERT_NEAR(expected, kernel.output[at], 1e-5);
    }
}

} // namespace

TEST(ReferenceTest, attention_of_grouped_heads) {
  Attention attention(2, 6, 2, 9, 21, 13);
  expectMatches(attention, [](int64_t, int64_t) { return true; });
}

TEST(ReferenceTest, factors_are_of_sequences_and_key_heads) {
  Attention factored(2, 4, 2, 5, 7, 8), multiplied(2, 4, 2, 5, 7, 8);
  factored.problem.scoreFactors = {0.5, 2, 1, 0.25};
  factored.problem.outputFactors = {2, 1, 0.5, 4};
  multiplyHeads(multiplied.q, factored.problem.scoreFactors, 4, 2);
  multiplyHeads(multiplied.v, factored.problem.outputFactors, 2, 2);
  for (Precision precision : {Precision::Float64, Precision::Kernel}) {
    AttentionResult one = attentionForward(factored.problem, factored.allRows(), precision);
    AttentionResult other = attentionForward(multiplied.problem, multiplied.allRows(), precision);
    for (size_t i = 0; i < one.output.size(); ++i)
      ASSERT_NEAR(one.output[i], other.output[i], 1e-6);
    for (size_t i = 0; i < one.logSumExp.size(); ++i)
      ASSERT_NEAR(one.logSumExp[i], other.logSumExp[i], 1e-6);
  }
}

TEST(ReferenceTest, causal_is_aligned_at_the_bottom_right) {
  Attention longer(1, 2, 1, 9, 21, 8);
  longer.problem.mask.kind = Mask::Kind::Causal;
  expectMatches(longer, [](int64_t q, int64_t k) { return k <= q + 12; });
  Attention shorter(1, 2, 1, 21, 9, 8);
  shorter.problem.mask.kind = Mask::Kind::Causal;
  expectMatches(shorter, [](int64_t q, int64_t k) { return k <= q - 12; });
}

TEST(ReferenceTest, other_masks) {
  Attention attention(1, 1, 1, 9, 21, 8);
  attention.problem.mask.kind = Mask::Kind::CausalTopLeft;
  expectMatches(attention, [](int64_t q, int64_t k) { return k <= q; });
  attention.problem.mask = {Mask::Kind::SlidingWindow, 3};
  expectMatches(attention, [](int64_t q, int64_t k) { return k <= q + 12 && k > q + 9; });
}

TEST(ReferenceTest, row_that_sees_nothing_is_zero) {
  Attention attention(1, 1, 1, 5, 2, 4);
  attention.problem.mask.kind = Mask::Kind::Causal;
  AttentionResult result = attentionForward(attention.problem, {{0, 0, 2}, {0, 0, 3}}, Precision::Float64);
  EXPECT_EQ(0, result.output[0]);
  EXPECT_EQ(-INFINITY, result.logSumExp[0]);
  // The next row sees one key: its weight is 1.
  EXPECT_EQ(double(attention.v[0]), result.output[4]);
  double score = 0;
  for (size_t i = 0; i < 4; ++i)
    score += double(attention.q[12 + i]) * double(attention.k[i]);
  EXPECT_NEAR(0.3 * score, result.logSumExp[1], 1e-12);
}

TEST(ReferenceTest, score_function_is_applied) {
  Attention attention(1, 2, 1, 5, 7, 4);
  // A mask of its own: key 3 is hidden, and query 2 sees nothing.
  attention.problem.score.emplace(
      std::vector<std::string>{"k", "3", "eq", "q", "2", "eq", "or", "-inf", "s", "select"});
  std::vector<AttentionRow> rows = attention.allRows();
  AttentionResult result = attentionForward(attention.problem, rows, Precision::Float64);
  for (size_t row = 0; row < rows.size(); ++row) {
    double expected =
        attention.element(0, rows[row].h, rows[row].q, 1, [](int64_t q, int64_t k) { return k != 3 && q != 2; });
    EXPECT_NEAR(expected, result.output[row * 4 + 1], 1e-12);
    EXPECT_EQ(rows[row].q == 2, std::isinf(result.logSumExp[row]));
  }
}

TEST(ReferenceTest, nan_stays_in_its_row) {
  Attention attention(1, 1, 1, 5, 7, 4);
  attention.q[2 * 4] = NAN;
  AttentionResult result = attentionForward(attention.problem, attention.allRows(), Precision::Float64);
  for (size_t row = 0; row < 5; ++row)
    for (size_t i = 0; i < 4; ++i)
      EXPECT_EQ(row == 2, std::isnan(result.output[row * 4 + i]));
  EXPECT_TRUE(std::isnan(result.logSumExp[2]));
}

TEST(ReferenceTest, large_scores_do_not_overflow) {
  Attention attention(1, 1, 1, 5, 7, 4);
  for (float &value : attention.q)
    value *= 1e4f;
  AttentionResult result = attentionForward(attention.problem, attention.allRows(), Precision::Kernel);
  for (double value : result.output)
    EXPECT_TRUE(std::isfinite(value));
}

/// a[i] b[i] as tensor cores before Blackwell add up numbers of 8 bits.
double cutOffSum(const std::vector<double> &a, const std::vector<double> &b) {
  auto cut = [](double value, double step) { return std::trunc(value / step) * step; };
  double sum = 0;
  for (size_t first = 0; first < a.size(); first += 32) {
    int largest = sum == 0 ? -1000 : std::ilogb(sum);
    for (size_t i = first; i < first + 32; ++i)
      if (a[i] * b[i] != 0)
        largest = std::max(largest, std::ilogb(a[i]) + std::ilogb(b[i])); // products are not normalised
    double step = std::ldexp(1, largest - 13);
    sum = cut(sum, step);
    for (size_t i = first; i < first + 32; ++i)
      sum += cut(a[i] * b[i], step);
    sum = sum == 0 ? 0 : cut(sum, std::ldexp(1, std::ilogb(sum) - 13));
  }
  return sum;
}

TEST(ReferenceTest, errors_of_cut_sums_are_bounded) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  double largestShare = 0;
  for (int trial = 0; trial < 4000; ++trial) {
    std::vector<double> a(128), b(128);
    double exact = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      a[i] = std::round(normal(random) * 8) / 8;
      b[i] = std::round(normal(random) * 8) / 8;
    }
    if (trial % 2) // one term that all others are lost beside
      b[size_t(trial) % 128] = -448;
    if (trial % 4 == 3) // of one sign
      for (size_t i = 0; i < a.size(); ++i)
        a[i] = std::copysign(a[i], b[i]);
    for (size_t i = 0; i < a.size(); ++i)
      exact += a[i] * b[i];
    double error = std::fabs(cutOffSum(a, b) - exact), bound = cutOffError(a.data(), b.data(), 128);
    EXPECT_LE(error, bound) << trial;
    largestShare = std::max(largestShare, error / bound);
  }
  EXPECT_GT(largestShare, 0.5); // and not by much more than it takes
}

TEST(ReferenceTest, visible_pairs_are_counted) {
  Mask causal{Mask::Kind::Causal};
  EXPECT_EQ(10, causal.visiblePairs(4, 4));
  EXPECT_EQ(2 + 3, causal.visiblePairs(2, 3));
  EXPECT_EQ(1 + 2, causal.visiblePairs(3, 2));
  EXPECT_EQ(12, Mask{}.visiblePairs(4, 3));
}

/// A mask by the words of its region.
static Mask programOf(const std::vector<std::string> &words) {
  return {Mask::Kind::Program, 0, std::make_shared<ScoreProgram>(words)};
}

TEST(ReferenceTest, mask_programs_find_their_keys) {
  const std::vector<std::vector<std::string>> masks = {
      {"k", "q", "skv", "sq", "sub", "add", "le"},
      {"k", "q", "le", "k", "q", "5", "sub", "ge", "and"},
      {"k", "q", "sub", "3", "mod", "0", "eq", "k", "4", "lt", "or"},
      {"q", "4", "idiv", "k", "4", "idiv", "eq", "h", "1", "eq", "k", "2", "lt", "and", "or"},
      {"q", "k", "sub", "abs", "=d", "d", "2", "le", "q", "3", "ge", "not", "select"},
      {"b", "0", "ne", "k", "q", "min", "2", "gt", "and"},
      {"0"},
      {"k", "neg", "-7", "gt", "q", "2", "mul", "9", "max", "k", "lt", "ne"},
  };
  constexpr int64_t queries = 21, keys = 17, batches = 2, heads = 2;
  for (const std::vector<std::string> &words : masks) {
    Mask mask = programOf(words);
    int64_t pairs = 0;
    for (int64_t b = 0; b < batches; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t q = 0; q < queries; ++q) {
          KeyRange expected;
          for (int64_t k = 0; k < keys; ++k)
            if (mask.sees({b, h, q}, k, queries, keys)) {
              expected = {expected.size() ? expected.begin : k, k + 1};
              ++pairs;
            }
          KeyRange found = mask.visible({b, h, q}, queries, keys);
          EXPECT_EQ(expected.begin, found.begin);
          EXPECT_EQ(expected.end, found.end);
        }
    EXPECT_EQ(pairs, mask.visiblePairs(queries, keys, batches, heads));
  }
}

TEST(ReferenceTest, mask_programs_count_long_sequences) {
  // A window of 1025 keys in 100000, of which only the edges are looked at one by one.
  Mask window = programOf({"k", "q", "le", "k", "q", "1024", "sub", "ge", "and"});
  EXPECT_EQ(100000 * 1025 - 1024 * 1025 / 2, window.visiblePairs(100000, 100000));
  KeyRange seen = window.visible({0, 0, 70000}, 100000, 100000);
  EXPECT_EQ(70000 - 1024, seen.begin);
  EXPECT_EQ(70001, seen.end);
}

TEST(ReferenceTest, mask_program) {
  Attention attention(1, 2, 1, 5, 7, 4);
  // Every other key, and query 2 sees nothing.
  attention.problem.mask = programOf({"k", "2", "mod", "1", "eq", "q", "2", "ne", "and"});
  std::vector<AttentionRow> rows = attention.allRows();
  AttentionResult result = attentionForward(attention.problem, rows, Precision::Float64);
  for (size_t row = 0; row < rows.size(); ++row) {
    double expected =
        attention.element(0, rows[row].h, rows[row].q, 1, [](int64_t q, int64_t k) { return k % 2 == 1 && q != 2; });
    EXPECT_NEAR(expected, result.output[row * 4 + 1], 1e-12);
    EXPECT_EQ(rows[row].q == 2, std::isinf(result.logSumExp[row]));
  }
}

TEST(ReferenceTest, sample_holds_boundaries_every_head_and_what_is_asked) {
  Attention attention(2, 4, 2, 600, 600, 4);
  double all = 2.0 * 600 * 8;
  AttentionRow asked{1, 2, 333};
  std::vector<AttentionRow> rows = sampleRows(attention.problem, 300 * all, 5, {asked});
  EXPECT_EQ(300u, rows.size());
  std::set<AttentionRow> set(rows.begin(), rows.end());
  EXPECT_EQ(rows.size(), set.size());
  EXPECT_TRUE(set.count(asked) && set.count({0, 0, 0}) && set.count({1, 3, 599}) && set.count({0, 0, 128}));
  std::set<std::pair<int64_t, int64_t>> heads;
  for (const AttentionRow &row : rows)
    heads.insert({row.b, row.h});
  EXPECT_EQ(8u, heads.size());
  EXPECT_EQ(size_t(2 * 4 * 600), sampleRows(attention.problem, 5000 * all, 5).size());
}

TEST(ReferenceTest, philox_gives_the_numbers_of_its_authors) {
  using Words = std::array<uint32_t, 4>; // kat_vectors of Random123
  EXPECT_EQ((Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}), philox({0, 0}, {0, 0, 0, 0}));
  EXPECT_EQ((Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}), philox({~0u, ~0u}, {~0u, ~0u, ~0u, ~0u}));
  EXPECT_EQ((Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}),
            philox({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}));
}

TEST(ReferenceTest, gemm) {
  int64_t m = 5, n = 300, k = 17;
  std::vector<float> a(size_t(m * k)), b(size_t(k * n));
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (float &value : a)
    value = normal(random);
  for (float &value : b)
    value = normal(random);
  GemmResult result =
      gemm({a.data(), ElementType::F32, m, k, k}, {b.data(), ElementType::F32, k, n, n}, ElementType::BF16, {1, 4});
  for (size_t r = 0; r < 2; ++r)
    for (int64_t j = 0; j < n; ++j) {
      double expected = 0;
      for (int64_t i = 0; i < k; ++i)
        expected += double(a[size_t((r ? 4 : 1) * k + i)]) * double(b[size_t(i * n + j)]);
      ASSERT_NEAR(expected, result.exact[r * size_t(n) + size_t(j)], 1e-12);
      ASSERT_NEAR(expected, result.kernel[r * size_t(n) + size_t(j)], std::fabs(expected) / 256 + 1e-5);
    }
  EXPECT_EQ(5u, sampleGemmRows(m, n, k, 1e9, 1).size());
  EXPECT_EQ(4u, sampleGemmRows(1000, n, k, 4.0 * 2 * double(n * k), 1).size());
}
