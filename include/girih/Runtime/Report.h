//===- Report.h - What was measured, and its tables -------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_REPORT_H
#define GIRIH_RUNTIME_REPORT_H

#include "girih/Runtime/Bench.h"
#include "girih/Runtime/Verify.h"

namespace girih::runtime {

/// All that is known of one kernel after its turn.
struct KernelReport {
  std::string manifest, name, shape, schedule;
  int registers = 0;      ///< per thread, of the loaded code
  int64_t localBytes = 0; ///< of stack and spilled registers per thread
  double flops = 0;       ///< of one launch
  int operandBits = 16;   ///< of the elements that MMAs read

  /// Why the kernel could not run or is wrong; empty when nothing is.
  std::string failure;
  /// The judgement with the largest share of its bound; absent when not
  /// checked.
  std::optional<Verdict> verdict;
  int checks = 0; ///< random inputs that were tried

  std::optional<Timing> ours, peer;
  /// Largest difference of any element from the peer's; absent without one.
  std::optional<double> peerDifference;
  /// Why the peer did not take part.
  std::string peerFailure;

  bool passed() const { return failure.empty(); }
  /// TFLOP/s at the median time; 0 when not timed.
  double teraflops() const;
  double peerTeraflops() const;
  /// The peer's time over ours, the median over rounds; 0 without a peer.
  double speedup() const;
};

/// One run of the tool.
struct RunReport {
  DeviceFacts device;
  std::string peer;                ///< name and version; empty without one
  std::optional<double> peakFlops; ///< of the chip, for operands of 16 bits
  std::vector<KernelReport> kernels;

  bool passed() const;
};

/// Best and mean of the kernels that were timed.
struct Summary {
  int timed = 0;
  double peakTeraflops = 0, averageTeraflops = 0;
  double bestSpeedup = 0,
         averageSpeedup = 0; ///< geometric mean; 0 without a peer
  /// The largest share of the chip's peak for a kernel's operands, and that peak; 0 when
  /// it is not known.
  double shareOfPeak = 0, peakOfShare = 0;
};
Summary summarize(const RunReport &report);

/// Columns lined up for a terminal, the summary and the failures below.
std::string formatTable(const RunReport &report);
/// The same as a Markdown table.
std::string formatMarkdown(const RunReport &report);
/// One line a kernel, with a head line; more columns than the table.
std::string formatCsv(const RunReport &report);
/// Everything, every round's time included.
std::string formatJson(const RunReport &report);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_REPORT_H
