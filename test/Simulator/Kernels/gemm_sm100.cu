//===- gemm_sm100.cu - A persistent matrix product with tcgen05 -----------===//
//
// C [m, n] bfloat16 = A [m, k] times B [n, k] transposed, accumulated in
// float, one tile of C after another. Warp 0 loads through a ring of stages,
// warp 1 multiplies, warp 2 hands out tiles, warp 3 owns tensor memory, warps
// 4 to 7 write C while the next tile goes into the other of two accumulators.
//
//   CTAS     1, or 2: a pair of CTAs multiplies 256 rows, each loads its half
//            of A and of B, the even one issues for both
//   DYNAMIC  1: tiles come from clusters that clusterlaunchcontrol cancels
//   SCALED   1: e4m3 with a ue8m0 scale for every 32 elements of k, stored as
//            blocks of 512 bytes for 128 rows and 128 elements
//
//===----------------------------------------------------------------------===//
#include "tcgen05.cuh"
#include <cuda_bf16.h>

#ifndef DYNAMIC
#define DYNAMIC 0
#endif
#ifndef SCALED
#define SCALED 0
#endif

constexpr int stages = 3, slots = 2;
/// 128 bytes of k are one row of the swizzle, and four instructions.
constexpr int tileK = SCALED ? 128 : 64;
/// Rows of A and of B that a CTA loads.
constexpr int rowsA = 128, rowsB = SCALED ? 128 : 64, tileN = rowsB * CTAS;
constexpr int bytesA = rowsA * 128, bytesB = rowsB * 128, bytesAB = bytesA + bytesB;
constexpr int bytesScales = 512, stageBytes = bytesAB + (SCALED ? 2 * bytesScales : 0);
constexpr int scalesOffset = stages * bytesAB, outOffset = scalesOffset + stages * 2 * bytesScales;
constexpr int barrierOffset = outOffset + 128 * 128;
/// Columns of tensor memory: two accumulators, then the scales of A and of B.
constexpr int columnScalesA = 2 * tileN, columnScalesB = columnScalesA + 4;
constexpr int columns = SCALED ? 512 : 2 * tileN;

WAIT_BARRIER(waitFull, "wait_full")
WAIT_BARRIER(waitEmpty, "wait_empty")
WAIT_BARRIER(waitTail, "wait_tail")
WAIT_BARRIER(waitProduct, "wait_product")
WAIT_BARRIER(waitDrained, "wait_drained")
WAIT_BARRIER(waitResponse, "wait_response")
WAIT_BARRIER(waitConsumed, "wait_consumed")
NAMED_VALUE(parityOfTile, "parity_of_tile")
NAMED_VALUE(stepsOfLoader, "steps_of_loader")
ARRIVE_BARRIER(arriveDrained, "arrive_drained")
ARRIVE_BARRIER(arriveConsumed, "arrive_consumed")
#if CTAS == 2
COMMIT_MULTICAST(commitPair, "commit_stage")
COMMIT_MULTICAST(commitProductPair, "commit_product")
#else
COMMIT(commitStage, "commit_stage")
COMMIT(commitProduct, "commit_product")
#endif

struct Barriers {
  uint32_t base;
  __device__ uint32_t full(int stage) const { return base + 16 * stage; }
  __device__ uint32_t empty(int stage) const { return base + 16 * stage + 8; }
  /// The product in an accumulator is complete; its readers are done.
  __device__ uint32_t product(int i) const { return base + 64 + 16 * i; }
  __device__ uint32_t drained(int i) const { return base + 72 + 16 * i; }
  /// An answer of clusterlaunchcontrol is there; everybody has read it.
  __device__ uint32_t answered(int i) const { return base + 96 + 16 * i; }
  __device__ uint32_t consumed(int i) const { return base + 104 + 16 * i; }
  __device__ uint32_t answer(int i) const { return base + 128 + 16 * i; }
  __device__ uint32_t slot() const { return base + 160; }
};

/// Position in a ring and the parity of its barriers in this round.
struct Ring {
  int index, parity;
  __device__ void next(int size) {
    if (++index == size)
      index = 0, parity ^= 1;
  }
};

struct Problem {
  int tilesM, tiles, steps;
};

