//===- main.cpp - girih-sim: run PTX on the CPU and judge it --------------===//

#include "../../lib/Simulator/Launch/Description.h"
#ifdef GIRIH_SIM_HAS_MANIFEST
#include "../../lib/Simulator/Launch/ManifestLaunch.h"
#endif
#include "TimeReport.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

using namespace girih::sim;

namespace {

struct Arguments {
  std::string input, schedule = "deterministic", rules = "isa", ptx, trace, save, layout, data = "random";
  std::vector<std::string> sizes, scalars;
  uint64_t seed = 1, dataSeed = 1, schedules = 0;
  uint64_t instructionLimit = Options().instructionLimit;
  unsigned threads = 0;
  std::optional<uint32_t> multiprocessors;
  int64_t pad = 0;
  bool checks = false, isQuiet = false;
  // Of --time.
  bool isTimed = false, triesFaster = false;
  std::string other;
  std::vector<std::string> speeds;
  std::optional<double> clock;
  uint32_t clusters = TimingOptions().clusters;
  /// An option that chooses what a manifest leaves open; empty when there is
  /// none.
  std::string manifestOption;
};

[[noreturn]] void refuse(const std::string &message) { throw Stop(VerdictKind::Syntax, message); }

/// "sq=250" into the sizes.
void addSize(std::map<std::string, int64_t> &sizes, const std::string &text) {
  size_t equals = std::min(text.find('='), text.size());
  const char *begin = text.data() + std::min(equals + 1, text.size()), *end = text.data() + text.size();
  int64_t value = 0;
  auto [stop, error] = std::from_chars(begin, end, value);
  if (equals == 0 || begin == end || stop != end || error != std::errc() || value < 0)
    refuse("--size '" + text + "' should be NAME=N, as in sq=250");
  if (!sizes.emplace(text.substr(0, equals), value).second)
    refuse("--size '" + text + "' is the second of its name");
}

/// "temperature=0.5" into the scalars.
void addScalar(std::map<std::string, double> &scalars, const std::string &text) {
  size_t equals = std::min(text.find('='), text.size());
  const char *begin = text.data() + std::min(equals + 1, text.size()), *end = text.data() + text.size();
  double value = 0;
  auto [stop, error] = std::from_chars(begin, end, value);
  if (equals == 0 || begin == end || stop != end || error != std::errc())
    refuse("--scalar '" + text + "' should be NAME=NUMBER, as in temperature=0.5");
  if (!scalars.emplace(text.substr(0, equals), value).second)
    refuse("--scalar '" + text + "' is the second of its name");
}

LaunchTask readLaunch(const Arguments &arguments) {
  if (!arguments.manifestOption.empty())
    refuse(arguments.manifestOption +
           " chooses what a kernel manifest leaves open; a launch description says it itself");
  LaunchTask task = readDescription(arguments.input);
  if (arguments.multiprocessors)
    task.launch.multiprocessors = *arguments.multiprocessors;
  return task;
}

LaunchTask readTask(const Arguments &arguments) {
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(readTextFile(arguments.input));
  } catch (const nlohmann::json::exception &error) {
    refuse(arguments.input + ": " + error.what());
  }
  if (json.contains("girih_launch"))
    return readLaunch(arguments);
#ifdef GIRIH_SIM_HAS_MANIFEST
  ManifestChoices choices;
  for (const std::string &text : arguments.sizes)
    addSize(choices.sizes, text);
  for (const std::string &text : arguments.scalars)
    addScalar(choices.scalars, text);
  choices.layout = arguments.layout;
  choices.pad = arguments.pad;
  choices.seed = arguments.dataSeed;
  choices.data = arguments.data;
  choices.multiprocessors = arguments.multiprocessors.value_or(choices.multiprocessors);
  return readManifestLaunch(arguments.input, choices);
#else
  refuse("this build reads no kernel manifests");
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
      refuse("cannot write to '" + folder + "'");
  }
}

