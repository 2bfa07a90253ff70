//===- LanePlaces.cpp - Addresses of a warp's lanes at once ---------------===//
//
// Most instructions access one range of memory with all their lanes, and find
// nothing wrong. Whatever else there is goes lane by lane (Address.cpp).
//
//===----------------------------------------------------------------------===//
#include "Step.h"

namespace girih::sim {

static bool isWithin(uint64_t low, uint64_t end, uint64_t window) {
  return low >= window && end <= window + windowSize;
}

bool Step::resolveTogether(LanePlaces &places, StateSpace space, const Lanes<uint64_t> &base, int64_t offset,
                           uint64_t size, bool isWrite) {
  // The model of time counts each lane's banks and lines.
  if (warp.cluster.timer)
    return false;
  uint64_t low = UINT64_MAX, high = 0, bits = 0;
  for (unsigned lane = 0; lane < warpSize; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    uint64_t address = base[lane] + uint64_t(offset);
    low = std::min(low, address);
    high = std::max(high, address);
    bits |= address;
    places.offsets[lane] = address;
  }
  uint64_t end = high + size;
  if (bits & (size - 1) || end < low || space == StateSpace::Local)
    return false;
  uint64_t first = 0;
  if (space == StateSpace::Shared || (space == StateSpace::Generic && isWithin(low, end, sharedWindow))) {
    first = isWithin(low, end, sharedWindow) ? sharedWindow : 0;
    uint64_t window = first + (uint64_t(warp.cta.rank) << 24);
    if (low < window + sharedBase || end > window + warp.cta.shared.size())
      return false;
    places.first = {StateSpace::Shared, &warp.cta, nullptr, 0};
    places.bytes = warp.cta.shared.data();
    first = window;
  } else {
    uint64_t moved = space == StateSpace::Param ? paramWindow : 0;
    Region *region = warp.cluster.device.memory.find(low + moved, end - low);
    if (!region || (isWrite && region->isReadOnly))
      return false;
    places.first = {StateSpace::Global, nullptr, region, region->base};
    places.bytes = region->bytes;
    first = region->base - moved;
  }
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (mask >> lane & 1)
      places.offsets[lane] -= first;
  return true;
}

bool Step::enterReads(const LanePlaces &places, uint64_t size) {
  const Knowledge *known = warp.knownAlike(mask);
  if (!known)
    return false;
  Access access = warp.access(mask, line(), false);
  access.isGuess = instruction.isGuess;
  LaneConflicts found;
  std::string where = "shared memory";
  if (places.first.space == StateSpace::Shared) {
    warp.cta.sharedShadow->enterReads(places.offsets, size, access, *known, found);
  } else {
    Region &region = *places.first.region;
    warp.cluster.device.memory.enterReads(region, places.offsets, size, access, *known, found);
    if (!found.empty())
      where = "global memory '" + region.name + "'";
  }
  for (const auto &[lane, conflict] : found)
    warp.cta.reportRace(where.c_str(), conflict.address, conflict, lane);
  return true;
}

} // namespace girih::sim
