//===- Clock.h - Vector clocks of agents ------------------------*- C++ -*-===//
//
// A component is one strand of execution within a cluster: a warp, a
// warpgroup's wgmma pipe, the transactions of one mbarrier, ... The clock of
// an agent says, for every component, up to which tick it has synchronised.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_MEMORY_CLOCK_H
#define GIRIH_SIMULATOR_MEMORY_CLOCK_H

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

namespace girih::sim {

using Component = uint16_t;

class VectorClock {
public:
  uint32_t get(Component component) const { return component < ticks.size() ? ticks[component] : 0; }
  void raise(Component component, uint32_t tick) {
    if (component >= ticks.size())
      ticks.resize(component + 1, 0);
    ticks[component] = std::max(ticks[component], tick);
  }
  void join(const VectorClock &other) {
    if (other.ticks.size() > ticks.size())
      ticks.resize(other.ticks.size(), 0);
    for (size_t i = 0; i < other.ticks.size(); ++i)
      ticks[i] = std::max(ticks[i], other.ticks[i]);
  }
  /// What both know: the clock of an operation that several agents start.
  void meet(const VectorClock &other) {
    ticks.resize(std::min(ticks.size(), other.ticks.size()));
    for (size_t i = 0; i < ticks.size(); ++i)
      ticks[i] = std::min(ticks[i], other.ticks[i]);
  }
  size_t size() const { return ticks.size(); }

private:
  std::vector<uint32_t> ticks;
};

/// Ticks of components of other clusters, by (cluster << 16 | component).
using ForeignClock = std::map<uint64_t, uint32_t>;

/// What an agent has synchronised with, as seen by each kind of access.
///
/// PTX ISA, "Memory Consistency Model: Proxies": an access through the async
/// proxy is ordered after a generic one only when a proxy fence lies between;
/// tensor memory is ordered only through the tcgen05 fences. So each kind has
/// a clock of its own, and the fences copy from one into another.
struct Knowledge {
  VectorClock generic, async, tensor;
  ForeignClock foreign;

  void join(const Knowledge &other) {
    generic.join(other.generic);
    async.join(other.async);
    tensor.join(other.tensor);
    for (const auto &[key, tick] : other.foreign)
      foreign[key] = std::max(foreign[key], tick);
  }
  void meet(const Knowledge &other) {
    generic.meet(other.generic);
    async.meet(other.async);
    tensor.meet(other.tensor);
    for (auto it = foreign.begin(); it != foreign.end();) {
      auto match = other.foreign.find(it->first);
      if (match == other.foreign.end()) {
        it = foreign.erase(it);
      } else {
        it->second = std::min(it->second, match->second);
        ++it;
      }
    }
  }
  void raise(Component component, uint32_t tick) {
    generic.raise(component, tick);
    async.raise(component, tick);
    tensor.raise(component, tick);
  }
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MEMORY_CLOCK_H
