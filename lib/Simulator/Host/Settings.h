//===- Settings.h - What girih-sim asks of the host library -----*- C++ -*-===//
//
// girih-sim and the library in the program's process are two processes; the
// environment carries the settings, a file the results.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_HOST_SETTINGS_H
#define GIRIH_SIMULATOR_HOST_SETTINGS_H

#include "girih/Simulator/Simulator.h"

namespace girih::sim::host {

/// The variable of the environment.
constexpr const char *settingsVariable = "GIRIH_SIM_HOST";

/// Chips that a program may find (Chip.cpp); the first is the default.
constexpr const char *chipNames[] = {"sm_90a", "sm_100a", "sm_103a"};

struct Settings {
  /// Suppressions are kept as texts, which the library parses again.
  Options options;
  std::vector<std::string> ignored;
  /// Random schedules for each launch, from `options.seed` on; 0 is one launch
  /// under `options.schedule`.
  uint64_t schedules = 0;
  std::string chip = chipNames[0];
  std::optional<uint32_t> multiprocessors;
  /// Launches that are judged and recorded: of kernels whose names contain one
  /// of these texts, and with one of these numbers; all where there is none.
  std::vector<std::string> only;
  std::vector<uint64_t> launches;
  /// Folder for the launches as descriptions; empty for none.
  std::string record;
  /// One line for each launch is added to this file.
  std::string results;
};

std::string writeSettings(const Settings &settings);
/// Those of the environment, or defaults without girih-sim.
Settings readSettings();

/// What one launch came to.
struct LaunchResult {
  uint64_t verdicts = 0, warpInstructions = 0, asynchronousOperations = 0;
  bool isJudged = true;
};
void appendResult(const std::string &path, const LaunchResult &result);
/// All of a file; results of processes that the program has started are among
/// them.
std::vector<LaunchResult> readResults(const std::string &path);

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_SETTINGS_H
