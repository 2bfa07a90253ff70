//===- ReferenceOptionsTest.cpp - Dropout, and keys in parts --------------===//

#include "SmallAttention.h"
#include <algorithm>
#include <gtest/gtest.h>

using namespace girih;
using namespace girih::reference;

namespace {

/// How many are kept, and how many of neighbours along each index, seed and offset are kept both: as often as the
/// probability says, within 5 standard deviations.
TEST(ReferenceOptionsTest, dropout_keeps_as_many_as_it_should_and_no_pairs) {
  for (double probability : {0.1, 0.5, 0.001}) {
    Dropout dropout{(1ull << 40) + 5, 7, dropoutThreshold(probability)};
    Dropout otherSeed = dropout, otherOffset = dropout;
    otherSeed.seed ^= 1ull << 33;
    otherOffset.offset += 1;
    constexpr int64_t kCount = 1 << 17;
    std::array<int64_t, 8> kept{};
    for (int64_t i = 0; i < kCount; ++i) {
      int64_t k = i % 500, q = i / 500 % 20, h = i / 10000 % 5, b = i / 50000;
      if (!dropout.keeps(b, h, q, k))
        continue;
      const bool both[] = {true,
                           dropout.keeps(b, h, q, k + 1),
                           dropout.keeps(b, h, q, k + 8),
                           dropout.keeps(b, h, q + 1, k),
                           dropout.keeps(b, h + 1, q, k),
                           dropout.keeps(b + 1, h, q, k),
                           otherSeed.keeps(b, h, q, k),
                           otherOffset.keeps(b, h, q, k)};
      for (size_t n = 0; n < kept.size(); ++n)
        kept[n] += both[n];
    }
    for (size_t n = 0; n < kept.size(); ++n) {
      double expected = n == 0 ? 1 - probability : (1 - probability) * (1 - probability);
      double deviation =
          std::sqrt(expected * (1 - expected) * 2 / double(kCount)); // a pair shares its members with others
      EXPECT_NEAR(expected, double(kept[n]) / double(kCount), 5 * deviation) << probability << " " << n;
    }
  }
  EXPECT_EQ(0, dropoutThreshold(0));
  EXPECT_EQ(65535, dropoutThreshold(0.9999999));
  EXPECT_EQ(6554, dropoutThreshold(0.1));
}

/// The sum that divides has all weights; the others are scaled.
TEST(ReferenceOptionsTest, dropout_is_of_weights_and_not_of_their_sum) {
  Attention attention(2, 4, 2, 5, 40, 8);
  std::vector<AttentionRow> rows = attention.allRows();
  AttentionResult whole = attentionForward(attention.problem, rows, Precision::Float64);
  attention.problem.dropout = Dropout{3, 4, dropoutThreshold(0)};
  EXPECT_EQ(whole.output, attentionForward(attention.problem, rows, Precision::Float64).output);
  attention.problem.dropout = Dropout{3, 4, dropoutThreshold(0.25)};
  AttentionResult exact = attentionForward(attention.problem, rows, Precision::Float64);
  AttentionResult kernel = attentionForward(attention.problem, rows, Precision::Kernel);
  EXPECT_EQ(whole.logSumExp, exact.logSumExp);
  for (size_t row = 0; row < rows.size(); ++row) {
    const auto &[b, h, q] = rows[row];
    auto left = [&](int64_t, int64_t key) { return attention.problem.dropout->keeps(b, h, q, key); };
    auto out = [&](int64_t, int64_t key) { return !attention.problem.dropout->keeps(b, h, q, key); };
    for (int64_t i = 0; i < exact.dim; ++i) {
      // Of the share that weights have in the sum: whole = share * left + (1 - share) * out.
      double ofLeft = attention.element(b, h, q, i, left), ofOut = attention.element(b, h, q, i, out);
      size_t at = row * size_t(exact.dim) + size_t(i);
      double share = (whole.output[at] - ofOut) / (ofLeft - ofOut);
      ASSERT_NEAR(share * ofLeft / 0.75, exact.output[at], 1e-9);
      ASSERT_NEAR(exact.output[at], kernel.output[at], 1e-5);
    }
  }
}

/// Only keys of blocks that are listed are seen, each as often as it is listed, by the mask or without it.
TEST(ReferenceOptionsTest, blocks_that_are_listed) {
  Attention attention(1, 2, 1, 5, 10, 8);
  // Of each head, blocks of 3 queries and 4 keys; the last block has 2 keys.
  const int32_t counts[] = {2, 0, 1, 9}, indices[] = {1, -5, 2, 0, 77, 0, 2, 2}, full[] = {1, -1, 0, 1},
                whole[] = {1, 1, 0, 2};
  auto blocks = std::make_shared<BlockLists>();
  blocks->queryBlock = 3;
  blocks->keyBlock = 4;
  blocks->keys = 10;
  blocks->masked = {{"", ElementType::I32, {1, 2, 2}, {4, 2, 1}, counts},
                    {"", ElementType::I32, {1, 2, 2, 2}, {8, 4, 2, 1}, indices}};
  blocks->full = {{"", ElementType::I32, {1, 2, 2}, {4, 2, 1}, full},
                  {"", ElementType::I32, {1, 2, 2, 1}, {4, 2, 1, 1}, whole}};
  attention.problem.mask = {Mask::Kind::CausalTopLeft, 0, nullptr, blocks};
  auto times = [](int64_t h, int64_t q, int64_t k) {
    bool seen = k <= q;
    int64_t block = k / 4;
    if (h == 0)
      return q < 3 ? seen * (block == 1) + seen * (block == 0) + (block == 1) : 0;
    return q < 3 ? seen * (block == 2) : 2 * seen * (block == 2) + (block == 2);
  };
  std::vector<AttentionRow> rows = attention.allRows();
  AttentionResult exact = attentionForward(attention.problem, rows, Precision::Float64);
  AttentionResult kernel = attentionForward(attention.problem, rows, Precision::Kernel);
  int64_t pairs = 0;
  for (size_t r = 0; r < rows.size(); ++r) {
    const auto &[b, h, q] = rows[r];
    double sum = 0;
    std::vector<double> above(8);
    for (int64_t k = 0; k < 10; ++k) {
      int number = times(h, q, k);
      pairs += number;
      for (int64_t i = 0; i < 8; ++i)
        above[size_t(i)] += number * attention.weight(b, h, q, k) * attention.value(b, h, k, i);
      sum += number * attention.weight(b, h, q, k);
      EXPECT_EQ(number > 0, attention.problem.mask.sees(rows[r], k, 5, 10));
    }
    EXPECT_EQ(sum == 0, attention.problem.mask.visible(rows[r], 5, 10).size() == 0);
    if (sum > 0)
      ASSERT_NEAR(std::log(sum), exact.logSumExp[r], 1e-9);
    for (int64_t i = 0; i < 8; ++i) {
      ASSERT_NEAR(sum > 0 ? above[size_t(i)] / sum : 0, exact.output[r * 8 + size_t(i)], 1e-9);
      ASSERT_NEAR(exact.output[r * 8 + size_t(i)], kernel.output[r * 8 + size_t(i)], 1e-5);
    }
  }
  EXPECT_EQ(pairs, attention.problem.mask.visiblePairs(5, 10, 1, 2));
}

/// Scales of groups of elements are factors of them, whatever their size.
TEST(ReferenceOptionsTest, scales_of_groups) {
  Attention attention(1, 2, 1, 5, 140, 64), scaled(1, 2, 1, 5, 140, 64);
  auto view = [](std::vector<uint8_t> &bytes, int64_t heads, int64_t blocks) {
    bytes.resize(size_t(heads * blocks * 512), 255); // NaN
    return TensorView{
        bytes.data(), ElementType::UE8M0, {1, heads, blocks * 32, 16}, {heads * blocks * 512, blocks * 512, 16, 1}};
  };
  std::vector<uint8_t> ofQueries, ofKeys;
  scaled.problem.qScales = view(ofQueries, 2, 1);
  scaled.problem.kScales = view(ofKeys, 1, 2);
  auto fill = [](std::vector<float> &values, std::vector<uint8_t> &bytes, int64_t rows, int64_t blocks, int sign) {
    for (size_t i = 0; i < values.size(); ++i) {
      int64_t group = int64_t(i) % 64 / 32, row = int64_t(i) / 64 % rows, head = int64_t(i) / 64 / rows;
      int own = int(row * 7 + group) % 3 - 1, exponent = sign * (group ? 100 : -120) + own;
      values[i] *= std::ldexp(1.0f, own);
      bytes[size_t(head * blocks * 512 + row / 128 * 512 + row % 32 * 16 + row % 128 / 32 * 4 + group)] =
          uint8_t(127 + exponent);
    }
  };
  fill(attention.q, ofQueries, 5, 1, 1);
  fill(attention.k, ofKeys, 140, 2, -1);
  std::vector<AttentionRow> rows = attention.allRows();
  for (Precision precision : {Precision::Float64, Precision::Kernel}) {
    AttentionResult expected = attentionForward(attention.problem, rows, precision);
    AttentionResult result = attentionForward(scaled.problem, rows, precision);
    double error = precision == Precision::Float64 ? 1e-12 : 1e-4;
    for (size_t i = 0; i < expected.output.size(); ++i)
      ASSERT_NEAR(expected.output[i], result.output[i], error);
    for (size_t row = 0; row < rows.size(); ++row)
      ASSERT_NEAR(expected.logSumExp[row], result.logSumExp[row], error);
  }
  ofKeys[0] = 255;
  EXPECT_TRUE(std::isnan(attentionForward(scaled.problem, rows, Precision::Float64).output[0]));
}

/// Attention to some keys and then to the others is attention to all, in whatever order.
TEST(ReferenceOptionsTest, parts_of_keys_make_the_whole) {
  Attention attention(2, 4, 2, 5, 40, 8);
  std::vector<AttentionRow> rows = attention.allRows();
  AttentionResult whole = attentionForward(attention.problem, rows, Precision::Float64);
  AttentionProblem first = attention.problem, second = attention.problem;
  for (auto [problem, begin, count] : {std::tuple(&first, 0, 13), std::tuple(&second, 13, 27)})
    for (TensorView *view : {&problem->k, &problem->v}) {
      view->data = static_cast<const float *>(view->data) + begin * view->strides[2];
      view->shape[2] = count;
    }
  AttentionResult part = attentionForward(first, rows, Precision::Float64);
  std::vector<float> output(part.output.begin(), part.output.end()), sums(part.logSumExp.begin(), part.logSumExp.end());
  second.partial = reference::PartialAttention{{output.data(), ElementType::F32, {2, 4, 5, 8}, {160, 40, 8, 1}},
                                               {sums.data(), ElementType::F32, {2, 4, 5, 1}, {20, 5, 1, 1}}};
  for (Precision precision : {Precision::Float64, Precision::Kernel}) {
    AttentionResult both = attentionForward(second, rows, precision);
    for (size_t i = 0; i < whole.output.size(); ++i)
      ASSERT_NEAR(whole.output[i], both.output[i], 1e-5);
    for (size_t i = 0; i < rows.size(); ++i)
      ASSERT_NEAR(whole.logSumExp[i], both.logSumExp[i], 1e-5);
  }
  // Rows that have seen nothing do not look at the output.
  AttentionResult alone = attentionForward(first, rows, Precision::Float64);
  std::ranges::fill(output, std::nanf(""));
  std::ranges::fill(sums, -std::numeric_limits<float>::infinity());
  first.partial = second.partial;
  EXPECT_EQ(alone.output, attentionForward(first, rows, Precision::Float64).output);
  EXPECT_EQ(alone.logSumExp, attentionForward(first, rows, Precision::Float64).logSumExp);
}

} // namespace
