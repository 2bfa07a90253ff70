//===- attention_sm90.cu - Attention forward with TMA and wgmma -----------===//
//
// O = softmax(scale Q K^T) V over [heads, rows, 128] bfloat16, 128 queries a
// CTA and 64 keys a step. Warpgroup 0 loads; warpgroups 1 and 2 own 64 queries
// each. The scores of a step are multiplied while the output of the step before
// still is: the weights wait in registers, as the A operand of that product.
//
//   CAUSAL  1: a query sees the keys up to its own
//
//===----------------------------------------------------------------------===//
#include "wgmma.cuh"
#include <cuda_bf16.h>

#ifndef CAUSAL
#define CAUSAL 0
#endif

constexpr int dim = 128, halves = dim / 64, queries = 128, keys = 64, stages = 2;
/// A tile is two halves of 64 columns, which a row of the swizzle holds.
constexpr int queryHalf = queries * 128, keyHalf = keys * 128, keyBytes = halves * keyHalf;
constexpr int keysOffset = halves * queryHalf, valuesOffset = keysOffset + stages * keyBytes;
constexpr int barrierOffset = valuesOffset + stages * keyBytes;

WAIT_BARRIER(waitQuery, "wait_query")
WAIT_BARRIER(waitKeys, "wait_keys")
WAIT_BARRIER(waitValues, "wait_values")
WAIT_BARRIER(waitKeysFree, "wait_keys_free")
WAIT_BARRIER(waitValuesFree, "wait_values_free")
NAMED_VALUE(stepsOfLoader, "steps_of_loader")
NAMED_VALUE(stepsOfConsumer, "steps_of_consumer")
NAMED_VALUE(lastKey, "last_key")
ARRIVE_BARRIER(releaseKeys, "release_keys")
ARRIVE_BARRIER(releaseValues, "release_values")

struct Barriers {
  uint32_t base;
  __device__ uint32_t keysFull(int step) const { return base + 32 * (step % stages); }
  __device__ uint32_t keysFree(int step) const { return keysFull(step) + 8; }
  __device__ uint32_t valuesFull(int step) const { return keysFull(step) + 16; }
  __device__ uint32_t valuesFree(int step) const { return keysFull(step) + 24; }
  __device__ uint32_t query() const { return base + 32 * stages; }
};

DEVICE uint32_t parity(int step) { return step / stages & 1; }

DEVICE void loadHalves(uint32_t to, int half, const TensorMap *map, int row, int head, uint32_t barrier) {
  for (int i = 0; i < halves; ++i)
    loadTile(to + i * half, map, i * 64, row, head, barrier);
}

DEVICE void produce(uint32_t base, Barriers barriers, const TensorMap *mapQ, const TensorMap *mapK,
                    const TensorMap *mapV, int steps) {
  expectBytes(barriers.query(), halves * queryHalf);
  loadHalves(base, queryHalf, mapQ, blockIdx.x * queries, blockIdx.y, barriers.query());
#pragma unroll 1
  for (int i = 0; i < steps; ++i) {
    uint32_t at = i % stages * keyBytes;
    waitKeysFree(barriers.keysFree(i), parity(i) ^ 1);
    expectBytes(barriers.keysFull(i), keyBytes);
    loadHalves(base + keysOffset + at, keyHalf, mapK, i * keys, blockIdx.y, barriers.keysFull(i));
    waitValuesFree(barriers.valuesFree(i), parity(i) ^ 1);
    expectBytes(barriers.valuesFull(i), keyBytes);
    loadHalves(base + valuesOffset + at, keyHalf, mapV, i * keys, blockIdx.y, barriers.valuesFull(i));
  }
}

