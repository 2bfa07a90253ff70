//===- Gemm.cpp - Matrix product on the CPU -------------------------------===//

#include "girih/Reference/Gemm.h"
#include "Kernels.h"
#include "girih/Support/Parallel.h"
#include <random>
#include <set>

using namespace girih;
using namespace girih::reference;

namespace {

constexpr int64_t columnsPerBlock = 256;

/// Chosen rows of one block of columns. B is converted a row at a time and used
/// for all chosen rows of A.
void gemmBlock(const MatrixView &a, const MatrixView &b, ElementType outputType, const std::vector<int64_t> &rows,
               int64_t first, int64_t columns, GemmResult &result) {
  std::vector<double> bExact(columns), exact(rows.size() * columns);
  std::vector<float> bFloat(columns), rounded(rows.size() * columns);
  for (int64_t k = 0; k < a.columns; ++k) {
    for (int64_t j = 0; j < columns; ++j)
      bExact[j] = bFloat[j] = loadElement(b.type, b.data, k * b.rowStride + first + j);
    for (size_t r = 0; r < rows.size(); ++r) {
      float factor = loadElement(a.type, a.data, rows[r] * a.rowStride + k);
      accumulate(double(factor), bExact.data(), &exact[r * columns], columns);
      accumulate(factor, bFloat.data(), &rounded[r * columns], columns);
    }
  }
  for (size_t r = 0; r < rows.size(); ++r)
    for (int64_t j = 0; j < columns; ++j) {
      size_t index = r * result.columns + first + j;
      result.exact[index] = exact[r * columns + j];
      result.kernel[index] = roundToElement(outputType, rounded[r * columns + j]);
    }
}

} // namespace

GemmResult reference::gemm(const MatrixView &a, const MatrixView &b, ElementType outputType,
                           const std::vector<int64_t> &rows) {
  GemmResult result;
  result.columns = b.columns;
  result.exact.resize(rows.size() * b.columns);
  result.kernel.resize(rows.size() * b.columns);
  int64_t blocks = (b.columns + columnsPerBlock - 1) / columnsPerBlock;
  parallelFor(blocks, [&](int64_t block) {
    int64_t first = block * columnsPerBlock;
    gemmBlock(a, b, outputType, rows, first, std::min(columnsPerBlock, b.columns - first), result);
  });
  return result;
}

std::vector<float> reference::scaled(const MatrixView &operand, const BlockScales &scales, bool transposed) {
  std::vector<float> result(size_t(operand.rows * operand.columns));
  parallelFor(operand.rows, [&](int64_t row) {
    for (int64_t k = 0; k < operand.columns; ++k)
      result[size_t(transposed ? k * operand.rows + row : row * operand.columns + k)] =
          loadElement(operand.type, operand.data, size_t(row * operand.rowStride + k)) *
          ue8m0ToFloat(scales.at(row, k));
  });
  return result;
}

std::vector<int64_t> reference::sampleGemmRows(int64_t m, int64_t n, int64_t k, double multiplyAdds, uint64_t seed) {
  double limit = std::max(1.0, multiplyAdds / std::max(1.0, 2.0 * double(n) * double(k)));
  std::set<int64_t> rows;
  if (double(m) <= limit) {
    for (int64_t row = 0; row < m; ++row)
      rows.insert(row);
    return {rows.begin(), rows.end()};
  }
  for (int64_t edge : {0, 64, 128, 192, 256})
    for (int64_t row : {edge - 1, edge, m - edge - 1, m - edge})
      if (row >= 0 && row < m && double(rows.size()) < limit)
        rows.insert(row);
  std::mt19937_64 random(seed);
  for (double tries = 0; tries < 2 * limit && double(rows.size()) < limit; ++tries)
    rows.insert(int64_t(random() % uint64_t(m)));
  return {rows.begin(), rows.end()};
}
