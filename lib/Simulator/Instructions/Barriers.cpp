//===- Barriers.cpp - bar, barrier, barrier.cluster -----------------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

uint32_t liveThreads(const Cta &cta) {
  uint32_t count = 0;
  for (const auto &warp : cta.warps)
    count += unsigned(__builtin_popcount(warp->live));
  return count;
}

/// Ends the generation when everybody has arrived.
bool completeNamed(Cta &cta, NamedBarrier &barrier) {
  uint32_t wanted = barrier.expected ? barrier.expected : liveThreads(cta);
  if (!barrier.arrived || barrier.arrived < wanted)
    return false;
  barrier.completed = std::move(barrier.arriving);
  barrier.arriving = Knowledge();
  barrier.result = barrier.count;
  barrier.arrived = barrier.expected = barrier.count = 0;
  barrier.warps.clear();
  ++barrier.generation;
  ++cta.cluster.progress;
  return true;
}

struct BarrierCall {
  Operand id, count;
  bool isArrive = false, isAligned = true;
  /// bar.red: how predicates combine.
  std::string reduction;
  Operand input, into;
};

void arriveNamed(Step &s, const BarrierCall &call, NamedBarrier &barrier, uint32_t id, uint32_t expected) {
  if (barrier.arrived && barrier.expected != expected)
    s.misuse("barrier " + std::to_string(id) + " expects " + std::to_string(expected) + " threads here and " +
             std::to_string(barrier.expected) + " in line " + std::to_string(barrier.firstLine));
  if (!barrier.arrived)
    barrier.firstLine = s.line();
  barrier.expected = expected;
  barrier.arrived += call.isAligned ? warpSize : unsigned(__builtin_popcount(s.mask));
  // A last warp of fewer lanes counts those only.
  if (call.isAligned && !expected)
    barrier.arrived -= warpSize - unsigned(__builtin_popcount(s.mask));
  if (expected && barrier.arrived > expected)
    s.misuse("barrier " + std::to_string(id) + " gets " + std::to_string(barrier.arrived) +
             " threads when it expects " + std::to_string(expected));
  if (!call.reduction.empty()) {
    LaneMask votes = s.readPredicate(call.input) & s.mask;
    if (call.reduction == "popc")
      barrier.count += unsigned(__builtin_popcount(votes));
    else // and: count the lanes that say no; or: those that say yes
      barrier.count += unsigned(__builtin_popcount(call.reduction == "and" ? s.mask & ~votes : votes));
  }
  ++s.cluster().changes;
  barrier.arriving.join(s.warp.release(s.mask));
  barrier.warps.insert(&s.warp);
}

Outcome waitNamed(Step &s, NamedBarrier &barrier, uint32_t id) {
  Wait wait;
  wait.what = "barrier " + std::to_string(id);
  Cta *cta = &s.cta();
  NamedBarrier *waited = &barrier;
  wait.describe = [=] {
    return "on barrier " + std::to_string(id) + ": " + std::to_string(waited->arrived) + " of " +
           std::to_string(waited->expected ? waited->expected : liveThreads(*cta)) + " threads have arrived";
  };
  wait.others = [=] {
    std::vector<Component> missing;
    for (const auto &warp : cta->warps)
      if (!warp->isDone() && !waited->warps.count(warp.get()))
        missing.push_back(warp->component);
    return missing;
  };
  return s.wait(std::move(wait));
}

Outcome runNamed(Step &s, const BarrierCall &call) {
  uint32_t id = s.read<uint32_t>(call.id)[s.firstLane()];
  uint32_t expected = call.count ? s.read<uint32_t>(call.count)[s.firstLane()] : 0;
  if (id >= 16)
    s.misuse("barrier " + std::to_string(id) + " when there are 16");
  if (call.count && (expected == 0 || expected % warpSize))
    s.misuse("barrier " + std::to_string(id) + " expects " + std::to_string(expected) +
             " threads when a positive multiple of 32 is needed");
  NamedBarrier &barrier = s.cta().named[id];
  if (!s.group.ticket) {
    arriveNamed(s, call, barrier, id, expected);
    uint64_t generation = barrier.generation;
    completeNamed(s.cta(), barrier);
    if (call.isArrive)
      return Outcome::Next;
    s.group.ticket = generation + 1;
  }
  if (barrier.generation < s.group.ticket) {
    completeNamed(s.cta(), barrier); // a warp may have exited
    if (barrier.generation < s.group.ticket)
      return waitNamed(s, barrier, id);
  }
  // All who take part are ordered, the lanes of one warp among them.
  s.warp.synchronise(s.mask);
  s.warp.acquire(s.mask, barrier.completed);
  if (call.reduction == "popc") {
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = barrier.result;
    s.write(call.into, r);
  } else if (!call.reduction.empty()) {
    bool holds = (barrier.result == 0) == (call.reduction == "and");
    s.writePredicate(call.into, holds ? allLanes : 0);
  }
  return Outcome::Next;
}