Simulator readProgram(const LaunchTask &task) {
  try {
    return Simulator(task.ptx, task.launch.kernel);
  } catch (Stop &stop) {
    stop.found.message = "in '" + task.ptxPath + "': " + stop.found.message;
    throw;
  }
}

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
TimingReport timeOf(const Arguments &arguments, const Simulator &simulator, const LaunchTask &task,
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
  std::vector<TimedKernel> kernels{{task.launch.kernel, found}};
  TimingOptions timing = timingOf(arguments);
  if (!arguments.other.empty()) {
    Arguments second = arguments;
    second.input = arguments.other;
    LaunchTask other = readTask(second);
    kernels.push_back({other.launch.kernel, timeOf(arguments, readProgram(other), other, timing)});
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

int run(const Arguments &arguments) {
  LaunchTask task = readTask(arguments);
  if (!arguments.ptx.empty()) {
    task.ptxPath = arguments.ptx;
    task.ptx = readTextFile(arguments.ptx);
  }
  Simulator simulator = readProgram(task);
  Options options;
  options.schedule = arguments.schedules ? Schedule::Random : *parseSchedule(arguments.schedule);
  options.threads = arguments.threads;
  options.rules = *parseRuleSet(arguments.rules);
  options.instructionLimit = arguments.instructionLimit;
  options.wantsTrace = !arguments.trace.empty();
  if (arguments.isTimed) {
    options.schedule = Schedule::Timed;
    options.timing = timingOf(arguments);
  }
  if (!arguments.save.empty())
    save(arguments.save, task.launch, "in");
  uint64_t runs = std::max<uint64_t>(arguments.schedules, 1);
  auto begin = std::chrono::steady_clock::now();
  uint64_t instructions = 0;
  Launch launch;
  Report report;
  std::map<Rule, RuleNote> notes;
  uint64_t seed = arguments.seed;
  for (uint64_t i = 0; i < runs; ++i, ++seed) {
    options.seed = seed;
    report = runOnce(simulator, task, options, arguments.checks, launch);
    instructions += report.warpInstructions;
    for (const RuleNote &note : report.notes)
      notes.try_emplace(note.rule, note);
    if (!report.isClean())
      break;
  }
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  if (!arguments.save.empty())
    save(arguments.save, launch, "out");
  if (!arguments.trace.empty()) {
    std::ofstream out(arguments.trace);
    writeTrace(out, report.trace, arguments.isTimed ? arguments.clock.value_or(report.timing.clock) : 1);
    if (!out)
      refuse("cannot write '" + arguments.trace + "'");
  }
  for (const auto &[rule, note] : notes)
    std::cerr << task.ptxPath << ": " << note.str() << "\n";
  for (const Verdict &verdict : report.verdicts)
    std::cerr << task.ptxPath << ": " << verdict.str() << "\n";
  if (!report.isClean() && options.schedule == Schedule::Random)
    std::cerr << "repeat with --schedule random --seed " << seed << "\n";
  if (arguments.isTimed && report.isClean())
    printTimes(arguments, simulator, task, report.timing);
  if (!arguments.isQuiet)
    std::cout << (report.isClean() ? "ok" : "failed") << ": " << instructions << " warp instructions, "
              << report.asynchronousOperations << " asynchronous operations, " << seconds.count() << " s, "
              << double(instructions) / seconds.count() / 1e6 << " million warp instructions a second\n";
  return report.isClean() ? 0 : 1;
}

void declare(CLI::App &app, Arguments &arguments) {
  app.add_option("input", arguments.input, "a kernel manifest, or a launch description")->required();
  app.add_flag("--check", arguments.checks, "compare the results with the float64 reference");
  auto *schedule = app.add_option("--schedule", arguments.schedule, "deterministic, random, late or early")
                       ->check(CLI::IsMember({"deterministic", "random", "late", "early"}))
                       ->capture_default_str();
  app.add_option("--seed", arguments.seed, "seed of the random schedule, or the first of --schedules");
  app.add_option("--schedules", arguments.schedules, "explore this many random schedules from --seed on")
      ->check(CLI::PositiveNumber)
      ->excludes(schedule);
  app.add_option("--size", arguments.sizes, "NAME=N for a dynamic size of a manifest")->allow_extra_args(false);
  app.add_option("--scalar", arguments.scalars, "NAME=NUMBER for a number that a manifest's functions use")
      ->allow_extra_args(false);
  app.add_option("--layout", arguments.layout, "memory order of a manifest's tensors, as in bshd");
  app.add_option("--pad", arguments.pad, "unused elements after every innermost row of a manifest's tensors");
  app.add_option("--data-seed", arguments.dataSeed, "seed of a manifest's inputs");
  app.add_option("--data", arguments.data, "inputs of a manifest: random, equal, one_hot or minus_inf");
  app.add_option("--multiprocessors", arguments.multiprocessors,
                 "multiprocessors of the chip; 132, or what the launch description says")
      ->check(CLI::Range(1u, 1024u));
  app.add_option("--rules", arguments.rules,
                 "isa: every rule of the PTX ISA; hardware: notes for those that chips are known to do without")
      ->check(CLI::IsMember({"isa", "hardware"}))
      ->capture_default_str();
  app.add_option("--threads", arguments.threads, "host threads; 0 is one for each core");
  app.add_option("--instruction-limit", arguments.instructionLimit,
                 "instructions that a warp may execute; 0 is any number")
      ->capture_default_str();
  app.add_option("--ptx", arguments.ptx, "run this PTX, an edited one say, in place of the kernel's own");
  app.add_option("--trace", arguments.trace, "write a timeline in Chrome trace format");
  app.add_option("--save", arguments.save, "write every buffer before and after the run to this folder");
  auto *time = app.add_flag("--time", arguments.isTimed,
                            "model the time of the launch, in cycles of the chip that the PTX is for")
                   ->excludes(schedule)
                   ->excludes("--schedules");
  app.add_option("--clock", arguments.clock, "of --time: MHz, in place of the table's")
      ->check(CLI::Range(1.0, 10000.0))
      ->needs(time);
  app.add_option("--clusters", arguments.clusters, "of --time: clusters that are simulated, of a larger grid; 0 is all")
      ->capture_default_str()
      ->needs(time);
  app.add_option("--compare", arguments.other, "of --time: a second kernel, printed row by row beside the first")
      ->needs(time);
  app.add_option("--faster", arguments.speeds, "of --time: UNIT=FACTOR, a unit so many times as fast, as in tensor=2")
      ->allow_extra_args(false)
      ->needs(time);
  app.add_flag("--what-if", arguments.triesFaster, "of --time: what each unit twice as fast would give")->needs(time);
  app.add_flag("--quiet", arguments.isQuiet, "print verdicts only");
}

/// Refuses a choice that would be without effect, and finds those that are for
/// manifests.
void checkTogether(const CLI::App &app, Arguments &arguments) {
  if (app.count("--seed") && !app.count("--schedules") && arguments.schedule != "random")
    refuse("--seed is for --schedule random and --schedules; the schedule '" + arguments.schedule + "' has none");
  for (const char *option : {"--size", "--scalar", "--layout", "--pad", "--data-seed", "--data"})
    if (app.count(option))
      arguments.manifestOption = option;
}

} // namespace

int main(int argc, char **argv) {
  Arguments arguments;
  CLI::App app{"Runs PTX for sm_90a and sm_100a on the CPU and reports wrong "
               "results, races, deadlocks and misuse."};
  app.name("girih-sim");
  app.footer("The exit code is 0 when nothing was found, 1 otherwise, and 2 when nothing could be run.");
  declare(app, arguments);
  try {
    app.parse(argc, argv);
    checkTogether(app, arguments);
    return run(arguments);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Stop &stop) {
    std::cerr << stop.found.str() << "\n";
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << "\n";
  }
  return 2;
}
