//===- main.cpp - girih-tune: the fastest schedule of a problem -----------===//

#include "Commands.h"
#include "girih/Support/Error.h"
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

using namespace girih;
using namespace girih::tune;

/// Commands that need the compiler are a program of its own beside this one, so that
/// this one can be carried to a machine without LLVM.
static int runCompiler(char **arguments) {
  std::string path(4096, '\0');
  ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  path.resize(size_t(std::max<ssize_t>(length, 0)));
  path = path.substr(0, path.rfind('/') + 1) + "girih-tune-compile";
  std::fflush(nullptr);
  execv(path.c_str(), arguments);
  throw Error("cannot run " + path + ": " + std::strerror(errno) +
              "; `list` and `compile` need the compiler, `measure` a pack that was made elsewhere");
}

static int run(int argc, char **argv) {
  for (const char *command : {"list", "compile"})
    if (argc > 1 && std::strcmp(argv[1], command) == 0)
      return runCompiler(argv);

  CLI::App app("Finds the fastest schedule of a problem (docs/tuning.md).");
  app.name("girih-tune");
  app.require_subcommand(1);
  app.footer(
      "The exit code is 0 on success, 1 when a problem has no result, 2 when nothing could be done, and 130 when "
      "interrupted: the same command then goes on where it stopped.");
  app.add_subcommand("list", "Show the legal schedules of a problem in the order of the cost model");
  app.add_subcommand("compile", "Compile the schedules of problems into a pack; needs the compiler");

  MeasureCommand measure;
  auto *measuring = app.add_subcommand("measure", "Measure a pack; needs only the pack and the CUDA driver");
  measuring->add_option("pack", measure.pack, "Folder that `compile` wrote")->required();
  measuring->add_option("--database", measure.database, "SQLite file for the results; made when it is not there")
      ->required();
  measuring->add_option("--share", measure.options.share, "Measure at most this share of the schedules")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  measuring->add_option("--rounds", measure.options.rounds, "Rounds of the last race")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  measuring->add_option("--finalists", measure.options.finalists, "Schedules in the last race")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  measuring->add_option("--seed", measure.options.seed, "Seed of data and orders")->capture_default_str();
  measuring->add_option("--timeout", measure.options.timeout, "Seconds after which a launch counts as hung")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  measuring->add_option("--device", measure.device, "Ordinal of the GPU")->capture_default_str();

  ResultsCommand results;
  auto *best = app.add_subcommand("best", "Show the fastest schedule of every problem in a database");
  best->add_option("database", results.database)->required();
  best->add_option("--format", results.format, "table or csv")
      ->check(CLI::IsMember({"table", "csv"}))
      ->capture_default_str();
  auto *evaluation =
      app.add_subcommand("evaluate", "Hold the cost model and the search against the times of a database");
  evaluation->add_option("database", results.database)->required();
  evaluation->add_option("--share", results.share, "The share of the schedules that the search may measure")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (*measuring)
    return runMeasure(measure);
  return *best ? printBest(results) : printEvaluation(results);
}

int main(int argc, char **argv) {
  int code = 2;
  try {
    code = run(argc, argv);
  } catch (const Error &error) {
    std::fprintf(stderr, "girih-tune: error: %s\n", error.what());
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "girih-tune: error: out of host memory\n");
  }
  std::fflush(nullptr);
  // As in girih-run: CUDA would wait for a kernel that never ends.
  if (runtime::deviceAbandoned())
    std::_Exit(code == 0 ? 1 : code);
  return code;
}