/// bar.warp.sync: lanes of the mask meet, at whatever instruction they are.
void decodeWarpSync(Decoder &d) {
  d.require("sync");
  Operand members = d.source(0, Type::B32);
  d.run([=](Step &s) {
    auto masks = s.read<uint32_t>(members);
    LaneMask mask = masks[s.firstLane()], others = 0;
    for (unsigned lane = 0; lane < warpSize; ++lane)
      others |= LaneMask(s.mask >> lane & 1 && masks[lane] != mask) << lane;
    if (s.mask & ~others & ~mask)
      s.misuse("a lane executes bar.warp.sync that is not in its mask");
    // Lanes with other masks meet among themselves.
    if (others)
      s.warp.split(s.group, others, s.group.pc);
    constexpr uint64_t released = ~0ull;
    uint64_t waiting = uint64_t(1) << 32 | mask;
    if (s.group.ticket == released)
      return Outcome::Next;
    LaneMask here = s.mask & ~others;
    for (const auto &other : s.warp.groups)
      if (other.get() != &s.group && other->ticket == waiting)
        here |= other->mask;
    if (LaneMask missing = mask & s.warp.live & ~here) {
      s.group.ticket = waiting;
      Wait wait;
      wait.what = "bar.warp.sync";
      wait.describe = [=] { return "at bar.warp.sync for lanes " + describeLanes(missing); };
      return s.wait(std::move(wait));
    }
    for (const auto &other : s.warp.groups)
      if (other.get() != &s.group && other->ticket == waiting)
        other->ticket = released;
    s.warp.synchronise(here);
    ++s.cluster().progress;
    return Outcome::Next;
  });
}

LaneMask exitedLanes(const Warp &warp) {
  unsigned threads = warp.cluster.device.threadsPerCta() - warp.index * warpSize;
  LaneMask all = threads >= warpSize ? allLanes : (1u << threads) - 1;
  return all & ~warp.live;
}

bool completeCluster(Cluster &cluster) {
  ClusterBarrier &barrier = cluster.barrier;
  if (barrier.arrivals.empty())
    return false;
  for (const Warp *warp : cluster.warps) {
    auto found = barrier.arrivals.find(warp);
    LaneMask arrived = found == barrier.arrivals.end() ? 0 : found->second;
    if (warp->live & ~arrived)
      return false;
  }
  barrier.completed = std::move(barrier.arriving);
  barrier.arriving = Knowledge();
  barrier.arrivals.clear();
  // PTX ISA, "barrier.cluster": it waits for all threads that have not exited, so
  // what the others have done is over. Nothing makes it visible.
  for (const Warp *warp : cluster.warps)
    if (LaneMask exited = exitedLanes(*warp))
      barrier.completed.joinPast(warp->gathered(exited));
  ++barrier.phase;
  ++cluster.progress;
  return true;
}

void decodeCluster(Decoder &d) {
  bool isArrive = d.oneOf({"arrive", "wait"}) == "arrive";
  bool isRelaxed = d.oneOf({"release", "acquire", "relaxed"}) == "relaxed";
  d.instruction().isAligned = d.has("aligned");
  d.run([=](Step &s) {
    Cluster &cluster = s.cluster();
    ClusterBarrier &barrier = cluster.barrier;
    if (isArrive) {
      LaneMask &arrived = barrier.arrivals[&s.warp];
      if (arrived & s.mask)
        s.misuse("barrier.cluster.arrive twice without a wait in between");
      arrived |= s.mask;
      ++cluster.changes;
      if (!isRelaxed)
        barrier.arriving.join(s.warp.release(s.mask));
      else
        s.warp.change(s.mask, [&](LaneView &view) {
          for (const auto &[scope, passed] : view.fenced)
            if (scope >= Scope::Cluster)
              barrier.arriving.join(passed);
          barrier.arriving.tensor.join(view.tensorReleased);
        });
      s.warp.clusterPhase = barrier.phase + 1;
      completeCluster(cluster);
      return Outcome::Next;
    }
    if (!s.warp.clusterPhase)
      s.misuse("barrier.cluster.wait without an arrive before it");
    if (barrier.phase < s.warp.clusterPhase && !completeCluster(cluster)) {
      Wait wait;
      wait.what = "cluster barrier";
      wait.describe = [&barrier, &cluster] {
        size_t missing = 0;
        for (const Warp *warp : cluster.warps)
          missing += !warp->isDone() && !barrier.arrivals.count(warp);
        return "on the cluster barrier: " + std::to_string(missing) + " warps have not arrived";
      };
      wait.others = [&barrier, &cluster] {
        std::vector<Component> missing;
        for (const Warp *warp : cluster.warps)
          if (!warp->isDone() && !barrier.arrivals.count(warp))
            missing.push_back(warp->component);
        return missing;
      };
      return s.wait(std::move(wait));
    }
    if (!isRelaxed)
      s.warp.acquire(s.mask, barrier.completed);
    else
      s.warp.observeTensor(s.mask, barrier.completed.tensor);
    s.warp.clusterPhase = 0;
    return Outcome::Next;
  });
}

/// `bar{.cta}` is always aligned; `barrier{.cta}` only with `.aligned`.
void decodeBar(Decoder &d) {
  bool isBar = d.root() == "bar";
  if (d.has("warp"))
    return decodeWarpSync(d);
  if (!isBar && d.has("cluster"))
    return decodeCluster(d);
  d.has("cta");
  BarrierCall call;
  call.isArrive = d.has("arrive");
  bool isReduction = d.has("red");
  if (!call.isArrive && !isReduction)
    d.require("sync");
  bool isAligned = d.has("aligned");
  call.isAligned = isBar || isAligned;
  d.instruction().isAligned = call.isAligned;
  d.instruction().passesUndefined = false;
  if (isReduction) {
    call.reduction = d.oneOf({"popc", "and", "or"});
    d.type();
    call.into = d.destination(0);
    call.id = d.source(1, Type::U32);
    bool hasCount = d.count() == 4;
    if (hasCount)
      call.count = d.source(2, Type::U32);
    call.input = d.predicate(hasCount ? 3 : 2);
  } else {
    call.id = d.source(0, Type::U32);
    if (d.count() > 1)
      call.count = d.source(1, Type::U32);
  }
  d.run([=](Step &s) { return runNamed(s, call); });
}

} // namespace

void registerBarriers(DecodeTable &table) {
  table["bar"] = decodeBar;
  table["barrier"] = decodeBar;
}

} // namespace girih::sim
