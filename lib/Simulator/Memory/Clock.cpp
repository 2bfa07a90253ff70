//===- Clock.cpp - Vector clocks of agents --------------------------------===//
#include "Clock.h"

#include <algorithm>

namespace girih::sim {

const VectorClock::Uneven *VectorClock::find(Component component) const {
  for (const Uneven &entry : uneven)
    if (entry.component == component)
      return &entry;
  return nullptr;
}

bool VectorClock::coversUneven(Component component, uint32_t tick, LaneMask lanes) const {
  const Uneven *entry = find(component);
  if (!entry)
    return false;
  for (; lanes; lanes &= lanes - 1)
    if (entry->ticks[unsigned(__builtin_ctz(lanes))] < tick)
      return false;
  return true;
}

std::array<uint32_t, warpSize> VectorClock::ticksOf(Component component) const {
  if (const Uneven *entry = find(component))
    return entry->ticks;
  std::array<uint32_t, warpSize> ticks;
  ticks.fill(floorOf(component));
  return ticks;
}

std::array<uint32_t, warpSize> &VectorClock::spread(Component component) {
  auto at = std::lower_bound(uneven.begin(), uneven.end(), component,
                             [](const Uneven &entry, Component wanted) { return entry.component < wanted; });
  if (at == uneven.end() || at->component != component) {
    at = uneven.insert(at, Uneven{component, {}});
    at->ticks.fill(floorOf(component));
  }
  return at->ticks;
}

void VectorClock::level() {
  std::erase_if(uneven, [&](Uneven &entry) {
    uint32_t least = floorOf(entry.component), most = least;
    uint32_t lowest = *std::min_element(entry.ticks.begin(), entry.ticks.end());
    if (lowest > least) {
      if (entry.component >= floors.size())
        floors.resize(entry.component + 1u, 0);
      floors[entry.component] = least = lowest;
    }
    for (uint32_t &tick : entry.ticks) {
      tick = std::max(tick, least);
      most = std::max(most, tick);
    }
    return most == least;
  });
}

void VectorClock::raise(Component component, uint32_t tick, LaneMask lanes) {
  if (tick <= floorOf(component))
    return;
  if (lanes == allLanes) {
    if (component >= floors.size())
      floors.resize(component + 1u, 0);
    floors[component] = tick;
  } else {
    auto &ticks = spread(component);
    for (; lanes; lanes &= lanes - 1) {
      uint32_t &mine = ticks[unsigned(__builtin_ctz(lanes))];
      mine = std::max(mine, tick);
    }
  }
  if (!uneven.empty())
    level();
}

void VectorClock::join(const VectorClock &other) {
  if (other.floors.size() > floors.size())
    floors.resize(other.floors.size(), 0);
  for (size_t i = 0; i < other.floors.size(); ++i)
    floors[i] = std::max(floors[i], other.floors[i]);
  for (const Uneven &theirs : other.uneven) {
    auto &ticks = spread(theirs.component);
    for (unsigned lane = 0; lane < warpSize; ++lane)
      ticks[lane] = std::max(ticks[lane], theirs.ticks[lane]);
  }
  if (!uneven.empty())
    level();
}

void VectorClock::join(const VectorClock &other, LaneMask lanes) {
  for (size_t i = 0; i < other.floors.size(); ++i)
    if (other.floors[i])
      raise(Component(i), other.floors[i], lanes);
}

void VectorClock::meet(const VectorClock &other) {
  std::vector<Uneven> both;
  auto add = [&](Component component) {
    Uneven entry{component, ticksOf(component)};
    auto theirs = other.ticksOf(component);
    for (unsigned lane = 0; lane < warpSize; ++lane)
      entry.ticks[lane] = std::min(entry.ticks[lane], theirs[lane]);
    both.push_back(entry);
  };
  for (const Uneven &mine : uneven)
    add(mine.component);
  for (const Uneven &theirs : other.uneven)
    if (!find(theirs.component))
      add(theirs.component);
  std::sort(both.begin(), both.end(), [](const Uneven &a, const Uneven &b) { return a.component < b.component; });
  floors.resize(std::min(floors.size(), other.floors.size()));
  for (size_t i = 0; i < floors.size(); ++i)
    floors[i] = std::min(floors[i], other.floors[i]);
  uneven = std::move(both);
  level();
}

} // namespace girih::sim
