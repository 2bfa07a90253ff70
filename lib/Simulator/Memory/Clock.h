//===- Clock.h - Vector clocks of agents ------------------------*- C++ -*-===//
//
// A component is one strand of execution within a cluster: a warp, a
// warpgroup's wgmma pipe, the transactions of one mbarrier, ... The clock of
// an agent says, for every component, up to which tick it has synchronised.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_MEMORY_CLOCK_H
#define GIRIH_SIMULATOR_MEMORY_CLOCK_H

#include "../Program/Types.h"

#include <vector>

namespace girih::sim {

using Component = uint16_t;

/// A tick for every component and lane. The lanes of a warp mostly have the
/// same one, so a component has one tick that all lanes have reached, and only
/// those whose lanes differ have a tick for each.
class VectorClock {
public:
  /// True when each of the lanes has reached the tick.
  bool covers(Component component, uint32_t tick, LaneMask lanes = allLanes) const {
    return tick <= floorOf(component) || (!uneven.empty() && coversUneven(component, tick, lanes));
  }
  void raise(Component component, uint32_t tick, LaneMask lanes = allLanes);
  void join(const VectorClock &other);
  /// Raises these lanes to the ticks of another clock whose lanes are even.
  void join(const VectorClock &other, LaneMask lanes);
  /// What both know: the clock of an operation that several agents start.
  void meet(const VectorClock &other);
  bool isEmpty() const { return floors.empty() && uneven.empty(); }

private:
  struct Uneven {
    Component component;
    std::array<uint32_t, warpSize> ticks;
  };
  uint32_t floorOf(Component component) const { return component < floors.size() ? floors[component] : 0; }
  bool coversUneven(Component component, uint32_t tick, LaneMask lanes) const;
  const Uneven *find(Component component) const;
  /// The ticks of a component, entered when its lanes have been even so far.
  std::array<uint32_t, warpSize> &spread(Component component);
  std::array<uint32_t, warpSize> ticksOf(Component component) const;
  /// Moves what all lanes have reached into the floors.
  void level();

  std::vector<uint32_t> floors;
  /// By component.
  std::vector<Uneven> uneven;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_CLOCK_H
