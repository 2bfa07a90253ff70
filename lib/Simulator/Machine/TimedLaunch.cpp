//===- TimedLaunch.cpp - From a few clusters to the time of a launch ------===//
//
// Clusters that cannot wait for each other are simulated one by one, as many as
// it takes to know the others. The chip then gives the next cluster to whichever
// place is free first. Where clusters share a counter, one alone stands for all
// that are resident: each number that it takes is followed by as many as the
// others take meanwhile.
//
//===----------------------------------------------------------------------===//
#include "../Timing/Chip.h"
#include "Extrapolation.h"
#include "Residency.h"
#include "Timer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace girih::sim {
namespace {

double bytesOfBuffers(const Launch &launch) {
  double bytes = 0;
  for (const Buffer &buffer : launch.buffers)
    bytes += double(buffer.bytes.size());
  return bytes;
}

/// Those who measure launch one kernel many times on copies of its buffers in
/// turn, which fill the L2 cache four times over or are 64 (girih-run): what a
/// launch finds there is small.
bool isFoundInCache(const Launch &launch, const ChipTiming &chip) {
  constexpr double copies = 64;
  return copies * bytesOfBuffers(launch) <= chip.cacheBytes;
}

/// Clusters that are on the chip together. Where they share a counter, one
/// stands for all of them.
uint32_t placeTimed(Device &device) {
  uint32_t resident = std::min(Residency(device).clusters, device.clusterCount);
  device.standsFor = device.runsTogether ? resident : 1;
  device.nextCluster = device.standsFor;
  return resident;
}

/// Times as long as one of several CTAs of a multiprocessor takes as it would
/// alone, when that kept the busiest unit at work for a share of its time: a
/// closed queue of as many customers at one server, by mean value analysis.
double slowerTogether(double ctas, double share) {
  double queue = 0, cycle = 1;
  for (double n = 1; n <= ctas; ++n) {
    double response = share * (1 + queue);
    cycle = response + 1 - share;
    queue = n * response / cycle;
  }
  return cycle;
}

/// Runs a cluster on copies of the buffers to count what it moves.
std::map<uint64_t, double> countTraffic(const Device &device) {
  // Where there is more, it takes long enough to hide what is counted here.
  constexpr double most = 64 << 20;
  if (bytesOfBuffers(device.launch) > most)
    return {};
  Launch copy = device.launch;
  Device counter(device.program, copy, device.options);
  placeTimed(counter);
  uint32_t middle = device.runsTogether ? 0 : device.clusterCount / 2;
  Cluster cluster(counter, middle, counter.firstCtaOf(middle), *counter.entry);
  try {
    while (cluster.run(20000) != Cluster::Status::Done)
      ;
  } catch (Stop &) { // found again, and told, by the run that is timed
  } catch (EnoughVerdicts &) {
  }
  return cluster.timer->traffic();
}

} // namespace

void Device::runTimed(Report &report) {
  const uint32_t size = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  const uint32_t resident = placeTimed(*this);
  const bool isCached = isFoundInCache(launch, *chip);
  const std::map<uint64_t, double> traffic = countTraffic(*this);
  TimingReport &timing = report.timing;
  CounterRun run;
  auto simulate = [&](uint32_t index) {
    Cluster cluster(*this, index, firstCtaOf(index), *entry);
    cluster.timer->expect(traffic, resident, isCached);
    double before = timing.operations;
    try {
      while (cluster.run(20000) != Cluster::Status::Done)
        ;
    } catch (Stop &stop) {
      end(stop.found);
    }
    cluster.timer->summarise(timing, cluster.now);
    run = {cluster.timer->numbersTaken(), cluster.timer->storesIssued(), double(cluster.now)};
    uint64_t executed = report.warpInstructions;
    collect(cluster, report);
    if (!verdicts.empty())
      throw EnoughVerdicts();
    return ClusterCost{double(cluster.now), timing.operations - before, double(report.warpInstructions - executed)};
  };
  uint64_t items = std::accumulate(launch.work.begin(), launch.work.end(), uint64_t(1), std::multiplies<>());
  uint32_t unit = launch.work.empty() ? launch.grid[0] / launch.cluster[0] : uint32_t(launch.work.front());
  Extrapolation extrapolation(clusterCount, items, unit, options.timing.clusters, simulate);
  std::vector<ClusterCost> costs;
  try {
    costs = runsTogether ? std::vector<ClusterCost>{simulate(0)} : extrapolation.all();
  } catch (EnoughVerdicts &) {
    return;
  }
  timing.simulated = runsTogether ? 1 : uint32_t(extrapolation.found().size());
  for (auto *shares : {&timing.waits, &timing.path})
    for (auto &[key, share] : *shares)
      share /= timing.simulated;
  for (auto &[key, share] : timing.busy)
    share /= timing.simulated;
  timing.clusters = clusterCount;
  timing.clock = chip->clock;
  timing.operations = 0;
  for (const ClusterCost &cost : costs) {
    timing.clusterCycles += cost.cycles / double(costs.size());
    timing.operations += cost.operations;
  }
  timing.heldClock = 1 - (1 - chip->heldClock) * std::min(1.0, timing.busyShare(Unit::Tensor) / chip->heldFrom);
  if (runsTogether) {
    bool takesClusters = nextCluster > standsFor;
    SharedCounter counter(run, standsFor, takesClusters ? clusterCount : items);
    timing.operations *= counter.shares();
    timing.cycles = counter.cycles();
  } else {
    // CTAs that share a multiprocessor take turns at its units.
    double sharing =
        double(resident) / std::max(1.0, std::min<double>(resident, double(launch.multiprocessors) / size));
    double slower = slowerTogether(std::ceil(sharing), std::min(1.0, timing.busyShare(timing.bottleneck())));
    std::vector<double> each;
    for (const ClusterCost &cost : costs)
      each.push_back(cost.cycles * slower);
    timing.cycles = makespan(each, resident, chip->nextCta);
  }
  // What is not found in the cache moves between the chip and its memory once at
  // least.
  double moved = isCached ? 0 : bytesOfBuffers(launch);
  timing.cycles =
      std::max(timing.cycles, moved / chip->dramBytes) + chip->launch + chip->finish + (isCached ? 0 : chip->coldStart);
}

} // namespace girih::sim
