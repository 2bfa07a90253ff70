//===- LaunchControl.cpp - clusterlaunchcontrol ---------------------------===//
//
// A running cluster takes over the work of one that has not been launched yet.
// The response is opaque; here it is the first CTA's x, y, z and a flag.
//
//===----------------------------------------------------------------------===//
#include "../Machine/Timer.h"
#include "../Machine/Transactions.h"
#include "Elementwise.h"

namespace girih::sim {
namespace {

using Wide = unsigned __int128;

void decodeTryCancel(Decoder &d) {
  d.require("async");
  d.has("shared::cta");
  d.require("mbarrier::complete_tx::bytes");
  bool isMulticast = d.has("multicast::cluster::all");
  d.require("b128");
  AddressOperand to = d.address(0), barrier = d.address(1);
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    unsigned lane = s.onlyLane("clusterlaunchcontrol.try_cancel");
    Cta *owner;
    uint32_t offset = s.sharedOffset(s.read<uint64_t>(to.base)[lane] + uint64_t(to.offset), false, owner);
    BarrierPlace place = findBarrier(s, s.read<uint64_t>(barrier.base)[lane] + uint64_t(barrier.offset), false, true);
    if (offset % 16)
      s.misuse("the response at " + std::to_string(offset) + " is not a multiple of 16");
    for (auto &cta : s.cluster().ctas)
      if (isMulticast && cta->isDone())
        s.misuse("the response is for all CTAs of the cluster when " + cta->describe() + " has exited");
    // PTX ISA, "clusterlaunchcontrol.try_cancel": undefined for a CTA that has seen one fail.
    if (s.cta().failedRequestLine)
      s.misuse("another request after line " + std::to_string(s.cta().failedRequestLine) +
               " has found that one failed; expected none by this CTA");
    auto knowledge = s.fork();
    Cluster *cluster = &s.cluster();
    unsigned line = s.line();
    AsyncOperation operation;
    operation.name = "clusterlaunchcontrol";
    operation.line = line;
    operation.step = [=] {
      Device &device = cluster->device;
      uint32_t next = device.nextCluster.fetch_add(device.standsFor);
      if (device.standsFor > 1)
        next += cluster->timer->takeNumber(0);
      uint32_t response[4] = {0, 0, 0, 0};
      if (next < device.clusterCount) {
        auto first = device.firstCtaOf(next);
        std::copy(first.begin(), first.end(), response);
        response[3] = 1;
      }
      for (auto &cta : cluster->ctas) {
        if (!isMulticast && cta.get() != owner)
          continue;
        BarrierPlace counted{cta.get(), place.offset};
        cta->barrier(place.offset, line, "clusterlaunchcontrol");
        cta->writeShared(offset, response, 16, transactionAccess(counted, line), *knowledge);
        completeTransactions(counted, 16, line);
      }
      return true;
    };
    cluster->enqueue(*s.cta().copyEngine, std::move(operation));
    return Outcome::Next;
  });
}

void decodeQuery(Decoder &d) {
  if (d.has("is_canceled")) {
    d.require("pred");
    d.require("b128");
    Operand into = d.destination(0), from = d.source(1, Type::B128);
    d.run([=](Step &s) {
      auto x = s.read<Wide>(from);
      LaneMask result = 0;
      for (unsigned i = 0; i < warpSize; ++i)
        result |= LaneMask(x[i] >> 96 & 1) << i;
      if (s.mask & ~result)
        s.cta().failedRequestLine = s.line();
      s.writePredicate(into, result);
      return Outcome::Next;
    });
    return;
  }
  std::string which = d.oneOf({"get_first_ctaid", "get_first_ctaid::x", "get_first_ctaid::y", "get_first_ctaid::z"});
  if (which.empty())
    d.unsupported();
  d.has("v4");
  d.require("b32");
  d.require("b128");
  auto into = d.destinations(0);
  Operand from = d.source(1, Type::B128);
  unsigned first = which.back() == 'y' ? 1 : which.back() == 'z' ? 2 : 0;
  d.run([=](Step &s) {
    auto x = s.read<Wide>(from);
    for (unsigned i = 0; i < warpSize; ++i)
      if (s.mask >> i & 1 && !(x[i] >> 96 & 1))
        s.misuse("the response of a request that failed has no CTA; expected query_cancel.is_canceled before");
    for (unsigned e = 0; e < into.size(); ++e) {
      Lanes<uint32_t> r;
      for (unsigned i = 0; i < warpSize; ++i)
        r[i] = uint32_t(x[i] >> (32 * (first + e)));
      s.write(into[e], r);
    }
    return Outcome::Next;
  });
}

void decodeLaunchControl(Decoder &d) {
  if (d.has("try_cancel"))
    return decodeTryCancel(d);
  d.require("query_cancel");
  decodeQuery(d);
}

} // namespace

void registerLaunchControl(DecodeTable &table) { table["clusterlaunchcontrol"] = decodeLaunchControl; }

} // namespace girih::sim
