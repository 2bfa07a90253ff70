//===- Measure.cpp - girih-tune measure -----------------------------------===//

#include "Commands.h"
#include "girih/Support/Error.h"
#include <chrono>
#include <csignal>
#include <cstdio>
#include <unistd.h>

using namespace girih;
using namespace girih::tune;

static volatile std::sig_atomic_t interrupted = 0;

/// A line that is written over on a terminal, and otherwise now and then.
static void show(const Progress &progress, std::chrono::steady_clock::time_point start) {
  static std::string lastStage;
  static double lastTime = -1;
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  bool isTerminal = isatty(STDERR_FILENO);
  bool isNews = progress.stage != lastStage || progress.done == progress.all;
  if (!isNews && seconds - lastTime < (isTerminal ? 0.1 : 10))
    return;
  lastStage = progress.stage;
  lastTime = seconds;
  std::fprintf(stderr, "%s%5.1f s  %s", isTerminal ? "\r\033[K" : "", seconds, progress.stage.c_str());
  if (progress.all > 1)
    std::fprintf(stderr, " %zu of %zu", progress.done, progress.all);
  if (progress.best)
    std::fprintf(stderr, ", best %.4f ms: %s", progress.best->milliseconds, progress.best->schedule.c_str());
  if (progress.wrong + progress.failed)
    std::fprintf(stderr, ", %zu wrong, %zu failed", progress.wrong, progress.failed);
  std::fputs(isTerminal ? "" : "\n", stderr);
}

int tune::runMeasure(const MeasureCommand &command) {
  Pack pack = readPack(command.pack);
  Database database(command.database, /*create=*/true);
  runtime::Device device(command.device);
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  int code = 0;
  for (const std::string &problem : pack.problems()) {
    auto start = std::chrono::steady_clock::now();
    std::fprintf(stderr, "%s\n", problem.c_str());
    Callbacks callbacks{[&](const Progress &progress) { show(progress, start); }, [] { return interrupted != 0; }};
    std::optional<Row> best;
    try {
      best = measureProblem(device, pack, problem, database, command.options, callbacks);
    } catch (const Error &error) {
      std::fprintf(stderr, "%sgirih-tune: error: %s\n", isatty(STDERR_FILENO) ? "\n" : "", error.what());
      code = 1;
      if (runtime::deviceAbandoned())
        return code;
      continue;
    }
    if (isatty(STDERR_FILENO))
      std::fputs("\n", stderr);
    if (!best) {
      std::fputs("interrupted: the same command goes on from here\n", stderr);
      return 130;
    }
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%s\n  %.4f ms  %s\n  %.1f s\n", problem.c_str(), best->milliseconds, best->schedule.c_str(), seconds);
    std::fflush(stdout);
  }
  return code;
}
