//===- Judge.cpp - Runs, and what is said of them -------------------------===//
#include "Task.h"
#include "Timed.h"

#include <chrono>
#include <fstream>
#include <iostream>

namespace girih::sim {
namespace {

void save(const std::string &folder, const Launch &launch, const char *when) {
  for (const Buffer &buffer : launch.buffers) {
    std::ofstream out(folder + "/" + buffer.name + "." + when, std::ios::binary);
    out.write(reinterpret_cast<const char *>(buffer.bytes.data()), std::streamsize(buffer.bytes.size()));
    if (!out)
      refuse("cannot write to '" + folder + "'");
  }
}

/// Writes a file when one is asked for.
template <class Write> void writeFile(const std::string &path, Write write) {
  if (path.empty())
    return;
  std::ofstream out(path);
  write(out);
  if (!out)
    refuse("cannot write '" + path + "'");
}

/// A source of `.loc`, as it is named or beside the PTX.
std::string readSource(const std::string &path, const std::string &ptxPath) {
  for (const std::string &candidate : {path, ptxPath.substr(0, ptxPath.rfind('/') + 1) + path})
    try {
      return readTextFile(candidate);
    } catch (const Stop &) {
    }
  return "";
}

void writeFiles(const Arguments &arguments, const Findings &findings) {
  writeFile(arguments.trace, [&](std::ostream &out) {
    writeTrace(out, findings.trace, arguments.isTimed ? arguments.clock.value_or(findings.timing.clock) : 1);
  });
  writeFile(arguments.json, [&](std::ostream &out) { writeJson(out, findings); });
  writeFile(arguments.sarif, [&](std::ostream &out) { writeSarif(out, findings); });
  writeFile(arguments.html, [&](std::ostream &out) {
    writeHtml(out, findings, [&](const std::string &path) { return readSource(path, findings.ptxPath); });
  });
}

void printSeeds(const Findings &findings) {
  const std::vector<uint64_t> &seeds = findings.failingSeeds;
  if (seeds.size() > 1) {
    std::cerr << seeds.size() << " of " << findings.runs << " seeds fail:";
    for (size_t i = 0; i < seeds.size() && i < 16; ++i)
      std::cerr << " " << seeds[i];
    std::cerr << (seeds.size() > 16 ? " ..." : "") << "\n";
  }
  if (!seeds.empty())
    std::cerr << "repeat with --schedule random --seed " << seeds.front() << "\n";
}

void printFindings(const Findings &findings) {
  std::cout << findings.output << std::flush;
  for (const RuleNote &note : findings.notes)
    std::cerr << findings.ptxPath << ": " << note.str() << "\n";
  for (const VerdictGroup &group : groupByCause(findings.verdicts))
    std::cerr << findings.ptxPath << ": " << group.str() << "\n";
  printSeeds(findings);
  for (size_t i = 0; i < findings.suppressions.size(); ++i)
    if (!findings.suppressed[i])
      std::cerr << findings.suppressions[i].origin << ": '" << findings.suppressions[i].text
                << "' has suppressed nothing\n";
}

} // namespace

bool judge(const Arguments &arguments, const LaunchTask &task) {
  Runner runner(task, arguments.checks);
  Options options = arguments.options();
  if (arguments.isTimed)
    options.timing = timingOf(arguments);
  if (!arguments.save.empty())
    save(arguments.save, task.launch, "in");
  Findings findings;
  findings.ptxPath = task.ptxPath;
  findings.ptx = task.ptx;
  findings.kernel = task.launch.kernel;
  findings.target = runner.first().target();
  findings.rules = arguments.rules;
  findings.schedule = arguments.schedules ? "random" : arguments.isTimed ? "timed" : arguments.schedule;
  findings.suppressions = options.suppressions;
  auto begin = std::chrono::steady_clock::now();
  // In rising order: the first seed that fails is the smallest.
  options.seed = arguments.seed;
  for (uint64_t i = 0; i < std::max<uint64_t>(arguments.schedules, 1); ++i, ++options.seed) {
    if (runner.run(options, findings))
      continue;
    if (options.schedule == Schedule::Random)
      findings.failingSeeds.push_back(options.seed);
    if (!arguments.keepsGoing)
      break;
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!arguments.save.empty())
    save(arguments.save, runner.launch(), "out");
  writeFiles(arguments, findings);
  printFindings(findings);
  if (arguments.isTimed && findings.isClean())
    printTimes(arguments, runner.first(), task, findings.timing);
  if (arguments.wantsCoverage)
    printCoverage(std::cout, findings);
  if (!arguments.isQuiet)
    std::cout << (findings.isClean() ? "ok" : "failed") << ": " << findings.warpInstructions << " warp instructions, "
              << findings.asynchronousOperations << " asynchronous operations, " << seconds.count() << " s, "
              << double(findings.warpInstructions) / seconds.count() / 1e6 << " million warp instructions a second\n";
  return findings.isClean();
}

} // namespace girih::sim
