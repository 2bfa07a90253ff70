//===- Compare.cpp - Is a kernel's error what its arithmetic allows? ------===//

#include "girih/Reference/Compare.h"
#include <algorithm>
#include <cmath>
#include <cstdio>

using namespace girih;
using namespace girih::reference;

namespace {

/// Relative error of a tensor core's sum: 16 products at a time are added to a
/// float accumulator that drops what falls off its end.
double accumulationError(int64_t terms) { return double((terms + 15) / 16) * 0x1p-22; }

/// Of operands of 8 bits, tensor cores before Blackwell add up 32 products at a time with 13 bits
/// after the largest number's first (DeepSeek-V3, arXiv:2412.19437, 3.5.2).
double narrowAccumulationError(int64_t terms) { return double((terms + 31) / 32) * 0x1p-13; }

/// Error of the row's scores: of a sum in the tensor core and a few operations
/// in float, or of a score function that the GPU approximates.
double scoreError(const AttentionProblem &problem, const AttentionResult &exact, size_t row) {
  if (problem.exactScores && !problem.score)
    return 0;
  bool approximate = problem.score && problem.score->isApproximate();
  double error = approximate ? 0x1p-10 : 0x1p-18;
  return error * exact.maxScore[row] + (isNarrow(problem.q.type) ? exact.maxCutOff[row] : 0);
}

double maxAbs(const double *values, int64_t size) {
  double largest = 0;
  for (int64_t i = 0; i < size; ++i)
    largest = std::max(largest, std::fabs(values[i]));
  return largest;
}

std::string rowLabel(const AttentionRow &row) {
  return "b=" + std::to_string(row.b) + " h=" + std::to_string(row.h) + " q=" + std::to_string(row.q);
}

} // namespace

void RowComparer::fail(const std::string &label, int64_t column, double actual, double exact, double bound) {
  if (result.firstFailure.empty()) {
    char text[200];
    std::snprintf(text, sizeof text, "%s, column %lld: %.6g when it should be %.6g within %.3g", label.c_str(),
                  static_cast<long long>(column), actual, exact, bound);
    result.firstFailure = text;
  }
}

void RowComparer::add(const std::string &label, const double *actual, const double *exact, const double *yardstick,
                      int64_t size, double slack) {
  double allowed = 0;
  for (int64_t i = 0; i < size; ++i)
    if (std::isfinite(exact[i]) && std::isfinite(yardstick[i]))
      allowed = std::max(allowed, std::fabs(yardstick[i] - exact[i]));
  result.maxYardstick = std::max(result.maxYardstick, allowed);
  double bound = 2 * allowed + slack;
  bool failed = false;
  for (int64_t i = 0; i < size; ++i) {
    if (!std::isfinite(exact[i])) {
      bool same = std::isnan(exact[i]) ? std::isnan(actual[i]) : actual[i] == exact[i];
      if (!same && !failed)
        fail(label, i, actual[i], exact[i], 0);
      failed |= !same;
      continue;
    }
    double error = std::fabs(actual[i] - exact[i]);
    if (!(error <= bound)) { // also true for a NaN
      if (!failed)
        fail(label, i, actual[i], exact[i], bound);
      failed = true;
    }
    // A NaN would hide every later row from these.
    if (!std::isfinite(error))
      error = HUGE_VAL;
    result.maxDifference = std::max(result.maxDifference, error);
    if (error > 0)
      result.worstShare = std::max(result.worstShare, error / bound);
    errorSquares += error * error;
    yardstickSquares += (yardstick[i] - exact[i]) * (yardstick[i] - exact[i]);
    exactSquares += exact[i] * exact[i];
  }
  result.failedRows += failed;
}

Comparison RowComparer::finish() const {
  Comparison finished = result;
  if (exactSquares > 0) {
    finished.relativeError = std::sqrt(errorSquares / exactSquares);
    finished.relativeYardstick = std::sqrt(yardstickSquares / exactSquares);
  }
  return finished;
}

