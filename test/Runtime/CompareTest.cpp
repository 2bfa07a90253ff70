//===- CompareTest.cpp - The bound on a kernel's error --------------------===//

#include "girih/Reference/Compare.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace girih::reference;

TEST(CompareTest, twice_the_yardstick_and_the_slack_pass) {
  double exact[] = {1, 2}, yardstick[] = {1.01, 2};
  double near[] = {1, 2.0299}, far[] = {1, 2.0301};
  RowComparer comparer;
  comparer.add("row 0", near, exact, yardstick, 2, 0.01);
  EXPECT_TRUE(comparer.finish().passed());
  comparer.add("row 1", far, exact, yardstick, 2, 0.01);
  Comparison result = comparer.finish();
  EXPECT_EQ(1, result.failedRows);
  EXPECT_EQ("row 1, column 1: 2.0301 when it should be 2 within 0.03", result.firstFailure);
  EXPECT_NEAR(0.0301, result.maxDifference, 1e-12);
  EXPECT_NEAR(0.0301 / 0.03, result.worstShare, 1e-9);
}

TEST(CompareTest, nan_and_infinity_must_agree) {
  double nan = NAN, infinity = INFINITY, one = 1;
  auto passes = [](double actual, double exact) {
    RowComparer comparer;
    comparer.add("row", &actual, &exact, &exact, 1, 10);
    return comparer.finish().passed();
  };
  EXPECT_TRUE(passes(nan, nan));
  EXPECT_TRUE(passes(-infinity, -infinity));
  EXPECT_FALSE(passes(nan, one));
  EXPECT_FALSE(passes(one, nan));
  EXPECT_FALSE(passes(infinity, -infinity));
  EXPECT_FALSE(passes(infinity, one));
}

TEST(CompareTest, relative_error_is_the_frobenius_norm) {
  double exact[] = {3, 4}, actual[] = {3, 4.5}, yardstick[] = {3, 4};
  RowComparer comparer;
  comparer.add("row", actual, exact, yardstick, 2, 1);
  EXPECT_NEAR(0.1, comparer.finish().relativeError, 1e-12);
}

TEST(CompareTest, weights_may_have_an_error_of_their_own) {
  AttentionProblem problem;
  problem.exactScores = true;
  AttentionResult exact;
  exact.maxScore = {1};
  double before = logSumExpSlack(problem, exact, 0);
  problem.weightError = 1e-3;
  EXPECT_NEAR(1e-3, logSumExpSlack(problem, exact, 0) - before, 1e-12);
}

TEST(CompareTest, cut_sums_change_scores_of_eight_bits) {
  AttentionProblem problem;
  problem.q = {nullptr, girih::ElementType::E4M3, {1, 1, 1, 128}, {128, 128, 128, 1}};
  AttentionResult exact;
  exact.maxScore = {1};
  exact.maxCutOff = {0.1};
  EXPECT_NEAR(0.1, logSumExpSlack(problem, exact, 0), 1e-4);
  problem.q.type = girih::ElementType::BF16;
  EXPECT_LT(logSumExpSlack(problem, exact, 0), 1e-4);
}

TEST(CompareTest, rounding_of_weights_shows_in_wider_outputs) {
  AttentionProblem problem;
  problem.q = {nullptr, girih::ElementType::E4M3, {1, 1, 1, 64}, {64, 64, 64, 1}};
  problem.k = problem.v = {nullptr, girih::ElementType::E4M3, {1, 1, 32, 64}, {2048, 2048, 64, 1}};
  problem.exactScores = true;
  problem.outputType = girih::ElementType::F32;
  AttentionResult exact;
  exact.dim = 1;
  exact.output = {1};
  exact.maxScore = {1};
  exact.absWeighted = {10};
  exact.flushed = {0};
  exact.weightRounding = {0.01};
  // Four times the root of the squares, less than all errors together; and 32 terms of 13 bits.
  double sum = 0x1p-13 * (1 + 16 * 0.01);
  EXPECT_NEAR(0.04 + sum, outputSlack(problem, exact, 0), 1e-4);
  exact.absWeighted = {0.32};
  EXPECT_NEAR(0.03 + sum, outputSlack(problem, exact, 0), 1e-4);
  // Two sums of 16 keys are no larger than all terms together, and each is cut off once.
  problem.summedKeys = 16;
  EXPECT_NEAR(0.03 + 0x1p-13 * (0.32 + std::sqrt(2) * 16 * 0.01), outputSlack(problem, exact, 0), 1e-5);
  problem.summedKeys.reset();
  // Of 16 bits too, where the output has more; where it has as many, its own rounding is larger.
  problem.v.type = girih::ElementType::BF16;
  problem.q.type = girih::ElementType::BF16;
  EXPECT_NEAR(0x1p-8 * 0.32 + 0.01, outputSlack(problem, exact, 0), 1e-4);
  problem.outputType = girih::ElementType::BF16;
  EXPECT_NEAR(0x1p-8, outputSlack(problem, exact, 0), 1e-4);
  // But where the largest of a row is rounded as all are.
  problem.hasFixedMaximum = true;
  EXPECT_NEAR(0x1p-8 * 1.32 + 0.01, outputSlack(problem, exact, 0), 1e-4);
}

// A sink that is so large that the reciprocal of the divisor is no normal float: the kernel's output is 0.
TEST(CompareTest, weights_below_the_least_float_may_be_zero) {
  float one[16];
  std::fill(std::begin(one), std::end(one), 1.0f);
  AttentionProblem problem;
  problem.q = problem.k = problem.v = {one, girih::ElementType::F32, {1, 1, 1, 16}, {16, 16, 16, 1}};
  problem.sinks = {87.6};
  problem.scale = 0;
  problem.outputScale = -3;
  AttentionResult exact = attentionForward(problem, {{0, 0, 0}}, Precision::Float64);
  EXPECT_LT(exact.output[0], -0x1p-126);
  EXPECT_GT(outputSlack(problem, exact, 0), -exact.output[0]);
}
