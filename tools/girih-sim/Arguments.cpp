//===- Arguments.cpp - The command line of girih-sim ----------------------===//
#include "Arguments.h"

#include "../../lib/Simulator/Host/Settings.h"
#include "../../lib/Simulator/Launch/Description.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace girih::sim {

void refuse(const std::string &message) { throw Stop(VerdictKind::Syntax, message); }

Options Arguments::options() const {
  Options options;
  options.schedule = schedules ? Schedule::Random : isTimed ? Schedule::Timed : *parseSchedule(schedule);
  options.threads = threads;
  options.rules = *parseRuleSet(rules);
  options.instructionLimit = instructionLimit;
  options.wantsTrace = !trace.empty() || !html.empty();
  options.wantsCoverage = wantsCoverage;
  options.keepsGoing = keepsGoing;
  options.mostVerdicts = mostVerdicts.value_or(keepsGoing ? 100 : options.mostVerdicts);
  for (const std::string &text : ignored)
    options.suppressions.push_back(parseSuppression(text, "--ignore"));
  for (const std::string &path : suppressionFiles)
    for (Suppression &suppression : parseSuppressions(readTextFile(path), path))
      options.suppressions.push_back(std::move(suppression));
  return options;
}

static void declareTime(CLI::App &app, Arguments &arguments, CLI::Option *schedule) {
  auto *time = app.add_flag("--time", arguments.isTimed,
                            "model the time of the launch, in cycles of the chip that the PTX is for")
                   ->excludes(schedule)
                   ->excludes("--schedules")
                   ->excludes("--keep-going");
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
}

static void declareReport(CLI::App &app, Arguments &arguments) {
  app.add_flag("--keep-going", arguments.keepsGoing,
               "go on after a verdict without the instruction at fault, and with all seeds of --schedules");
  app.add_option("--max-verdicts", arguments.mostVerdicts,
                 "verdicts after which a run ends: 8, with --keep-going 100; 0 is any number");
  app.add_option("--ignore", arguments.ignored,
                 "KIND, KIND:LINE of the PTX or KIND:FILE:LINE of the source: verdicts that are not told")
      ->allow_extra_args(false);
  app.add_option("--suppressions", arguments.suppressionFiles,
                 "a file of such, one a line, with comments behind '#'; those that match nothing are named")
      ->allow_extra_args(false);
  app.add_flag("--coverage", arguments.wantsCoverage, "print the instructions that no warp has executed");
  app.add_option("--json", arguments.json, "write verdicts and notes as JSON");
  app.add_option("--sarif", arguments.sarif, "write them in the format SARIF 2.1.0");
  app.add_option("--html", arguments.html,
                 "write a page with verdicts, the graph of a deadlock, the timeline and the PTX");
  app.add_option("--trace", arguments.trace, "write a timeline in Chrome trace format");
  app.add_option("--save", arguments.save, "write every buffer before and after the run to this folder");
  app.add_flag("--quiet", arguments.isQuiet, "print verdicts only");
}

static void declareMutate(CLI::App &app, Arguments &arguments) {
  auto *mutate = app.add_flag("--mutate", arguments.mutates,
                              "break the kernel in one place at a time and say which faults are caught, which are in "
                              "code that is never executed, no faults by a known rule, or missed");
  for (const char *option : {"--schedule", "--schedules", "--seed", "--keep-going", "--max-verdicts", "--coverage",
                             "--json", "--sarif", "--html", "--trace", "--save", "--time", "--check"})
    mutate->excludes(option);
  app.add_option("--each-fault", arguments.eachFault, "of --mutate: so many places of a fault; 0 is all")
      ->capture_default_str()
      ->needs(mutate);
}

/// What a program that runs chooses itself, or what is of one launch.
static const char *const notOfHost[] = {"input",  "--check", "--size",      "--scalar",   "--layout", "--pad",
                                        "--data", "--ptx",   "--data-seed", "--coverage", "--json",   "--sarif",
                                        "--html", "--trace", "--save",      "--time",     "--mutate"};

static void declareHost(CLI::App &app, Arguments &arguments) {
  auto *program =
      app.add_option("--host", arguments.program,
                     "run a program that uses CUDA, without a GPU: its kernels run in the simulator; its own "
                     "arguments are behind --");
  for (const char *option : notOfHost)
    program->excludes(option);
  app.add_option("--chip", arguments.chip, "of --host: the chip that the program finds")
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(host::chipNames), std::end(host::chipNames))))
      ->capture_default_str()
      ->needs(program);
  app.add_option("--record", arguments.record,
                 "of --host: write each launch that is judged to this folder, as a description with PTX and memory")
      ->needs(program);
  app.add_option("--only", arguments.only, "of --host: judge kernels with this text in their names; others just run")
      ->allow_extra_args(false)
      ->needs(program);
  app.add_option("--launch", arguments.launches, "of --host: judge the launch of this number, from 1; others just run")
      ->allow_extra_args(false)
      ->needs(program);
}

void declare(CLI::App &app, Arguments &arguments) {
  app.add_option("input", arguments.input, "a kernel manifest, or a launch description");
  app.add_flag("--check", arguments.checks, "compare the results with the float64 reference");
  auto *schedule = app.add_option("--schedule", arguments.schedule, "deterministic, random, late or early")
                       ->check(CLI::IsMember({"deterministic", "random", "late", "early"}))
                       ->capture_default_str();
  app.add_option("--seed", arguments.seed, "seed of the random schedule, or the first of --schedules");
  app.add_option("--schedules", arguments.schedules, "explore this many random schedules from --seed on")
      ->check(CLI::Range(uint64_t(1), uint64_t(UINT32_MAX)))
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
  app.add_option(
         "--rules", arguments.rules,
         "isa: every rule of the PTX ISA; hardware: notes for those that chips are known to do without; assumed: "
         "notes for those of these that the kernel says it assumes")
      ->check(CLI::IsMember({"isa", "hardware", "assumed"}))
      ->capture_default_str();
  app.add_option("--threads", arguments.threads, "host threads; 0 is one for each core");
  app.add_option("--instruction-limit", arguments.instructionLimit,
                 "instructions that a warp may execute; 0 is any number")
      ->capture_default_str();
  app.add_option("--ptx", arguments.ptx, "run this PTX, an edited one say, in place of the kernel's own");
  declareReport(app, arguments);
  declareTime(app, arguments, schedule);
  declareMutate(app, arguments);
  declareHost(app, arguments);
}

void takeProgramArguments(int &argc, char **argv, Arguments &arguments) {
  auto end = std::find_if(argv, argv + argc, [](const char *word) { return std::string_view(word) == "--"; });
  bool isHost = std::any_of(argv, end, [](const char *word) { return std::string_view(word).starts_with("--host"); });
  if (!isHost || end == argv + argc)
    return;
  arguments.programArguments.assign(end + 1, argv + argc);
  argc = int(end - argv);
}

void checkTogether(const CLI::App &app, Arguments &arguments) {
  if (!app.count("input") && !app.count("--host"))
    refuse("an input is needed, a kernel manifest or a launch description, or --host with a program");
  if (app.count("--seed") && !app.count("--schedules") && arguments.schedule != "random")
    refuse("--seed is for --schedule random and --schedules; the schedule '" + arguments.schedule + "' has none");
  if (app.count("--host") && arguments.rules == "assumed")
    refuse("--rules assumed is for kernels that come with what they assume; a program of --host says nothing of it");
  for (const char *option : {"--size", "--scalar", "--layout", "--pad", "--data-seed", "--data"})
    if (app.count(option))
      arguments.manifestOption = option;
}

} // namespace girih::sim
