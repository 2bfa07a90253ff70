//===- Trial.cpp - A kernel under several schedules -----------------------===//
#include "Trial.h"

namespace girih::sim {

const std::vector<TrialPlan> trialPlans = {{"deterministic", Schedule::Deterministic, 1},
                                           {"late", Schedule::Late, 1},
                                           {"early", Schedule::Early, 1},
                                           {"random 1", Schedule::Random, 1},
                                           {"random 2", Schedule::Random, 2},
                                           {"random 3", Schedule::Random, 3}};

Launch continued(Launch next, Launch &last) {
  next.buffers = std::move(last.buffers);
  next.moduleMemory = std::move(last.moduleMemory);
  // What the host had put into them, it puts there once.
  for (Buffer &buffer : next.buffers)
    buffer.contents.clear();
  return next;
}

Trial::Trial(const LaunchTask &task, const std::string &ptx, Options options)
    : task(task), options(std::move(options)) {
  this->options.threads = 1;
  this->options.mostVerdicts = 1;
  try {
    simulators.emplace_back(ptx, task.launch.kernel, task.variablesAt);
    for (const Launch &next : task.following)
      simulators.emplace_back(ptx, next.kernel, task.variablesAt);
  } catch (const Stop &stop) {
    broken = stop.found;
  }
}

std::optional<Verdict> Trial::run(const TrialPlan &plan) const {
  if (broken)
    return broken;
  Options chosen = options;
  chosen.schedule = plan.schedule;
  chosen.seed = plan.seed;
  Launch launch = task.launch;
  for (size_t i = 0; i < simulators.size(); ++i) {
    if (i)
      launch = continued(task.following[i - 1], launch);
    Report report = simulators[i].run(launch, chosen);
    if (!report.isClean())
      return report.verdicts.front();
  }
  return task.check ? task.check(launch) : std::nullopt;
}

} // namespace girih::sim
