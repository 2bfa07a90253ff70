//===- Attention.cpp - Attention on the CPU -------------------------------===//
//
// Rows are taken in groups that share a K/V head, so that a row of K or V is
// converted once for the group: conversion would otherwise cost as much as the
// arithmetic.
//
//===----------------------------------------------------------------------===//

#include "girih/Reference/Attention.h"
#include "Kernels.h"
#include "girih/Reference/CutOff.h"
#include "girih/Reference/Gemm.h"
#include "girih/Support/Parallel.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace girih;
using namespace girih::reference;

namespace {

constexpr size_t rowsPerGroup = 16;

struct Group {
  int64_t b = 0, kvHead = 0;
  std::vector<size_t> rows; ///< indices into the list of rows
};

std::vector<Group> groupRows(const AttentionProblem &problem, const std::vector<AttentionRow> &rows) {
  int64_t ratio = problem.q.shape[1] / problem.k.shape[1];
  std::vector<Group> groups;
  for (size_t i = 0; i < rows.size(); ++i) {
    int64_t kvHead = rows[i].h / ratio;
    if (groups.empty() || groups.back().b != rows[i].b || groups.back().kvHead != kvHead ||
        groups.back().rows.size() == rowsPerGroup)
      groups.push_back({rows[i].b, kvHead, {}});
    groups.back().rows.push_back(i);
  }
  return groups;
}

template <typename Real> void loadRow(const TensorView &tensor, int64_t b, int64_t h, int64_t row, Real *values) {
  size_t first = b * tensor.strides[0] + h * tensor.strides[1] + row * tensor.strides[2];
  for (int64_t i = 0; i < tensor.shape[3]; ++i)
    values[i] = loadElement(tensor.type, tensor.data, first + i * tensor.strides[3]);
}

/// A row and the scales of its groups of elements, of which there is one, 1, where the problem has none.
template <typename Real> struct ScaledRow {
  std::vector<Real> values;
  std::vector<double> scales;

  void load(const TensorView &tensor, const std::optional<TensorView> &blocks, int64_t b, int64_t h, int64_t row) {
    int64_t dim = tensor.shape[3];
    values.resize(size_t(dim));
    loadRow(tensor, b, h, row, values.data());
    scales.assign(1, 1);
    if (!blocks)
      return;
    scales.resize(size_t(dim / scaleGroup));
    const auto *first = static_cast<const uint8_t *>(blocks->data) + b * blocks->strides[0] + h * blocks->strides[1];
    for (size_t i = 0; i < scales.size(); ++i)
      scales[i] = ue8m0ToFloat(BlockScales{first, 1}.at(row, int64_t(i) * scaleGroup));
  }
};

/// Products are exact, and scales only move their exponents: each group is summed without them.
template <typename Real> Real dotOfGroups(const ScaledRow<Real> &a, const ScaledRow<Real> &b) {
  auto dim = int64_t(a.values.size()), groups = int64_t(a.scales.size()), size = dim / groups;
  Real sum = 0;
  for (int64_t i = 0; i < groups; ++i)
    sum += Real(a.scales[size_t(i)] * b.scales[size_t(i)] *
                dot(&a.values[size_t(i * size)], &b.values[size_t(i * size)], size));
  return sum;
}

/// One group in the arithmetic of `Real`; float rounds P and O as a kernel
/// does.
template <typename Real> class GroupForward {
public:
  GroupForward(const AttentionProblem &problem, const std::vector<AttentionRow> &rows, const Group &group,
               AttentionResult &result)
      : problem(problem), rows(rows), group(group), result(result), count(group.rows.size()),
        place(problem.sequence(group.b)), keys(place.keys), scale(problem.scoreScale(group.b, group.kvHead)),
        outputScale(problem.outputScaleOf(group.b, group.kvHead)), scores(count * keys), weightSums(count),
        ranges(count), times(count) {
    // Chips with scales for groups add in f32.
    if (!roundsLikeKernel && isNarrow(problem.q.type) && !problem.qScales)
      cutOffs.resize(count * keys);
  }

  void run() {
    computeScores();
    for (size_t r = 0; r < count; ++r)
      softmax(r);
    multiplyByV();
  }

private:
  static constexpr bool roundsLikeKernel = std::is_same_v<Real, float>;
  /// Scores this far below the largest have weights too small to matter.
  static constexpr Real negligible = 24;

  void computeScores() {
    int64_t dim = problem.q.shape[3];
    std::vector<ScaledRow<Real>> queries(count);
    ScaledRow<Real> key;
    for (size_t r = 0; r < count; ++r) {
      const AttentionRow &row = rows[group.rows[r]];
      queries[r].load(problem.q, problem.qScales, place.batch, row.h, place.firstQuery + row.q);
      ranges[r] = problem.mask.visible(row, place.queries, keys);
      if (problem.mask.blocks)
        times[r] = problem.mask.listedTimes(row, place.queries, keys);
    }
    for (int64_t k = 0; k < keys; ++k) {
      if (!visibleToAny(k))
        continue;
      key.load(problem.k, problem.kScales, place.batch, group.kvHead, place.firstKey + k);
      for (size_t r = 0; r < count; ++r)
        if (ranges[r].begin <= k && k < ranges[r].end) {
          Real scaled = Real(scale) * dotOfGroups(queries[r], key);
          scores[r * keys + k] = score(r, k, scaled);
          if constexpr (!roundsLikeKernel)
            if (!cutOffs.empty()) {
              double error = std::fabs(scale) * cutOffError(queries[r].values.data(), key.values.data(), dim);
              cutOffs[r * keys + k] = std::max(std::fabs(score(r, k, scaled + error) - scores[r * keys + k]),
                                               std::fabs(score(r, k, scaled - error) - scores[r * keys + k]));
            }
        }
    }
  }

  Real score(size_t r, int64_t k, Real scaled) const {
    const AttentionRow &row = rows[group.rows[r]];
    int64_t queries = place.queries;
    if (times[r].empty() ? !problem.mask.sees(row, k, queries, keys) : times[r][size_t(k)] == 0)
      return -std::numeric_limits<Real>::infinity();
    if (!problem.score)
      return scaled;
    return Real(problem.score->evaluate(
        {scaled, double(row.b), double(row.h), double(row.q), double(k), double(queries), double(keys)}));
  }

  bool visibleToAny(int64_t k) const {
    return std::any_of(ranges.begin(), ranges.end(), [&](KeyRange range) { return range.begin <= k && k < range.end; });
  }

  /// Turns the row's scores into weights; a NaN anywhere makes the sum a NaN.
  void softmax(size_t r) {
    Real *row = &scores[r * keys];
    constexpr Real infinity = std::numeric_limits<Real>::infinity();
    Real maximum = -infinity, largest = 0, sum = 0;
    double largestCutOff = 0;
    bool seesNothing = true; // also when the score function hides every key in the range
    for (int64_t k = ranges[r].begin; k < ranges[r].end; ++k) {
      maximum = std::max(maximum, row[k]);
      seesNothing &= row[k] == -infinity;
    }
    if (seesNothing)
      ranges[r] = {};
    for (int64_t k = ranges[r].begin; k < ranges[r].end; ++k) {
      if (row[k] > maximum - negligible) {
        largest = std::max(largest, std::fabs(row[k]));
        if (!cutOffs.empty())
          largestCutOff = std::max(largestCutOff, cutOffs[r * keys + k]);
      }
      Real weight = std::exp(row[k] - maximum);
      sum += weight * listed(r, k); // of those that are left out too
      if (!keeps(r, k))
        weight = 0;
      row[k] = (roundsLikeKernel ? roundWeight(weight) : weight) * listed(r, k);
    }
    weightSums[r] = sum;
    result.maxScore[group.rows[r]] = largest;
    result.maxCutOff[group.rows[r]] = largestCutOff;
    result.logSumExp[group.rows[r]] = seesNothing ? -infinity : maximum + std::log(sum);
    if (!problem.sinks.empty())
      joinSink(r, seesNothing ? -infinity : maximum);
  }

  /// How often the key counts.
  Real listed(size_t r, int64_t k) const { return times[r].empty() ? 1 : Real(times[r][size_t(k)]); }

  /// Whether dropout leaves the weight in.
  bool keeps(size_t r, int64_t k) const {
    const AttentionRow &row = rows[group.rows[r]];
    return !problem.dropout || problem.dropout->keeps(row.b, row.h, row.q, k);
  }

  /// One more score of the row, without a value.
  void joinSink(size_t r, double maximum) {
    size_t row = group.rows[r];
    double sink = problem.sinks[size_t(rows[row].h)], &logSumExp = result.logSumExp[row];
    if (std::isinf(maximum)) { // alone
      logSumExp = sink;
      return;
    }
    double sum = double(weightSums[r]) + std::exp(sink - maximum);
    weightSums[r] = Real(sum);
    logSumExp = sink > maximum ? sink + std::log1p(std::exp(logSumExp - sink)) : maximum + std::log(sum);
    result.maxScore[row] = std::max(result.maxScore[row], sink > maximum - negligible ? std::fabs(sink) : 0);
  }

  Real roundWeight(Real weight) const {
    float factor = std::ldexp(1.0f, int(problem.weightExponent));
    return roundToElement(problem.weightElement(), float(weight) * factor) / factor;
  }

  /// The most that rounding changes a weight: half a step, and nothing more than all.
  double weightRounding(double weight) const {
    double halfStep = std::ldexp(subnormalStep(problem.weightElement()) / 2, -int(problem.weightExponent));
    return std::min(weight, std::max(unitRoundoff(problem.weightElement()) * weight, halfStep));
  }

  void multiplyByV() {
    int64_t dim = problem.outputDim();
    std::vector<Real> value(dim), sums(count * dim);
    std::vector<double> absolute(count * dim), squares(count * dim), flushed(count);
    for (int64_t k = 0; k < keys; ++k) {
      if (!visibleToAny(k))
        continue;
      loadRow(problem.v, place.batch, group.kvHead, place.firstKey + k, value.data());
      auto [least, most] = std::minmax_element(value.begin(), value.end());
      double largest = std::max(-double(*least), double(*most));
      for (size_t r = 0; r < count; ++r) {
        if (k < ranges[r].begin || k >= ranges[r].end)
          continue;
        accumulate(scores[r * keys + k], value.data(), &sums[r * dim], dim);
        if constexpr (!roundsLikeKernel) {
          accumulateAbsolute(scores[r * keys + k], value.data(), &absolute[r * dim], dim);
          flushed[r] += 0x1p-125 * largest;
          if (problem.showsWeightRounding())
            if (Real number = listed(r, k); number > 0)
              accumulateSquares(number * weightRounding(scores[r * keys + k] / number), value.data(), &squares[r * dim],
                                dim);
        }
      }
    }
    for (size_t r = 0; r < count; ++r)
      store(r, &sums[r * dim], &absolute[r * dim], &squares[r * dim], flushed[r]);
  }

  void store(size_t r, const Real *sums, const double *absolute, const double *squares, double flushed) {
    int64_t dim = problem.outputDim();
    double *output = &result.output[group.rows[r] * dim];
    Other other = problem.partial ? joinPartial(r) : Other();
    Real factor = ranges[r].size() ? Real(outputScale) / weightSums[r] * other.left : 0;
    for (int64_t i = 0; i < dim; ++i) {
      Real value = ranges[r].size() ? factor * sums[i] : 0;
      if (other.share != 0)
        value += other.share * other.output[i];
      output[i] = roundsLikeKernel ? roundToElement(problem.outputElement(), value) : value;
    }
    if (roundsLikeKernel)
      return;
    double ofWeights = std::fabs(factor), &most = result.absWeighted[group.rows[r]];
    if (ranges[r].size())
      most = ofWeights * *std::max_element(absolute, absolute + dim);
    for (Real value : other.output)
      most = other.share != 0 ? std::max(most, std::fabs(double(other.share * value))) : most;
    result.flushed[group.rows[r]] = std::fabs(outputScale) * flushed;
    result.weightRounding[group.rows[r]] = ofWeights * std::sqrt(*std::max_element(squares, squares + dim));
  }

  /// Attention to other keys: which share of the row it has, and what is left to the keys of the problem.
  struct Other {
    std::vector<Real> output;
    Real share = 0, left = 1;
  };

  Other joinPartial(size_t r) {
    size_t row = group.rows[r];
    int64_t query = place.firstQuery + rows[row].q;
    Other other;
    other.output.resize(problem.outputDim());
    Real logSum;
    loadRow(problem.partial->output, place.batch, rows[row].h, query, other.output.data());
    loadRow(problem.partial->logSumExp, place.batch, rows[row].h, query, &logSum);
    double &logSumExp = result.logSumExp[row];
    if (std::isinf(double(logSum)) && std::isinf(logSumExp)) // neither has seen a key
      return other;
    double most = std::max(double(logSum), logSumExp), sum = std::exp(logSum - most) + std::exp(logSumExp - most);
    other.share = Real(std::exp(logSum - most) / sum);
    other.left = Real(std::exp(logSumExp - most) / sum);
    if (logSum > most - negligible)
      result.maxScore[row] = std::max(result.maxScore[row], std::fabs(double(logSum)));
    logSumExp = most + std::log(sum);
    return other;
  }

  const AttentionProblem &problem;
  const std::vector<AttentionRow> &rows;
  const Group &group;
  AttentionResult &result;
  size_t count;
  Sequence place;
  int64_t keys;
  double scale, outputScale;
  std::vector<Real> scores, weightSums;
  std::vector<double> cutOffs; ///< errors of the scores from cut sums, of inputs of 8 bits
  std::vector<KeyRange> ranges;
  std::vector<std::vector<int>> times; ///< each key is seen, where blocks are listed
};

} // namespace

AttentionResult reference::attentionForward(const AttentionProblem &problem, const std::vector<AttentionRow> &rows,
                                            Precision precision) {
  AttentionResult result;
  result.dim = problem.outputDim();
  result.output.resize(rows.size() * result.dim);
  result.logSumExp.resize(rows.size());
  result.maxScore.resize(rows.size());
  result.maxCutOff.resize(rows.size());
  result.absWeighted.resize(rows.size());
  result.flushed.resize(rows.size());
  result.weightRounding.resize(rows.size());
  std::vector<Group> groups = groupRows(problem, rows);
  parallelFor(groups.size(), [&](int64_t i) {
    if (precision == Precision::Float64)
      GroupForward<double>(problem, rows, groups[i], result).run();
    else
      GroupForward<float>(problem, rows, groups[i], result).run();
  });
  return result;
}
