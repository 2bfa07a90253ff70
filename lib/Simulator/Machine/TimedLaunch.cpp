//===- TimedLaunch.cpp - From a few clusters to the time of a launch ------===//
//
// Clusters that cannot wait for each other are simulated at even distances in
// the grid; every other one takes as long as the nearest of them. The chip then
// gives the next cluster to whichever place is free first. Where clusters share
// a counter, one alone stands for all that are resident: each number that it
// takes is followed by as many as the others take meanwhile.
//
//===----------------------------------------------------------------------===//
#include "../Timing/Chip.h"
#include "Residency.h"
#include "Timer.h"

#include <algorithm>
#include <queue>

namespace girih::sim {
namespace {

std::vector<uint32_t> sampled(uint32_t count, uint32_t wanted) {
  std::vector<uint32_t> indices;
  uint32_t most = wanted ? std::min(wanted, count) : count;
  // The middles of equal parts, moved by multiples of the golden ratio, which
  // fall together with no period of the grid.
  for (uint32_t i = 0; i < most; ++i) {
    double within = most == count ? 0.5 : std::fmod(0.5 + 0.618033988749895 * i, 1.0);
    indices.push_back(std::min(count - 1, uint32_t((i + within) * count / most)));
  }
  return indices;
}

/// When the last of the clusters ends that go, in order, to the place that is
/// free first.
double makespan(const std::vector<double> &cycles, uint32_t places, double next) {
  std::priority_queue<double, std::vector<double>, std::greater<>> free;
  double last = 0;
  for (double each : cycles) {
    double begin = 0;
    if (free.size() >= places) {
      begin = free.top() + next;
      free.pop();
    }
    free.push(begin + each);
    last = std::max(last, begin + each);
  }
  return last;
}

double bytesOfBuffers(const Launch &launch) {
  double bytes = 0;
  for (const Buffer &buffer : launch.buffers)
    bytes += double(buffer.bytes.size());
  return bytes;
}

/// Clusters that are on the chip together. Where they share a counter, one
/// stands for all of them.
uint32_t placeTimed(Device &device) {
  uint32_t resident = std::min(Residency(device).clusters, device.clusterCount);
  device.standsFor = device.runsTogether ? resident : 1;
  device.nextCluster = device.standsFor;
  return resident;
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
  const std::map<uint64_t, double> traffic = countTraffic(*this);
  std::vector<uint32_t> indices =
      runsTogether ? std::vector<uint32_t>{0} : sampled(clusterCount, options.timing.clusters);
  TimingReport &timing = report.timing;
  std::vector<double> ends;
  for (uint32_t index : indices) {
    Cluster cluster(*this, index, firstCtaOf(index), *entry);
    cluster.timer->expect(traffic, resident);
    try {
      while (cluster.run(20000) != Cluster::Status::Done)
        ;
    } catch (Stop &stop) {
      end(stop.found);
    } catch (EnoughVerdicts &) {
    }
    cluster.timer->summarise(timing, cluster.now);
    ends.push_back(double(cluster.now));
    collect(cluster, report);
    if (!verdicts.empty())
      return;
  }
  for (auto *shares : {&timing.waits, &timing.path})
    for (auto &[key, share] : *shares)
      share /= double(ends.size());
  for (auto &[key, share] : timing.busy)
    share /= double(ends.size());
  timing.simulated = uint32_t(ends.size());
  timing.clusters = clusterCount;
  timing.clock = chip->clock;
  timing.heldClock = chip->heldClock;
  for (double end : ends)
    timing.clusterCycles += end / double(ends.size());
  if (runsTogether) {
    timing.operations *= standsFor;
    timing.cycles = ends.front();
  } else {
    timing.operations *= double(clusterCount) / double(ends.size());
    std::vector<double> each;
    for (uint32_t i = 0; i < clusterCount; ++i)
      each.push_back(ends[std::min<size_t>(uint64_t(i) * ends.size() / clusterCount, ends.size() - 1)]);
    // CTAs that share a multiprocessor take turns at its units: together they
    // take as long as one alone, or as the busiest unit is kept at work.
    double sharing =
        double(resident) / std::max(1.0, std::min<double>(resident, double(launch.multiprocessors) / size));
    double slower = std::max(1.0, sharing * timing.busyShare(timing.bottleneck()));
    for (double &cycles : each)
      cycles *= slower;
    timing.cycles = makespan(each, resident, chip->nextCta);
  }
  // All of the buffers move once between the chip and its memory at least.
  timing.cycles = std::max(timing.cycles, bytesOfBuffers(launch) / chip->dramBytes) + chip->launch + chip->finish;
}

} // namespace girih::sim
