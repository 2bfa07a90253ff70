//===- Shadow.cpp - Last accesses of memory, for races --------------------===//
#include "Shadow.h"

#include <algorithm>

namespace girih::sim {
namespace {

bool isSameAgent(const Access &a, const Access &b) { return a.component == b.component && a.cluster == b.cluster; }

/// PTX ISA, "Morally strong operations".
bool isMorallyStrong(const Access &a, const Access &b) {
  if (!a.isStrong || !b.isStrong || a.proxy != b.proxy)
    return false;
  Scope needed = scopeOf({a.cluster, a.cta}, {b.cluster, b.cta});
  return a.scope >= needed && b.scope >= needed;
}

/// The same access of an agent, by other lanes.
bool isSameInstruction(const Access &a, const Access &b) {
  return a.tick == b.tick && a.line == b.line && a.mask == b.mask && a.isWrite == b.isWrite &&
         a.isStrong == b.isStrong && a.proxy == b.proxy;
}

} // namespace

Missing Shadow::orderOf(const Access &earlier, const Access &access, const Knowledge &knowledge,
                        uint64_t address) const {
  // PTX ISA, "Scope and applicability of the model": nothing orders them.
  if (access.proxy == Proxy::NonCoherent && earlier.isWrite)
    return Missing::Coherence;
  LaneMask lanes = earlier.lanes;
  bool isSame = isSameAgent(earlier, access);
  if (isSame) {
    // An operation may read and write the same cells (accumulation).
    if (!access.isThread && earlier.tick == access.tick)
      return Missing::Nothing;
    if (access.isThread) {
      // Program order; and a lane that wrote the value itself may read it.
      bool readsOwn = earlier.isWrite && !earlier.isStrong && !access.isWrite && (lanes & access.lanes);
      lanes = readsOwn ? 0 : lanes & ~access.lanes;
      if (!lanes)
        return Missing::Nothing;
    }
  }
  const Clocks *clocks = &knowledge;
  if (earlier.cluster != access.cluster) {
    auto found = knowledge.foreign.find(earlier.cluster);
    if (found == knowledge.foreign.end())
      return Missing::Order;
    clocks = &found->second;
  }
  if (earlier.isWrite && earlier.isStrong)
    if (auto seen = clocks->observed.find((base + address) / 8 * 8);
        seen != clocks->observed.end() && seen->second.covers(earlier.component, earlier.tick, lanes))
      return Missing::Nothing;
  bool isOwn = access.isThread && !(lanes & ~access.lanes) && clocks->own.covers(earlier.component, earlier.tick);
  auto covers = [&](const VectorClock &clock) { return clock.covers(earlier.component, earlier.tick, lanes); };
  if (access.proxy == Proxy::Tensor)
    return covers(clocks->tensor) ? Missing::Nothing : covers(clocks->past) ? Missing::TensorFence : Missing::Order;
  if (!isOwn && !covers(clocks->past))
    return isSame && access.isThread ? Missing::LaneOrder : Missing::Order;
  // So does an asynchronous write for one of its own proxy: it is complete.
  if (!earlier.isWrite || (access.isWrite && earlier.proxy == Proxy::Async && access.proxy == Proxy::Async))
    return Missing::Nothing;
  if (!isOwn && !covers(clocks->generic)) {
    bool isNear = kind != Kind::Global && covers(clocks->nearGeneric) &&
                  (earlier.proxy != Proxy::Generic || access.proxy != Proxy::Async || covers(clocks->nearAsync));
    return isNear ? Missing::NearScope : Missing::Scope;
  }
  if (earlier.proxy != Proxy::Generic)
    return Missing::Nothing;
  if (access.proxy == Proxy::Async && !covers(kind == Kind::Global ? clocks->asyncGlobal : clocks->asyncShared))
    return Missing::ProxyFence;
  if (access.proxy == Proxy::TensorMap) {
    auto after = clocks->maps.upper_bound(base + address);
    bool isFenced = after != clocks->maps.begin() && base + address - std::prev(after)->first < tensorMapBytes &&
                    covers(std::prev(after)->second);
    if (!isFenced)
      return Missing::MapFence;
  }
  return Missing::Nothing;
}

/// Reads of other clusters are kept up to a number, so that an input that the
/// whole grid reads does not fill the host's memory. A write by any cluster
/// conflicts with the reads of all others, so that this hides a race only
/// where clusters synchronise through global memory.
void Shadow::addRead(Cell &cell, const Access &access) {
  constexpr size_t keptForeign = 64;
  std::vector<Access> &history = cell.history;
  if (history.size() >= keptForeign) {
    auto isForeign = [&](const Access &old) { return !old.isWrite && old.cluster != access.cluster; };
    if (size_t(std::count_if(history.begin(), history.end(), isForeign)) >= keptForeign)
      history.erase(std::find_if(history.begin(), history.end(), isForeign));
  }
  history.push_back(access);
}

void Shadow::enterCell(Cell &cell, Access access, const Knowledge &knowledge, uint64_t address, Conflicts &found) {
  auto add = [&](const Access &earlier, Missing missing) {
    bool isKnown = std::any_of(found.begin(), found.end(), [&](const Conflict &other) {
      return other.missing == missing && other.earlier.line == earlier.line && isSameAgent(other.earlier, earlier);
    });
    if (!isKnown)
      found.push_back({earlier, address, missing});
  };
  auto isPlain = [](const Access &a) { return a.isThread && !a.isStrong && a.proxy == Proxy::Generic; };
  // Another write of the value that the cell had from the one that is not
  // ordered is: the read gets that value.
  auto hasEqual = [&](const Access &write) {
    return write.sharesValue && std::any_of(cell.history.begin(), cell.history.end(), [&](const Access &other) {
             return other.sharesValue && &other != &write && !(write.mask & access.mask & ~other.mask) &&
                    orderOf(other, access, knowledge, address) == Missing::Nothing;
           });
  };
  std::vector<Access> &history = cell.history;
  bool isMerged = false;
  size_t kept = 0;
  auto keep = [&](size_t i) {
    if (kept != i)
      history[kept] = history[i];
    ++kept;
  };
  for (size_t i = 0; i < history.size(); ++i) {
    Access &old = history[i];
    bool isSame = isSameAgent(old, access);
    // Most are reads of a tile by several asynchronous units.
    if (!(old.mask & access.mask) || (!old.isWrite && !access.isWrite && !access.isThread && !isSame)) {
      keep(i);
      continue;
    }
    bool isStrongPair = isMorallyStrong(old, access);
    bool conflicts = (old.isWrite || access.isWrite) && !isStrongPair;
    if (isSame && isSameInstruction(old, access) && (!old.isWrite || isStrongPair || access.keepsValue)) {
      old.lanes |= access.lanes;
      isMerged = true;
      keep(i);
      continue;
    }
    // What is ordered before this access, and could only conflict with what
    // conflicts with this one, is redundant: all before a write; reads before
    // a read. Only a thread passes its knowledge on with its accesses, so an
    // asynchronous read replaces only earlier ones of its own component.
    bool mayReplace = access.isWrite || (!old.isWrite && access.isThread && old.isStrong == access.isStrong);
    Missing missing = conflicts || mayReplace ? orderOf(old, access, knowledge, address) : Missing::Order;
    // The lanes of a warp may write one value (CUDA C++ Programming Guide,
    // "SIMT Architecture": one of the writes is performed).
    bool isHarmless = access.keepsValue && isSame;
    if (conflicts && !isSame && missing != Missing::Nothing && isPlain(old) && isPlain(access)) {
      bool isEqual = access.keepsValue && (old.isWrite || access.sharesValue);
      if (isEqual && old.isWrite) {
        old.sharesValue = access.sharesValue = true;
        add(old, Missing::OrderOfEqual);
      }
      if (isEqual || (!access.isWrite && hasEqual(old))) {
        keep(i);
        continue;
      }
    }
    if (conflicts && !isHarmless && missing != Missing::Nothing)
      add(old, missing);
    bool isOwnRead = !old.isWrite && !access.isWrite && isSame && old.proxy == access.proxy;
    if (mayReplace && (missing == Missing::Nothing || (conflicts && !isHarmless)))
      old.mask &= ~access.mask;
    else if (isOwnRead && !access.isThread && old.isStrong == access.isStrong)
      old.mask &= ~access.mask;
    else if (isOwnRead && mayReplace && !(old.mask & ~access.mask))
      old.lanes &= ~access.lanes;
    if (old.mask)
      keep(i);
  }
  history.resize(kept);
  if (!isMerged) {
    if (access.isWrite)
      history.push_back(access);
    else
      addRead(cell, access);
  }
}

Conflicts Shadow::enter(uint64_t address, uint64_t size, Access access, const Knowledge &knowledge) {
  Conflicts found;
  uint64_t end = address + size;
  for (uint64_t at = address; at < end;) {
    uint64_t cell = at / 8;
    uint64_t stop = std::min(end, (cell + 1) * 8);
    unsigned low = at % 8, count = static_cast<unsigned>(stop - at);
    access.mask = static_cast<uint8_t>(((1u << count) - 1) << low);
    if (cell < cellCount)
      enterCell(cellAt(cell), access, knowledge, at, found);
    at = stop;
  }
  return found;
}

} // namespace girih::sim
