//===- Estimate.cpp - A kernel's modelled time in four lines --------------===//
#include "Estimate.h"

#include "ManifestLaunch.h"

#include <algorithm>
#include <cstdio>

namespace girih::sim {

static std::string format(const char *how, double value) {
  char text[64];
  std::snprintf(text, sizeof text, how, value);
  return text;
}

static std::string describe(const TimingReport &report, const std::string &kernel) {
  double seconds = report.seconds(report.clock);
  std::string text = "estimate of " + kernel + ": modelled, not measured, at " + format("%.0f MHz\n", report.clock);
  text += "  " + format("%.0f cycles, ", report.cycles) + format("%.4g microseconds, ", 1e6 * seconds) +
          format("%.1f TFLOP/s of MMAs\n", report.operations / seconds / 1e12);
  std::vector<std::pair<double, Unit>> units;
  for (unsigned u = 0; u < unitCount; ++u)
    if (double share = report.busyShare(Unit(u)); share >= 0.005)
      units.emplace_back(-share, Unit(u));
  std::sort(units.begin(), units.end());
  text += "  busy:";
  for (size_t i = 0; i < units.size(); ++i)
    text += std::string(i ? ", " : " ") + unitName(units[i].second) + format(" %.0f %%", -100 * units[i].first);
  return text + "\n  bottleneck: " + unitName(report.bottleneck()) + "\n";
}

std::optional<std::string> estimate(const std::string &manifestPath, const std::map<std::string, int64_t> &sizes,
                                    std::string &text) {
  try {
    ManifestChoices choices;
    choices.sizes = sizes;
    LaunchTask task = readManifestLaunch(manifestPath, choices);
    Options options;
    options.schedule = Schedule::Timed;
    options.rules = RuleSet::Assumed;
    options.timing.skipsProducts = true;
    Report report = Simulator(task.ptx, task.launch.kernel).run(task.launch, options);
    if (!report.isClean())
      return report.verdicts.front().str();
    text += describe(report.timing, task.launch.kernel);
    return std::nullopt;
  } catch (const Stop &stop) {
    return stop.found.message;
  } catch (const std::exception &error) {
    return error.what();
  }
}

} // namespace girih::sim
