//===- Extrapolation.h - From some clusters to all of a launch --*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_EXTRAPOLATION_H
#define GIRIH_SIMULATOR_MACHINE_EXTRAPOLATION_H

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

namespace girih::sim {

/// What one cluster takes.
struct ClusterCost {
  double cycles = 0, operations = 0, instructions = 0;
};

/// Clusters that go, in order, to the place that is free first: when the last
/// of them ends. `next` lies between one's end and the next one's begin.
double makespan(const std::vector<double> &cycles, uint32_t places, double next);

/// The costs of all clusters of a grid, of which some are simulated. A few tell
/// whether all that have as many work items take the same. Where they do not,
/// one period of the grid is looked for, and more clusters within it are
/// simulated.
class Extrapolation {
public:
  using Simulate = std::function<ClusterCost(uint32_t)>;
  /// `unit`: of how many neighbours the work may repeat; `wanted`: how many are
  /// compared with the first, 0 is all, and of 1 nothing is compared. Clusters
  /// take turns at `items` where these are more.
  Extrapolation(uint32_t count, uint64_t items, uint32_t unit, uint32_t wanted, Simulate simulate)
      : count(count), items(items), unit(unit), wanted(wanted), simulate(std::move(simulate)) {}

  std::vector<ClusterCost> all();
  /// What has been simulated.
  const std::map<uint32_t, ClusterCost> &found() const { return costs; }

private:
  const ClusterCost &at(uint32_t index);
  bool areAlike(uint32_t a, uint32_t b);
  double itemsOf(uint32_t index) const;
  /// The one of the ends that has as many items.
  uint32_t likeOf(uint32_t index) const;
  bool areAllAlike(uint32_t few);
  /// Clusters this far apart take the same; `count` where there is no such
  /// number.
  uint32_t period();
  void simulateWithin(uint32_t range);
  ClusterCost between(uint32_t index) const;

  uint32_t count;
  uint64_t items;
  uint32_t unit, wanted;
  Simulate simulate;
  std::map<uint32_t, ClusterCost> costs;
};

/// When a number was taken, and which it was of those that all resident clusters
/// take meanwhile.
struct TakenNumber {
  uint64_t time = 0;
  uint32_t within = 0;
};

/// What a cluster did that stood for all that are resident and shared a counter
/// with it.
struct CounterRun {
  /// Its place, which gives its first item.
  uint32_t place = 0;
  std::vector<TakenNumber> taken;
  /// When it stored results.
  std::vector<uint64_t> stores;
  /// When it was over.
  double end = 0;

  /// When each of so many items was over.
  std::vector<double> endsOfItems(size_t count) const;
  /// Items take about the same.
  bool isEven() const;
};

/// A launch of such clusters: each has the work of its place, then that of the
/// numbers that it takes, which cost what numbers near them cost the one.
class SharedCounter {
public:
  /// Runs of the same launch. `items`: how many numbers there are, 0 when this
  /// is not known.
  SharedCounter(const std::vector<CounterRun> &runs, uint32_t places, uint64_t items);

  double cycles() const { return last; }
  /// Work of all, in that of the one.
  double shares() const { return total; }

private:
  double last = 0, total = 0;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_EXTRAPOLATION_H
