//===- gemm_sm90.cu - A matrix product with TMA and wgmma -----------------===//
//
// C [m, n] float = A [m, k] bfloat16 times B [n, k] bfloat16 transposed, in
// tiles of 128 by 128. Warpgroup 0 loads through a ring of three stages,
// warpgroups 1 and 2 multiply 64 rows each, and C leaves through shared memory
// and a tensor store. With CLUSTER 2, two CTAs share the rows of B: each loads
// half and multicasts it.
//
//===----------------------------------------------------------------------===//
#include "wgmma.cuh"

#ifndef CLUSTER
#define CLUSTER 1
#endif

constexpr int stages = 3, tileK = 64;
constexpr int tileBytes = 128 * tileK * 2, stageBytes = 2 * tileBytes;
constexpr int barrierOffset = stages * stageBytes;

WAIT_BARRIER(waitFull, "wait_full")
WAIT_BARRIER(waitEmpty, "wait_empty")
ARRIVE_BARRIER(arriveEmpty, "arrive_empty")

DEVICE void produce(uint32_t base, const TensorMap *mapA, const TensorMap *mapB, int steps) {
  uint32_t rank = CLUSTER > 1 ? clusterRank() : 0;
  for (int i = 0; i < steps; ++i) {
    uint32_t stage = i % stages, round = i / stages;
    uint32_t full = base + barrierOffset + 16 * stage, empty = full + 8;
    waitEmpty(empty, (round & 1) ^ 1);
    expectBytes(full, stageBytes);
    uint32_t at = base + stage * stageBytes;
    loadTile(at, mapA, i * tileK, blockIdx.x * 128, full);
    if (CLUSTER == 1)
      loadTile(at + tileBytes, mapB, i * tileK, blockIdx.y * 128, full);
    else
      loadTileMulticast(at + tileBytes + rank * (tileBytes / 2), mapB, i * tileK, blockIdx.y * 128 + rank * 64, full,
                        3);
  }
}

DEVICE void consume(uint32_t base, const TensorMap *mapC, int steps, int group) {
  float d[64];
  for (int i = 0; i < steps; ++i) {
    uint32_t stage = i % stages, round = i / stages;
    uint32_t full = base + barrierOffset + 16 * stage, empty = full + 8;
    waitFull(full, round & 1);
    uint32_t a = base + stage * stageBytes + group * 64 * 128, b = base + stage * stageBytes + tileBytes;
    fenceProducts();
#pragma unroll
    for (int k = 0; k < 4; ++k)
      multiply(d, descriptor(a) + 2 * k, descriptor(b) + 2 * k, i > 0 || k > 0);
    commitProducts();
    waitProducts<0>();
    if (threadIdx.x % 32 == 0) {
      if (CLUSTER == 1)
        arriveEmpty(empty);
      else
        for (int rank = 0; rank < CLUSTER; ++rank)
          arriveRemote(empty, rank);
    }
  }
  // C through shared memory of its own, 64 rows of 128 floats a warpgroup.
  uint32_t out = base + barrierOffset + 1024 + group * 64 * 512;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
  for (int i = 0; i < 64; i += 2) {
    int row = warp * 16 + lane / 4 + 8 * (i / 2 % 2), column = lane % 4 * 2 + 8 * (i / 4);
    asm volatile("st.shared.v2.f32 [%0], {%1, %2}; /*@stage_out*/" ::"r"(out + row * 512 + column * 4), "f"(d[i]),
                 "f"(d[i + 1])
                 : "memory");
  }
  fenceAsync();
  joinWarpgroup(group);
  if (threadIdx.x % 128 == 0) {
    storeTile(mapC, blockIdx.y * 128, blockIdx.x * 128 + group * 64, out);
    commitStores();
    waitStores();
  }
}

extern "C" __global__ void __launch_bounds__(384, 1)
    gemm(const __grid_constant__ TensorMap mapA, const __grid_constant__ TensorMap mapB,
         const __grid_constant__ TensorMap mapC, int steps) {
  extern __shared__ __align__(1024) char shared[];
  uint32_t base = sharedAddress(shared);
  if (threadIdx.x == 0) {
    for (int stage = 0; stage < stages; ++stage) {
      initBarrier(base + barrierOffset + 16 * stage, 1);
      initBarrier(base + barrierOffset + 16 * stage + 8, 8 * CLUSTER);
    }
    fenceInit();
  }
  __syncthreads();
  if (CLUSTER > 1)
    clusterBegin();
  uint32_t warp = warpIndex();
  if (warp < 4) {
    giveRegisters<24>();
    if (warp == 0 && elect())
      produce(base, &mapA, &mapB, steps);
  } else {
    takeRegisters<240>();
    consume(base, &mapC, steps, warp / 4 - 1);
  }
  if (CLUSTER > 1)
    clusterEnd();
}
