//===- Findings.cpp - The reports of several runs put together ------------===//
#include "girih/Simulator/Findings.h"

#include <algorithm>
#include <ostream>
#include <set>

namespace girih::sim {

/// Kernels of one module share functions, so instructions are told apart by
/// their place in the text.
static void addCoverage(std::vector<InstructionCount> &coverage, const std::vector<InstructionPlace> &places,
                        const std::vector<uint64_t> &executions) {
  std::map<std::pair<unsigned, size_t>, size_t> known;
  std::map<unsigned, size_t> within;
  for (size_t i = 0; i < coverage.size(); ++i)
    known[{coverage[i].place.line, within[coverage[i].place.line]++}] = i;
  within.clear();
  for (size_t i = 0; i < places.size(); ++i) {
    auto [at, isNew] = known.try_emplace({places[i].line, within[places[i].line]++}, coverage.size());
    if (isNew)
      coverage.push_back({places[i], 0});
    coverage[at->second].executions += i < executions.size() ? executions[i] : 0;
  }
}

void Findings::add(Report report, const Simulator &simulator) {
  bool wasClean = isClean();
  warpInstructions += report.warpInstructions;
  asynchronousOperations += report.asynchronousOperations;
  for (Verdict &verdict : report.verdicts) {
    auto isSame = [&](const Verdict &other) { return other.kind == verdict.kind && other.line == verdict.line; };
    auto known = std::find_if(verdicts.begin(), verdicts.end(), isSame);
    if (known == verdicts.end())
      verdicts.push_back(std::move(verdict));
    else
      known->times += verdict.times;
  }
  for (RuleNote &note : report.notes)
    if (std::none_of(notes.begin(), notes.end(), [&](const RuleNote &other) { return other.rule == note.rule; }))
      notes.push_back(std::move(note));
  std::sort(notes.begin(), notes.end(), [](const RuleNote &a, const RuleNote &b) { return a.rule < b.rule; });
  suppressed.resize(suppressions.size());
  for (size_t i = 0; i < report.suppressed.size(); ++i)
    suppressed[i] += report.suppressed[i];
  if (!report.executions.empty())
    addCoverage(coverage, simulator.instructions(), report.executions);
  if (wasClean)
    trace = std::move(report.trace);
  output += report.output;
  timing = std::move(report.timing);
}

void printCoverage(std::ostream &out, const Findings &findings) {
  std::vector<const InstructionCount *> never;
  for (const InstructionCount &each : findings.coverage)
    if (!each.executions)
      never.push_back(&each);
  size_t all = findings.coverage.size();
  out << "coverage: " << all - never.size() << " of " << all << " instructions executed\n";
  std::sort(never.begin(), never.end(), [](const auto *a, const auto *b) { return a->place.line < b->place.line; });
  // Instructions behind each other, whatever stands between them that is none.
  std::set<unsigned> executed;
  for (const InstructionCount &each : findings.coverage)
    if (each.executions)
      executed.insert(each.place.line);
  for (size_t i = 0; i < never.size();) {
    size_t end = i + 1;
    auto isNext = [&](size_t at) {
      auto between = executed.upper_bound(never[at - 1]->place.line);
      return never[at]->place.function == never[i]->place.function &&
             (between == executed.end() || *between >= never[at]->place.line);
    };
    while (end < never.size() && isNext(end))
      ++end;
    const InstructionPlace &first = never[i]->place, &last = never[end - 1]->place;
    out << "  never executed: line " << first.line;
    if (last.line != first.line)
      out << " to " << last.line;
    if (first.function != findings.kernel)
      out << " of '" << first.function << "'";
    out << ": " << first.opcode;
    if (end - i > 1)
      out << " and " << end - i - 1 << " more";
    if (!first.source.empty())
      out << ", from " << first.source;
    out << "\n";
    i = end;
  }
}

} // namespace girih::sim
