// What benchmarks/micro/run compiles: it puts the generated kernels and calls
// at the two marks.
#include "Check.h"
#include <algorithm>
#include <cstdio>
#include <cuda_runtime.h>
#include <string>
#include <vector>

//KERNELS

static long long *out;
static unsigned *sink;
static unsigned char *memory;
constexpr size_t memoryBytes = size_t(1) << 30;

static long long slowest(int count) {
  std::vector<long long> found(count);
  CHECK(cudaGetLastError());
  CHECK(cudaDeviceSynchronize());
  CHECK(cudaMemcpy(found.data(), out, count * sizeof(long long), cudaMemcpyDeviceToHost));
  return *std::max_element(found.begin(), found.end());
}

static void row(const char *name, const char *variant, double cycles, const char *unit) {
  std::printf("%s,%s,%.3f,%s\n", name, variant, cycles, unit);
}

template <class K> void scalar(const char *name, const char *variant, K kernel, int warps, int count) {
  long long best = 1ll << 60;
  constexpr int rounds = 64;
  for (int i = 0; i < 5; ++i) {
    kernel<<<1, 32 * warps>>>(out, sink, 3u, rounds);
    best = std::min(best, slowest(warps));
  }
  // Of one scheduler, which has a quarter of the warps.
  double share = warps >= 4 ? warps / 4.0 : 1;
  row(name, variant, best / share / rounds / count, "cycles a warp instruction and scheduler");
}

template <class K> void matrix(const char *name, int groups, K kernel) {
  CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 98304));
  auto measure = [&](int chain) {
    long long best = 1ll << 60;
    for (int i = 0; i < 5; ++i) {
      kernel<<<1, 128 * groups, 98304>>>(out, reinterpret_cast<float *>(sink), 32, chain);
      best = std::min(best, slowest(4 * groups));
    }
    return best / 32.0;
  };
  double shorter = measure(8), longer = measure(40);
  double each = (longer - shorter) / 32 / groups;
  row(name, groups == 1 ? "rate 1 warpgroup" : "rate 2 warpgroups", each, "cycles an instruction");
  row(name, groups == 1 ? "fence to wait 1 warpgroup" : "fence to wait 2 warpgroups", shorter - 8 * groups * each, "cycles beyond the rate");
}

__global__ void sharedChase(long long *out, unsigned *sink, int rounds) {
  __shared__ unsigned at[32];
  at[threadIdx.x] = 0;
  __syncthreads();
  unsigned address = (unsigned)__cvta_generic_to_shared(at), base = address;
  long long begin = clock64();
  for (int i = 0; i < rounds; ++i) {
    unsigned next;
    asm volatile("ld.shared.b32 %0, [%1];" : "=r"(next) : "r"(address));
    address = base + next;
  }
  out[0] = clock64() - begin;
  sink[threadIdx.x] = address;
}
__global__ void globalChase(long long *out, unsigned *sink, const unsigned *memory, int rounds, unsigned stride) {
  unsigned long long at = 0;
  long long begin = clock64();
  for (int i = 0; i < rounds; ++i) {
    unsigned next;
    asm volatile("ld.global.cg.b32 %0, [%1];" : "=r"(next) : "l"(memory + at));
    at = at + stride + next;
  }
  out[0] = clock64() - begin;
  sink[0] = at;
}

__device__ void wait(unsigned barrier, unsigned parity) {
  asm volatile("{ .reg .pred p; again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1; @!p bra again; }" ::"r"(barrier), "r"(parity) : "memory");
}
// Bulk copies of `bytes`, `depth` in flight, one CTA a multiprocessor.
__global__ void bulkCopies(long long *out, const unsigned char *memory, int bytes, int depth, int count, size_t span, size_t perCta) {
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) unsigned long long barriers[16];
  if (threadIdx.x)
    return;
  unsigned first = (unsigned)__cvta_generic_to_shared(barriers), base = (unsigned)__cvta_generic_to_shared(shared);
  for (int i = 0; i < depth; ++i)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(first + 8 * i));
  asm volatile("fence.mbarrier_init.release.cluster;");
  asm volatile("fence.proxy.async;");
  long long begin = clock64();
  for (int i = 0; i < count + depth; ++i) {
    unsigned slot = i % depth, barrier = first + 8 * slot;
    if (i >= depth)
      wait(barrier, (i / depth - 1) & 1);
    if (i < count) {
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes));
      const unsigned char *from = memory + (size_t(blockIdx.x) * perCta + size_t(i) * bytes) % span;
      asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(base + slot * bytes),
                   "l"(from), "r"(bytes), "r"(barrier) : "memory");
    }
  }
  out[blockIdx.x] = clock64() - begin;
}
// Two warps hand a token to and fro over two mbarriers; or a barrier of all warps.
__global__ void pingPong(long long *out, int rounds) {
  __shared__ __align__(8) unsigned long long barriers[2];
  unsigned first = (unsigned)__cvta_generic_to_shared(barriers);
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(first));
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(first + 8));
  }
  __syncthreads();
  unsigned warp = threadIdx.x / 32;
  if (threadIdx.x % 32)
    return;
  long long begin = clock64();
  for (int i = 0; i < rounds; ++i) {
    if (warp == 1)
      wait(first, i & 1);
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(first + 8 * warp) : "memory");
    if (warp == 0)
      wait(first + 8, i & 1);
  }
  out[warp] = clock64() - begin;
}
__global__ void passedWaits(long long *out, int rounds) {
  __shared__ __align__(8) unsigned long long barrier;
  unsigned at = (unsigned)__cvta_generic_to_shared(&barrier);
  if (threadIdx.x == 0)
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(at));
  __syncthreads();
  long long begin = clock64();
  for (int i = 0; i < rounds; ++i)
    wait(at, 1);
  out[0] = clock64() - begin;
}
__global__ void syncs(long long *out, int rounds) {
  long long begin = clock64();
  for (int i = 0; i < rounds; ++i)
    asm volatile("bar.sync 1, %0;" ::"r"(blockDim.x) : "memory");
  out[0] = clock64() - begin;
}
__global__ void empty() {}

