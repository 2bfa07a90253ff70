//===- Address.cpp - From an address to bytes, with all checks ------------===//
#include "Step.h"
#include "Timer.h"

namespace girih::sim {

uint32_t Step::sharedOffset(uint64_t address, bool mayBeRemote, Cta *&owner) const {
  if (address >= sharedWindow && address < sharedWindow + windowSize)
    address -= sharedWindow;
  if (address >> 32)
    misuse("address " + std::to_string(address) + " is outside the shared window");
  uint32_t word = static_cast<uint32_t>(address);
  owner = &warp.cluster.ctaOf(word, line());
  if (owner != &warp.cta && !mayBeRemote)
    misuse("shared::cta address " + std::to_string(word) + " belongs to CTA " + std::to_string(owner->rank) +
           " of the cluster, not to CTA " + std::to_string(warp.cta.rank) + " that uses it");
  if (owner != &warp.cta && owner->isDone())
    stop(VerdictKind::Race, "shared memory of " + owner->describe() + " is used after that CTA has exited",
         {"expected a cluster barrier before the exit"});
  return word & 0xffffff;
}

Place Step::resolve(StateSpace space, uint64_t address, uint64_t size, bool isWrite, uint64_t alignment) {
  Place place;
  place.space = space;
  place.offset = address;
  if (space == StateSpace::Generic) {
    if (address >= sharedWindow && address < sharedWindow + windowSize)
      place.space = StateSpace::Shared;
    else if (address >= localWindow && address < localWindow + windowSize) {
      place.space = StateSpace::Local;
      place.offset = address - localWindow;
    } else
      place.space = StateSpace::Global;
  }
  if (place.space == StateSpace::Param) {
    place.space = StateSpace::Global;
    place.offset += paramWindow;
  } else if (place.space == StateSpace::Const) {
    place.space = StateSpace::Global;
  }
  if (address % alignment)
    misuse(Fault::Alignment, "address " + warp.cluster.device.memory.describe(place.offset) + " of an access of " +
                                 std::to_string(size) + " bytes is not a multiple of " + std::to_string(alignment));
  if (place.space == StateSpace::Shared) {
    bool mayBeRemote = space == StateSpace::Generic || instruction.opcode.find("shared::cluster") != std::string::npos;
    place.offset = sharedOffset(address, mayBeRemote, place.cta);
    place.cta->checkShared(static_cast<uint32_t>(place.offset), size, line(), instruction.opcode.c_str());
    if (warp.cluster.timer)
      warp.cluster.timer->noteShared(place.offset, size);
    return place;
  }
  if (place.space == StateSpace::Local)
    return place;
  GlobalMemory &memory = warp.cluster.device.memory;
  place.region = memory.find(place.offset, size);
  if (!place.region)
    misuse(Fault::Address,
           "access of " + std::to_string(size) + " bytes at " + memory.describe(place.offset) + " is out of range");
  if (warp.cluster.timer)
    warp.cluster.timer->noteGlobal(place.offset);
  if (isWrite && place.region->isReadOnly)
    misuse(Fault::Address, "write to " + memory.describe(place.offset) + ", which is read-only");
  return place;
}

uint8_t *Step::localBytes(const Place &place, unsigned lane, uint32_t size) const {
  uint8_t *bytes = warp.localBytes(lane, place.offset, size);
  if (!bytes)
    misuse("local address " + std::to_string(place.offset) + " is beyond the frame's " +
           std::to_string(warp.local[lane].size()) + " bytes");
  return bytes;
}

bool Step::isDefined(const Place &place, uint32_t at, uint32_t size) const {
  return place.space != StateSpace::Shared ||
         std::memchr(place.cta->sharedDefined.data() + place.offset + at, 0, size) == nullptr;
}

void Step::setDefined(const Place &place, uint32_t at, uint32_t size, bool isDefined) {
  if (place.space == StateSpace::Shared)
    std::memset(place.cta->sharedDefined.data() + place.offset + at, isDefined, size);
}

void Step::load(const Place &place, unsigned lane, void *into, uint32_t size, bool isStrong, bool *isDefined,
                Scope scope, Proxy proxy) {
  if (isDefined)
    *isDefined = true;
  Access access = warp.access(1u << lane, line(), false);
  access.proxy = proxy;
  access.isGuess = instruction.isGuess;
  access.isStrong = isStrong;
  access.scope = scope;
  if (place.space == StateSpace::Shared) {
    if (place.cta != &warp.cta)
      place.cta->noteRemote(access);
    place.cta->readShared(static_cast<uint32_t>(place.offset), into, size, access, warp.known(lane), isDefined);
    return;
  }
  if (place.space == StateSpace::Local) {
    std::memcpy(into, localBytes(place, lane, size), size);
    return;
  }
  GlobalMemory &memory = warp.cluster.device.memory;
  for (const Conflict &conflict : memory.enter(*place.region, place.offset, size, access, warp.known(lane)))
    warp.cta.reportRace(("global memory '" + place.region->name + "'").c_str(), conflict.address - place.region->base,
                        conflict, access);
  std::memcpy(into, place.region->bytes + (place.offset - place.region->base), size);
}

void Step::store(const Place &place, unsigned lane, const void *from, uint32_t size, bool isStrong, bool isDefined,
                 Scope scope) {
  Access access = warp.access(1u << lane, line(), true);
  access.isStrong = isStrong;
  access.scope = scope;
  if (place.space == StateSpace::Shared) {
    if (place.cta != &warp.cta)
      place.cta->noteRemote(access);
    uint64_t before = warp.cluster.changes;
    place.cta->writeShared(static_cast<uint32_t>(place.offset), from, size, access, warp.known(lane), isDefined);
    if (isStrong && warp.cluster.changes != before)
      ++warp.cluster.progress;
    return;
  }
  if (place.space == StateSpace::Local) {
    std::memcpy(localBytes(place, lane, size), from, size);
    return;
  }
  GlobalMemory &memory = warp.cluster.device.memory;
  if (!isDefined)
    report(VerdictKind::Uninitialised, "an undefined value is stored to " + memory.describe(place.offset));
  uint8_t *target = place.region->bytes + (place.offset - place.region->base);
  access.keepsValue = std::memcmp(target, from, size) == 0;
  for (const Conflict &conflict : memory.enter(*place.region, place.offset, size, access, warp.known(lane)))
    warp.cta.reportRace(("global memory '" + place.region->name + "'").c_str(), conflict.address - place.region->base,
                        conflict, access);
  if (access.keepsValue)
    return;
  std::memcpy(target, from, size);
  ++warp.cluster.device.globalWrites;
  ++warp.cluster.progress;
}

} // namespace girih::sim
