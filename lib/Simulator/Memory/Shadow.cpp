//===- Shadow.cpp - Last accesses of memory, for races --------------------===//
#include "Shadow.h"

namespace girih::sim {

static uint32_t foreignTick(const Access &earlier, const Knowledge &knowledge) {
  uint64_t key = uint64_t(earlier.cluster) << 16 | earlier.component;
  auto found = knowledge.foreign.find(key);
  return found == knowledge.foreign.end() ? 0 : found->second;
}

bool happensBefore(const Access &earlier, const Access &access, const Knowledge &knowledge) {
  if (earlier.cluster != access.cluster)
    return foreignTick(earlier, knowledge) >= earlier.tick;
  // An operation may read and write the same cells (accumulation).
  if (earlier.component == access.component && earlier.tick == access.tick)
    return true;
  // Only writes have to be made visible across proxies; a read that is over
  // cannot be disturbed any more.
  const VectorClock &clock = access.proxy == Proxy::Tensor ? knowledge.tensor
                             : access.proxy == Proxy::Async && earlier.proxy == Proxy::Generic && earlier.isWrite
                                 ? knowledge.async
                                 : knowledge.generic;
  return clock.get(earlier.component) >= earlier.tick;
}

std::optional<Conflict> Shadow::enterCell(Cell &cell, const Access &access, const Knowledge &knowledge) {
  std::optional<Conflict> conflict;
  std::vector<Access> &history = cell.history;
  size_t kept = 0;
  for (size_t i = 0; i < history.size(); ++i) {
    Access &old = history[i];
    bool overlaps = (old.mask & access.mask) != 0;
    bool conflicts = overlaps && (old.isWrite || access.isWrite) && !(old.isStrong && access.isStrong);
    if (conflicts && !conflict && !happensBefore(old, access, knowledge)) {
      bool isOrdered = old.cluster == access.cluster && knowledge.generic.get(old.component) >= old.tick;
      conflict = Conflict{old, 0, isOrdered};
    }
    // A write makes all before it redundant; a read makes redundant an
    // earlier read of the same component.
    bool isSameKind = old.isWrite == access.isWrite && old.isStrong == access.isStrong && old.proxy == access.proxy &&
                      old.component == access.component && old.cluster == access.cluster;
    if (access.isWrite || isSameKind)
      old.mask &= ~access.mask;
    if (old.mask)
      history[kept++] = old;
  }
  history.resize(kept);
  if (history.size() >= keptAccesses && !access.isWrite) {
    // Forget the oldest read.
    for (size_t i = 0; i < history.size(); ++i)
      if (!history[i].isWrite) {
        history.erase(history.begin() + i);
        break;
      }
  }
  history.push_back(access);
  return conflict;
}

std::optional<Conflict> Shadow::enter(uint64_t address, uint64_t size, Access access, const Knowledge &knowledge) {
  std::optional<Conflict> first;
  uint64_t end = address + size;
  for (uint64_t at = address; at < end;) {
    uint64_t cell = at / 8;
    uint64_t stop = std::min(end, (cell + 1) * 8);
    unsigned low = at % 8, count = static_cast<unsigned>(stop - at);
    access.mask = static_cast<uint8_t>(((1u << count) - 1) << low);
    if (cell < cells.size())
      if (auto conflict = enterCell(cells[cell], access, knowledge); conflict && !first) {
        first = conflict;
        first->address = at;
      }
    at = stop;
  }
  return first;
}

} // namespace girih::sim
