//===- Knowledge.cpp - What an agent has synchronised with ----------------===//
#include "Knowledge.h"

namespace girih::sim {

static constexpr VectorClock Clocks::*allClocks[] = {&Clocks::past,        &Clocks::generic,   &Clocks::asyncShared,
                                                     &Clocks::asyncGlobal, &Clocks::tensor,    &Clocks::inits,
                                                     &Clocks::nearGeneric, &Clocks::nearAsync, &Clocks::mapsReleased};

void Clocks::join(const Clocks &other) {
  for (auto clock : allClocks)
    (this->*clock).join(other.*clock);
  for (const auto &[map, clock] : other.maps)
    maps[map].join(clock);
  for (const auto &[address, clock] : other.observed)
    observed[address].join(clock);
}

void Clocks::joinPast(const Clocks &other) {
  past.join(other.past);
  nearGeneric.join(other.generic);
  nearGeneric.join(other.nearGeneric);
  nearAsync.join(other.asyncShared);
  nearAsync.join(other.nearAsync);
}

void Clocks::meet(const Clocks &other) {
  for (auto clock : allClocks)
    (this->*clock).meet(other.*clock);
  for (auto list : {&Clocks::maps, &Clocks::observed}) {
    const auto &theirs = other.*list;
    std::erase_if(this->*list, [&](const auto &entry) { return !theirs.count(entry.first); });
    for (auto &[address, clock] : this->*list)
      clock.meet(theirs.at(address));
  }
}

void Clocks::raise(Component component, uint32_t tick, LaneMask lanes) {
  raiseGeneric(component, tick, lanes);
  asyncShared.raise(component, tick, lanes);
  asyncGlobal.raise(component, tick, lanes);
  tensor.raise(component, tick, lanes);
}

void Clocks::raiseGeneric(Component component, uint32_t tick, LaneMask lanes) {
  past.raise(component, tick, lanes);
  generic.raise(component, tick, lanes);
}

void Knowledge::join(const Knowledge &other) {
  Clocks::join(other);
  for (const auto &[cluster, clocks] : other.foreign)
    foreign[cluster].join(clocks);
}

void Knowledge::joinPast(const Knowledge &other) {
  Clocks::joinPast(other);
  for (const auto &[cluster, clocks] : other.foreign)
    foreign[cluster].joinPast(clocks);
}

void Knowledge::meet(const Knowledge &other) {
  Clocks::meet(other);
  std::erase_if(foreign, [&](const auto &entry) { return !other.foreign.count(entry.first); });
  for (auto &[cluster, clocks] : foreign)
    clocks.meet(other.foreign.at(cluster));
}

Knowledge Knowledge::told(uint32_t from, uint32_t to) const {
  if (from == to)
    return *this;
  Knowledge result;
  result.foreign = foreign;
  if (auto own = foreign.find(to); own != foreign.end()) {
    result.Clocks::join(own->second);
    result.foreign.erase(to);
  }
  result.foreign[from].join(*this);
  return result;
}

} // namespace girih::sim
