//===- gemm_sm90.cu - A matrix product with TMA and wgmma -----------------===//
//
// C [m, n] float = A [m, k] bfloat16 times B [n, k] bfloat16 transposed, in
// tiles of 128 by 128. Warpgroup 0 loads through a ring of three stages,
// warpgroups 1 and 2 multiply 64 rows each, and C leaves through shared memory
// and a tensor store. With CLUSTER 2, two CTAs share the rows of B: each loads
// half and multicasts it.
//
//===----------------------------------------------------------------------===//
#include "ptx.cuh"

#ifndef CLUSTER
#define CLUSTER 1
#endif

constexpr int stages = 3, tileK = 64;
constexpr int tileBytes = 128 * tileK * 2, stageBytes = 2 * tileBytes;
constexpr int barrierOffset = stages * stageBytes;

WAIT_BARRIER(waitFull, "wait_full")
WAIT_BARRIER(waitEmpty, "wait_empty")
ARRIVE_BARRIER(arriveEmpty, "arrive_empty")

/// K-major with a swizzle of 128 bytes: 8 rows take 1024 bytes.
DEVICE uint64_t descriptor(uint32_t address) {
  return uint64_t((address & 0x3ffff) >> 4) | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 62;
}

DEVICE void multiply(float (&d)[64], uint64_t a, uint64_t b, int accumulate) {
  asm volatile(
      "{ .reg .pred p; setp.ne.b32 p, %66, 0;\n"
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, "
      "%13, %14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, %32, %33, %34, "
      "%35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, %48, %49, %50, %51, %52, %53, %54, %55, %56, "
      "%57, %58, %59, %60, %61, %62, %63}, %64, %65, p, 1, 1, 0, 0; /*@wgmma*/ }"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]), "+f"(d[6]), "+f"(d[7]), "+f"(d[8]),
        "+f"(d[9]), "+f"(d[10]), "+f"(d[11]), "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]),
        "+f"(d[17]), "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]), "+f"(d[24]),
        "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]), "+f"(d[30]), "+f"(d[31]), "+f"(d[32]),
        "+f"(d[33]), "+f"(d[34]), "+f"(d[35]), "+f"(d[36]), "+f"(d[37]), "+f"(d[38]), "+f"(d[39]), "+f"(d[40]),
        "+f"(d[41]), "+f"(d[42]), "+f"(d[43]), "+f"(d[44]), "+f"(d[45]), "+f"(d[46]), "+f"(d[47]), "+f"(d[48]),
        "+f"(d[49]), "+f"(d[50]), "+f"(d[51]), "+f"(d[52]), "+f"(d[53]), "+f"(d[54]), "+f"(d[55]), "+f"(d[56]),
        "+f"(d[57]), "+f"(d[58]), "+f"(d[59]), "+f"(d[60]), "+f"(d[61]), "+f"(d[62]), "+f"(d[63])
      : "l"(a), "l"(b), "r"(accumulate)
      : "memory");
}

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
    asm volatile("wgmma.fence.sync.aligned; /*@wgmma_fence*/" ::: "memory");
#pragma unroll
    for (int k = 0; k < 4; ++k)
      multiply(d, descriptor(a) + 2 * k, descriptor(b) + 2 * k, i > 0 || k > 0);
    asm volatile("wgmma.commit_group.sync.aligned; /*@wgmma_commit*/" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0; /*@wgmma_wait*/" ::: "memory");
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
  if (group == 0)
    namedBarrier<1, 128>();
  else
    namedBarrier<2, 128>();
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
    asm volatile("setmaxnreg.dec.sync.aligned.u32 24; /*@registers_down*/");
    if (warp == 0 && elect())
      produce(base, &mapA, &mapB, steps);
  } else {
    asm volatile("setmaxnreg.inc.sync.aligned.u32 240; /*@registers_up*/");
    consume(base, &mapC, steps, warp / 4 - 1);
  }
  if (CLUSTER > 1)
    clusterEnd();
}
