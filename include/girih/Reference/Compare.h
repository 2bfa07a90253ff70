//===- Compare.h - Is a kernel's error what its arithmetic allows? -*- C++
//-*-===//
//
// A kernel that computes in float and rounds to a 16-bit type is not wrong
// because it differs from float64. The yardstick is a CPU run with the same
// roundings: the kernel may be at most twice as far from float64 as that run
// is, plus a slack for what the run does not imitate. docs/running.md derives
// it.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_REFERENCE_COMPARE_H
#define GIRIH_REFERENCE_COMPARE_H

#include "girih/Reference/Attention.h"
#include "girih/Reference/Gemm.h"
#include <string>

namespace girih::reference {

/// The error of a tensor's chosen rows against float64, and its bound.
struct Comparison {
  double maxDifference = 0; ///< max |kernel - float64|
  double maxYardstick = 0;  ///< max |yardstick - float64|
  double worstShare = 0;    ///< largest error of a row over the row's bound
  double relativeError = 0; ///< Frobenius norm of the error over that of float64
  double relativeYardstick = 0;
  int64_t failedRows = 0;
  std::string firstFailure; ///< names the row, the error and the bound

  bool passed() const { return failedRows == 0; }
};

/// Collects rows into a Comparison.
class RowComparer {
public:
  /// Compares `size` elements. The row fails when an element is further from
  /// `exact` than 2 * max |yardstick - exact| + slack, or when only one of the
  /// two is a NaN, or when an infinity differs.
  void add(const std::string &label, const double *actual, const double *exact, const double *yardstick, int64_t size,
           double slack);
  Comparison finish() const;

private:
  void fail(const std::string &label, int64_t column, double actual, double exact, double bound);

  Comparison result;
  double errorSquares = 0, yardstickSquares = 0, exactSquares = 0;
};

/// What a row of O may differ by beyond twice the yardstick's error.
double outputSlack(const AttentionProblem &problem, const AttentionResult &exact, size_t row);

/// What a row of LSE may differ by beyond twice the yardstick's error.
double logSumExpSlack(const AttentionProblem &problem, const AttentionResult &exact, size_t row);

/// Compares O, `actual` being [rows, dim].
Comparison compareOutput(const AttentionProblem &problem, const std::vector<AttentionRow> &rows,
                         const AttentionResult &exact, const AttentionResult &yardstick,
                         const std::vector<double> &actual);

/// Compares LSE, `actual` being [rows].
Comparison compareLogSumExp(const AttentionProblem &problem, const std::vector<AttentionRow> &rows,
                            const AttentionResult &exact, const AttentionResult &yardstick,
                            const std::vector<double> &actual);

/// Compares rows of C, `actual` being [rows, n]; `depth` is k.
Comparison compareGemm(const std::vector<int64_t> &rows, const GemmResult &reference, const std::vector<double> &actual,
                       int64_t depth, ElementType type);

} // namespace girih::reference

#endif // GIRIH_REFERENCE_COMPARE_H
