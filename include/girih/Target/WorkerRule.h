// How many workers a kernel should have for the sizes of a problem.
#ifndef GIRIH_TARGET_WORKERRULE_H
#define GIRIH_TARGET_WORKERRULE_H

#include "llvm/ADT/SmallVector.h"

#include <cstdint>

namespace girih {

/// Work items of fewer workers have fewer rows, so that there are more of them to keep a
/// chip busy, and cost more for each row. A chip measures the costs; what is best for sizes
/// that are known follows.
struct WorkerRule {
  /// How many times a work item of one worker's rows items of one, two, ... workers take.
  llvm::SmallVector<double, 3> costs;
  int64_t rows; ///< of a worker
  int64_t multiprocessors;
  /// Whether items differ in length, the longest first, and whoever is done takes the next one.
  bool isCausal;
  /// Whether it is taken when the one before begins: a counter is asked an item ahead.
  bool takesAhead;

  /// The best where there is work enough for the chip, or it is not known how much.
  int64_t usual() const { return int64_t(costs.size()); }
  int64_t workersFor(int64_t batches, int64_t heads, int64_t queries) const;

private:
  /// How long the chip works on `blocks` items for each slice of a batch and head, in items of
  /// the longest's time.
  double roundsOf(double slices, double blocks) const;
};

} // namespace girih

#endif // GIRIH_TARGET_WORKERRULE_H
