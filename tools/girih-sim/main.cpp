//===- main.cpp - girih-sim: run PTX on the CPU and judge it --------------===//

#include "../../lib/Simulator/Launch/Description.h"
#ifdef GIRIH_SIM_HAS_MANIFEST
#include "../../lib/Simulator/Launch/ManifestLaunch.h"
#endif

#include <CLI/CLI.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

using namespace girih::sim;

namespace {

struct Arguments {
  std::string input, schedule = "deterministic", trace, save, layout, data = "random";
  std::vector<std::string> sizes;
  uint64_t seed = 1, dataSeed = 1, schedules = 0, spinLimit = 2'000'000, instructionLimit = 0;
  unsigned threads = 0, multiprocessors = 132;
  int64_t pad = 0;
  bool checks = false, isQuiet = false;
};

LaunchTask readTask(const Arguments &arguments) {
  auto json = nlohmann::json::parse(readTextFile(arguments.input), nullptr, false);
  if (json.is_discarded())
    throw Stop(VerdictKind::Syntax, arguments.input + " is not JSON");
  if (json.contains("girih_launch"))
    return readDescription(arguments.input);
#ifdef GIRIH_SIM_HAS_MANIFEST
  ManifestChoices choices;
  for (const std::string &text : arguments.sizes) {
    size_t equals = text.find('=');
    if (equals == text.npos)
      throw Stop(VerdictKind::Syntax, "--size '" + text + "' should be NAME=VALUE");
    choices.sizes[text.substr(0, equals)] = std::strtoll(text.c_str() + equals + 1, nullptr, 10);
  }
  choices.layout = arguments.layout;
  choices.pad = arguments.pad;
  choices.seed = arguments.dataSeed;
  choices.data = arguments.data;
  choices.multiprocessors = arguments.multiprocessors;
  return readManifestLaunch(arguments.input, choices);
#else
  throw Stop(VerdictKind::Syntax, "this build reads no kernel manifests");
#endif
}

/// Runs the task on fresh buffers; what is wrong, with the results.
Report runOnce(const Simulator &simulator, const LaunchTask &task, const Options &options, bool checks,
               Launch &launch) {
  launch = task.launch;
  Report report = simulator.run(launch, options);
  if (checks && report.isClean()) {
    if (!task.check)
      report.verdicts.push_back({VerdictKind::Syntax, "--check: there is no reference for this launch", 0, "", "", {}});
    else if (auto verdict = task.check(launch))
      report.verdicts.push_back(*verdict);
  }
  return report;
}

void save(const std::string &folder, const Launch &launch, const char *when) {
  for (const Buffer &buffer : launch.buffers) {
    std::ofstream out(folder + "/" + buffer.name + "." + when, std::ios::binary);
    out.write(reinterpret_cast<const char *>(buffer.bytes.data()), std::streamsize(buffer.bytes.size()));
    if (!out)
      throw Stop(VerdictKind::Syntax, "cannot write to '" + folder + "'");
  }
}

int run(const Arguments &arguments) {
  auto schedule = parseSchedule(arguments.schedule);
  if (!schedule)
    throw Stop(VerdictKind::Syntax,
               "unknown schedule '" + arguments.schedule + "'; there are deterministic, random, late and early");
  LaunchTask task = readTask(arguments);
  Simulator simulator(task.ptx);
  Options options;
  options.schedule = arguments.schedules ? Schedule::Random : *schedule;
  options.threads = arguments.threads;
  options.spinLimit = arguments.spinLimit;
  options.instructionLimit = arguments.instructionLimit;
  options.wantsTrace = !arguments.trace.empty();
  if (!arguments.save.empty())
    save(arguments.save, task.launch, "in");
  uint64_t runs = std::max<uint64_t>(arguments.schedules, 1);
  auto begin = std::chrono::steady_clock::now();
  uint64_t instructions = 0;
  Launch launch;
  Report report;
  uint64_t seed = arguments.seed;
  for (uint64_t i = 0; i < runs; ++i, ++seed) {
    options.seed = seed;
    report = runOnce(simulator, task, options, arguments.checks, launch);
    instructions += report.warpInstructions;
    if (!report.isClean())
      break;
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!arguments.save.empty())
    save(arguments.save, launch, "out");
  if (!arguments.trace.empty()) {
    std::ofstream out(arguments.trace);
    writeTrace(out, report.trace);
    if (!out)
      throw Stop(VerdictKind::Syntax, "cannot write '" + arguments.trace + "'");
  }
  for (const Verdict &verdict : report.verdicts)
    std::cerr << task.ptxPath << ": " << verdict.str() << "\n";
  if (!report.isClean() && options.schedule == Schedule::Random)
    std::cerr << "repeat with --schedule random --seed " << seed << "\n";
  if (!arguments.isQuiet)
    std::cout << (report.isClean() ? "ok" : "failed") << ": " << instructions << " warp instructions, "
              << report.asynchronousOperations << " asynchronous operations, " << seconds.count() << " s, "
              << double(instructions) / seconds.count() / 1e6 << " million warp instructions a second\n";
  return report.isClean() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app{"Runs PTX for sm_90a and sm_100a on the CPU and reports wrong "
               "results, races, deadlocks and misuse."};
  app.add_option("input", arguments.input, "a kernel manifest, or a launch description")->required();
  app.add_flag("--check", arguments.checks, "compare the results with the float64 reference");
  app.add_option("--schedule", arguments.schedule, "deterministic, random, late or early");
  app.add_option("--seed", arguments.seed, "seed of the random schedule");
  app.add_option("--schedules", arguments.schedules, "explore this many random schedules from --seed on");
  app.add_option("--size", arguments.sizes, "NAME=VALUE for a dynamic size of a manifest");
  app.add_option("--layout", arguments.layout, "memory order of a manifest's tensors, as in bshd");
  app.add_option("--pad", arguments.pad, "unused elements after every innermost row");
  app.add_option("--data-seed", arguments.dataSeed, "seed of the inputs");
  app.add_option("--data", arguments.data, "inputs of a manifest: random, equal, one_hot or minus_inf");
  app.add_option("--multiprocessors", arguments.multiprocessors, "multiprocessors of the chip, for persistent grids");
  app.add_option("--threads", arguments.threads, "host threads");
  app.add_option("--spin-limit", arguments.spinLimit, "instructions of a warp while nothing else happens");
  app.add_option("--instruction-limit", arguments.instructionLimit, "instructions of a warp; 0 is any number");
  app.add_option("--trace", arguments.trace, "write a timeline in Chrome trace format");
  app.add_option("--save", arguments.save, "write every buffer before and after the run to this folder");
  app.add_flag("--quiet", arguments.isQuiet, "print verdicts only");
  CLI11_PARSE(app, argc, argv);
  try {
    return run(arguments);
  } catch (const Stop &stop) {
    std::cerr << stop.found.str() << "\n";
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 2;
}
