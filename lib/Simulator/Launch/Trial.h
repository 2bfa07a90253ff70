//===- Trial.h - A kernel under several schedules ---------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_LAUNCH_TRIAL_H
#define GIRIH_SIMULATOR_LAUNCH_TRIAL_H

#include "Description.h"

namespace girih::sim {

/// Schedules that show what a fault does under extremes and under chance.
struct TrialPlan {
  const char *name;
  Schedule schedule;
  uint64_t seed;
};
extern const std::vector<TrialPlan> trialPlans;

/// Runs the task with another PTX, on one host thread, under a plan; the first
/// verdict, or that of the check. What is no PTX is a verdict as well.
class Trial {
public:
  Trial(const LaunchTask &task, const std::string &ptx, Options options);
  std::optional<Verdict> run(const TrialPlan &plan) const;

private:
  const LaunchTask &task;
  Options options;
  std::vector<Simulator> simulators;
  std::optional<Verdict> broken;
};

/// A launch that goes on where another has ended.
Launch continued(Launch next, Launch &last);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_LAUNCH_TRIAL_H