DEVICE void expectAnswer(uint32_t barrier) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 16; /*@expect_answer*/" ::"r"(barrier) : "memory");
}
/// The even CTA of a pair gets both halves of a stage on its barrier.
DEVICE void expectStage(uint32_t barrier) {
#if CTAS == 2
  asm volatile(
      "{ .reg .b32 even; mapa.shared::cluster.u32 even, %0, 0;\n"
      "mbarrier.arrive.expect_tx.release.cluster.shared::cluster.b64 _, [even], %1; /*@expect*/ }" ::"r"(barrier),
      "r"(stageBytes)
      : "memory");
#else
  expectBytes(barrier, stageBytes);
#endif
}
DEVICE void loadHalf(uint32_t to, const TensorMap *map, int x, int y, uint32_t barrier) {
#if CTAS == 2
  asm volatile("{ .reg .b32 even; mapa.shared::cluster.u32 even, %4, 0;\n"
               "cp.async.bulk.tensor.2d.cta_group::2.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], "
               "[%1, {%2, %3}], [even]; /*@load*/ }" ::"r"(to),
               "l"(map), "r"(x), "r"(y), "r"(barrier)
               : "memory");
#else
  loadTile(to, map, x, y, barrier);
#endif
}
DEVICE void loadScales(uint32_t to, const char *from, uint32_t barrier) {
  asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], 512, [%2]; "
               "/*@load_scales*/" ::"r"(to),
               "l"(from), "r"(barrier)
               : "memory");
}

/// D float, A and B bfloat16; scaled: A and B e4m3, scales ue8m0, whose byte
/// of the four in a column is given by bits 29 and 4.
constexpr uint32_t shape = (tileN / 8) << 17 | (rowsA * CTAS / 16) << 24;
constexpr uint32_t instruction = SCALED ? shape | 1 << 23 : shape | 1 << 4 | 1 << 7 | 1 << 10;

DEVICE void multiply(uint32_t d, uint64_t a, uint64_t b, int k, uint32_t tensor, uint32_t accumulate) {
#if SCALED
  asm volatile("{ .reg .pred p; setp.ne.b32 p, %6, 0;\n"
               "tcgen05.mma.cta_group::1.kind::mxf8f6f4.block_scale.scale_vec::1X [%0], %1, %2, %3, [%4], [%5], p; "
               "/*@mma*/ }" ::"r"(d),
               "l"(a), "l"(b), "r"(instruction | k << 29 | k << 4), "r"(tensor + columnScalesA),
               "r"(tensor + columnScalesB), "r"(accumulate)
               : "memory");
#else
  asm volatile("{ .reg .pred p; setp.ne.b32 p, %4, 0;\n"
               "tcgen05.mma." CTA_GROUP ".kind::f16 [%0], %1, %2, %3, p; /*@mma*/ }" ::"r"(d),
               "l"(a), "l"(b), "r"(instruction), "r"(accumulate)
               : "memory");
#endif
}
/// 32 rows of 16 bytes, without a swizzle, to the lanes of all four warps.
DEVICE void copyScales(uint32_t to, uint32_t from) {
  uint64_t block = uint64_t((from & 0x3ffff) >> 4) | uint64_t(8) << 16 | uint64_t(128 >> 4) << 32 | uint64_t(1) << 46;
  asm volatile("tcgen05.cp.cta_group::1.32x128b.warpx4 [%0], %1; /*@copy_scales*/" ::"r"(to), "l"(block) : "memory");
}

/// The tiles of one CTA or pair: a fixed share, or the first and whatever
/// clusters the hardware gives up.
struct Tiles {
  Barriers barriers;
  int tile;
  Ring ring;
  DEVICE Tiles first(Barriers barriers) { return {barriers, int(blockIdx.x) / CTAS, {0, 0}}; }
  /// All lanes that call this read the answer; one arrives for them.
  __device__ bool next(int tiles, bool arrives) {
#if DYNAMIC
    uint64_t low, high;
    uint32_t isCanceled, x;
    waitResponse(barriers.answered(ring.index), ring.parity);
    asm volatile("ld.shared.v2.b64 {%0, %1}, [%2]; /*@read_answer*/"
                 : "=l"(low), "=l"(high)
                 : "r"(barriers.answer(ring.index))
                 : "memory");
    asm volatile("{ .reg .pred p; .reg .b128 answer; .reg .b32 y, z, unused; mov.b128 answer, {%2, %3};\n"
                 "clusterlaunchcontrol.query_cancel.is_canceled.pred.b128 p, answer;\n"
                 "selp.b32 %0, 1, 0, p; mov.b32 %1, 0;\n"
                 "@p clusterlaunchcontrol.query_cancel.get_first_ctaid.v4.b32.b128 {%1, y, z, unused}, answer; "
                 "/*@query*/ }"
                 : "=&r"(isCanceled), "=&r"(x)
                 : "l"(low), "l"(high));
    // The next answer is written through the async proxy.
    fenceAsync();
    __syncwarp(__activemask());
    if (arrives) {
#if CTAS == 2
      arriveRemote(barriers.consumed(ring.index), 0);
#else
      arriveConsumed(barriers.consumed(ring.index));
#endif
    }
    ring.next(slots);
    tile = int(x) / CTAS;
    return isCanceled;
#else
    tile += int(gridDim.x) / CTAS;
    return tile < tiles;
#endif
  }
};

