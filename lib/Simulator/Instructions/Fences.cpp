//===- Fences.cpp - fence, membar -----------------------------------------===//
#include "Elementwise.h"
#include "Memory.h"

namespace girih::sim {
void releaseMaps(Step &s, Scope scope) {
  s.warp.fenceProxy(s.mask, [](Clocks &clocks) { clocks.mapsReleased.join(clocks.generic); });
  s.warp.fence(s.mask, scope, false, true);
}

namespace {

/// `.sync_restrict::shared::cta` and its like limit a fence to shared memory.
bool takeRestriction(Decoder &d) { return !d.startingWith("sync_restrict").empty(); }

/// A fence of the memory model: what later strong stores release, and what
/// earlier strong loads have acquired. `.sc` orders as `.acq_rel` does; the
/// order among fence.sc themselves is that of the schedule.
void decodeThreadFence(Decoder &d) {
  std::string order = d.oneOf({"sc", "acq_rel", "acquire", "release"});
  takeRestriction(d);
  Scope scope = takeScope(d, Scope::Gpu);
  d.run([=](Step &s) {
    s.warp.fence(s.mask, scope, order != "release", order != "acquire");
    return Outcome::Next;
  });
}

/// Makes initialisations of mbarriers visible to the async proxy: those by
/// these lanes, or all that they know of.
void fenceBarriers(Step &s, bool onlyOwn) {
  for (auto &[offset, barrier] : s.cta().barriers) {
    const Access &init = barrier.init;
    bool isOwn = init.component == s.warp.component && (init.lanes & s.mask);
    if (isOwn || (!onlyOwn && s.warp.known(s.firstLane()).generic.covers(init.component, init.tick, init.lanes)))
      barrier.isFenced = true;
  }
}

/// fence.proxy.async: generic writes known here become ordered for the async
/// proxy as well, in the state space that it names.
void decodeAsyncFence(Decoder &d) {
  std::string order = d.oneOf({"acquire", "release"});
  std::string space = d.oneOf({"global", "shared::cta", "shared::cluster"});
  bool isRestricted = takeRestriction(d);
  if (!order.empty())
    d.require("cluster");
  bool fencesShared = space != "global", fencesGlobal = (space.empty() && !isRestricted) || space == "global";
  d.run([=](Step &s) {
    Warp &warp = s.warp;
    if (order == "acquire")
      warp.fence(s.mask, Scope::Cluster, true, false);
    warp.fenceProxy(s.mask, [&](Clocks &clocks) {
      if (fencesShared) {
        clocks.asyncShared.join(clocks.generic);
        clocks.nearAsync.join(clocks.nearGeneric);
      }
      if (fencesGlobal)
        clocks.asyncGlobal.join(clocks.generic);
    });
    if (order == "release")
      warp.fence(s.mask, Scope::Cluster, false, true);
    if (fencesShared)
      fenceBarriers(s, false);
    return Outcome::Next;
  });
}

/// fence.proxy.tensormap: a release makes the writes of a tensor map ready for
/// whoever acquires that map (PTX ISA, "membar / fence").
void decodeMapFence(Decoder &d) {
  bool isAcquire = d.oneOf({"acquire", "release"}) == "acquire";
  Scope scope = takeScope(d, Scope::Gpu);
  AddressOperand at;
  if (isAcquire) {
    at = d.address(0);
    if (d.literal(1) != int64_t(tensorMapBytes))
      d.fail("has " + std::to_string(d.literal(1)) + " bytes when a tensor map has 128");
  }
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    Warp &warp = s.warp;
    if (!isAcquire) {
      releaseMaps(s, scope);
      return Outcome::Next;
    }
    warp.fence(s.mask, scope, true, false);
    auto base = s.read<uint64_t>(at.base);
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      if (!(s.mask >> lane & 1))
        continue;
      uint64_t address = base[lane] + uint64_t(at.offset);
      Place place = s.resolve(StateSpace::Generic, address, tensorMapBytes, false, 1);
      if (place.space != StateSpace::Global)
        s.misuse("the tensor map at " + std::to_string(address) + " is not in global memory");
      warp.change(1u << lane, [&](LaneView &view) {
        view.known.forClusters([&](Clocks &clocks) { clocks.maps[address].join(clocks.mapsReleased); });
      });
    }
    return Outcome::Next;
  });
}

void decodeProxyFence(Decoder &d) {
  if (d.has("tensormap::generic"))
    return decodeMapFence(d);
  if (d.has("async") || d.has("async::generic"))
    return decodeAsyncFence(d);
  // A launch has no two addresses for one place.
  d.require("alias");
  d.run([](Step &) { return Outcome::Next; });
}

void decodeFence(Decoder &d) {
  if (d.has("proxy"))
    return decodeProxyFence(d);
  if (d.has("mbarrier_init")) {
    d.require("release");
    d.require("cluster");
    d.run([](Step &s) {
      s.warp.releaseInits(s.mask);
      fenceBarriers(s, true);
      return Outcome::Next;
    });
    return;
  }
  decodeThreadFence(d);
}

} // namespace

void registerFences(DecodeTable &table) {
  table["fence"] = decodeFence;
  table["membar"] = decodeFence;
}

} // namespace girih::sim
