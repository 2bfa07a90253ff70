//===- Fences.cpp - fence, membar -----------------------------------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

/// A fence of the memory model: what later strong stores release, and what
/// earlier strong loads have acquired.
void decodeThreadFence(Decoder &d) {
  d.oneOf({"sc", "acq_rel", "acquire", "release"});
  d.startingWith("sync_restrict");
  d.oneOf({"cta", "cluster", "gpu", "sys", "gl"});
  d.run([](Step &s) {
    s.warp.acquire(s.warp.fencePending);
    s.warp.fencePending = Knowledge();
    s.warp.fenceReleased = s.warp.release();
    s.warp.hasFenceReleased = true;
    return Outcome::Next;
  });
}

/// Makes the initialisation of mbarriers by this warp visible to the async
/// proxy.
void fenceBarriers(Step &s) {
  for (auto &[offset, barrier] : s.cta().barriers)
    if (barrier.initComponent == s.warp.component)
      barrier.isFenced = true;
}

/// fence.proxy.async: generic accesses known here become ordered for the
/// async proxy as well.
void decodeProxyFence(Decoder &d) {
  d.oneOf({"acquire", "release"});
  d.oneOf({"cta", "cluster", "gpu", "sys"});
  std::string proxy = d.oneOf({"async", "async::generic", "alias", "tensormap::generic"});
  d.oneOf({"global", "shared::cta", "shared::cluster"});
  d.startingWith("sync_restrict");
  bool isAsync = proxy.starts_with("async");
  if (d.count() > 0)
    d.address(0);
  d.run([=](Step &s) {
    if (!isAsync)
      return Outcome::Next;
    Warp &warp = s.warp;
    warp.known.generic.raise(warp.component, warp.tick);
    warp.known.async.join(warp.known.generic);
    ++warp.tick;
    warp.known.generic.raise(warp.component, warp.tick);
    fenceBarriers(s);
    return Outcome::Next;
  });
}

void decodeFence(Decoder &d) {
  if (d.has("proxy"))
    return decodeProxyFence(d);
  if (d.has("mbarrier_init")) {
    d.require("release");
    d.require("cluster");
    d.run([](Step &s) {
      fenceBarriers(s);
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
