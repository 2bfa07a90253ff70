//===- Power.cpp - The clock that a limit of power leaves -----------------===//
#include "girih/Simulator/Power.h"

#include "Chip.h"

#include <algorithm>
#include <cmath>

namespace girih::sim {

std::optional<PowerEstimate> estimatePower(const TimingReport &timing, const Launch &launch,
                                           const std::string &target) {
  const ChipTiming *chip = findChipTiming(target);
  if (!chip || !chip->limitWatts || !timing.cycles)
    return std::nullopt;
  double ctas = double(launch.grid[0]) * launch.grid[1] * launch.grid[2];
  // Multiprocessors at work, over the whole launch.
  double working =
      std::min(1.0, timing.clusterCycles * ctas / (timing.cycles * launch.multiprocessors)) * launch.multiprocessors;
  double nanojoules = 0;
  for (unsigned u = 0; u < unitCount; ++u)
    nanojoules += working * timing.busyShare(Unit(u)) * chip->nanojoules[u];
  auto wattsAt = [&](double clock) { // nanojoules at megahertz are milliwatts
    double scale = std::pow(clock * timing.heldClock / chip->energyClock, chip->energyExponent);
    return chip->idleWatts + nanojoules * scale * clock * timing.heldClock / 1e3;
  };
  double busy = timing.busyShare(Unit::Tensor) * working / launch.multiprocessors;
  double clock = chip->mostClock - chip->clockDrop * busy;
  if (double watts = wattsAt(clock); watts > chip->limitWatts)
    clock *= std::pow((chip->limitWatts - chip->idleWatts) / (watts - chip->idleWatts), 1 / (1 + chip->energyExponent));
  return PowerEstimate{clock, wattsAt(clock)};
}

} // namespace girih::sim
