//===- Power.h - The clock that a limit of power leaves ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_POWER_H
#define GIRIH_SIMULATOR_POWER_H

#include "girih/Simulator/Simulator.h"

namespace girih::sim {

struct PowerEstimate {
  /// MHz as the driver reports them, and the watts at which they are held.
  double clock = 0, watts = 0;
};

/// Of a launch that is repeated for long, from the shares of time in which its
/// units work; none where a chip's energies are not known.
std::optional<PowerEstimate> estimatePower(const TimingReport &timing, const Launch &launch, const std::string &target);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_POWER_H
