//===- Timed.cpp - girih-sim --time ---------------------------------------===//
#include "Timed.h"

#include "TimeReport.h"

#include <iostream>

namespace girih::sim {

TimingOptions timingOf(const Arguments &arguments) {
  TimingOptions timing;
  // The whole grid with all values when the results are looked at.
  bool needsResults = arguments.checks || !arguments.save.empty();
  timing.clusters = needsResults ? 0 : arguments.clusters;
  timing.skipsProducts = !needsResults;
  for (const std::string &text : arguments.speeds) {
    size_t equals = std::min(text.find('='), text.size());
    auto unit = parseUnit(text.substr(0, equals));
    double factor = std::atof(text.c_str() + std::min(equals + 1, text.size()));
    if (!unit || !(factor >= 0.01 && factor <= 100))
      refuse("--faster '" + text +
             "' should be UNIT=FACTOR with a factor from 0.01 to 100, and one of the units issue, fma, alu, mufu, "
             "shared, tensor, tensor_memory, copy");
    timing.speed[unsigned(*unit)] = factor;
  }
  return timing;
}

/// The model's time of a launch; what is wrong with it ends the tool.
static TimingReport timeOf(const Arguments &arguments, const Simulator &simulator, const LaunchTask &task,
                           const TimingOptions &timing) {
  Options options;
  options.schedule = Schedule::Timed;
  options.rules = *parseRuleSet(arguments.rules);
  options.instructionLimit = arguments.instructionLimit;
  options.timing = timing;
  Launch launch = task.launch;
  Report report = simulator.run(launch, options);
  if (!report.isClean())
    throw Stop(report.verdicts.front());
  return report.timing;
}

void printTimes(const Arguments &arguments, const Simulator &simulator, const LaunchTask &task,
                const TimingReport &found) {
  auto describe = [](const LaunchTask &task, const std::string &target, const TimingReport &timing) {
    return TimedKernel{task.launch.kernel, timing, estimatePower(timing, task.launch, target)};
  };
  std::vector<TimedKernel> kernels{describe(task, simulator.target(), found)};
  TimingOptions timing = timingOf(arguments);
  if (!arguments.other.empty()) {
    Arguments second = arguments;
    second.input = arguments.other;
    second.ptx.clear();
    LaunchTask other = readTask(second);
    const Runner runner(other, false);
    kernels.push_back(describe(other, runner.first().target(), timeOf(arguments, runner.first(), other, timing)));
  }
  printTiming(std::cout, kernels, arguments.clock.value_or(found.clock));
  if (!arguments.triesFaster)
    return;
  timing.skipsProducts = true;
  std::cout << "what a faster unit would give\n";
  for (unsigned u = 0; u < unitCount; ++u) {
    TimingOptions faster = timing;
    faster.speed[u] *= 2;
    printFaster(std::cout, Unit(u), found, timeOf(arguments, simulator, task, faster));
  }
}

} // namespace girih::sim
