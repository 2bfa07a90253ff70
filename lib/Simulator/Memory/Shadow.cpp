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

/// A read of all that a strong write of another thread leaves there.
bool isGuess(const Access &read, const Access &write) {
  return read.isGuess && write.isWrite && write.isStrong && write.proxy == Proxy::Generic && read.mask == write.mask;
}

/// Reads of other clusters are kept up to a number, so that an input that the
/// whole grid reads does not fill the host's memory. A write by any cluster
/// conflicts with the reads of all others, so that this hides a race only
/// where clusters synchronise through global memory.
constexpr size_t keptForeign = 64;

bool isForeignRead(const Access &old, const Access &access) { return !old.isWrite && old.cluster != access.cluster; }

void addRead(AccessList &history, const Access &access, size_t foreign) {
  auto isForeign = [&](const Access &old) { return isForeignRead(old, access); };
  if (foreign >= keptForeign)
    history.erase(std::find_if(history.begin(), history.end(), isForeign));
  history.push_back(access);
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
  AccessList &history = cell.history;
  bool isMerged = false;
  uint32_t kept = 0;
  auto keep = [&](uint32_t i) {
    if (kept != i)
      history[kept] = history[i];
    ++kept;
  };
  for (uint32_t i = 0; i < history.size(); ++i) {
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
      add(old, isGuess(old, access) || isGuess(access, old) ? Missing::OrderOfGuess : missing);
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
  history.truncate(kept);
  if (!isMerged) {
    auto isForeign = [&](const Access &old) { return isForeignRead(old, access); };
    size_t foreign = access.isWrite || history.size() < keptForeign
                         ? 0
                         : size_t(std::count_if(history.begin(), history.end(), isForeign));
    addRead(history, access, foreign);
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

/// A read by lanes of which none has written there since it has last known what
/// the others do is judged for all of them by one look.
bool Shadow::enterTogether(Cell &cell, Access access, std::span<const Part> parts, const Knowledge &knowledge) {
  AccessList &history = cell.history;
  auto isOver = [&](const Access &old, LaneMask lanes, VectorClock Clocks::*clock) {
    const Clocks *clocks = &knowledge;
    if (old.cluster != access.cluster) {
      auto found = knowledge.foreign.find(old.cluster);
      if (found == knowledge.foreign.end())
        return false;
      clocks = &found->second;
    }
    return (clocks->*clock).covers(old.component, old.tick, lanes);
  };
  uint8_t read = 0;
  for (const Part &part : parts)
    read |= part.mask;
  // Most are reads of an input by clusters that this one has not met: these stay as they are.
  bool hearsOthers = !knowledge.foreign.empty();
  size_t foreign = 0;
  uint32_t count = history.size(), first = count, last = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const Access &old = history[i];
    if (old.isWrite) {
      if ((old.mask & read) && !(isOver(old, old.lanes, &Clocks::past) && isOver(old, old.lanes, &Clocks::generic)))
        return false;
      continue;
    }
    bool isForeign = old.cluster != access.cluster;
    foreign += isForeign;
    if (hearsOthers || !isForeign) {
      first = std::min(first, i);
      last = i + 1;
    }
  }
  uint8_t merged = 0;
  uint32_t kept = first;
  for (uint32_t i = first; i < last; ++i) {
    Access &old = history[i];
    bool mayChange = !old.isWrite && (hearsOthers || old.cluster == access.cluster) && (old.mask & read);
    bool isSame = mayChange && isSameAgent(old, access);
    if (mayChange && !isSame && old.isStrong == access.isStrong && isOver(old, old.lanes, &Clocks::past))
      old.mask &= ~read;
    for (uint32_t p = 0; isSame && p < parts.size(); ++p) {
      access.mask = parts[p].mask, access.lanes = parts[p].lanes;
      if (!(old.mask & access.mask))
        continue;
      LaneMask others = old.lanes & ~access.lanes;
      if (isSameInstruction(old, access)) {
        old.lanes |= access.lanes;
        merged |= uint8_t(1 << p);
      } else if (old.isStrong == access.isStrong) {
        if (!others || isOver(old, others, &Clocks::past))
          old.mask &= ~access.mask;
        else if (old.proxy == access.proxy && !(old.mask & ~access.mask))
          old.lanes = others;
      }
    }
    if (mayChange && !old.mask) {
      foreign -= old.cluster != access.cluster;
      continue;
    }
    if (i != kept)
      history[kept] = old;
    ++kept;
  }
  if (kept < last) {
    std::copy(history.begin() + last, history.end(), history.begin() + kept);
    history.truncate(count - (last - kept));
  }
  for (uint32_t p = 0; p < parts.size(); ++p) {
    if (merged >> p & 1)
      continue;
    access.mask = parts[p].mask, access.lanes = parts[p].lanes;
    addRead(history, access, foreign);
    foreign -= foreign >= keptForeign;
  }
  return true;
}

void Shadow::enterReads(const Lanes<uint64_t> &addresses, uint64_t size, const Access &access,
                        const Knowledge &knowledge, LaneConflicts &found) {
  Access entered = access;
  Part parts[8];
  uint32_t partCount = 0;
  uint64_t current = 0;
  auto enterParts = [&] {
    std::span<const Part> together(parts, partCount);
    partCount = 0;
    Cell &cell = cellAt(current);
    if (enterTogether(cell, access, together, knowledge))
      return;
    for (const Part &part : together)
      for (LaneMask left = part.lanes; left; left &= left - 1) {
        entered.lanes = left & -left;
        entered.mask = part.mask;
        Conflicts conflicts;
        enterCell(cell, entered, knowledge, current * 8 + uint64_t(__builtin_ctz(part.mask)), conflicts);
        for (const Conflict &conflict : conflicts)
          found.emplace_back(entered, conflict);
      }
  };
  auto enterLanes = [&](uint64_t address, LaneMask lanes) {
    for (uint64_t at = address, end = address + size; at < end;) {
      uint64_t stop = std::min(end, (at / 8 + 1) * 8);
      auto mask = static_cast<uint8_t>(((1u << (stop - at)) - 1) << at % 8);
      if (partCount && current != at / 8)
        enterParts();
      current = at / 8;
      Part *same = std::find_if(parts, parts + partCount, [&](const Part &part) { return part.mask == mask; });
      if (same == parts + partCount)
        parts[partCount++] = {0, mask};
      same->lanes |= lanes;
      at = stop;
    }
  };
  // Lanes mostly read neighbours, or all the same. Two addresses that meet in
  // the table cost time only.
  constexpr unsigned slots = 64;
  LaneMask lanesAt[slots] = {};
  uint64_t addressAt[slots];
  uint8_t used[warpSize];
  unsigned count = 0;
  for (LaneMask left = access.lanes; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    uint64_t address = addresses[lane];
    unsigned slot = address / size % slots;
    if (!lanesAt[slot]) {
      addressAt[slot] = address;
      used[count++] = static_cast<uint8_t>(slot);
    }
    if (addressAt[slot] == address)
      lanesAt[slot] |= 1u << lane;
    else
      enterLanes(address, 1u << lane);
  }
  for (unsigned i = 0; i < count; ++i)
    enterLanes(addressAt[used[i]], lanesAt[used[i]]);
  if (partCount)
    enterParts();
}

} // namespace girih::sim
