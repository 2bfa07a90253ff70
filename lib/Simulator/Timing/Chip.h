//===- Chip.h - Rates and latencies of a chip -------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_TIMING_CHIP_H
#define GIRIH_SIMULATOR_TIMING_CHIP_H

#include "girih/Simulator/Timing.h"

namespace girih::sim {

/// One table a chip; SM90a.cpp and SM100a.cpp name the source of each number.
/// Everything is in cycles of the multiprocessor, bytes a cycle where it says
/// so.
struct ChipTiming {
  /// MHz to turn cycles into seconds where no measured clock is given.
  double clock;
  /// Of the clock that the driver reports, while tensor cores work for this
  /// share of the time or more; without matrix products it is all of it.
  double heldClock, heldFrom;

  // A scheduler's pipes: cycles that one instruction of a warp takes them up.
  double issue, fma, alu, mufu;
  // Cycles from the issue to a dependent instruction's.
  unsigned arithmeticLatency, mufuLatency, shuffleLatency, sharedLatency, globalLatency;
  unsigned branchLatency;
  /// Bytes a cycle of shared memory for the threads of a multiprocessor, and
  /// for the operands of matrix products.
  double sharedBytes, operandBytes;

  // Synchronisation: from the event that ends a wait to the next instruction;
  // of an mbarrier whose phase is over already, barrierPass.
  unsigned barrierPass, barrierWake, namedBarrierWake, matrixWake, fence, registerChange, tensorWake;
  /// How much later than at home an arrival is at a barrier of another CTA, and
  /// what a release or an acquire at the scope of a cluster or wider keeps a warp.
  unsigned remoteArrival, wideRelease, wideAcquire;

  /// f16 products and sums of a multiprocessor in a cycle, and the least time
  /// of one instruction.
  double matrixRate;
  unsigned leastMatrix;
  /// Times as long as a pipe takes while the tensor cores are at work.
  double fmaBeside, aluBeside, mufuBeside, sharedBeside;
  /// Cycles that these lose by an instruction of FMA or ALU on all schedulers.
  double matrixLoss;
  /// From the issue of a matrix product to its start, and from its end to
  /// whoever waits for it; what the warp takes to the next one.
  unsigned matrixStart, matrixEnd, matrixIssue;

  /// Tensor memory: bytes a cycle to and from registers, and the latency.
  double tensorMemoryBytes;
  unsigned tensorMemoryLatency;

  /// Copies: latency of the first byte, bytes a cycle in which one arrives then,
  /// bytes a cycle that a multiprocessor gets when many are in flight; until a
  /// store reads its source, the bytes a cycle of it, and from the last read to
  /// its end.
  unsigned copyLatency, storeStart, storeLatency;
  double copyArrival, copyBytes, storeBytes;
  /// The L2 cache: what stays there from one launch to the next, and bytes a
  /// cycle of data that multiprocessors do not ask for together.
  double cacheBytes, cacheRate;
  /// Of the chip's memory, all multiprocessors together, and the cycles that a
  /// copy takes longer from there than from the L2 cache.
  double dramBytes;
  unsigned dramLatency;

  /// From the launch to the first instruction of its CTAs, from one CTA's end
  /// to the next one's start, and from the last CTA's end to the launch's.
  unsigned launch, nextCta, finish;
  /// How much longer a launch takes whose buffers are not in the cache, besides
  /// its copies: descriptors and pages are looked up again.
  unsigned coldStart;

  /// Energy: watts of the idle chip and its limit; nanojoules that a unit of a
  /// multiprocessor, all four of its schedulers', takes for a cycle in which it
  /// works, at `energyClock` in MHz. Voltage follows the clock, so that they
  /// change with this power of it. No limit: nothing is known.
  double idleWatts, limitWatts, energyClock, energyExponent;
  std::array<double, unitCount> nanojoules;
  /// MHz that the driver reports where nothing lowers them, and how many less
  /// while tensor cores work without a pause.
  double mostClock, clockDrop;
};

/// The table of a `.target`; null when there is none.
const ChipTiming *findChipTiming(const std::string &target);
extern const ChipTiming timingSM90a, timingSM100a;

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_TIMING_CHIP_H
