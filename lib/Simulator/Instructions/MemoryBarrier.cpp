//===- MemoryBarrier.cpp - mbarrier.* -------------------------------------===//
#include "../Machine/Transactions.h"
#include "Elementwise.h"
#include "Memory.h"

namespace girih::sim {
namespace {

struct BarrierOperand {
  AddressOperand address;
  bool isShared = false, mayBeRemote = false;

  uint64_t in(const Step &s, unsigned lane) const {
    return s.read<uint64_t>(address.base)[lane] + uint64_t(address.offset);
  }
};

/// `.shared{::cta}`, `.shared::cluster` or a generic address.
BarrierOperand takeBarrier(Decoder &d, size_t index) {
  BarrierOperand made;
  std::string window;
  StateSpace space = d.stateSpace(&window);
  made.isShared = space == StateSpace::Shared;
  made.mayBeRemote = window == "cluster";
  made.address = d.address(index);
  d.has("b64");
  d.instruction().passesUndefined = false;
  return made;
}

/// Runs f(lane, place) for each active lane.
template <class F> void forLanes(Step &s, const BarrierOperand &operand, F f) {
  for (unsigned lane = 0; lane < warpSize; ++lane)
    if (s.mask >> lane & 1)
      f(lane, findBarrier(s, operand.in(s, lane), operand.mayBeRemote, false, lane));
}

void decodeInit(Decoder &d) {
  BarrierOperand at = takeBarrier(d, 0);
  Operand count = d.source(1, Type::U32);
  d.run([=](Step &s) {
    auto counts = s.read<uint32_t>(count);
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      if (!(s.mask >> lane & 1))
        continue;
      Cta *cta;
      uint32_t offset = s.sharedOffset(at.in(s, lane), false, cta);
      if (offset % 8)
        s.misuse("mbarrier at " + std::to_string(offset) + " is not a multiple of 8");
      // PTX ISA, "Contents of the mbarrier object".
      if (counts[lane] < 1 || counts[lane] >= 1u << 20)
        s.misuse("mbarrier is initialised with " + std::to_string(counts[lane]) +
                 " arrivals when 1 to 1048575 are allowed");
      if (auto found = cta->barriers.find(offset); found != cta->barriers.end())
        s.misuse("mbarrier at " + std::to_string(offset) + " is initialised again; line " +
                 std::to_string(found->second.init.line) + " did so before");
      uint64_t opaque = 0;
      Access access = s.warp.access(1u << lane, s.line(), true);
      cta->writeShared(offset, &opaque, 8, access, s.warp.known(lane));
      MemoryBarrier &barrier = cta->barriers[offset];
      barrier.expected = counts[lane];
      barrier.pending = counts[lane];
      barrier.init = access;
    }
    return Outcome::Next;
  });
}

void decodeInval(Decoder &d) {
  BarrierOperand at = takeBarrier(d, 0);
  d.run([=](Step &s) {
    forLanes(s, at, [&](unsigned, BarrierPlace place) { place.cta->barriers.erase(place.offset); });
    return Outcome::Next;
  });
}

/// What the arrivals of an instruction release: that of lanes with one address
/// together.
class ReleasesByPlace {
public:
  ReleasesByPlace(Step &s, const BarrierOperand &operand, Scope scope, bool isRelaxed)
      : s(s), operand(operand), scope(scope), isRelaxed(isRelaxed) {}

