//===- Timed.h - girih-sim --time -------------------------------*- C++ -*-===//
#ifndef GIRIH_SIM_TIMED_H
#define GIRIH_SIM_TIMED_H

#include "Task.h"

namespace girih::sim {

TimingOptions timingOf(const Arguments &arguments);

/// Prints the time that was found, beside that of --compare, and what --what-if
/// asks for.
void printTimes(const Arguments &arguments, const Simulator &simulator, const LaunchTask &task,
                const TimingReport &found);

} // namespace girih::sim

#endif // GIRIH_SIM_TIMED_H
