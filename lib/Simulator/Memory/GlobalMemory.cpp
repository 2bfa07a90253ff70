//===- GlobalMemory.cpp - Buffers, constants and parameters ---------------===//
#include "GlobalMemory.h"

#include <cstdio>

namespace girih::sim {

/// What one lock guards; stretches are entered one by one.
constexpr uint64_t stretchBytes = 4096;

Region &GlobalMemory::add(std::string name, uint64_t base, uint8_t *bytes, uint64_t size, bool isReadOnly,
                          bool isChecked) {
  Region &region = regions[base];
  region.name = std::move(name);
  region.base = base;
  region.size = size;
  region.bytes = bytes;
  region.isReadOnly = isReadOnly;
  if (isChecked) {
    region.shadow = std::make_unique<Shadow>(size, Shadow::Kind::Global, base);
    region.locks = std::make_unique<std::mutex[]>(Region::lockCount);
  }
  return region;
}

Region *GlobalMemory::find(uint64_t address, uint64_t size) {
  auto after = regions.upper_bound(address);
  if (after == regions.begin())
    return nullptr;
  Region &region = std::prev(after)->second;
  uint64_t offset = address - region.base;
  return offset <= region.size && size <= region.size - offset ? &region : nullptr;
}

std::string GlobalMemory::describe(uint64_t address) const {
  char hex[32];
  std::snprintf(hex, sizeof hex, "0x%llx", static_cast<unsigned long long>(address));
  auto after = regions.upper_bound(address);
  if (after == regions.begin())
    return std::string(hex) + " (in no buffer)";
  const Region &region = std::prev(after)->second;
  uint64_t offset = address - region.base;
  if (offset >= windowSize)
    return std::string(hex) + " (in no buffer)";
  return std::string(hex) + " (byte " + std::to_string(offset) + " of '" + region.name + "', which has " +
         std::to_string(region.size) + ")";
}

Conflicts GlobalMemory::enter(Region &region, uint64_t address, uint64_t size, const Access &access,
                              const Knowledge &knowledge) {
  if (!region.shadow)
    return {};
  uint64_t offset = address - region.base;
  Conflicts found;
  for (uint64_t at = offset, end = offset + size; at < end;) {
    uint64_t stretch = at / stretchBytes;
    uint64_t stop = std::min(end, (stretch + 1) * stretchBytes);
    std::lock_guard<std::mutex> lock(region.locks[stretch % Region::lockCount]);
    for (Conflict &conflict : region.shadow->enter(at, stop - at, access, knowledge)) {
      conflict.address += region.base;
      found.push_back(conflict);
    }
    at = stop;
  }
  return found;
}

void GlobalMemory::enterReads(Region &region, const Lanes<uint64_t> &offsets, uint64_t size, const Access &access,
                              const Knowledge &knowledge, LaneConflicts &found) {
  if (!region.shadow)
    return;
  Access entered = access;
  for (LaneMask left = access.lanes; left; left &= ~entered.lanes) {
    uint64_t stretch = offsets[unsigned(__builtin_ctz(left))] / stretchBytes;
    entered.lanes = 0;
    for (LaneMask lanes = left; lanes; lanes &= lanes - 1)
      if (offsets[unsigned(__builtin_ctz(lanes))] / stretchBytes == stretch)
        entered.lanes |= lanes & -lanes;
    std::lock_guard<std::mutex> lock(region.locks[stretch % Region::lockCount]);
    region.shadow->enterReads(offsets, size, entered, knowledge, found);
  }
}

} // namespace girih::sim
