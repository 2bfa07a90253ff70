//===- Findings.h - What several runs of a kernel have shown ----*- C++ -*-===//
//
// The reports of one or more runs put together, and the forms in which others
// read them: JSON, SARIF, a page for browsers.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_FINDINGS_H
#define GIRIH_SIMULATOR_FINDINGS_H

#include "girih/Simulator/Simulator.h"

#include <iosfwd>

namespace girih::sim {

/// An instruction and how often warps have executed it.
struct InstructionCount {
  InstructionPlace place;
  uint64_t executions = 0;
};

struct Findings {
  std::string ptxPath, ptx, kernel, target, rules, schedule;
  /// In the order of the runs; of random schedules only.
  std::vector<uint64_t> failingSeeds;
  uint64_t runs = 0, warpInstructions = 0, asynchronousOperations = 0;
  std::vector<Verdict> verdicts;
  std::vector<RuleNote> notes;
  std::vector<Suppression> suppressions;
  std::vector<uint64_t> suppressed;
  /// Empty unless executions were counted.
  std::vector<InstructionCount> coverage;
  /// Of the first run with a verdict, or the last one.
  std::vector<TraceEvent> trace;
  /// Of the last run: what the kernel has printed, and its modelled time.
  std::string output;
  TimingReport timing;

  bool isClean() const { return verdicts.empty(); }
  /// Adds the report of a launch; of verdicts alike the first is kept.
  void add(Report report, const Simulator &simulator);
};

/// "line 12 to 15: mbarrier.init.shared.b64, ..." of what was never executed,
/// under a line with the shares.
void printCoverage(std::ostream &out, const Findings &findings);

void writeJson(std::ostream &out, const Findings &findings);
/// Static Analysis Results Interchange Format 2.1.0 (OASIS).
void writeSarif(std::ostream &out, const Findings &findings);
/// One file that needs no other: verdicts, the wait-for graph of a deadlock,
/// the timeline, and the text of the PTX with all of these beside its lines.
/// `readSource` gives the text of a file of `.loc`, or nothing.
void writeHtml(std::ostream &out, const Findings &findings,
               const std::function<std::string(const std::string &path)> &readSource);

/// The waiters of a deadlock and what they wait for, as an SVG element.
std::string drawWaitGraph(const std::vector<Waiter> &waiters);
/// The timeline as an SVG element.
std::string drawTimeline(const std::vector<TraceEvent> &events);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_FINDINGS_H
