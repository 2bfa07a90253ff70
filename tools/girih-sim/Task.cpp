//===- Task.cpp - What girih-sim is to run --------------------------------===//
#include "Task.h"

#include "../../lib/Simulator/Launch/Trial.h"
#ifdef GIRIH_SIM_HAS_MANIFEST
#include "../../lib/Simulator/Launch/ManifestLaunch.h"
#endif

#include <charconv>
#include <nlohmann/json.hpp>

namespace girih::sim {

/// "sq=250" into the sizes.
[[maybe_unused]] static void addSize(std::map<std::string, int64_t> &sizes, const std::string &text) {
  size_t equals = std::min(text.find('='), text.size());
  const char *begin = text.data() + std::min(equals + 1, text.size()), *end = text.data() + text.size();
  int64_t value = 0;
  auto [stop, error] = std::from_chars(begin, end, value);
  if (equals == 0 || begin == end || stop != end || error != std::errc() || value < 0)
    refuse("--size '" + text + "' should be NAME=N, as in sq=250");
  if (!sizes.emplace(text.substr(0, equals), value).second)
    refuse("--size '" + text + "' is the second of its name");
}

/// "temperature=0.5" into the scalars.
[[maybe_unused]] static void addScalar(std::map<std::string, double> &scalars, const std::string &text) {
  size_t equals = std::min(text.find('='), text.size());
  const char *begin = text.data() + std::min(equals + 1, text.size()), *end = text.data() + text.size();
  double value = 0;
  auto [stop, error] = std::from_chars(begin, end, value);
  if (equals == 0 || begin == end || stop != end || error != std::errc())
    refuse("--scalar '" + text + "' should be NAME=NUMBER, as in temperature=0.5");
  if (!scalars.emplace(text.substr(0, equals), value).second)
    refuse("--scalar '" + text + "' is the second of its name");
}

static LaunchTask readLaunch(const Arguments &arguments) {
  if (!arguments.manifestOption.empty())
    refuse(arguments.manifestOption +
           " chooses what a kernel manifest leaves open; a launch description says it itself");
  LaunchTask task = readDescription(arguments.input);
  if (arguments.multiprocessors)
    task.launch.multiprocessors = *arguments.multiprocessors;
  return task;
}

static LaunchTask readInput(const Arguments &arguments) {
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(readTextFile(arguments.input));
  } catch (const nlohmann::json::out_of_range &error) { // a number that no double holds, without its place
    std::string what = error.what();
    refuse(arguments.input + ": not JSON: " + what.substr(what.find("] ") + 2));
  } catch (const nlohmann::json::exception &error) {
    refuse(arguments.input + ": " + error.what());
  }
  if (json.contains("girih_launch"))
    return readLaunch(arguments);
#ifdef GIRIH_SIM_HAS_MANIFEST
  ManifestChoices choices;
  for (const std::string &text : arguments.sizes)
    addSize(choices.sizes, text);
  for (const std::string &text : arguments.scalars)
    addScalar(choices.scalars, text);
  choices.layout = arguments.layout;
  choices.pad = arguments.pad;
  choices.seed = arguments.dataSeed;
  choices.data = arguments.data;
  choices.multiprocessors = arguments.multiprocessors.value_or(choices.multiprocessors);
  return readManifestLaunch(arguments.input, choices);
#else
  refuse("this build reads no kernel manifests");
#endif
}

LaunchTask readTask(const Arguments &arguments) {
  LaunchTask task = readInput(arguments);
  if (!arguments.ptx.empty()) {
    task.ptxPath = arguments.ptx;
    task.ptx = readTextFile(arguments.ptx);
  }
  return task;
}

static Simulator readProgram(const LaunchTask &task, const std::string &kernel) {
  try {
    return Simulator(task.ptx, kernel, task.variablesAt);
  } catch (Stop &stop) {
    stop.found.message = "in '" + task.ptxPath + "': " + stop.found.message;
    throw;
  }
}

Runner::Runner(const LaunchTask &task, bool checks) : task(task), checks(checks) {
  simulators.push_back(readProgram(task, task.launch.kernel));
  for (const Launch &next : task.following)
    simulators.push_back(readProgram(task, next.kernel));
}

bool Runner::run(const Options &options, Findings &findings) {
  done = task.launch;
  ++findings.runs;
  findings.output.clear();
  for (size_t i = 0; i < task.following.size(); ++i) {
    Report report = simulators[i].run(done, options);
    for (Verdict &verdict : report.verdicts)
      verdict.notes.push_back("in launch " + std::to_string(i + 1) + " of " +
                              std::to_string(task.following.size() + 1) + ", of '" + done.kernel + "'");
    bool isClean = report.isClean();
    findings.add(std::move(report), simulators[i]);
    if (!isClean)
      return false;
    done = continued(task.following[i], done);
  }
  Report report = simulators.back().run(done, options);
  if (checks && report.isClean()) {
    std::optional<Verdict> verdict;
    if (task.check)
      verdict = task.check(done);
    else
      verdict.emplace(Stop(VerdictKind::Syntax, "--check: there is no reference for this launch").found);
    // The library has not seen this one.
    bool isSuppressed = false;
    for (size_t i = 0; verdict && !isSuppressed && i < options.suppressions.size(); ++i)
      if ((isSuppressed = options.suppressions[i].matches(*verdict)))
        ++report.suppressed[i];
    if (verdict && !isSuppressed)
      report.verdicts.push_back(std::move(*verdict));
  }
  bool isClean = report.isClean();
  findings.add(std::move(report), simulators.back());
  return isClean;
}

} // namespace girih::sim
