// A small attention problem with random values, and attention by its definition.
#ifndef GIRIH_TEST_RUNTIME_SMALLATTENTION_H
#define GIRIH_TEST_RUNTIME_SMALLATTENTION_H

#include "girih/Reference/Attention.h"
#include <cmath>
#include <random>

namespace girih::reference {

/// Small tensors of floats, dense in the order [b, h, s, d].
struct Attention {
  std::vector<float> q, k, v;
  AttentionProblem problem;

  Attention(int64_t b, int64_t h, int64_t hkv, int64_t sq, int64_t skv, int64_t d) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto fill = [&](std::vector<float> &data, TensorView &view, int64_t heads, int64_t rows) {
      data.resize(size_t(b * heads * rows * d));
      for (float &value : data)
        value = normal(random);
      view = {data.data(), ElementType::F32, {b, heads, rows, d}, {heads * rows * d, rows * d, d, 1}};
    };
    fill(q, problem.q, h, sq);
    fill(k, problem.k, hkv, skv);
    fill(v, problem.v, hkv, skv);
    problem.scale = 0.3;
  }

  /// One element of O by the definition, with `sees` as the mask.
  template <typename Sees> double element(int64_t b, int64_t h, int64_t row, int64_t column, const Sees &sees) const {
    double above = 0, below = 0;
    for (int64_t key = 0; key < problem.keys(); ++key) {
      if (!sees(row, key))
        continue;
      above += weight(b, h, row, key) * value(b, h, key, column);
      below += weight(b, h, row, key);
    }
    return below > 0 ? above / below : 0;
  }

  /// exp of a scaled score, and an element of V for a head of queries.
  double weight(int64_t b, int64_t h, int64_t row, int64_t key) const {
    int64_t d = problem.q.shape[3];
    double score = 0;
    for (int64_t i = 0; i < d; ++i)
      score += double(q[size_t(((b * problem.q.shape[1] + h) * problem.queries() + row) * d + i)]) *
               double(k[size_t(keyRow(b, h, key) * d + i)]);
    return std::exp(problem.scale * score);
  }
  double value(int64_t b, int64_t h, int64_t key, int64_t column) const {
    return v[size_t(keyRow(b, h, key) * problem.q.shape[3] + column)];
  }

  int64_t keyRow(int64_t b, int64_t h, int64_t key) const {
    int64_t kvHeads = problem.k.shape[1], kv = h / (problem.q.shape[1] / kvHeads);
    return (b * kvHeads + kv) * problem.keys() + key;
  }

  std::vector<AttentionRow> allRows() const { return sampleRows(problem, 1e18, 1); }
};

} // namespace girih::reference

#endif // GIRIH_TEST_RUNTIME_SMALLATTENTION_H
