//===- Arguments.h - The command line of girih-sim --------------*- C++ -*-===//
#ifndef GIRIH_SIM_ARGUMENTS_H
#define GIRIH_SIM_ARGUMENTS_H

#include "girih/Simulator/Simulator.h"

namespace CLI {
class App;
}

namespace girih::sim {

struct Arguments {
  std::string input, schedule = "deterministic", rules = "isa", ptx, trace, save, layout, data = "random";
  std::vector<std::string> sizes, scalars;
  uint64_t seed = 1, dataSeed = 1, schedules = 0;
  uint64_t instructionLimit = Options().instructionLimit;
  unsigned threads = 0;
  std::optional<uint32_t> multiprocessors;
  int64_t pad = 0;
  bool checks = false, isQuiet = false;
  // What is told.
  bool keepsGoing = false, wantsCoverage = false;
  std::optional<unsigned> mostVerdicts;
  std::vector<std::string> ignored, suppressionFiles;
  std::string json, sarif, html;
  // Of --mutate.
  bool mutates = false;
  unsigned eachFault = 0;
  // Of --time.
  bool isTimed = false, triesFaster = false;
  std::string other;
  std::vector<std::string> speeds;
  std::optional<double> clock;
  uint32_t clusters = TimingOptions().clusters;
  // Of --host.
  std::string program, chip = "sm_90a", record;
  std::vector<std::string> programArguments, only;
  std::vector<uint64_t> launches;
  /// An option that chooses what a manifest leaves open; empty when there is
  /// none.
  std::string manifestOption;

  /// What the simulator is to do, but for the seed.
  Options options() const;
};

/// What is behind `--` is for the program of --host, not for the parser.
void takeProgramArguments(int &argc, char **argv, Arguments &arguments);
void declare(CLI::App &app, Arguments &arguments);
/// Refuses a choice that would be without effect, and finds those that are for
/// manifests.
void checkTogether(const CLI::App &app, Arguments &arguments);

[[noreturn]] void refuse(const std::string &message);

} // namespace girih::sim

#endif // GIRIH_SIM_ARGUMENTS_H
