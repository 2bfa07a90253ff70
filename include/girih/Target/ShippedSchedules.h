// Schedules that were measured and come with the compiler.
#ifndef GIRIH_TARGET_SHIPPEDSCHEDULES_H
#define GIRIH_TARGET_SHIPPEDSCHEDULES_H

#include <cstdint>
#include <span>

namespace girih {

/// The sizes of a problem whose schedule is wholly open: without functions, lengths of sequences or
/// dropout, with elements of 16 bits.
struct AttentionSizes {
  int64_t head; ///< columns of a tile of keys and of one of values
  bool isCausal;
  int64_t slices; ///< batches times heads
  int64_t queries, keys;
};

/// A row of a table: for a problem of as many queries as keys, what the fastest schedule has
/// otherwise than the heuristics; nothing where these are the fastest.
struct ShippedSchedule {
  int64_t head;
  bool isCausal;
  int64_t slices, length;
  const char *knobs; ///< "workers=1,columns=64"

  /// How work items fill a chip follows from their number, so a number of workers, or of CTAs on
  /// a multiprocessor, or a kind of grid, is good for that alone.
  bool isForItsSizesOnly() const;
};

/// The row for a problem, or null: the nearest by the product of the ratios of slices, queries and keys to its own,
/// none of which may be over 2. Where the nearest is for its own sizes only, no other is taken.
const ShippedSchedule *findShipped(std::span<const ShippedSchedule> table, const AttentionSizes &sizes);

} // namespace girih

#endif // GIRIH_TARGET_SHIPPEDSCHEDULES_H
