//===- Verify.h - Is what a kernel wrote right? -----------------*- C++ -*-===//
//
// Works on host tensors, so that it judges a GPU's and a simulator's results
// alike.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_VERIFY_H
#define GIRIH_RUNTIME_VERIFY_H

#include "girih/Runtime/ProblemData.h"

namespace girih::runtime {

/// The judgement over one run of a kernel.
struct Verdict {
  bool passed = true;
  bool hasReference = false; ///< false: only writes were checked
  std::string failure;       ///< the first one
  double maxDifference = 0;  ///< of O or C against float64
  double maxYardstick = 0;   ///< of a CPU run with the kernel's roundings
  double relativeError = 0;  ///< Frobenius
  double worstShare = 0;     ///< largest error of a row over its bound
  double maxLogSumExpDifference = 0;
  int64_t checkedRows = 0, rows = 0;

  void fail(const std::string &why);
};

/// Cost of the references in multiply-adds, beyond which rows are sampled.
constexpr double defaultVerifyCost = 8e9;

/// Judges outputs made from `tensors`' inputs: every element is written, no gap
/// is, nothing is infinite or NaN that should not be, and chosen rows are as
/// near to float64 as the element type allows. A problem without a reference
/// gets the first three only.
Verdict verifyProblem(const Binding &binding, const std::vector<HostTensor> &tensors, const DataOptions &options,
                      double multiplyAdds = defaultVerifyCost);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_VERIFY_H