  const std::vector<Release> &of(unsigned lane, uint64_t address) {
    if (isRelaxed)
      return current = s.warp.fencedReleases(lane, scope);
    auto [found, isNew] = byAddress.try_emplace(address);
    if (!isNew)
      return found->second;
    LaneMask lanes = 0;
    for (unsigned other = 0; other < warpSize; ++other)
      lanes |= LaneMask(s.mask >> other & 1 && operand.in(s, other) == address) << other;
    found->second = {{s.warp.threadOf(lane), s.warp.position, scope, s.warp.release(lanes)}};
    return found->second;
  }

private:
  Step &s;
  const BarrierOperand &operand;
  Scope scope;
  bool isRelaxed;
  std::vector<Release> current;
  std::map<uint64_t, std::vector<Release>> byAddress;
};

/// The opaque state is the number of ended phases.
void writeState(Step &s, const Operand &into, const Lanes<uint64_t> &state) { s.write(into, state); }

void decodeArrive(Decoder &d, bool isDrop) {
  bool expects = d.has("expect_tx"), noComplete = d.has("noComplete");
  bool isRelaxed = d.oneOf({"release", "relaxed"}) == "relaxed";
  // PTX ISA, "mbarrier.arrive": the scope is that of the CTA by default.
  Scope scope = takeScope(d, Scope::Cta);
  Operand into = d.destination(0);
  BarrierOperand at = takeBarrier(d, 1);
  Operand number = d.count() > 2 ? d.source(2, Type::U32) : Operand();
  d.run([=](Step &s) {
    auto numbers = s.read<uint32_t>(number);
    Lanes<uint64_t> state{};
    ReleasesByPlace released(s, at, scope, isRelaxed);
    forLanes(s, at, [&](unsigned lane, BarrierPlace place) {
      MemoryBarrier &barrier = place.cta->barriers[place.offset];
      state[lane] = barrier.phase;
      uint32_t count = number && !expects ? numbers[lane] : 1;
      if (expects)
        expectTransactions(s, place, numbers[lane]);
      if (isDrop) {
        if (count > barrier.expected)
          s.misuse("arrive_drop of " + std::to_string(count) + " from an expected count of " +
                   std::to_string(barrier.expected));
        barrier.expected -= count;
      }
      if (noComplete && barrier.pending == count)
        s.misuse("arrive.noComplete completes the phase");
      if (place.cta != &s.cta())
        place.cta->noteRemote(s.warp.access(1u << lane, s.line(), true));
      for (const Release &release : released.of(lane, at.in(s, lane)))
        releaseTo(place, release);
      arrive(place, count, nullptr, s.line(), s.warp.component);
    });
    writeState(s, into, state);
    return Outcome::Next;
  });
}

void decodeExpect(Decoder &d, bool completes) {
  d.oneOf({"relaxed"});
  takeScope(d, Scope::Cta);
  BarrierOperand at = takeBarrier(d, 0);
  Operand bytes = d.source(1, Type::U32);
  d.run([=](Step &s) {
    auto counts = s.read<uint32_t>(bytes);
    forLanes(s, at, [&](unsigned lane, BarrierPlace place) {
      if (completes)
        completeTransactions(place, counts[lane], s.line());
      else
        expectTransactions(s, place, counts[lane]);
    });
    return Outcome::Next;
  });
}

Wait waitOn(Cta *cta, uint32_t offset, uint64_t wanted, bool isParity) {
  Wait wait;
  wait.what = "mbarrier " + std::to_string(offset);
  wait.describe = [=] {
    auto found = cta->barriers.find(offset);
    return "on the mbarrier at " + std::to_string(offset) + " of " + cta->describe() + " for " +
           (isParity ? "parity " : "phase ") + std::to_string(wanted) + ": " +
           (found == cta->barriers.end() ? std::string("invalidated") : found->second.describe());
  };
  wait.others = [=] {
    auto found = cta->barriers.find(offset);
    if (found == cta->barriers.end())
      return std::vector<Component>();
    return std::vector<Component>(found->second.arrivers.begin(), found->second.arrivers.end());
  };
  return wait;
}

/// test_wait answers at once; try_wait suspends, and may give up.
void decodeWait(Decoder &d, bool suspends) {
  bool isParity = d.has("parity");
  bool isRelaxed = d.oneOf({"acquire", "relaxed"}) == "relaxed";
  Scope scope = takeScope(d, Scope::Cta);
  Operand into = d.destination(0);
  BarrierOperand at = takeBarrier(d, 1);
  Operand wanted = d.source(2, isParity ? Type::U32 : Type::B64);
  if (d.count() > 3)
    d.source(3, Type::U32);
  d.run([=](Step &s) {
    auto numbers = s.read<uint64_t>(wanted);
    LaneMask ready = 0;
    BarrierPlace last;
    uint64_t lastWanted = 0;
    std::map<std::pair<Cta *, uint32_t>, LaneMask> seen;
    forLanes(s, at, [&](unsigned lane, BarrierPlace place) {
      MemoryBarrier &barrier = place.cta->barriers[place.offset];
      if (isParity && numbers[lane] > 1)
        s.misuse("phase parity is " + std::to_string(numbers[lane]) + " when it should be 0 or 1");
      bool isDone = isParity ? barrier.testParity(unsigned(numbers[lane])) : barrier.phase > numbers[lane];
      if (isDone) {
        ready |= 1u << lane;
        seen[{place.cta, place.offset}] |= 1u << lane;
      }
      last = place;
      lastWanted = numbers[lane];
    });
    Group &group = s.group;
    if (!ready) {
      bool polls = group.failedPc == group.pc && group.failedProgress == s.cluster().progress;
      bool givesUp = suspends ? s.cluster().chance(0.05) : !polls;
      if (!givesUp)
        return s.wait(waitOn(last.cta, last.offset, lastWanted, isParity));
      group.failedPc = group.pc;
      group.failedProgress = s.cluster().progress;
    }
    for (const auto &[place, lanes] : seen)
      place.first->barriers[place.second].observe(s.warp, lanes, scope, !isRelaxed);
    s.writePredicate(into, ready);
    return Outcome::Next;
  });
}

void decodePendingCount(Decoder &d) { d.unsupported("the state of this simulator's mbarriers holds no count"); }

void decodeMbarrier(Decoder &d) {
  if (d.has("init"))
    return decodeInit(d);
  if (d.has("inval"))
    return decodeInval(d);
  if (d.has("arrive"))
    return decodeArrive(d, false);
  if (d.has("arrive_drop"))
    return decodeArrive(d, true);
  if (d.has("expect_tx"))
    return decodeExpect(d, false);
  if (d.has("complete_tx"))
    return decodeExpect(d, true);
  if (d.has("test_wait"))
    return decodeWait(d, false);
  if (d.has("try_wait"))
    return decodeWait(d, true);
  decodePendingCount(d);
}

} // namespace

void registerMemoryBarrier(DecodeTable &table) { table["mbarrier"] = decodeMbarrier; }

} // namespace girih::sim
