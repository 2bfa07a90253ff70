//===- SM100a.cpp - Blackwell, B200: an estimate --------------------------===//
//
// Nothing here was measured by this project. Sources: [B] NVIDIA Blackwell
// Architecture Technical Brief; [G] CUDA C++ Programming Guide, compute
// capability 10.0; [P] FlashAttention-4's description of its kernels (8192
// floating point operations of the tensor cores and 16 exponentials a cycle);
// [T] PTX ISA, tcgen05.ld: 16 KiB a cycle of all lanes at most; [9] taken over
// from SM90a.cpp for want of a source.
//
//===----------------------------------------------------------------------===//
#include "Chip.h"

namespace girih::sim {

const ChipTiming timingSM100a = {
    .clock = 1850,      // [B]
    .heldClock = 0.905, // [9]
    .heldFrom = 1,      // not known

    .issue = 1,
    .fma = 1,               // [G] 128
    .alu = 2,               // [G] 64
    .mufu = 8,              // [P]
    .arithmeticLatency = 4, // [9] 4.1
    .mufuLatency = 17,      // [9] 17.0
    .shuffleLatency = 24,   // [9] 24.0
    .sharedLatency = 23,    // [9] 24.2 with the address's addition
    .globalLatency = 285,   // [9] 288, from the L2 cache, with the addition
    .branchLatency = 5,     // [9]
    .sharedBytes = 128,     // [G] 32 banks of 4 bytes
    .operandBytes = 128,    // [9] m64n16k16: 2560 bytes in 20 cycles

    .barrierPass = 36,      // [9] 48 with the branch
    .barrierWake = 58,      // [9] 145 to and fro, with two branches
    .namedBarrierWake = 30, // [9] 27 to 33 for up to four warps
    .matrixWake = 10,       // no source
    .fence = 10,
    .registerChange = 50, // no source
    .tensorWake = 10,
    .remoteArrival = 10, // [9] --distance: 435 to and fro, 415 at home
    .wideRelease = 190,  // [9] --distance: 838 to and fro at home, 981 between CTAs
    .wideAcquire = 60,

    .matrixRate = 8192 / 2, // [P]
    .leastMatrix = 13,      // [9] A in registers, n = 8
    .fmaBeside = 1,         // sums are in tensor memory
    .aluBeside = 1,
    .mufuBeside = 1,
    .sharedBeside = 1,
    .matrixLoss = 0,
    .matrixStart = 30, // no source
    .matrixEnd = 110,
    .matrixIssue = 0,

    .tensorMemoryBytes = 512, // 128 bytes of each quarter of the lanes
    .tensorMemoryLatency = 30,

    .copyLatency = 520, // [9] 128 bytes
    .storeStart = 0,
    .storeLatency = 500,     // no source
    .copyArrival = 97,       // [9] 335 cycles more for 32 KiB
    .copyBytes = 64,         // [9] 32 KiB in 514 cycles, also on all multiprocessors at once
    .storeBytes = 64,        // no source
    .cacheBytes = 126 << 20, // [B]
    .cacheRate = 5200,       // [9] 35 for each multiprocessor
    .dramBytes = 4300,       // [B] 8 TB/s
    .dramLatency = 700,      // no source

    // One launch behind another in a graph.
    .launch = 1250,    // [9]
    .nextCta = 450,    // [9]
    .finish = 1250,    // [9]
    .coldStart = 1000, // no source

    // No source: no clock is predicted.
    .idleWatts = 0,
    .limitWatts = 0,
    .energyClock = 1850,
    .energyExponent = 1,
    .nanojoules = {},
    .mostClock = 1850,
    .clockDrop = 0,
};

} // namespace girih::sim
