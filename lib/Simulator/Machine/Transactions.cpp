//===- Transactions.cpp - Arrivals and bytes on mbarriers -----------------===//
#include "Transactions.h"

namespace girih::sim {
namespace {

[[noreturn]] void fail(BarrierPlace place, unsigned line, const std::string &message) {
  Verdict verdict;
  verdict.line = line;
  verdict.agent = place.cta->describe();
  verdict.message = "mbarrier at " + std::to_string(place.offset) + ": " + message;
  verdict.notes.push_back(place.cta->barriers[place.offset].describe());
  throw Stop(verdict);
}

/// No arrival can come any more in this phase, so nothing can raise the count
/// of expected bytes back to zero.
void checkOverrun(BarrierPlace place, const MemoryBarrier &barrier, unsigned line) {
  if (barrier.pending == 0 && barrier.transactions < 0)
    fail(place, line,
         std::to_string(-barrier.transactions) + " bytes more have arrived than were expected (expect_tx of line " +
             std::to_string(barrier.lastExpectLine) + ")");
}

} // namespace

BarrierPlace findBarrier(Step &s, uint64_t address, bool mayBeRemote, bool isAsync, unsigned lane) {
  BarrierPlace place;
  place.offset = s.sharedOffset(address, mayBeRemote, place.cta);
  MemoryBarrier &barrier = place.cta->barrier(place.offset, s.line(), s.instruction.opcode.c_str());
  const Access &init = barrier.init;
  LaneMask self = 1u << (lane < warpSize ? lane : s.firstLane());
  const Knowledge &known = s.warp.known(unsigned(__builtin_ctz(self)));
  if (!(init.component == s.warp.component && init.lanes == self) &&
      !known.generic.covers(init.component, init.tick, init.lanes) &&
      !known.inits.covers(init.component, init.tick, init.lanes))
    s.report(VerdictKind::Race,
             "the mbarrier at " + std::to_string(place.offset) +
                 " is used without being ordered after its initialisation in "
                 "line " +
                 std::to_string(init.line),
             {"expected a barrier of the CTA or cluster in between"},
             "the initialisation of the mbarrier at " + std::to_string(place.offset) +
                 " is not ordered before its use");
  if (isAsync && !barrier.isFenced && !s.cluster().device.tolerates(Rule::BarrierFence, s.line(), s.warp.describe()))
    s.report(VerdictKind::Race,
             "the mbarrier at " + std::to_string(place.offset) +
                 " is used by the async proxy, but its initialisation in line " + std::to_string(init.line) +
                 " was not fenced",
             {"expected fence.mbarrier_init or fence.proxy.async after it"},
             "the mbarrier at " + std::to_string(place.offset) + " is never fenced");
  return place;
}

Access transactionAccess(BarrierPlace place, unsigned line) {
  MemoryBarrier &barrier = place.cta->barriers[place.offset];
  Cluster &cluster = place.cta->cluster;
  if (!barrier.hasComponent) {
    barrier.component =
        cluster.newComponent("the copies that complete on the mbarrier at " + std::to_string(place.offset));
    barrier.hasComponent = true;
  }
  Access access;
  access.cluster = cluster.index;
  access.cta = uint8_t(place.cta->rank);
  access.component = barrier.component;
  access.tick = static_cast<uint32_t>(barrier.phase + 1);
  access.line = line;
  access.isWrite = true;
  access.proxy = Proxy::Async;
  barrier.lastTransactions = access;
  return access;
}

void completeTransactions(BarrierPlace place, uint64_t bytes, unsigned line) {
  MemoryBarrier &barrier = place.cta->barrier(place.offset, line, "complete_tx");
  barrier.transactions -= static_cast<int64_t>(bytes);
  ++place.cta->cluster.changes;
  checkOverrun(place, barrier, line);
  place.cta->advance(barrier);
}

void expectTransactions(Step &s, BarrierPlace place, uint64_t bytes) {
  MemoryBarrier &barrier = place.cta->barriers[place.offset];
  // PTX ISA, "Contents of the mbarrier object": tx-count has 20 bits and sign.
  const int64_t most = (1 << 20) - 1;
  barrier.transactions += static_cast<int64_t>(bytes);
  ++place.cta->cluster.changes;
  barrier.lastExpectLine = s.line();
  if (barrier.transactions > most)
    s.misuse("the mbarrier at " + std::to_string(place.offset) + " expects " + std::to_string(barrier.transactions) +
             " bytes when it counts up to " + std::to_string(most));
}

void releaseTo(BarrierPlace place, const Release &release) {
  MemoryBarrier &barrier = place.cta->barriers[place.offset];
  Scope needed = scopeOf(release.from, {place.cta->cluster.index, uint8_t(place.cta->rank)});
  if (needed == Scope::Cta)
    barrier.arriving.join(release.passed);
  else if (release.scope >= needed)
    barrier.remoteArriving.join(release.passed);
  else
    barrier.remoteArriving.joinPast(release.passed);
  barrier.tensorArriving.join(release.passed.tensor);
}

void arrive(BarrierPlace place, uint32_t count, const Knowledge *knowledge, unsigned line, Component component) {
  MemoryBarrier &barrier = place.cta->barrier(place.offset, line, "an arrival");
  if (count > barrier.pending)
    fail(place, line,
         std::to_string(count) + " arrivals when " + std::to_string(barrier.pending) + " of " +
             std::to_string(barrier.expected) + " are pending");
  barrier.pending -= count;
  ++place.cta->cluster.changes;
  if (knowledge)
    barrier.arriving.join(*knowledge);
  barrier.lastArriveLine = line;
  barrier.arrivers.insert(component);
  checkOverrun(place, barrier, line);
  place.cta->advance(barrier);
}

} // namespace girih::sim
