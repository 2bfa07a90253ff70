//===- Measure.h - The fastest right schedule of a pack ---------*- C++ -*-===//
#ifndef GIRIH_TUNE_MEASURE_H
#define GIRIH_TUNE_MEASURE_H

#include "girih/Runtime/Device.h"
#include "girih/Tune/Database.h"
#include "girih/Tune/Pack.h"
#include <functional>
#include <optional>

namespace girih::tune {

struct MeasureOptions {
  double share = 1;   ///< of the schedules to measure at most
  int finalists = 8;  ///< that are raced in the end
  int rounds = 15;    ///< of that race
  uint64_t seed = 1;  ///< of data and orders
  double timeout = 5; ///< seconds after which a launch counts as hung
};

/// How far it is.
struct Progress {
  std::string stage; ///< "screening", "racing 204", "confirming"
  size_t done = 0, all = 0, wrong = 0, failed = 0;
  std::optional<Row> best;
};

struct Callbacks {
  std::function<void(const Progress &)> report; ///< after each schedule
  std::function<bool()> shouldStop;             ///< asked between schedules
};

/// Measures the schedules of one problem that the database does not have yet:
/// each is compared with a right kernel's output, then timed for a few milliseconds, in
/// random order; the fastest quarter again and longer, until few are left, which are
/// raced in turns; the fastest of these that agrees with float64 on all patterns of data
/// is confirmed. Returns its row; none when stopped. Every row is kept as soon as it is
/// known. Throws Error.
std::optional<Row> measureProblem(const runtime::Device &device, const Pack &pack, const std::string &problem,
                                  Database &database, const MeasureOptions &options, const Callbacks &callbacks);

/// What a time on this device holds for.
Key keyOf(const Pack &pack, const std::string &problem, const runtime::DeviceFacts &device);

} // namespace girih::tune

#endif // GIRIH_TUNE_MEASURE_H
