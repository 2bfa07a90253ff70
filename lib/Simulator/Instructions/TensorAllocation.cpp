//===- TensorAllocation.cpp - tcgen05.alloc, dealloc, relinquish ----------===//
//
// With .cta_group::2 a warp of each CTA of the pair executes the instruction,
// and the first waits for the second (PTX ISA, "Issue Granularity"): both have
// the columns, or neither.
//
//===----------------------------------------------------------------------===//
#include "TensorMemory.h"

namespace girih::sim {
namespace {

struct AllocationCall {
  uint32_t ctaGroup = 1;
  bool isDealloc = false;
  const char *name() const { return isDealloc ? "tcgen05.dealloc" : "tcgen05.alloc"; }
};

/// The first of enough columns that are free in all of the CTAs; -1 when none
/// are.
int findFree(const std::vector<Cta *> &ctas, uint32_t columns) {
  for (uint32_t first = 0; first + columns <= TensorMemory::columns; first += columns) {
    bool isFree = true;
    for (const Cta *cta : ctas)
      for (uint32_t c = first; c < first + columns; ++c)
        isFree &= cta->tensor.owner[c] == 0;
    if (isFree)
      return int(first);
  }
  return -1;
}

void take(Cta &cta, uint32_t first, uint32_t columns, unsigned line) {
  TensorMemory &memory = cta.tensor;
  if (memory.cells.empty()) {
    size_t cells = TensorMemory::lanes * TensorMemory::columns;
    memory.cells.assign(cells, 0xffffffffu);
    memory.defined.assign(cells, 0);
    memory.shadow = std::make_unique<Shadow>(cells * 4, Shadow::Kind::Tensor);
  }
  for (uint32_t c = first; c < first + columns; ++c) {
    memory.owner[c] = uint16_t(first + 1);
    for (uint32_t lane = 0; lane < TensorMemory::lanes; ++lane) {
      uint64_t at = TensorMemory::address(lane, c);
      memory.defined[at / 4] = 0;
      memory.shadow->forget(at, 4);
    }
  }
  memory.allocations[first] = columns;
  memory.allocationLines[first] = line;
}

void give(Cta &cta, uint32_t first, uint32_t columns) {
  for (uint32_t c = first; c < first + columns; ++c)
    cta.tensor.owner[c] = 0;
  cta.tensor.allocations.erase(first);
  ++cta.cluster.progress;
}

/// Everybody who used the columns has to be done: an access that conflicts with
/// all.
void checkUnused(Step &s, uint32_t first, uint32_t columns) {
  Cta &cta = s.cta();
  TensorMemory &memory = cta.tensor;
  auto found = memory.allocations.find(first);
  if (found == memory.allocations.end())
    s.misuse("tcgen05.dealloc of column " + std::to_string(first) + ", where no allocation begins");
  if (found->second != columns)
    s.misuse("tcgen05.dealloc of " + std::to_string(columns) + " columns at column " + std::to_string(first) +
             " when " + std::to_string(found->second) + " were allocated");
  Access access = s.warp.access(s.mask, s.line(), true);
  Knowledge known = s.warp.gathered(s.mask);
  for (uint32_t lane = 0; lane < TensorMemory::lanes; ++lane) {
    uint64_t at = TensorMemory::address(lane, first);
    Conflicts conflicts = memory.shadow->enter(at, uint64_t(columns) * 4, access, known);
    for (const Conflict &conflict : conflicts)
      cta.reportRace("tensor memory being freed,", conflict.address, conflict, access);
    if (!conflicts.empty())
      break;
  }
}

Outcome waitForColumns(Step &s, uint32_t columns) {
  Wait wait;
  wait.what = "tcgen05.alloc";
  wait.describe = [columns] { return "for " + std::to_string(columns) + " free columns of tensor memory"; };
  return s.wait(std::move(wait));
}

/// The address of the columns, written by the warp as a whole: whichever of its
/// lanes releases it passes it on.
void writeAddress(Step &s, uint64_t address, uint32_t first) {
  Warp &warp = s.warp;
  if (!warp.allocations)
    warp.allocationComponent = s.cluster().newComponent("tcgen05.alloc of " + warp.name);
  Access access = warp.access(allLanes, s.line(), true);
  access.component = warp.allocationComponent;
  access.tick = ++warp.allocations;
  access.isThread = false;
  Cta *owner;
  uint32_t offset = s.sharedOffset(address, false, owner);
  owner->writeShared(offset, &first, 4, access, warp.gathered(s.mask));
  warp.change(s.mask, [&](LaneView &view) { view.known.raiseGeneric(access.component, access.tick); });
}

/// Comes for the pair's part of the instruction and waits for the other CTA;
/// true once both have done it, with the columns in `first`.
bool meetPeer(Step &s, const AllocationCall &call, uint32_t columns, uint32_t &first) {
  PairAllocation &pair = s.cluster().pairAllocations[s.cta().rank / 2];
  if (s.group.ticket && pair.done >= s.group.ticket) {
    first = pair.first;
    return true;
  }
  std::vector<Cta *> ctas = ctasOf(s, 2, call.name());
  unsigned self = 1u << (s.cta().rank & 1);
  if (!s.group.ticket) {
    if (pair.arrived & self)
      return false; // another warp of the CTA is at it
    bool isSame = !pair.arrived || (pair.isDealloc == call.isDealloc && pair.columns == columns &&
                                    (!call.isDealloc || pair.first == first));
    if (!isSame)
      s.misuse(
          std::string(call.name()) + " of " + std::to_string(columns) + " columns when the other CTA of the pair " +
          "executes " + (pair.isDealloc ? "tcgen05.dealloc" : "tcgen05.alloc") + " of " + std::to_string(pair.columns) +
          (call.isDealloc && pair.isDealloc ? " at another column" : "") + " in line " + std::to_string(pair.line));
    pair.arrived |= self;
    pair.isDealloc = call.isDealloc;
    pair.columns = columns;
    if (call.isDealloc)
      pair.first = first;
    pair.line = s.line();
    s.group.ticket = pair.done + 1;
    ++s.cluster().progress;
  }
  int found = call.isDealloc ? int(first) : findFree(ctas, columns);
  if (pair.arrived != 3 || found < 0)
    return false;
  for (Cta *cta : ctas)
    call.isDealloc ? give(*cta, uint32_t(found), columns) : take(*cta, uint32_t(found), columns, s.line());
  first = pair.first = uint32_t(found);
  pair.arrived = 0;
  ++pair.done;
  ++s.cluster().progress;
  return true;
}

Outcome waitForPeer(Step &s, const AllocationCall &call, uint32_t columns) {
  const PairAllocation &pair = s.cluster().pairAllocations[s.cta().rank / 2];
  if (pair.arrived == 3)
    return waitForColumns(s, columns);
  Wait wait;
  wait.what = call.name();
  wait.describe = [name = call.name()] { return std::string("for the other CTA of its pair to execute ") + name; };
  Cta *peer = s.cluster().ctas[s.cta().rank ^ 1].get();
  wait.others = [peer] {
    std::vector<Component> others;
    for (const auto &warp : peer->warps)
      others.push_back(warp->component);
    return others;
  };
  return s.wait(std::move(wait));
}

Outcome allocate(Step &s, const AllocationCall &call, uint64_t address, uint32_t columns) {
  // PTX ISA, "tcgen05.alloc": a power of two from 32 to 512.
  if (columns < 32 || columns > 512 || (columns & (columns - 1)))
    s.misuse("allocation of " + std::to_string(columns) + " columns when a power of two from 32 to 512 is needed");
  if (s.cta().tensor.hasRelinquished && !s.group.ticket)
    s.misuse("tcgen05.alloc after tcgen05.relinquish_alloc_permit");
  uint32_t first = 0;
  if (call.ctaGroup == 2) {
    if (!meetPeer(s, call, columns, first))
      return waitForPeer(s, call, columns);
  } else {
    int found = findFree({&s.cta()}, columns);
    if (found < 0)
      return waitForColumns(s, columns);
    first = uint32_t(found);
    take(s.cta(), first, columns, s.line());
  }
  writeAddress(s, address, first);
  return Outcome::Next;
}

Outcome deallocate(Step &s, const AllocationCall &call, uint32_t address, uint32_t columns) {
  uint32_t first = address & 0xffff;
  if (!s.group.ticket)
    checkUnused(s, first, columns);
  if (call.ctaGroup == 1)
    give(s.cta(), first, columns);
  else if (!meetPeer(s, call, columns, first))
    return waitForPeer(s, call, columns);
  return Outcome::Next;
}

} // namespace

void decodeTensorAlloc(Decoder &d, bool isDealloc) {
  AllocationCall call{takeCtaGroup(d), isDealloc};
  d.require("sync");
  d.require("aligned");
  d.oneOf({"shared::cta", "shared"});
  d.require("b32");
  d.instruction().isAligned = true;
  d.instruction().passesUndefined = false;
  Operand columns = d.source(1, Type::U32);
  if (isDealloc) {
    Operand address = d.source(0, Type::U32);
    d.run([=](Step &s) {
      return deallocate(s, call, s.read<uint32_t>(address)[s.firstLane()], s.read<uint32_t>(columns)[s.firstLane()]);
    });
    return;
  }
  AddressOperand address = d.address(0);
  d.run([=](Step &s) {
    return allocate(s, call, s.read<uint64_t>(address.base)[s.firstLane()] + uint64_t(address.offset),
                    s.read<uint32_t>(columns)[s.firstLane()]);
  });
}

void decodeRelinquish(Decoder &d) {
  takeCtaGroup(d);
  d.require("sync");
  d.require("aligned");
  d.instruction().isAligned = true;
  d.run([](Step &s) {
    s.cta().tensor.hasRelinquished = true;
    return Outcome::Next;
  });
}

} // namespace girih::sim