DEVICE float exp2Approximate(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
/// Over the four lanes that share a row of the accumulator.
DEVICE float maximumOfRow(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
DEVICE float sumOfRow(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}
DEVICE uint32_t pack(float low, float high) {
  __nv_bfloat162 pair = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<uint32_t *>(&pair);
}

/// A thread has elements of two rows, 8 apart: bit 1 of the index tells which.
struct Softmax {
  float maximum[2], sum[2];

  /// Turns scores into weights; factor is what the output so far shrinks by.
  __device__ void step(float (&s)[32], float (&factor)[2], float scale, int query, int firstKey, int rows) {
    int lane = threadIdx.x % 32;
    float best[2] = {maximum[0], maximum[1]};
#pragma unroll
    for (int i = 0; i < 32; ++i) {
      int key = firstKey + lane % 4 * 2 + (i & 1) + 8 * (i / 4), row = query + 8 * (i >> 1 & 1);
      if (key >= rows || (CAUSAL && key > row))
        s[i] = -INFINITY;
      best[i >> 1 & 1] = fmaxf(best[i >> 1 & 1], s[i]);
    }
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      best[r] = maximumOfRow(best[r]);
      factor[r] = exp2Approximate((maximum[r] - best[r]) * scale);
      maximum[r] = best[r];
      sum[r] *= factor[r];
    }
#pragma unroll
    for (int i = 0; i < 32; ++i) {
      s[i] = exp2Approximate((s[i] - best[i >> 1 & 1]) * scale);
      sum[i >> 1 & 1] += s[i];
    }
  }
};

DEVICE void multiplyScores(float (&s)[32], uint32_t query, uint32_t key) {
  fenceProducts();
#pragma unroll
  for (int k = 0; k < dim / 16; ++k)
    multiply(s, descriptor(query + k / 4 * queryHalf) + k % 4 * 2, descriptor(key + k / 4 * keyHalf) + k % 4 * 2,
             k > 0);
  commitProducts();
}
/// 16 keys of V are 16 lines of 128 bytes.
DEVICE void multiplyOutput(float (&o)[halves][32], const uint32_t (&p)[16], uint32_t value, int accumulate) {
  fenceProducts();
#pragma unroll
  for (int half = 0; half < halves; ++half)
#pragma unroll
    for (int k = 0; k < keys / 16; ++k)
      multiply(o[half], p + 4 * k, descriptor(value + half * keyHalf) + k * (16 * 128 / 16), accumulate || k > 0);
  commitProducts();
}

/// Through the rows of Q, which nobody else reads, and a tensor store.
DEVICE void writeOutput(const float (&o)[halves][32], const float (&sum)[2], uint32_t query, const TensorMap *mapO,
                        int group) {
  int lane = threadIdx.x % 32, row = threadIdx.x / 32 % 4 * 16 + lane % 16;
  float inverse[2] = {1.0f / sumOfRow(sum[0]), 1.0f / sumOfRow(sum[1])};
#pragma unroll
  for (int half = 0; half < halves; ++half)
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float *from = o[half] + 8 * k;
      int chunk = 2 * k + lane / 16;
      asm volatile(
          "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%0], {%1, %2, %3, %4}; /*@stage_out*/" ::"r"(
              query + half * queryHalf + row * 128 + ((chunk ^ (row % 8)) * 16)),
          "r"(pack(from[0] * inverse[0], from[1] * inverse[0])), "r"(pack(from[2] * inverse[1], from[3] * inverse[1])),
          "r"(pack(from[4] * inverse[0], from[5] * inverse[0])), "r"(pack(from[6] * inverse[1], from[7] * inverse[1]))
          : "memory");
    }
  fenceAsync();
  joinWarpgroup(group);
  if (threadIdx.x % 128 == 0) {
    for (int half = 0; half < halves; ++half)
      storeTile(mapO, half * 64, blockIdx.x * queries + group * 64, blockIdx.y, query + half * queryHalf);
    commitStores();
    waitStores();
  }
}

DEVICE void consume(uint32_t base, Barriers barriers, const TensorMap *mapO, int steps, int rows, float scale,
                    int group) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % 4;
  int query = blockIdx.x * queries + group * 64 + warp * 16 + lane / 4;
  uint32_t q = base + group * 64 * 128;
  float s[32], o[halves][32], factor[2];
  uint32_t p[16];
  Softmax softmax{{-INFINITY, -INFINITY}, {0, 0}};
  auto weights = [&](int i) { softmax.step(s, factor, scale, query, i * keys, rows); };
  auto packWeights = [&] {
#pragma unroll
    for (int i = 0; i < 16; ++i)
      p[i] = pack(s[2 * i], s[2 * i + 1]);
  };
  waitQuery(barriers.query(), 0);
  waitKeys(barriers.keysFull(0), 0);
  multiplyScores(s, q, base + keysOffset);
  waitProducts<0>();
  if (lane == 0)
    releaseKeys(barriers.keysFree(0));
  weights(0);
  packWeights();
  for (int i = 1; i < steps; ++i) {
    waitKeys(barriers.keysFull(i), parity(i));
    multiplyScores(s, q, base + keysOffset + i % stages * keyBytes);
    waitValues(barriers.valuesFull(i - 1), parity(i - 1));
    multiplyOutput(o, p, base + valuesOffset + (i - 1) % stages * keyBytes, i > 1);
    waitProducts<1>();
    if (lane == 0)
      releaseKeys(barriers.keysFree(i));
    weights(i);
    waitProducts<0>();
    if (lane == 0)
      releaseValues(barriers.valuesFree(i - 1));
#pragma unroll
    for (int j = 0; j < halves * 32; ++j)
      o[j / 32][j % 32] *= factor[j >> 1 & 1];
    packWeights();
  }
  waitValues(barriers.valuesFull(steps - 1), parity(steps - 1));
  multiplyOutput(o, p, base + valuesOffset + (steps - 1) % stages * keyBytes, steps > 1);
  waitProducts<0>();
  writeOutput(o, softmax.sum, q, mapO, group);
}

extern "C" __global__ void __launch_bounds__(384, 1)
    attention(const __grid_constant__ TensorMap mapQ, const __grid_constant__ TensorMap mapK,
              const __grid_constant__ TensorMap mapV, const __grid_constant__ TensorMap mapO, int rows, float scale) {
  extern __shared__ __align__(1024) char shared[];
  uint32_t base = sharedAddress(shared), warp = warpIndex();
  Barriers barriers{base + barrierOffset};
  if (threadIdx.x == 0) {
    initBarrier(barriers.query(), 1);
    for (int stage = 0; stage < stages; ++stage) {
      initBarrier(barriers.keysFull(stage), 1);
      initBarrier(barriers.keysFree(stage), 8);
      initBarrier(barriers.valuesFull(stage), 1);
      initBarrier(barriers.valuesFree(stage), 8);
    }
    fenceInit();
  }
  __syncthreads();
  int last = CAUSAL ? min(rows, int(blockIdx.x + 1) * queries) : rows;
  int steps = (last + keys - 1) / keys;
  if (warp < 4) {
    giveRegisters<24>();
    if (warp == 0 && elect())
      produce(base, barriers, &mapQ, &mapK, &mapV, stepsOfLoader(steps));
  } else {
    takeRegisters<240>();
    consume(base, barriers, &mapO, stepsOfConsumer(steps), lastKey(rows), scale, warp / 4 - 1);
  }
}
