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
#include <list>
#include <numeric>

namespace girih::sim {
namespace {

/// 0 where it is not known.
uint64_t itemsOf(const Launch &launch) {
  return launch.work.empty()
             ? 0
             : std::accumulate(launch.work.begin(), launch.work.end(), uint64_t(1), std::multiplies<>());
}

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

/// Clusters that reside on one multiprocessor, or on those of one cluster: others
/// beside the one that is looked at, each in a launch of its own, as they run
/// more than once. Where one of them ends, another follows.
class Company {
public:
  Company(Device &device, Cluster &first, uint32_t count, uint32_t apart, std::function<void(Timer &)> prepare)
      : first(first), count(count), prepare(std::move(prepare)) {
    first.timer->reside(*first.timer, count, 0);
    this->prepare(*first.timer);
    for (uint32_t i = 1; i < count; ++i) {
      Member &member = members.emplace_back();
      member.launch = device.launch;
      member.device = std::make_unique<Device>(device.program, member.launch, device.options);
      placeTimed(*member.device);
      member.ordinal = i;
      member.next = first.index;
      member.step = member.device->runsTogether ? 0 : i * apart;
      begin(member, 0);
    }
  }

  /// Until the first one is over. Who wants to go on the earliest does, and of
  /// several the one that has not for the longest time.
  void run() {
    while (true) {
      Member *best = nullptr;
      uint64_t second = UINT64_MAX;
      std::pair<uint64_t, uint64_t> least{first.wantsAt, turnOfFirst};
      for (Member &member : members) {
        std::pair<uint64_t, uint64_t> wants{member.cluster->wantsAt, member.turn};
        if (wants < least) {
          second = least.first;
          least = wants;
          best = &member;
        } else {
          second = std::min(second, wants.first);
        }
      }
      Cluster &next = best ? *best->cluster : first;
      (best ? best->turn : turnOfFirst) = ++turns;
      next.horizon = second;
      bool isDone = next.run(20000) == Cluster::Status::Done;
      if (isDone && !best)
        return;
      if (isDone)
        begin(*best, next.now);
    }
  }

private:
  struct Member {
    Launch launch;
    std::unique_ptr<Device> device;
    std::unique_ptr<Cluster> cluster;
    uint32_t ordinal = 0, next = 0, step = 0;
    uint64_t turn = 0;
  };

  void begin(Member &member, uint64_t now) {
    Device &device = *member.device;
    member.next = (member.next + member.step) % device.clusterCount;
    member.cluster = std::make_unique<Cluster>(device, member.next, device.firstCtaOf(member.next), *device.entry);
    member.cluster->now = member.cluster->wantsAt = now;
    member.cluster->timer->reside(*first.timer, count, member.ordinal * uint32_t(first.ctas[0]->warps.size()));
    prepare(*member.cluster->timer);
  }

  Cluster &first;
  uint32_t count;
  std::function<void(Timer &)> prepare;
  std::list<Member> members;
  uint64_t turns = 0, turnOfFirst = 0;
};

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

/// The golden ratio's multiples fall together with no period of the items.
uint32_t Device::numberWithin(size_t before) const {
  uint64_t items = itemsOf(launch), from = (before + 1) * standsFor;
  if (from >= items)
    return 0;
  if (!numberPhase) {
    double rounds = std::ceil(double(items) / standsFor);
    double number = double(items) - 2.0 * standsFor * (1 - double(before + 1) / rounds);
    return uint32_t(std::max(0.0, number - double(from)));
  }
  double share = std::fmod(0.618033988749895 * double(before + 1) + *numberPhase, 1.0);
  return uint32_t(share * double(std::min<uint64_t>(standsFor, items - from)));
}

void Device::runTimed(Report &report) {
  const uint32_t size = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  const uint32_t resident = placeTimed(*this);
  // Clusters that have multiprocessors to themselves, and those that share one's.
  const uint32_t apart = std::clamp(launch.multiprocessors / size, 1u, resident);
  const uint32_t sharing = (resident + apart - 1) / apart;
  const bool isCached = isFoundInCache(launch, *chip);
  const std::map<uint64_t, double> traffic = countTraffic(*this);
  TimingReport &timing = report.timing;
  const uint64_t items = itemsOf(launch);
  std::vector<CounterRun> runs;
  auto simulateIn = [&](Device &device, uint32_t index) {
    Cluster cluster(device, index, firstCtaOf(index), *device.entry);
    double before = timing.operations;
    try {
      Company(device, cluster, sharing, apart, [&](Timer &timer) { timer.expect(traffic, resident, isCached); }).run();
    } catch (Stop &stop) {
      end(stop.found);
    }
    cluster.timer->summarise(timing, cluster.now);
    runs.push_back({index, cluster.timer->numbersTaken(), cluster.timer->storesIssued(), double(cluster.now)});
    uint64_t executed = report.warpInstructions;
    collect(cluster, report);
    if (!verdicts.empty())
      throw EnoughVerdicts();
    return ClusterCost{double(cluster.now), timing.operations - before, double(report.warpInstructions - executed)};
  };
  auto simulate = [&](uint32_t index) { return simulateIn(*this, index); };
  // Items that differ are looked at in several runs, each in a launch of its own:
  // how a launch ends hangs on its last rounds.
  auto simulateCounter = [&] {
    std::vector<ClusterCost> costs{simulate(0)};
    uint32_t most = items && !runs[0].isEven() ? uint32_t(4e6 / std::max(costs[0].instructions, 1.0)) : 1;
    uint32_t wantedRuns = std::clamp(most, 1u, this->options.timing.clusters == 1 ? 1u : 6u);
    for (uint32_t i = 1; i < wantedRuns; ++i) {
      Launch copy = launch;
      Device device(program, copy, options);
      placeTimed(device);
      double phase = double(i) / wantedRuns;
      device.numberPhase = i == 1 ? std::nullopt : std::optional(phase);
      costs.push_back(simulateIn(device, uint32_t(phase * resident)));
    }
    return costs;
  };
  uint32_t unit = launch.work.empty() ? launch.grid[0] / launch.cluster[0] : uint32_t(launch.work.front());
  Extrapolation extrapolation(clusterCount, items, unit, options.timing.clusters, simulate);
  std::vector<ClusterCost> costs;
  try {
    costs = runsTogether ? simulateCounter() : extrapolation.all();
  } catch (EnoughVerdicts &) {
    return;
  }
  timing.simulated = uint32_t(runsTogether ? runs.size() : extrapolation.found().size());
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
    SharedCounter counter(runs, standsFor, takesClusters ? clusterCount : items);
    timing.operations *= counter.shares();
    timing.cycles = counter.cycles();
  } else {
    std::vector<double> each;
    for (const ClusterCost &cost : costs)
      each.push_back(cost.cycles);
    timing.cycles = makespan(each, resident, chip->nextCta);
  }
  // What is not found in the cache moves between the chip and its memory once at
  // least.
  double moved = isCached ? 0 : bytesOfBuffers(launch);
  timing.cycles =
      std::max(timing.cycles, moved / chip->dramBytes) + chip->launch + chip->finish + (isCached ? 0 : chip->coldStart);
}

} // namespace girih::sim
