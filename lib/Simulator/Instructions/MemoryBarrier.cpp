//===- MemoryBarrier.cpp - mbarrier.* -------------------------------------===//
#include "Elementwise.h"
#include "Memory.h"
#include "SharedOperand.h"

namespace girih::sim {
namespace {

/// Runs f(lane, place) for each active lane.
template <class F> void forLanes(Step &s, const SharedOperand &operand, F f) {
  // Before what one of the lanes releases in between.
  Access remote = s.warp.access(s.mask, s.line(), true);
  s.forLanes([&](unsigned lane) {
    BarrierPlace place = findBarrier(s, operand.in(s, lane), operand.mayBeRemote, false, lane);
    if (place.cta != &s.cta()) {
      remote.lanes = 1u << lane;
      place.cta->noteRemote(remote);
    }
    f(lane, place);
  });
}

void decodeInit(Decoder &d) {
  SharedOperand at = takeBarrier(d, 0, false);
  Operand count = d.source(1, Type::U32);
  d.run([=](Step &s) {
    auto counts = s.read<uint32_t>(count);
    s.forLanes([&](unsigned lane) {
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
    });
    return Outcome::Next;
  });
}

void decodeInval(Decoder &d) {
  SharedOperand at = takeBarrier(d, 0, false);
  d.run([=](Step &s) {
    forLanes(s, at, [&](unsigned lane, BarrierPlace place) {
      place.cta->barriers.erase(place.offset);
      // Whoever uses the memory next has to be ordered after this.
      uint64_t opaque = 0;
      place.cta->writeShared(place.offset, &opaque, 8, s.warp.access(1u << lane, s.line(), true), s.warp.known(lane),
                             false);
    });
    return Outcome::Next;
  });
}

/// What the arrivals of an instruction release: that of lanes with one address
/// together.
class ReleasesByPlace {
public:
  ReleasesByPlace(Step &s, const SharedOperand &operand, Scope scope, bool isRelaxed)
      : s(s), operand(operand), scope(scope), isRelaxed(isRelaxed) {}

  const std::vector<Release> &of(unsigned lane, uint64_t address) {
    if (isRelaxed) {
      current = s.warp.fencedReleases(lane, scope);
      Release &tensor = current.emplace_back();
      tensor = {s.warp.threadOf(lane), s.warp.position, scope, {}};
      tensor.passed.tensor = s.warp.tensorReleased(1u << lane);
      return current;
    }
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
  const SharedOperand &operand;
  Scope scope;
  bool isRelaxed;
  std::vector<Release> current;
  std::map<uint64_t, std::vector<Release>> byAddress;
};

/// The opaque state that an arrival returns: the phase and the pending count
/// before it. Only `.noComplete` gives a count that may be asked for.
struct BarrierState {
  uint64_t phase = 0;
  bool hasCount = false;
  uint32_t pending = 0;

