//===- Bench.cpp - Timing contestants against each other ------------------===//

#include "girih/Runtime/Bench.h"
#include "girih/Runtime/Statistics.h"
#include "girih/Support/Error.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <thread>

using namespace girih;
using namespace girih::runtime;

namespace {

constexpr int maxLaunchesOfGraph = 400;

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
    double wanted = std::max(1.0, options.batchMilliseconds / std::max(estimate, 1e-4));
    graphs = int(std::ceil(wanted / maxLaunchesOfGraph));
    int launchesOfGraph = int(std::ceil(wanted / graphs));
    launches = graphs * launchesOfGraph;
    graph = std::make_unique<Graph>(stream, [&] { enqueue(contestant, options, launchesOfGraph); });
    expected = timeLaunches([&] { graph->launch(stream); }) / launchesOfGraph; // uploads the graph
  }

  /// Milliseconds of one launch. `during` is told how many the whole turn will take, and runs while the device works.
  double run(const std::function<void(double)> &during) const {
    return timeLaunches(
               [&] {
                 for (int i = 0; i < graphs; ++i)
                   graph->launch(stream);
               },
               during) /
           launches;
  }

  int count() const { return launches; }

private:
  static void enqueue(const Contestant &contestant, const BenchOptions &options, int launches) {
    for (int i = 0; i < launches; ++i)
      contestant.enqueue(i % options.copies);
  }

  double timeLaunches(const std::function<void()> &launch, const std::function<void(double)> &during = {}) const {
    Event start, stop;
    start.record(stream);
    launch();
    stop.record(stream);
    if (during)
      during(expected * launches);
    stream.synchronize();
    return stop.millisecondsSince(start);
  }

  const Stream &stream;
  int launches = 1, graphs = 1;
  double expected = 0; ///< milliseconds of one launch
  std::unique_ptr<Graph> graph;
};

/// The median of what the driver says in the second half of a turn: it says so late.
std::optional<double> sampleClock(const ClockMeter &clock, double turnMilliseconds) {
  constexpr double half = 0.5, end = 0.95;
  constexpr int samples = 8;
  auto begin = std::chrono::steady_clock::now();
  auto at = [&](double share) { return begin + std::chrono::microseconds(int64_t(1e3 * turnMilliseconds * share)); };
  std::vector<double> found;
  for (int i = 0; i < samples && (found.empty() || std::chrono::steady_clock::now() < at(end)); ++i) {
    std::this_thread::sleep_until(at(half + (end - half) * i / samples));
    std::optional<double> megahertz = clock.smMHz();
    if (!megahertz)
      return std::nullopt;
    found.push_back(*megahertz);
  }
  return median(found);
}

} // namespace

int runtime::copiesBeyondCache(int64_t bytes, int64_t cacheBytes) {
  constexpr int64_t cachesToFill = 4, memoryLimit = int64_t(8) << 30;
  int64_t wanted = (cachesToFill * cacheBytes + bytes - 1) / std::max<int64_t>(bytes, 1);
  int64_t affordable = memoryLimit / std::max<int64_t>(bytes, 1);
  return int(std::clamp<int64_t>(std::min(wanted, affordable), 1, 64));
}

std::vector<Timing> runtime::race(const Stream &stream, const std::vector<Contestant> &contestants,
                                  const BenchOptions &options, const Meters &meters) {
  std::vector<Turn> turns;
  std::vector<Timing> timings;
  for (const Contestant &contestant : contestants) {
    turns.emplace_back(stream, contestant, options);
    timings.push_back({contestant.name, {}, {}, {}, turns.back().count()});
  }
  std::mt19937_64 random(options.seed);
  std::vector<size_t> order(contestants.size());
  std::iota(order.begin(), order.end(), size_t(0));
  // Round -1 brings the card to the temperature and power of a long run.
  for (int round = -1; round < options.rounds; ++round) {
    std::shuffle(order.begin(), order.end(), random);
    for (size_t i : order) {
      std::optional<double> megahertz;
      meters.cycles.begin(stream);
      double milliseconds = turns[i].run([&](double whole) { megahertz = sampleClock(meters.clock, whole); });
      meters.cycles.end(stream);
      stream.synchronize();
      if (round < 0)
        continue;
      timings[i].milliseconds.push_back(milliseconds);
      if (megahertz)
        timings[i].clockMHz.push_back(*megahertz);
      if (std::optional<double> cycles = meters.cycles.megahertz())
        timings[i].cyclesMHz.push_back(*cycles);
    }
  }
  return timings;
}
