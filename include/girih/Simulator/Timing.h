//===- Timing.h - Modelled time of a launch ---------------------*- C++ -*-===//
//
// What Schedule::Timed finds besides the verdicts: cycles by a model of the
// chip (docs/timing.md), never a measurement.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_TIMING_H
#define GIRIH_SIMULATOR_TIMING_H

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace girih::sim {

/// The units of a multiprocessor that work takes up. The first four are in each
/// of its schedulers.
enum class Unit : uint8_t {
  Issue,        ///< one instruction of a warp a cycle
  Fma,          ///< f32 products and sums, integer products
  Alu,          ///< integers, comparisons, minima, packed conversions
  Mufu,         ///< exponentials, reciprocals, other conversions
  Shared,       ///< shared memory for threads, shuffles
  Tensor,       ///< matrix products
  TensorMemory, ///< loads and stores of tensor memory
  Copy,         ///< bulk and tensor copies
};
constexpr unsigned unitCount = unsigned(Unit::Copy) + 1;
const char *unitName(Unit unit);
std::optional<Unit> parseUnit(const std::string &name);

struct TimingOptions {
  /// How many times as fast as on the chip each unit is.
  std::array<double, unitCount> speed{1, 1, 1, 1, 1, 1, 1, 1};
  /// Clusters that are simulated, of a launch of more; 0 is all of them.
  uint32_t clusters = 3;
  /// Without values of matrix products and without race checks of their
  /// operands, a run takes a fraction of the time; results are not to be read.
  bool skipsProducts = false;
};

struct TimingReport {
  /// Of the launch, start included; 0 when nothing was modelled.
  double cycles = 0;
  /// Of the clusters that were simulated, their average.
  double clusterCycles = 0;
  uint32_t simulated = 0, clusters = 0;
  /// MHz that the chip's table names; a launch may have another. The share of
  /// a clock that the driver reports at which the cycles really go by.
  double clock = 0, heldClock = 1;
  /// Operations of matrix products in the whole launch.
  double operations = 0;
  /// Shares of the simulated time: a unit's in which a role keeps it busy, and
  /// a role's in which its warps wait, by what ended the wait.
  std::map<std::pair<Unit, std::string>, double> busy;
  std::map<std::pair<std::string, std::string>, double> waits;
  /// The chain of what waited for what, from the end to the start, summed by
  /// who and what for; shares of the simulated time.
  std::map<std::pair<std::string, std::string>, double> path;

  /// At a clock in MHz as the driver reports it.
  double seconds(double reportedClock) const { return cycles / (reportedClock * heldClock) / 1e6; }
  double busyShare(Unit unit) const;
  /// The unit that is busy for the largest share.
  Unit bottleneck() const;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TIMING_H