/// Asks for the work of one more cluster as soon as a slot is free.
DEVICE void handOut(Barriers barriers) {
  Ring ring{0, 0};
  Tiles tiles = Tiles::first(barriers);
#pragma unroll 1
  do {
    if (clusterRank() == 0)
      waitConsumed(barriers.consumed(ring.index), ring.parity ^ 1);
    expectAnswer(barriers.answered(ring.index));
    if (clusterRank() == 0)
#if CTAS == 2
      asm volatile("clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.multicast::cluster::"
                   "all.b128 [%0], [%1]; /*@try_cancel*/" ::"r"(barriers.answer(ring.index)),
#else
      asm volatile("clusterlaunchcontrol.try_cancel.async.shared::cta.mbarrier::complete_tx::bytes.b128 [%0], [%1]; "
                   "/*@try_cancel*/" ::"r"(barriers.answer(ring.index)),
#endif
                   "r"(barriers.answered(ring.index))
                   : "memory");
    ring.next(slots);
  } while (tiles.next(0, true));
}

DEVICE void produce(uint32_t base, Barriers barriers, const TensorMap *mapA, const TensorMap *mapB, const char *scalesA,
                    const char *scalesB, Problem problem) {
  Ring ring{0, 0};
  int rank = CTAS == 2 ? int(clusterRank()) : 0;
  Tiles tiles = Tiles::first(barriers);
#pragma unroll 1
  do {
    int m = tiles.tile % problem.tilesM, n = tiles.tile / problem.tilesM;
#pragma unroll 1
    for (int i = 0; i < problem.steps; ++i) {
      uint32_t full = barriers.full(ring.index), at = base + ring.index * bytesAB;
      waitEmpty(barriers.empty(ring.index), ring.parity ^ 1);
      expectStage(full);
      loadHalf(at, mapA, i * tileK, (m * CTAS + rank) * rowsA, full);
      loadHalf(at + bytesA, mapB, i * tileK, (n * CTAS + rank) * rowsB, full);
      if (SCALED) {
        uint32_t scales = base + scalesOffset + ring.index * 2 * bytesScales;
        loadScales(scales, scalesA + (m * problem.steps + i) * bytesScales, full);
        loadScales(scales + bytesScales, scalesB + (n * problem.steps + i) * bytesScales, full);
      }
      ring.next(stages);
    }
  } while (tiles.next(problem.tiles, true));
  // What the even CTA still signals here has to arrive before the exit.
  for (int i = 0; i < stages; ++i) {
    waitTail(barriers.empty(ring.index), ring.parity ^ 1);
    ring.next(stages);
  }
}

DEVICE void multiplyTiles(uint32_t base, Barriers barriers, uint32_t tensor, Problem problem) {
  Ring ring{0, 0}, accumulator{0, 0};
  Tiles tiles = Tiles::first(barriers);
#pragma unroll 1
  do {
    waitDrained(barriers.drained(accumulator.index), accumulator.parity ^ 1);
    fenceAfter();
    uint32_t d = tensor + accumulator.index * tileN;
    // The ring goes on where the last tile left it.
    ring.parity = parityOfTile(ring.parity);
#pragma unroll 1
    for (int i = 0; i < problem.steps; ++i) {
      uint32_t at = base + ring.index * bytesAB;
      waitFull(barriers.full(ring.index), ring.parity);
      fenceAfter();
      if (SCALED) {
        uint32_t scales = base + scalesOffset + ring.index * 2 * bytesScales;
        copyScales(tensor + columnScalesA, scales);
        copyScales(tensor + columnScalesB, scales + bytesScales);
      }
#pragma unroll
      for (int k = 0; k < 4; ++k)
        multiply(d, descriptor(at) + 2 * k, descriptor(at + bytesA) + 2 * k, k, tensor, i > 0 || k > 0);
#if CTAS == 2
      commitPair(barriers.empty(ring.index), 3);
#else
      commitStage(barriers.empty(ring.index));
#endif
      ring.next(stages);
    }
#if CTAS == 2
    commitProductPair(barriers.product(accumulator.index), 3);
#else
    commitProduct(barriers.product(accumulator.index));
#endif
    accumulator.next(2);
  } while (tiles.next(problem.tiles, true));
}

DEVICE void writeTiles(uint32_t base, Barriers barriers, uint32_t tensor, const TensorMap *mapC, Problem problem) {
  Ring accumulator{0, 0};
  uint32_t warp = warpIndex() % 4, lane = threadIdx.x % 32, row = warp * 32 + lane, out = base + outOffset;
  int rank = CTAS == 2 ? int(clusterRank()) : 0;
  Tiles tiles = Tiles::first(barriers);
#pragma unroll 1
  do {
    int m = tiles.tile % problem.tilesM, n = tiles.tile / problem.tilesM;
    waitProduct(barriers.product(accumulator.index), accumulator.parity);
    fenceAfter();
#pragma unroll 1
    for (int part = 0; part < tileN / 64; ++part) {
      float c[2][32];
      uint32_t from = tensor + ((warp * 32) << 16) + accumulator.index * tileN + part * 64;
      loadTensor(c[0], from);
      loadTensor(c[1], from + 32);
      waitTensorLoads();
      if (part == tileN / 64 - 1) {
        fenceBefore();
        if (lane == 0) {
#if CTAS == 2
          arriveRemote(barriers.drained(accumulator.index), 0);
#else
          arriveDrained(barriers.drained(accumulator.index));
#endif
        }
      }
      // The staging tile is free once the last store has read it.
      if (threadIdx.x % 128 == 0)
        waitStores();
      namedBarrier<1, 128>();
      for (int chunk = 0; chunk < 8; ++chunk) {
        uint32_t p[4];
        for (int j = 0; j < 4; ++j) {
          const float *pair = &c[chunk / 4][chunk % 4 * 8 + 2 * j];
          __nv_bfloat162 packed = __floats2bfloat162_rn(pair[0], pair[1]);
          p[j] = *reinterpret_cast<uint32_t *>(&packed);
        }
        asm volatile("st.shared.v4.b32 [%0], {%1, %2, %3, %4}; /*@stage_out*/" ::"r"(out + row * 128 +
                                                                                     ((chunk ^ (row % 8)) * 16)),
                     "r"(p[0]), "r"(p[1]), "r"(p[2]), "r"(p[3])
                     : "memory");
      }
      fenceAsync();
      namedBarrier<2, 128>();
      if (threadIdx.x % 128 == 0) {
        storeTile(mapC, n * tileN + part * 64, (m * CTAS + rank) * 128, out);
        commitStores();
      }
    }
    accumulator.next(2);
  } while (tiles.next(problem.tiles, lane == 0));
  if (threadIdx.x % 128 == 0)
    waitStores();
}

extern "C" __global__ void __launch_bounds__(256, 1)
    gemm(const __grid_constant__ TensorMap mapA, const __grid_constant__ TensorMap mapB,
         const __grid_constant__ TensorMap mapC, const char *scalesA, const char *scalesB, int tilesM, int tiles,
         int steps) {
  extern __shared__ __align__(1024) char shared[];
  uint32_t base = sharedAddress(shared), warp = warpIndex();
  Barriers barriers{base + barrierOffset};
  Problem problem{tilesM, tiles, steps};
  if (warp == 3)
    allocateTensor<columns>(barriers.slot());
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < stages; ++stage) {
      initBarrier(barriers.full(stage), CTAS);
      initBarrier(barriers.empty(stage), 1);
    }
    for (int i = 0; i < 2; ++i) {
      initBarrier(barriers.product(i), 1);
      initBarrier(barriers.drained(i), 4 * CTAS);
      initBarrier(barriers.answered(i), 1);
      // Of each CTA the loader, the scheduler and four warps that write; one
      // multiplies.
      initBarrier(barriers.consumed(i), 6 * CTAS + 1);
    }
    fenceInit();
  }
  fenceBefore();
  __syncthreads();
  if (CTAS == 2)
    clusterBegin();
  fenceAfter();
  uint32_t tensor = loadShared(barriers.slot());

  if (warp == 0 && elect())
    produce(base, barriers, &mapA, &mapB, scalesA, scalesB, {tilesM, tiles, stepsOfLoader(steps)});
  else if (warp == 1 && (CTAS == 1 || clusterRank() == 0) && elect())
    multiplyTiles(base, barriers, tensor, problem);
  else if (warp == 2 && DYNAMIC && elect())
    handOut(barriers);
  else if (warp >= 4)
    writeTiles(base, barriers, tensor, &mapC, problem);
  __syncwarp();
  fenceBefore();
  __syncthreads(); // @before_dealloc
  // The pair reads and signals both CTAs until its last product is complete.
  if (CTAS == 2)
    clusterEnd();
  if (warp == 3) {
    fenceAfter();
    freeTensor<columns>(tensor);
  }
}
