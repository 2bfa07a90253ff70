//===- Transactions.h - Bytes counted on mbarriers --------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_TRANSACTIONS_H
#define GIRIH_SIMULATOR_MACHINE_TRANSACTIONS_H

#include "Step.h"

namespace girih::sim {

/// Where an mbarrier lies.
struct BarrierPlace {
  Cta *cta = nullptr;
  uint32_t offset = 0;
};

/// The mbarrier that a lane's operand names, checked to be initialised and
/// visible to that lane (the first that executes, unless given); `isAsync`
/// also asks for the fence towards the async proxy.
BarrierPlace findBarrier(Step &s, uint64_t address, bool mayBeRemote, bool isAsync, unsigned lane = warpSize);

/// An asynchronous write whose completion the barrier's current phase counts.
Access transactionAccess(BarrierPlace place, unsigned line);

/// complete_tx: the phase may end with it.
void completeTransactions(BarrierPlace place, uint64_t bytes, unsigned line);

/// expect_tx, with the range that the hardware counts in.
void expectTransactions(Step &s, BarrierPlace place, uint64_t bytes);

/// An arrival of `count`; what the arriver knows goes to the phase's waiters.
void arrive(BarrierPlace place, uint32_t count, const Knowledge *knowledge, unsigned line, Component component);

/// What the arrival of a thread, to come right after, releases.
void releaseTo(BarrierPlace place, const Release &release);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_TRANSACTIONS_H
