// What benchmarks/micro/run --distance compiles, with the generated kernels at
// the marks: what is far away (memory, another CTA of a cluster), batches of
// wgmma, and arithmetic beside them.
#include "Check.h"
#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <vector>

__device__ void wait(unsigned barrier, unsigned parity) {
  asm volatile("{ .reg .pred p; again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1; @!p bra again; }" ::"r"(barrier), "r"(parity) : "memory");
}
__device__ void waitCluster(unsigned barrier, unsigned parity) {
  asm volatile("{ .reg .pred p; again: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%0], %1; @!p bra again; }" ::"r"(barrier), "r"(parity)
               : "memory");
}
__device__ unsigned sharedAddress(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }
__device__ unsigned inCta(unsigned address, unsigned rank) {
  unsigned there;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(there) : "r"(address), "r"(rank));
  return there;
}
__device__ void clusterSync() { asm volatile("barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned;" ::: "memory"); }

static void row(const char *name, const std::string &variant, double value, const char *unit = "cycles") {
  std::printf("%s,%s,%.1f,%s\n", name, variant.c_str(), value, unit);
}
static long long *out;
static unsigned *sink;
static std::vector<long long> found(512);
// The least of five launches, of each number.
template <class F> static std::vector<long long> least(F launch) {
  std::vector<long long> best(found.size(), 1ll << 60);
  for (int i = 0; i < 5; ++i) {
    launch();
    CHECK(cudaGetLastError());
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(found.data(), out, found.size() * 8, cudaMemcpyDeviceToHost));
    for (size_t j = 0; j < found.size(); ++j)
      best[j] = std::min(best[j], found[j]);
  }
  return best;
}

//KERNELS

// Each load's address is what the last one brought.
__global__ void chase(const unsigned *memory, unsigned first, int count, long long *out, unsigned *sink) {
  unsigned at = first;
  long long begin = clock64();
  for (int i = 0; i < count; ++i)
    asm volatile("ld.global.cg.b32 %0, [%1];" : "=r"(at) : "l"(memory + size_t(at) * 32) : "memory");
  *sink = at;
  *out = clock64() - begin + (at == 0xffffffffu);
}
// Bulk copies one after another from addresses of a list.
__global__ void copies(const unsigned char *memory, const unsigned *places, int count, int bytes, unsigned *times) {
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) unsigned long long barrier;
  if (threadIdx.x)
    return;
  unsigned at = sharedAddress(&barrier);
  asm volatile("mbarrier.init.shared::cta.b64 [%0], 1; fence.mbarrier_init.release.cluster; fence.proxy.async;" ::"r"(at) : "memory");
  for (int i = 0; i < count; ++i) {
    const unsigned char *from = memory + size_t(places[i]) * 128;
    long long begin = clock64();
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(at), "r"(bytes) : "memory");
    asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(sharedAddress(shared)), "l"(from), "r"(bytes),
                 "r"(at)
                 : "memory");
    wait(at, i & 1);
    times[i] = unsigned(clock64() - begin);
  }
}
__global__ void stores(long long *out, unsigned char *memory, int bytes, int rounds) {
  extern __shared__ __align__(1024) unsigned char shared[];
  long long read = 0, all = 0, fence = 0;
  if (threadIdx.x)
    return;
  for (int i = 0; i < rounds; ++i) {
    shared[i] = 1;
    long long begin = clock64();
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    long long fenced = clock64();
    asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2; cp.async.bulk.commit_group;" ::"l"(memory + size_t(i) * bytes),
                 "r"(sharedAddress(shared)), "r"(bytes)
                 : "memory");
    asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory");
    long long once = clock64();
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
    fence += fenced - begin;
    read += once - fenced;
    all += clock64() - fenced;
  }
  out[0] = fence;
  out[1] = read;
  out[2] = all;
}

