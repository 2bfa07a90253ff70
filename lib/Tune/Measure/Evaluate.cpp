//===- Evaluate.cpp - How good are model and search? ----------------------===//

#include "girih/Tune/Evaluate.h"
#include "girih/Tune/Search.h"
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace girih::tune;

/// The rank of each value; equal values share the mean of theirs.
static std::vector<double> ranks(const std::vector<double> &values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (size_t i = 0, end; i < order.size(); i = end) {
    for (end = i; end < order.size() && values[order[end]] == values[order[i]];)
      ++end;
    for (size_t j = i; j < end; ++j)
      result[order[j]] = double(i + end - 1) / 2;
  }
  return result;
}

/// Pearson's correlation; 0 where one of them does not vary.
static double correlation(const std::vector<double> &a, const std::vector<double> &b) {
  double meanA = std::accumulate(a.begin(), a.end(), 0.0) / double(a.size());
  double meanB = std::accumulate(b.begin(), b.end(), 0.0) / double(b.size());
  double both = 0, squareA = 0, squareB = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    both += (a[i] - meanA) * (b[i] - meanB);
    squareA += (a[i] - meanA) * (a[i] - meanA);
    squareB += (b[i] - meanB) * (b[i] - meanB);
  }
  return squareA > 0 && squareB > 0 ? both / std::sqrt(squareA * squareB) : 0;
}

Evaluation girih::tune::evaluate(const std::vector<Row> &rows, double share) {
  Evaluation result;
  result.measured = rows.size();
  std::vector<Candidate> candidates;
  std::vector<double> predictions, times;
  double preferred = INFINITY;
  for (const Row &row : rows) {
    candidates.push_back({row.schedule, row.predicted});
    result.wrong += row.state == State::Wrong;
    result.failed += row.state == State::Failed;
    if (row.state != State::Timed && row.state != State::Slow)
      continue;
    ++result.timed;
    predictions.push_back(row.predicted);
    times.push_back(row.milliseconds);
    if (row.predicted < preferred) {
      preferred = row.predicted;
      result.modelRegret = row.milliseconds;
    }
  }
  if (times.empty())
    return result;
  result.best = *std::min_element(times.begin(), times.end());
  result.modelRegret = result.modelRegret / result.best - 1;
  if (times.size() > 2)
    result.rankCorrelation = correlation(ranks(predictions), ranks(times));

  result.limit = size_t(share * double(rows.size()));
  Search search(candidates, result.limit, /*seed=*/1);
  double found = INFINITY;
  while (std::optional<size_t> next = search.next()) {
    const Row &row = rows[*next];
    bool hasTime = row.state == State::Timed || row.state == State::Slow;
    search.tell(*next, hasTime ? std::optional<double>(row.milliseconds) : std::nullopt);
    if (hasTime)
      found = std::min(found, row.milliseconds);
  }
  result.searchRegret = found / result.best - 1;
  return result;
}