int main() {
  CHECK(cudaMalloc(&out, 4096 * sizeof(long long)));
  CHECK(cudaMalloc(&sink, 1 << 20));
  CHECK(cudaMalloc(&memory, memoryBytes));
  CHECK(cudaMemset(memory, 0, memoryBytes));
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0));
  int chips = properties.multiProcessorCount;
  std::printf("# %s, %d multiprocessors; benchmarks/micro/run\n", properties.name, chips);
  std::printf("name,variant,cycles,unit\n");
  //CALLS
  auto least = [&](auto launch, int count) {
    long long best = 1ll << 60;
    for (int i = 0; i < 5; ++i) {
      launch();
      best = std::min(best, slowest(count));
    }
    return double(best);
  };
  row("ld.shared", "latency", least([&] { sharedChase<<<1, 32>>>(out, sink, 512); }, 1) / 512, "cycles");
  row("ld.global", "latency, L2", least([&] { globalChase<<<1, 1>>>(out, sink, reinterpret_cast<unsigned *>(memory), 256, 64); }, 1) / 256, "cycles");
  CHECK(cudaFuncSetAttribute(bulkCopies, cudaFuncAttributeMaxDynamicSharedMemorySize, 200000));
  for (int bytes : {128, 1024, 4096, 16384, 32768})
    row("bulk copy, L2", (std::to_string(bytes) + " bytes; alone").c_str(),
        least([&] { bulkCopies<<<1, 32, 200000>>>(out, memory, bytes, 1, 64, size_t(1) << 21, 0); }, 1) / 64, "cycles a copy");
  for (int ctas : {1, chips})
    for (int depth : {1, 2, 4, 6})
      for (size_t span : {size_t(1) << 22, size_t(1) << 24, memoryBytes}) {
        int bytes = 32768, count = 64;
        std::string variant = std::to_string(bytes) + " bytes; " + std::to_string(depth) + " in flight; " + std::to_string(ctas) + " CTAs; span " +
                              std::to_string(span >> 20) + " MiB";
        row("bulk copies", variant.c_str(),
            least([&] { bulkCopies<<<ctas, 32, 200000>>>(out, memory, bytes, depth, count, span, size_t(count) * bytes); }, ctas) / count, "cycles a copy");
      }
  row("mbarrier", "to and fro between two warps", least([&] { pingPong<<<1, 64>>>(out, 512); }, 2) / 512, "cycles a round");
  row("mbarrier", "wait for a phase that is over", least([&] { passedWaits<<<1, 32>>>(out, 512); }, 1) / 512, "cycles");
  for (int warps : {1, 2, 4, 8})
    row("bar.sync", (std::to_string(warps) + " warps").c_str(), least([&] { syncs<<<1, 32 * warps>>>(out, 512); }, 1) / 512, "cycles");
  cudaEvent_t begin, end;
  CHECK(cudaEventCreate(&begin));
  CHECK(cudaEventCreate(&end));
  float best = 1e9, one;
  for (int i = 0; i < 5; ++i) {
    CHECK(cudaEventRecord(begin));
    for (int j = 0; j < 1000; ++j)
      empty<<<chips, 384>>>();
    CHECK(cudaEventRecord(end));
    CHECK(cudaEventSynchronize(end));
    CHECK(cudaEventElapsedTime(&one, begin, end));
    best = std::min(best, one);
  }
  row("empty kernels back to back", "384 threads", best, "microseconds a launch");
  return 0;
}