// A token to and fro, between two warps or between two CTAs of a cluster.
template <bool isRemote, bool isCluster> __global__ void __cluster_dims__(2) pingPong(long long *out, int rounds) {
  __shared__ __align__(8) unsigned long long barriers[2];
  unsigned first = sharedAddress(barriers), rank = blockIdx.x % 2, warp = threadIdx.x / 32;
  if (threadIdx.x == 0)
    for (int i = 0; i < 2; ++i)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(first + 8 * i) : "memory");
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
  clusterSync();
  unsigned me = isRemote ? rank : warp;
  if ((isRemote ? warp == 0 : rank == 0) && threadIdx.x % 32 == 0) {
    unsigned mine = first + (isRemote ? 0 : 8 * me), theirs = isRemote ? inCta(first, rank ^ 1) : inCta(first + 8 * (me ^ 1), rank);
    long long begin = clock64();
    for (int i = 0; i < rounds; ++i) {
      if (me == 1)
        isCluster ? waitCluster(mine, i & 1) : wait(mine, i & 1);
      if (isCluster)
        asm volatile("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%0];" ::"r"(theirs) : "memory");
      else if (isRemote)
        asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(theirs) : "memory");
      else
        asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(first + 8 * (me ^ 1)) : "memory");
      if (me == 0)
        isCluster ? waitCluster(mine, i & 1) : wait(mine, i & 1);
    }
    out[me] = clock64() - begin;
  }
  __syncthreads();
  clusterSync();
}
__global__ void __cluster_dims__(2) remoteLoads(long long *out, unsigned *sink, int rounds, unsigned from) {
  __shared__ unsigned zeros[32];
  zeros[threadIdx.x] = 0;
  __syncthreads();
  clusterSync();
  unsigned base = inCta(sharedAddress(zeros), from), at = base;
  if (blockIdx.x % 2 == 0 && threadIdx.x == 0) {
    long long begin = clock64();
    for (int i = 0; i < rounds; ++i) {
      unsigned next;
      asm volatile("ld.shared::cluster.b32 %0, [%1];" : "=r"(next) : "r"(at) : "memory");
      at = base + next;
    }
    out[0] = clock64() - begin;
    *sink = at;
  }
  clusterSync();
}
// mode 0: CTA 0 copies for itself, 1 nothing. 1: both copy the same for themselves. 2: CTA 0 copies to both.
// 3: each copies its half to both. `depth` in flight; the other CTA tells the copier when a slot is free.
__global__ void __cluster_dims__(2) clusterCopies(long long *out, const unsigned char *memory, int bytes, int mode, int depth, int count, size_t span) {
  extern __shared__ __align__(1024) unsigned char shared[];
  __shared__ __align__(8) unsigned long long full[8], empty[8];
  unsigned rank = blockIdx.x % 2, f = sharedAddress(full), e = sharedAddress(empty), base = sharedAddress(shared);
  if (threadIdx.x == 0)
    for (int i = 0; i < depth; ++i)
      asm volatile("mbarrier.init.shared::cta.b64 [%0], 1; mbarrier.init.shared::cta.b64 [%1], %2;" ::"r"(f + 8 * i), "r"(e + 8 * i), "r"(mode >= 2 ? 2 : 1) : "memory");
  asm volatile("fence.mbarrier_init.release.cluster; fence.proxy.async;" ::: "memory");
  clusterSync();
  bool copies = mode == 1 || mode == 3 || rank == 0, receives = mode != 0 || rank == 0;
  size_t mine = size_t(blockIdx.x / 2) * bytes * count;
  if (threadIdx.x == 0 && receives) {
    long long begin = clock64();
    for (int i = 0; i < count + depth; ++i) {
      int slot = i % depth;
      if (i >= depth) {
        wait(f + 8 * slot, (i / depth - 1) & 1);
        if (i < count) // free for whoever copies to it
          for (unsigned to = 0; to < 2; ++to)
            if (mode == 3 || (mode == 2 && to == 0) || (mode < 2 && to == rank))
              asm volatile("mbarrier.arrive.shared::cluster.b64 _, [%0];" ::"r"(inCta(e + 8 * slot, to)) : "memory");
      }
      if (i < count) {
        asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(f + 8 * slot), "r"(bytes) : "memory");
        if (!copies)
          continue;
        if (i >= depth)
          wait(e + 8 * slot, (i / depth - 1) & 1);
        const unsigned char *from = memory + (mine + size_t(i) * bytes) % span;
        unsigned to = base + slot * bytes;
        if (mode < 2)
          asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], %2, [%3];" ::"r"(to), "l"(from), "r"(bytes), "r"(f + 8 * slot) : "memory");
        else {
          int part = mode == 3 ? bytes / 2 : bytes, at = mode == 3 ? rank * part : 0;
          asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster [%0], [%1], %2, [%3], %4;" ::"r"(to + at), "l"(from + at),
                       "r"(part), "r"(f + 8 * slot), "h"((short)3) : "memory");
        }
      }
    }
    out[blockIdx.x] = clock64() - begin;
  }
  __syncthreads();
  clusterSync();
}

