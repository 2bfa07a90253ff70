//===- Repetition.h - A warp that goes round in a circle --------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_REPETITION_H
#define GIRIH_SIMULATOR_MACHINE_REPETITION_H

#include "../Program/Types.h"

#include <memory>

namespace girih::sim {

class Warp;

/// Finds that a warp repeats itself: all that it can see (its registers, local
/// memory and program counters) is as it was before, each of its lanes that can
/// move has moved, and nothing else has happened in between. It then waits for
/// the others, as surely as one that is blocked, and may rest until something
/// happens. The states are compared by Brent's algorithm.
class Repetition {
public:
  Repetition();
  ~Repetition();

  /// Takes note of an instruction of these lanes, after as many events; true
  /// once the warp repeats itself.
  bool advance(const Warp &warp, LaneMask lanes, uint64_t now);
  /// The instructions of one round.
  uint64_t length() const { return steps; }

private:
  struct State;
  /// Instructions while nothing else happens after which it is worth a look.
  static constexpr uint64_t firstLook = 4096;

  uint64_t events = 0;
  /// Instructions since the state was taken, or since anything else happened,
  /// and how many of them are waited for until the next state is taken.
  uint64_t steps = 0, most = firstLook;
  LaneMask moved = 0;
  std::unique_ptr<State> state;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_REPETITION_H
