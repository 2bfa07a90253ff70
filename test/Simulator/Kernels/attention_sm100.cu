//===- attention_sm100.cu - Two chained products in tensor memory ---------===//
//
// O [128, 64] = relu(Q K^T / 8) V for one tile of 128 rows and `steps` tiles of
// 64 keys: the data flow of attention with relu in place of the softmax, so
// that every step of the protocol is there and the reference is simple. Warp 0
// loads, warp 1 multiplies, warps 4 to 7 take S out of tensor memory and put P
// back into it as the A operand of the second product.
//
//===----------------------------------------------------------------------===//
#include "tcgen05.cuh"
#include <cuda_bf16.h>

constexpr int keys = 64, dim = 64;
constexpr int queryBytes = 128 * dim * 2, keyBytes = keys * dim * 2, stageBytes = 2 * keyBytes, stages = 2;
constexpr int barrierOffset = queryBytes + stages * stageBytes;
// Columns of tensor memory: S, P (32-bit columns of two elements) and O.
constexpr int columnS = 0, columnP = 64, columnO = 128;

WAIT_BARRIER(waitQuery, "wait_query")
WAIT_BARRIER(waitFull, "wait_full")
WAIT_BARRIER(waitEmpty, "wait_empty")
WAIT_BARRIER(waitScores, "wait_scores")
WAIT_BARRIER(waitWeights, "wait_weights")
WAIT_BARRIER(waitOutput, "wait_output")
ARRIVE_BARRIER(arriveWeights, "arrive_weights")

/// D float, A and B bfloat16, N = 64, M = 128; B is MN-major in the second.
constexpr uint32_t instruction = 1 << 4 | 1 << 7 | 1 << 10 | (64 / 8) << 17 | (128 / 16) << 24;
constexpr uint32_t instructionTransposed = instruction | 1 << 16;

DEVICE void multiplyShared(uint32_t d, uint64_t a, uint64_t b, uint32_t accumulate) {
  asm volatile("{ .reg .pred p; setp.ne.b32 p, %4, 0;\n"
               "tcgen05.mma.cta_group::1.kind::f16 [%0], %1, %2, %3, p; /*@mma_scores*/ }" ::"r"(d),
               "l"(a), "l"(b), "r"(instruction), "r"(accumulate)
               : "memory");
}
DEVICE void multiplyTensor(uint32_t d, uint32_t a, uint64_t b, uint32_t accumulate) {
  asm volatile("{ .reg .pred p; setp.ne.b32 p, %4, 0;\n"
               "tcgen05.mma.cta_group::1.kind::f16 [%0], [%1], %2, %3, p; /*@mma_output*/ }" ::"r"(d),
               "r"(a), "l"(b), "r"(instructionTransposed), "r"(accumulate)
               : "memory");
}
COMMIT(commitScores, "commit_scores")
COMMIT(commitStage, "commit_stage")
COMMIT(commitOutput, "commit_output")

DEVICE void store16(uint32_t address, const uint32_t (&r)[16]) {
  asm volatile("tcgen05.st.sync.aligned.32x32b.x16.b32 [%0], {%1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "
               "%14, %15, %16}; /*@tensor_store*/" ::"r"(address),
               "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3]), "r"(r[4]), "r"(r[5]), "r"(r[6]), "r"(r[7]), "r"(r[8]),
               "r"(r[9]), "r"(r[10]), "r"(r[11]), "r"(r[12]), "r"(r[13]), "r"(r[14]), "r"(r[15])
               : "memory");
}

struct Barriers {
  uint32_t base;
  DEVICE Barriers make(uint32_t shared) { return {shared + barrierOffset}; }
  __device__ uint32_t query() const { return base; }
  __device__ uint32_t full(int stage) const { return base + 8 + 16 * stage; }
  __device__ uint32_t empty(int stage) const { return base + 16 + 16 * stage; }
  __device__ uint32_t scores() const { return base + 40; }
  __device__ uint32_t weights() const { return base + 48; }
  __device__ uint32_t output() const { return base + 56; }
  __device__ uint32_t slot() const { return base + 64; }
};

