//===- TimeReport.h - What girih-sim --time prints --------------*- C++ -*-===//
#ifndef GIRIH_SIM_TIMEREPORT_H
#define GIRIH_SIM_TIMEREPORT_H

#include "girih/Simulator/Power.h"

#include <iosfwd>

namespace girih::sim {

struct TimedKernel {
  std::string name;
  TimingReport report;
  std::optional<PowerEstimate> power;
};

/// Cycles, units by role, waits and path of one kernel, or of two side by side.
void printTiming(std::ostream &out, const std::vector<TimedKernel> &kernels, double clock);

/// One line: what twice as fast a unit would give.
void printFaster(std::ostream &out, Unit unit, const TimingReport &before, const TimingReport &after);

} // namespace girih::sim

#endif // GIRIH_SIM_TIMEREPORT_H
