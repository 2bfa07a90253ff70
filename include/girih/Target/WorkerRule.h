// How many workers a kernel should have for the sizes of a problem.
#ifndef GIRIH_TARGET_WORKERRULE_H
#define GIRIH_TARGET_WORKERRULE_H

#include "llvm/ADT/ArrayRef.h"
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
  /// Whether it is taken when the one before begins: a counter is asked an item ahead, where items do not each have
  /// a CTA.
  bool takesAhead;
  /// Up to how many items do, of so many queries at least; with one for each multiprocessor, of any number. 0: none do.
  int64_t mostFlatItems = 0, leastFlatQueries = 0;
  /// A cluster whose CTAs share the keys of an item of one worker, and how many such the chip runs at once.
  struct Cluster {
    int64_t ctas, atOnce;
  };
  llvm::ArrayRef<Cluster> clusters = {}; ///< fewest CTAs first; none where keys are not shared
  int64_t columns = 128;                 ///< keys of a tile

  /// The best where there is work enough for the chip, or it is not known how much.
  int64_t usual() const { return int64_t(costs.size()); }
  int64_t workersFor(int64_t batches, int64_t heads, int64_t queries) const;
  /// Whether each item has a CTA of its own, where others take items from a counter.
  bool isFlat(double slices, int64_t queries, int64_t workers) const;
  /// CTAs for the keys of each item, of blocks of one worker's rows.
  int64_t splitsFor(int64_t slices, int64_t queries, int64_t keys) const;

private:
  /// Items for each slice of a batch and head.
  double blocksOf(int64_t queries, int64_t workers) const;
  /// How long the chip works on so many items of each slice, in items of the longest's time.
  double roundsOf(double slices, double blocks, bool isFlat) const;
};

} // namespace girih

#endif // GIRIH_TARGET_WORKERRULE_H