extern "C" __global__ void __launch_bounds__(256, 1)
    attention(const __grid_constant__ TensorMap mapQ, const __grid_constant__ TensorMap mapK,
              const __grid_constant__ TensorMap mapV, float *o, int steps) {
  extern __shared__ __align__(1024) char shared[];
  uint32_t base = sharedAddress(shared);
  Barriers barriers = Barriers::make(base);
  uint32_t warp = warpIndex();
  if (warp == 1)
    allocateTensor<256>(barriers.slot());
  if (threadIdx.x == 0) {
    initBarrier(barriers.query(), 1);
    for (int stage = 0; stage < stages; ++stage) {
      initBarrier(barriers.full(stage), 1);
      initBarrier(barriers.empty(stage), 1);
    }
    initBarrier(barriers.scores(), 1);
    initBarrier(barriers.weights(), 4);
    initBarrier(barriers.output(), 1);
    fenceInit();
  }
  fenceBefore();
  __syncthreads();
  fenceAfter();
  uint32_t tensor = loadShared(barriers.slot());

  if (warp == 0 && elect()) {
    expectBytes(barriers.query(), queryBytes);
    loadTile(base, &mapQ, 0, blockIdx.x * 128, barriers.query());
    for (int i = 0; i < steps; ++i) {
      int stage = i % stages;
      uint32_t at = base + queryBytes + stage * stageBytes;
      waitEmpty(barriers.empty(stage), (i / stages & 1) ^ 1);
      expectBytes(barriers.full(stage), stageBytes);
      loadTile(at, &mapK, 0, i * keys, barriers.full(stage));
      loadTile(at + keyBytes, &mapV, 0, i * keys, barriers.full(stage));
    }
  } else if (warp == 1 && elect()) {
    waitQuery(barriers.query(), 0);
    for (int i = 0; i < steps; ++i) {
      int stage = i % stages;
      uint32_t at = base + queryBytes + stage * stageBytes;
      waitFull(barriers.full(stage), i / stages & 1);
      fenceAfter();
      // S of this step may overwrite that of the last: P was made from it.
      for (int k = 0; k < 4; ++k)
        multiplyShared(tensor + columnS, descriptor(base) + 2 * k, descriptor(at) + 2 * k, k > 0);
      commitScores(barriers.scores());
      waitWeights(barriers.weights(), i & 1);
      fenceAfter();
      // 16 keys of V are 16 lines of 128 bytes.
      for (int k = 0; k < 4; ++k)
        multiplyTensor(tensor + columnO, tensor + columnP + 8 * k, descriptor(at + keyBytes) + k * (16 * 128 / 16),
                       i > 0 || k > 0);
      commitStage(barriers.empty(stage));
    }
    commitOutput(barriers.output());
  } else if (warp >= 4) {
    uint32_t lanes = tensor + ((warp % 4 * 32) << 16);
    float s[32];
    for (int i = 0; i < steps; ++i) {
      waitScores(barriers.scores(), i & 1);
      fenceAfter();
      for (int half = 0; half < 2; ++half) {
        loadTensor(s, lanes + columnS + 32 * half);
        waitTensorLoads();
        uint32_t p[16];
        for (int j = 0; j < 16; ++j) {
          __nv_bfloat162 pair =
              __floats2bfloat162_rn(fmaxf(s[2 * j], 0.0f) * 0.125f, fmaxf(s[2 * j + 1], 0.0f) * 0.125f);
          p[j] = *reinterpret_cast<uint32_t *>(&pair);
        }
        store16(lanes + columnP + 16 * half, p);
      }
      asm volatile("tcgen05.wait::st.sync.aligned; /*@wait_store*/" ::: "memory");
      fenceBefore();
      if (threadIdx.x % 32 == 0)
        arriveWeights(barriers.weights());
    }
    waitOutput(barriers.output(), 0);
    fenceAfter();
    for (int half = 0; half < 2; ++half) {
      loadTensor(s, lanes + columnO + 32 * half);
      waitTensorLoads();
      float *row = o + (blockIdx.x * 128 + warp % 4 * 32 + threadIdx.x % 32) * dim + 32 * half;
      for (int j = 0; j < 32; j += 4)
        *reinterpret_cast<float4 *>(row + j) = make_float4(s[j], s[j + 1], s[j + 2], s[j + 3]);
    }
    fenceBefore();
  }
  __syncwarp();
  __syncthreads(); // @before_dealloc
  if (warp == 1) {
    fenceAfter();
    freeTensor<256>(tensor);
  }
}
