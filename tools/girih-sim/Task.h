//===- Task.h - What girih-sim is to run, and running it --------*- C++ -*-===//
#ifndef GIRIH_SIM_TASK_H
#define GIRIH_SIM_TASK_H

#include "../../lib/Simulator/Launch/Description.h"
#include "Arguments.h"
#include "girih/Simulator/Findings.h"

namespace girih::sim {

/// The manifest or launch description, with its PTX or that of --ptx.
LaunchTask readTask(const Arguments &arguments);

/// A task ready to run: the launches of a sequence may be of several kernels.
class Runner {
public:
  Runner(const LaunchTask &task, bool checks);

  /// Runs all launches on fresh memory, one after another until one has a
  /// verdict, and adds what they show; true when they are clean.
  bool run(const Options &options, Findings &findings);
  /// The buffers after the last run.
  const Launch &launch() const { return done; }
  const Simulator &first() const { return simulators.front(); }

private:
  const LaunchTask &task;
  bool checks;
  std::vector<Simulator> simulators;
  Launch done;
};

/// Runs the task under the schedule, or all schedules, that are asked for, and
/// writes and prints what is. True when nothing was found.
bool judge(const Arguments &arguments, const LaunchTask &task);

/// Breaks the kernel in many ways and says which of them the simulator finds.
/// True when none is missed.
bool mutate(const Arguments &arguments, const LaunchTask &task);

} // namespace girih::sim

#endif // GIRIH_SIM_TASK_H
