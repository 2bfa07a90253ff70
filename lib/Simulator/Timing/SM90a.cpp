//===- SM90a.cpp - Hopper, H100 and H200 ----------------------------------===//
//
// Sources: [G] CUDA C++ Programming Guide, "Throughput of Native Arithmetic
// Instructions", for compute capability 9.0; [W] NVIDIA H100 Tensor Core GPU
// Architecture (white paper); [M] benchmarks/micro/run on an H200; [F] fitted
// to the cases of benchmarks/results/h200-fitted.csv, which are therefore no
// evidence; [B] fitted to suites of h200-belief.csv that benchmarks/belief leaves out.
//
//===----------------------------------------------------------------------===//
#include "Chip.h"

namespace girih::sim {

const ChipTiming timingSM90a = {
    .clock = 1755,      // [W] boost of the tensor cores' rates
    .heldClock = 0.905, // [M] --power: 0.901 to 0.916 beside wgmma, 1 without
    .heldFrom = 0.3,    // chosen by eye, not fitted

    .issue = 1,             // [W] one warp instruction a scheduler
    .fma = 1,               // [G] 128 a multiprocessor; [M] 1.04
    .alu = 2,               // [G] 64; [M] 2.03
    .mufu = 8,              // [G] 16; [M] 8.0
    .arithmeticLatency = 4, // [M] 4.1
    .mufuLatency = 17,      // [M] 17.0
    .shuffleLatency = 24,   // [M] 24.0
    .sharedLatency = 23,    // [M] 24.2 with the address's addition
    .globalLatency = 285,   // [M] 288, from the L2 cache, with the addition
    .branchLatency = 5,     // [F]
    .sharedBytes = 128,     // [G] 32 banks of 4 bytes
    .operandBytes = 128,    // [M] m64n16k16: 2560 bytes in 20 cycles

    .barrierPass = 36,      // [M] 48 with the branch
    .barrierWake = 58,      // [M] 145 to and fro, with two branches
    .namedBarrierWake = 30, // [M] 27 to 33 for up to four warps
    .matrixWake = 5,        // in the 62 below
    .fence = 10,
    .registerChange = 50, // no source
    .tensorWake = 0,      // no tensor memory
    .remoteArrival = 10,  // [M] --distance: 435 to and fro, 415 at home
    .wideRelease = 190,   // [M] --distance: 838 to and fro at home, 981 between CTAs
    .wideAcquire = 60,

    .matrixRate = 4096 / 2, // [M] m64n128k16 in 64.0 cycles
    .leastMatrix = 13,      // [M] A in registers, n = 8
    .fmaBeside = 1.2,       // [M] --distance, of products that work all the time
    .aluBeside = 1.85,      // [M]
    .mufuBeside = 1.36,     // [M]
    .sharedBeside = 2.3,    // [M] shuffles
    .matrixLoss = 0.3,      // [B]; [M] 0 to 0.9
    .matrixStart = 18,      // [M] --distance: 62 from fence to wait beyond the rate
    .matrixEnd = 25,
    .matrixIssue = 12, // [M] --distance: 16 an instruction

    .tensorMemoryBytes = 1, // no tensor memory
    .tensorMemoryLatency = 0,

    .copyLatency = 520,     // [M] 128 bytes
    .storeStart = 50,       // [M] --distance: 16 KiB read in 574 cycles
    .storeLatency = 6,      // [M] --distance
    .copyArrival = 97,      // [M] 335 cycles more for 32 KiB
    .copyBytes = 64,        // [M] 32 KiB in 514 cycles, also on all multiprocessors at once
    .storeBytes = 32,       // [M] --distance
    .cacheBytes = 25 << 20, // [W] 50 MB, of which each half serves its own multiprocessors
    .cacheRate = 4640,      // [M] --power: 35 for each multiprocessor
    .dramBytes = 2330,      // [M] 32 KiB in 1857 cycles on all multiprocessors at once
    .dramLatency = 380,     // [M] --distance: 667 for a load, 288 from the L2 cache

    // One launch behind another in a graph.
    .launch = 1250,    // [F]
    .nextCta = 450,    // [M] --power: 385 to 490
    .finish = 1250,    // [F]
    .coldStart = 2500, // [B] the small ones of masks

    // [M] --power, beyond the idle chip; [F] the clock and the exponent, to
    // seven kernels that the limit of power bound.
    .idleWatts = 133,
    .limitWatts = 700,
    .energyClock = 1555,
    .energyExponent = 1.8,
    .nanojoules = {0, 0.7, 0.3, 0.1, 0.6, 2.7, 0, 1.0},
    .mostClock = 1980,
    .clockDrop = 50, // zeros: 1890 to 1965
};

} // namespace girih::sim