/// Weights have independent errors, each uniform up to a bound, so that their sum is four times
/// the root of the bounds' squares or more with a probability below 1e-10 (a uniform number is
/// sub-Gaussian with a third of the square); and never more than all of them.
static double weightRounding(const AttentionProblem &problem, const AttentionResult &exact, size_t row) {
  double all = unitRoundoff(problem.weightElement()) * exact.absWeighted[row] + exact.weightRounding[row];
  return std::min(4 * exact.weightRounding[row], all);
}

/// Sums on the way are of the size of the output and of the largest terms. Where tiles of keys
/// have sums of their own, the sizes of these add up to no more than all terms together, and
/// the roots of the squares of the terms of n tiles to the root of n of those of all.
static double narrowSumError(const AttentionProblem &problem, const AttentionResult &exact, size_t row,
                             double largest) {
  int64_t keys = problem.keys(), summed = std::min(problem.summedKeys.value_or(keys), keys);
  double terms = exact.weightRounding[row] / unitRoundoff(problem.weightElement());
  if (summed == keys)
    return narrowAccumulationError(keys) * (largest + terms);
  double tiles = std::ceil(double(keys) / double(summed));
  return narrowAccumulationError(summed) * (exact.absWeighted[row] + std::sqrt(tiles) * terms);
}

double reference::outputSlack(const AttentionProblem &problem, const AttentionResult &exact, size_t row) {
  ElementType type = problem.outputElement();
  double largest = maxAbs(&exact.output[row * exact.dim], exact.dim);
  double rounding = unitRoundoff(type) * largest;
  if (problem.showsWeightRounding())
    rounding += weightRounding(problem, exact, row);
  if (isNarrow(problem.weightElement()))
    rounding += narrowSumError(problem, exact, row, largest);
  // An error of a score is a relative error of its weight; one of a weight is also in the sum
  // that weights are divided by.
  double weightError =
      scoreError(problem, exact, row) + 2 * problem.weightError + accumulationError(problem.keys()) + 0x1p-20;
  double tiny = std::max(subnormalStep(type), 0x1p-126); // floats below are flushed
  return rounding + weightError * exact.absWeighted[row] + tiny + exact.flushed[row];
}

double reference::logSumExpSlack(const AttentionProblem &problem, const AttentionResult &exact, size_t row) {
  // The LSE of a large score is itself rounded, as are the scale and ln 2 in it.
  double scaling = problem.scoreFactors.empty() ? 0x1p-22 : 0x1p-21; // more products that are rounded
  return scoreError(problem, exact, row) + problem.weightError + scaling * exact.maxScore[row] + 0x1p-16;
}

Comparison reference::compareOutput(const AttentionProblem &problem, const std::vector<AttentionRow> &rows,
                                    const AttentionResult &exact, const AttentionResult &yardstick,
                                    const std::vector<double> &actual) {
  RowComparer comparer;
  for (size_t row = 0; row < rows.size(); ++row) {
    size_t first = row * exact.dim;
    comparer.add(rowLabel(rows[row]), &actual[first], &exact.output[first], &yardstick.output[first], exact.dim,
                 outputSlack(problem, exact, row));
  }
  return comparer.finish();
}

Comparison reference::compareLogSumExp(const AttentionProblem &problem, const std::vector<AttentionRow> &rows,
                                       const AttentionResult &exact, const AttentionResult &yardstick,
                                       const std::vector<double> &actual) {
  RowComparer comparer;
  for (size_t row = 0; row < rows.size(); ++row)
    comparer.add(rowLabel(rows[row]), &actual[row], &exact.logSumExp[row], &yardstick.logSumExp[row], 1,
                 logSumExpSlack(problem, exact, row));
  return comparer.finish();
}

Comparison reference::compareGemm(const std::vector<int64_t> &rows, const GemmResult &reference,
                                  const std::vector<double> &actual, int64_t depth, ElementType type) {
  RowComparer comparer;
  for (size_t row = 0; row < rows.size(); ++row) {
    size_t first = row * reference.columns;
    double largest = maxAbs(&reference.exact[first], reference.columns);
    comparer.add("row " + std::to_string(rows[row]), &actual[first], &reference.exact[first], &reference.kernel[first],
                 reference.columns, (unitRoundoff(type) + accumulationError(depth)) * largest);
  }
  return comparer.finish();
}
