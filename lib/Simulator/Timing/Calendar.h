//===- Calendar.h - When a unit is free -------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_TIMING_CALENDAR_H
#define GIRIH_SIMULATOR_TIMING_CALENDAR_H

#include <cmath>
#include <cstdint>
#include <vector>

namespace girih::sim {

/// The slots of a pipe that takes an instruction every so many cycles. Who asks
/// later in the simulation may get an earlier slot that is still free.
class Calendar {
public:
  explicit Calendar(double interval = 1) : interval(interval) {}

  /// Takes the first free slots from a time on; when the last of them begins.
  uint64_t take(uint64_t from, unsigned count = 1) {
    uint64_t slot = uint64_t(std::ceil(double(from) / interval));
    for (; count; --count)
      slot = takeSlot(slot);
    return uint64_t(double(slot) * interval);
  }

private:
  uint64_t takeSlot(uint64_t slot) {
    for (size_t word = slot / 64;; ++word) {
      if (word >= full.size())
        full.resize(std::max<size_t>(word + 1, full.size() * 2), 0);
      uint64_t open = ~full[word];
      if (word == slot / 64)
        open &= ~uint64_t(0) << slot % 64;
      if (!open)
        continue;
      full[word] |= open & -open;
      return word * 64 + uint64_t(__builtin_ctzll(open));
    }
  }

  double interval;
  std::vector<uint64_t> full;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TIMING_CALENDAR_H