  static BarrierState of(uint64_t bits) { return {bits >> 21, bool(bits >> 20 & 1), uint32_t(bits & 0xfffff)}; }
  uint64_t bits() const { return phase << 21 | uint64_t(hasCount) << 20 | pending; }
};

/// In modelled time an arrival takes its way to another CTA.
void arriveAt(Step &s, BarrierPlace place, uint32_t count, std::vector<Release> releases) {
  unsigned line = s.line();
  Component from = s.warp.component;
  auto happen = [=, releases = std::move(releases)] {
    for (const Release &release : releases)
      releaseTo(place, release);
    arrive(place, count, nullptr, line, from);
    return true;
  };
  if (!s.cluster().timer || place.cta == &s.cta()) {
    happen();
    return;
  }
  AsyncOperation operation;
  operation.name = "remote arrival";
  operation.line = line;
  operation.mayOutliveKernel = true;
  operation.work.kind = AsyncWork::Kind::Arrival;
  operation.step = happen;
  s.cluster().enqueue(*s.cta().copyEngine, std::move(operation));
}

void decodeArrive(Decoder &d, bool isDrop) {
  bool expects = d.has("expect_tx"), noComplete = d.has("noComplete");
  bool isRelaxed = d.oneOf({"release", "relaxed"}) == "relaxed";
  // PTX ISA, "mbarrier.arrive": the scope is that of the CTA by default.
  Scope scope = takeScope(d, Scope::Cta);
  Operand into = d.destination(0);
  SharedOperand at = takeBarrier(d, 1, !noComplete);
  if (at.mayBeRemote && !at.isGeneric && into)
    d.fail("returns a state, which an arrival at .shared::cluster cannot");
  if (noComplete && d.count() < 3)
    d.fail("has no count, which .noComplete needs");
  Operand number = expects || d.count() > 2 ? d.source(2, Type::U32) : Operand();
  d.run([=](Step &s) {
    auto numbers = s.read<uint32_t>(number);
    Lanes<uint64_t> state{};
    ReleasesByPlace released(s, at, scope, isRelaxed);
    forLanes(s, at, [&](unsigned lane, BarrierPlace place) {
      MemoryBarrier &barrier = place.cta->barriers[place.offset];
      if (into && place.cta != &s.cta())
        s.misuse("an arrival at the mbarrier of " + place.cta->describe() + " returns no state; expected '_'");
      state[lane] = BarrierState{barrier.phase, noComplete, uint32_t(barrier.pending)}.bits();
      uint32_t count = number && !expects ? numbers[lane] : 1;
      if (expects)
        expectTransactions(s, place, numbers[lane]);
      if (isDrop) {
        if (count > barrier.expected)
          s.misuse("arrive_drop of " + std::to_string(count) + " from an expected count of " +
                   std::to_string(barrier.expected));
        barrier.expected -= count;
      }
      if (noComplete && barrier.pending == count && barrier.transactions == 0)
        s.misuse("an arrival of " + std::to_string(count) +
                 " with .noComplete completes the phase: " + std::to_string(barrier.pending) + " are pending");
      arriveAt(s, place, count, released.of(lane, at.in(s, lane)));
    });
    s.write(into, state);
    return Outcome::Next;
  });
}

void decodeExpect(Decoder &d, bool completes) {
  d.oneOf({"relaxed"});
  takeScope(d, Scope::Cta);
  SharedOperand at = takeBarrier(d, 0, true);
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

Wait waitOn(Cta *cta, uint32_t offset, uint64_t wanted, bool isParity, Component waiter) {
  Wait wait;
  wait.what = "mbarrier " + std::to_string(offset);
  wait.describe = [=] {
    auto found = cta->barriers.find(offset);
    return "on the mbarrier at " + std::to_string(offset) + " of " + cta->describe() + " for " +
           (isParity ? "parity " : "phase ") + std::to_string(wanted) + ": " +
           (found == cta->barriers.end()
                ? std::string("invalidated")
                : found->second.describe() + (isParity ? found->second.describeLap(waiter) : ""));
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
  SharedOperand at = takeBarrier(d, 1, false);
  Operand wanted = d.source(2, isParity ? Type::U32 : Type::B64);
  if (suspends && d.count() > 3) // the time limit, in nanoseconds
    d.source(3, Type::U32);
  d.run([=](Step &s) {
    auto numbers = s.read<uint64_t>(wanted);
    LaneMask ready = 0;
    BarrierPlace last;
    uint64_t lastWanted = 0;
    std::map<std::pair<Cta *, uint32_t>, LaneMask> seen;
    forLanes(s, at, [&](unsigned lane, BarrierPlace place) {
      MemoryBarrier &barrier = place.cta->barriers[place.offset];
      if (isParity && numbers[lane] > 1) {
        if (!s.cluster().device.tolerates(Rule::ParityBits, s.line(), s.warp.describe()))
          s.misuse("phase parity is " + std::to_string(numbers[lane]) + " when it should be 0 or 1");
        numbers[lane] &= 1;
      }
      uint64_t number = isParity ? numbers[lane] : BarrierState::of(numbers[lane]).phase;
      // PTX ISA, "mbarrier.test_wait": the current phase or the one before.
      if (!isParity && (number > barrier.phase || barrier.phase - number > 1))
        s.misuse("the state is of phase " + std::to_string(number) + " when the mbarrier at " +
                 std::to_string(place.offset) + " is in phase " + std::to_string(barrier.phase));
      bool isDone = isParity ? barrier.testParity(unsigned(number)) : barrier.phase > number;
      if (isDone) {
        ready |= 1u << lane;
        seen[{place.cta, place.offset}] |= 1u << lane;
      }
      last = place;
      lastWanted = number;
    });
    Group &group = s.group;
    last.cta->barriers[last.offset].noteWait(s.warp.component, ready != 0);
    if (!ready) {
      bool polls = group.failedPc == group.pc && group.failedProgress == s.cluster().progress;
      bool givesUp = suspends ? s.cluster().chance(0.05) : !polls;
      if (!givesUp)
        return s.wait(waitOn(last.cta, last.offset, lastWanted, isParity, s.warp.component));
      group.failedPc = group.pc;
      group.failedProgress = s.cluster().progress;
    }
    for (const auto &[place, lanes] : seen)
      place.first->barriers[place.second].observe(s.warp, lanes, scope, !isRelaxed);
    s.writePredicate(into, ready);
    return Outcome::Next;
  });
}

void decodePendingCount(Decoder &d) {
  d.require("b64");
  Operand into = d.destination(0), from = d.source(1, Type::B64);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto states = s.read<uint64_t>(from);
    Lanes<uint32_t> counts{};
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      BarrierState state = BarrierState::of(states[lane]);
      if (s.mask >> lane & 1 && !state.hasCount)
        s.misuse("the state holds no pending count; expected that of an arrival with .noComplete");
      counts[lane] = state.pending;
    }
    s.write(into, counts);
    return Outcome::Next;
  });
}

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
  if (d.has("pending_count"))
    return decodePendingCount(d);
  d.unsupported();
}

} // namespace

SharedOperand takeBarrier(Decoder &d, size_t index, bool mayBeRemote) {
  SharedOperand made = takeShared(d, index, mayBeRemote);
  d.require("b64");
  return made;
}

void registerMemoryBarrier(DecodeTable &table) { table["mbarrier"] = decodeMbarrier; }

} // namespace girih::sim