int main() {
  constexpr size_t most = size_t(1) << 30;
  unsigned *memory, *times, *places;
  unsigned char *other, *bytesOf;
  CHECK(cudaMalloc(&out, found.size() * 8));
  CHECK(cudaMalloc(&sink, 1 << 16));
  CHECK(cudaMalloc(&memory, most));
  CHECK(cudaMemset(memory, 0, most));
  CHECK(cudaMalloc(&other, size_t(512) << 20));
  CHECK(cudaMalloc(&times, 1 << 20));
  CHECK(cudaMalloc(&places, 1 << 20));
  bytesOf = reinterpret_cast<unsigned char *>(memory);
  cudaDeviceProp properties;
  CHECK(cudaGetDeviceProperties(&properties, 0));
  std::printf("# %s, %d multiprocessors; benchmarks/micro/run --distance\n", properties.name, properties.multiProcessorCount);
  std::printf("name,variant,cycles,unit\n");
  std::mt19937 random(1);
  auto flush = [&] {
    CHECK(cudaMemset(other, 1, size_t(512) << 20));
    CHECK(cudaDeviceSynchronize());
  };
  for (size_t mib : {4, 64, 1024}) {
    // Lines at random, each once; all in one circle.
    constexpr int count = 4096;
    size_t lines = (mib << 20) / 128, each = lines / count;
    std::vector<unsigned> order(count);
    for (int i = 0; i < count; ++i)
      order[i] = unsigned(i * each + random() % each);
    std::shuffle(order.begin(), order.end(), random);
    for (int i = 0; i < count; ++i)
      CHECK(cudaMemcpy(memory + size_t(order[i]) * 32, &order[(i + 1) % count], 4, cudaMemcpyHostToDevice));
    std::string span = std::to_string(mib) + " MiB";
    flush();
    for (const char *what : {"from memory", "again"}) {
      chase<<<1, 1>>>(memory, order[0], count, out, sink);
      CHECK(cudaDeviceSynchronize());
      long long total;
      CHECK(cudaMemcpy(&total, out, 8, cudaMemcpyDeviceToHost));
      row("ld.global", span + " " + what + "; mean", double(total) / count);
    }
    CHECK(cudaFuncSetAttribute(copies, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536));
    for (int bytes : {128, 4096, 16384}) {
      std::vector<unsigned> fits;
      for (unsigned line : order)
        if (line + bytes / 128 < lines && fits.size() < 1024)
          fits.push_back(line / (bytes / 128) * (bytes / 128));
      CHECK(cudaMemcpy(places, fits.data(), fits.size() * 4, cudaMemcpyHostToDevice));
      flush();
      for (const char *what : {"from memory", "again"}) {
        copies<<<1, 32, 65536>>>(bytesOf, places, int(fits.size()), bytes, times);
        CHECK(cudaGetLastError());
        std::vector<unsigned> spent(fits.size());
        CHECK(cudaMemcpy(spent.data(), times, spent.size() * 4, cudaMemcpyDeviceToHost));
        std::sort(spent.begin(), spent.end());
        for (int percent : {5, 50, 95})
          row("bulk copy", span + " " + std::to_string(bytes) + " bytes " + what + "; percentile " + std::to_string(percent),
              spent[spent.size() * percent / 100]);
      }
    }
  }
  CHECK(cudaFuncSetAttribute(stores, cudaFuncAttributeMaxDynamicSharedMemorySize, 65536));
  for (int bytes : {128, 4096, 16384, 32768}) {
    auto best = least([&] { stores<<<1, 32, 65536>>>(out, bytesOf, bytes, 64); });
    const char *parts[] = {"fence before", "source read", "complete"};
    for (int i = 0; i < 3; ++i)
      row("bulk store", std::to_string(bytes) + " bytes; " + parts[i], best[i] / 64.0);
  }
  row("mbarrier to and fro", "local", least([] { pingPong<false, false><<<2, 64>>>(out, 512); })[0] / 512.0);
  row("mbarrier to and fro", "local; cluster scope", least([] { pingPong<false, true><<<2, 64>>>(out, 512); })[0] / 512.0);
  row("mbarrier to and fro", "remote", least([] { pingPong<true, false><<<2, 64>>>(out, 512); })[0] / 512.0);
  row("mbarrier to and fro", "remote; cluster scope", least([] { pingPong<true, true><<<2, 64>>>(out, 512); })[0] / 512.0);
  row("ld.shared::cluster", "own CTA", least([] { remoteLoads<<<2, 32>>>(out, sink, 256, 0); })[0] / 256.0);
  row("ld.shared::cluster", "other CTA", least([] { remoteLoads<<<2, 32>>>(out, sink, 256, 1); })[0] / 256.0);
  CHECK(cudaFuncSetAttribute(clusterCopies, cudaFuncAttributeMaxDynamicSharedMemorySize, 200000));
  const char *modes[] = {"CTA 0 for itself", "both for themselves", "CTA 0 to both", "halves to both"};
  for (int bytes : {1024, 16384, 32768})
    for (int ctas : {2, 128})
      for (int mode = 0; mode < 4; ++mode) {
        auto best = least([&] { clusterCopies<<<ctas, 32, 200000>>>(out, bytesOf, bytes, mode, 1, 64, size_t(1) << 24); });
        std::string variant = std::to_string(bytes) + " bytes; 1 in flight; " + std::to_string(ctas) + " CTAs; " + modes[mode] + "; CTA ";
        for (int cta = 0; cta < (mode ? 2 : 1); ++cta)
          row("cluster copies", variant + std::to_string(cta), double(best[cta]) / 64, "cycles; two divisions among them");
      }
  //CALLS
  return 0;
}
