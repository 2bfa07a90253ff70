//===- Bench.cpp - Timing contestants against each other ------------------===//

#include "girih/Runtime/Bench.h"
#include "girih/Support/Error.h"
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>

using namespace girih;
using namespace girih::runtime;

namespace {

constexpr int maxLaunchesPerTurn = 400;

/// A contestant's turn: launches that follow each other without the CPU.
class Turn {
public:
  Turn(const Stream &stream, const Contestant &contestant, const BenchOptions &options) : stream(stream) {
    // The first launches compile, allocate and load; they may not be recorded.
    for (int copy = 0; copy < options.copies; ++copy)
      contestant.enqueue(copy);
    stream.synchronize();
    int trial = std::max(2, options.copies);
    double estimate = timeLaunches([&] { enqueue(contestant, options, trial); }) / trial;
    launches = std::clamp(int(std::ceil(options.batchMilliseconds / std::max(estimate, 1e-4))), 1, maxLaunchesPerTurn);
    graph = std::make_unique<Graph>(stream, [&] { enqueue(contestant, options, launches); });
    run(); // uploads the graph
  }

  /// Milliseconds of one launch. `during` runs while the device works.
  double run(const std::function<void()> &during = [] {}) const {
    return timeLaunches([&] { graph->launch(stream); }, during) / launches;
  }

  int count() const { return launches; }

private:
  static void enqueue(const Contestant &contestant, const BenchOptions &options, int launches) {
    for (int i = 0; i < launches; ++i)
      contestant.enqueue(i % options.copies);
  }

  double timeLaunches(const std::function<void()> &launch, const std::function<void()> &during = [] {}) const {
    Event start, stop;
    start.record(stream);
    launch();
    stop.record(stream);
    during();
    stream.synchronize();
    return stop.millisecondsSince(start);
  }

  const Stream &stream;
  int launches = 1;
  std::unique_ptr<Graph> graph;
};

} // namespace

int runtime::copiesBeyondCache(int64_t bytes, int64_t cacheBytes) {
  constexpr int64_t cachesToFill = 4, memoryLimit = int64_t(8) << 30;
  int64_t wanted = (cachesToFill * cacheBytes + bytes - 1) / std::max<int64_t>(bytes, 1);
  int64_t affordable = memoryLimit / std::max<int64_t>(bytes, 1);
  return int(std::clamp<int64_t>(std::min(wanted, affordable), 1, 64));
}

std::vector<Timing> runtime::race(const Stream &stream, const std::vector<Contestant> &contestants,
                                  const BenchOptions &options, const ClockMeter &clock) {
  std::vector<Turn> turns;
  std::vector<Timing> timings;
  for (const Contestant &contestant : contestants) {
    turns.emplace_back(stream, contestant, options);
    timings.push_back({contestant.name, {}, {}, turns.back().count()});
  }
  std::mt19937_64 random(options.seed);
  std::vector<size_t> order(contestants.size());
  std::iota(order.begin(), order.end(), size_t(0));
  // Round -1 brings the card to the temperature and power of a long run.
  for (int round = -1; round < options.rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (size_t i : order) {
      std::optional<double> megahertz;
      double milliseconds = turns[i].run([&] { megahertz = clock.smMHz(); });
      if (round < 0)
        continue;
      timings[i].milliseconds.push_back(milliseconds);
      if (megahertz)
        timings[i].clockMHz.push_back(*megahertz);
    }
  }
  return timings;
}
