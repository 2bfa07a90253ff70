//===- Sample.cpp - Which rows of the output to repeat on the CPU ---------===//

#include "girih/Reference/Attention.h"
#include <random>
#include <set>

using namespace girih::reference;

namespace {

/// Where tiles of 64 to 256 rows begin and end, from either end: the rows that
/// a wrong bound, mask or phase damages first.
std::vector<int64_t> boundaryRows(int64_t queries) {
  std::set<int64_t> rows;
  for (int64_t edge : {0, 8, 16, 64, 128, 192, 256, 384})
    for (int64_t row : {edge - 1, edge, edge + 1, queries - edge - 1, queries - edge, queries - edge + 1,
                        queries / 2 + edge, queries / 2 - edge})
      if (row >= 0 && row < queries)
        rows.insert(row);
  return {rows.begin(), rows.end()};
}

} // namespace

std::vector<AttentionRow> girih::reference::sampleRows(const AttentionProblem &problem, double multiplyAdds,
                                                       uint64_t seed, const std::vector<AttentionRow> &always) {
  int64_t batch = problem.countSequences(), heads = problem.q.shape[1];
  std::set<AttentionRow> rows(always.begin(), always.end());
  auto sorted = [&] { return std::vector<AttentionRow>(rows.begin(), rows.end()); };
  auto queriesOf = [&](int64_t b) { return problem.sequence(b).queries; };

  // Two references of two products each.
  double rowCost = 2.0 * double(problem.keys()) * double(problem.q.shape[3] + problem.v.shape[3]);
  double limit = rowCost > 0 ? multiplyAdds / rowCost : 1e18;
  double total = 0;
  for (int64_t b = 0; b < batch; ++b)
    total += double(heads) * double(queriesOf(b));
  if (total <= limit) {
    for (int64_t b = 0; b < batch; ++b)
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t q = 0; q < queriesOf(b); ++q)
          rows.insert({b, h, q});
    return sorted();
  }

  auto add = [&](int64_t b, int64_t h, int64_t q) {
    if (double(rows.size()) < limit && q < queriesOf(b))
      rows.insert({b, h, q});
  };
  std::mt19937_64 random(seed);
  auto below = [&](int64_t bound) { return int64_t(random() % uint64_t(std::max<int64_t>(bound, 1))); };
  // Every head once, in a row that differs from head to head.
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h)
      add(b, h, below(queriesOf(b)));
  for (int64_t b : {int64_t(0), batch - 1, below(batch)})
    for (int64_t q : boundaryRows(queriesOf(b))) {
      add(b, b == 0 ? 0 : heads - 1, q);
      add(b, below(heads), q);
    }
  // The sample is a small part of all rows, or `limit` would have allowed all
  // of them; still, the tries are bounded.
  for (double tries = 0; tries < 2 * limit && double(rows.size()) < limit; ++tries) {
    int64_t b = below(batch);
    add(b, below(heads), below(queriesOf(b)));
  }
  return sorted();
}
