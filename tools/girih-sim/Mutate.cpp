//===- Mutate.cpp - girih-sim --mutate ------------------------------------===//
#include "../../lib/Simulator/Launch/Trial.h"
#include "Task.h"
#include "girih/Simulator/Mutation.h"

#include <atomic>
#include <iostream>
#include <set>
#include <thread>

namespace girih::sim {
namespace {

enum class Fate { Caught, Dead, Equivalent, Missed };
const char *const fateNames[] = {"caught", "dead code", "equivalent", "missed"};

struct Outcome {
  Fate fate = Fate::Missed;
  /// What caught it, or why it is no fault.
  std::string how;
};

/// Lines and places in them that a clean kernel executes under some plan.
using Executed = std::set<std::pair<unsigned, size_t>>;

/// Runs the kernel as it is; it has to be clean.
Executed runClean(const Arguments &arguments, const LaunchTask &task) {
  Options options = arguments.options();
  options.wantsCoverage = true;
  Runner runner(task, task.check != nullptr);
  Findings findings;
  findings.suppressions = options.suppressions;
  for (const TrialPlan &plan : trialPlans) {
    options.schedule = plan.schedule;
    options.seed = plan.seed;
    if (!runner.run(options, findings)) {
      std::cerr << task.ptxPath << ": " << findings.verdicts.front().str() << "\n";
      refuse("--mutate breaks kernels that have no verdict of their own; this one has, under the schedule " +
             std::string(plan.name));
    }
  }
  Executed executed;
  std::map<unsigned, size_t> within;
  for (const InstructionCount &each : findings.coverage) {
    size_t place = within[each.place.line]++;
    if (each.executions)
      executed.insert({each.place.line, place});
  }
  return executed;
}

Outcome judgeOne(const LaunchTask &task, const Options &options, const Mutation &mutation, const Executed &executed) {
  if (!executed.count({mutation.line, mutation.within}))
    return {Fate::Dead, ""};
  Trial trial(task, mutated(task.ptx, mutation), options);
  for (const TrialPlan &plan : trialPlans)
    if (auto verdict = trial.run(plan)) {
      if (verdict->kind == VerdictKind::Syntax || verdict->kind == VerdictKind::Unsupported)
        refuse("'" + mutation.fault + "' of line " + std::to_string(mutation.line) +
               " gives no PTX: " + verdict->str());
      return {Fate::Caught, std::string(verdictName(verdict->kind)) + " under " + plan.name};
    }
  if (!mutation.equivalent.empty())
    return {Fate::Equivalent, mutation.equivalent};
  return {Fate::Missed, ""};
}

std::vector<Outcome> judgeAll(const Arguments &arguments, const LaunchTask &task,
                              const std::vector<Mutation> &mutations, const Executed &executed) {
  Options options = arguments.options();
  options.wantsTrace = options.wantsCoverage = false;
  // A broken kernel may go on for ever.
  options.instructionLimit = std::min<uint64_t>(options.instructionLimit, 1'000'000);
  std::vector<Outcome> outcomes(mutations.size());
  std::atomic<size_t> next = 0;
  std::exception_ptr failure;
  std::mutex lock;
  auto work = [&] {
    for (size_t i = next++; i < mutations.size(); i = next++)
      try {
        outcomes[i] = judgeOne(task, options, mutations[i], executed);
      } catch (...) {
        std::lock_guard<std::mutex> guard(lock);
        failure = std::current_exception();
        next = mutations.size();
      }
  };
  std::vector<std::thread> pool;
  unsigned threads = arguments.threads ? arguments.threads : std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < threads; ++i)
    pool.emplace_back(work);
  for (std::thread &thread : pool)
    thread.join();
  if (failure)
    std::rethrow_exception(failure);
  return outcomes;
}

/// "2 caught, 1 dead code"; with zeros where all are wanted.
std::string counted(const std::array<size_t, 4> &counts, bool wantsAll) {
  std::string text;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] || wantsAll)
      text += (text.empty() ? "" : ", ") + std::to_string(counts[i]) + " " + fateNames[i];
  return text;
}

} // namespace

bool mutate(const Arguments &arguments, const LaunchTask &task) {
  std::vector<std::string> kernels{task.launch.kernel};
  for (const Launch &next : task.following)
    kernels.push_back(next.kernel);
  std::vector<Mutation> mutations = findMutations(task.ptx, kernels, arguments.eachFault);
  Executed executed = runClean(arguments, task);
  std::vector<Outcome> outcomes = judgeAll(arguments, task, mutations, executed);
  std::array<size_t, 4> all{};
  for (size_t i = 0; i < mutations.size();) {
    const std::string &fault = mutations[i].fault;
    std::array<size_t, 4> counts{};
    std::string lines;
    for (; i < mutations.size() && mutations[i].fault == fault; ++i) {
      Fate fate = outcomes[i].fate;
      ++counts[size_t(fate)];
      ++all[size_t(fate)];
      if (arguments.isQuiet && fate != Fate::Missed)
        continue;
      lines += "  line " + std::to_string(mutations[i].line) + ": " + fateNames[size_t(fate)];
      lines += (outcomes[i].how.empty() ? "" : ": " + outcomes[i].how) + "\n";
    }
    if (!arguments.isQuiet || counts[size_t(Fate::Missed)])
      std::cout << fault << ": " << counted(counts, false) << "\n" << lines;
  }
  std::cout << mutations.size() << " mutants: " << counted(all, true) << "\n";
  return !all[size_t(Fate::Missed)];
}

} // namespace girih::sim
