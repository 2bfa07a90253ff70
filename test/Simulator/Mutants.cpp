//===- Mutants.cpp - How many broken kernels are caught -------------------===//
//
// girih-sim-mutants KERNELS TABLES [--verbose] [--save DIR]
//
// Every launch passes under every schedule; every mutant has to be caught. The
// faults are those that hang or corrupt real kernels (docs/simulator.md).
// Prints `N caught of N`, and which schedules missed what others caught.
//
//===----------------------------------------------------------------------===//
#include "Mutant.h"

#include "../../lib/Simulator/Launch/Trial.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <thread>

using namespace girih::sim;

namespace {

const auto &plans = trialPlans;
using Findings = std::vector<std::optional<Verdict>>;

/// One finding, or none, for each plan.
Findings judge(const LaunchTask &task, const std::string &ptx) {
  Options options;
  options.instructionLimit = 1'000'000;
  Trial trial(task, ptx, options);
  Findings findings;
  for (const TrialPlan &plan : plans)
    findings.push_back(trial.run(plan));
  return findings;
}

struct Count {
  unsigned caught = 0, always = 0, failures = 0;
};

void print(const Mutant &mutant, const Findings &findings, bool isVerbose, Count &count) {
  unsigned times = 0, asExpected = 0;
  std::string missedBy, first;
  for (size_t i = 0; i < findings.size(); ++i) {
    if (!findings[i]) {
      missedBy += (missedBy.empty() ? "" : ", ") + std::string(plans[i].name);
      continue;
    }
    ++times;
    asExpected += findings[i]->kind == mutant.expected;
    if (first.empty())
      first = findings[i]->str();
  }
  count.caught += times > 0;
  count.always += times == findings.size();
  // A mutant that is no PTX at all shows nothing.
  bool isBroken = times && (first.starts_with("syntax") || first.starts_with("unsupported"));
  count.failures += isBroken;
  std::cout << (isBroken ? "BROKEN "
                : times  ? "caught "
                         : "MISSED ")
            << times << "/" << findings.size() << " (" << asExpected << " as " << verdictName(mutant.expected) << ") "
            << mutant.launch << ": " << mutant.fault << (times && !missedBy.empty() ? "; not by " + missedBy : "")
            << "\n";
  if (isVerbose || isBroken)
    std::cout << "    " << first << "\n";
}

int run(const std::string &kernels, const std::string &tables, bool isVerbose, const std::string &saveTo) {
  std::vector<Mutant> mutants;
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(tables))
    if (entry.path().extension() == ".json")
      files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto &file : files)
    for (Mutant &mutant : readMutants(file))
      mutants.push_back(std::move(mutant));
  // The kernels as they are come first, as mutants without an edit.
  std::map<std::string, LaunchTask> tasks;
  for (const Mutant &mutant : mutants)
    if (!tasks.count(mutant.launch))
      tasks[mutant.launch] = readDescription(kernels + "/" + mutant.launch + ".json");
  for (const auto &[name, task] : tasks)
    mutants.insert(mutants.begin(), Mutant{name, "", {}, VerdictKind::Race});

  std::vector<Findings> findings(mutants.size());
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i = next++; i < mutants.size(); i = next++) {
      const LaunchTask &task = tasks.at(mutants[i].launch);
      auto ptx = applyMutant(task.ptx, mutants[i]);
      if (!ptx)
        continue;
      if (!saveTo.empty())
        std::ofstream(saveTo + "/" + std::to_string(i) + ".ptx") << *ptx;
      findings[i] = judge(task, *ptx);
    }
  };
  std::vector<std::thread> pool;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i)
    pool.emplace_back(work);
  for (std::thread &thread : pool)
    thread.join();

  Count count;
  for (size_t i = 0; i < mutants.size(); ++i) {
    const Mutant &mutant = mutants[i];
    if (i < tasks.size()) {
      for (size_t p = 0; p < findings[i].size(); ++p)
        if (findings[i][p]) {
          std::cout << "FALSE ALARM " << mutant.launch << ", " << plans[p].name << ": " << findings[i][p]->str()
                    << "\n";
          ++count.failures;
        }
    } else if (findings[i].empty()) {
      std::cout << "NO MATCH " << mutant.launch << ": " << mutant.fault << "\n";
      ++count.failures;
    } else {
      print(mutant, findings[i], isVerbose, count);
    }
  }
  size_t total = mutants.size() - tasks.size();
  std::cout << count.always << " of " << total << " are caught under each of " << std::size(plans) << " schedules\n"
            << count.caught << " caught of " << total << "\n";
  return count.caught == total && !count.failures ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  bool isVerbose = false;
  std::string saveTo;
  for (int i = 3; i < argc; ++i) {
    std::string option = argv[i];
    isVerbose |= option == "--verbose";
    if (option == "--save" && i + 1 < argc)
      saveTo = argv[++i];
  }
  if (argc < 3) {
    std::cerr << "usage: girih-sim-mutants KERNELS TABLES [--verbose] [--save DIR]\n";
    return 2;
  }
  try {
    return run(argv[1], argv[2], isVerbose, saveTo);
  } catch (const Stop &stop) {
    std::cerr << stop.found.str() << "\n";
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 2;
}
