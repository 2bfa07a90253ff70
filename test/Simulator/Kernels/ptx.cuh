//===- ptx.cuh - PTX instructions as device functions -----------*- C++ -*-===//
//
// What the test kernels need of PTX, written from the PTX ISA. The comments
// within the assembler text are names that the mutants search for.
//
//===----------------------------------------------------------------------===//
#pragma once
#include <cstdint>

#define DEVICE [[maybe_unused]] static __device__ __forceinline__

struct alignas(64) TensorMap {
  char bytes[128];
};

DEVICE uint32_t sharedAddress(const void *pointer) { return uint32_t(__cvta_generic_to_shared(pointer)); }

DEVICE uint32_t warpIndex() { return __shfl_sync(0xffffffffu, threadIdx.x / 32, 0); }

DEVICE bool elect() {
  uint32_t chosen;
  asm volatile("{ .reg .pred p; elect.sync _|p, 0xffffffff; selp.b32 %0, 1, 0, p; }" : "=r"(chosen));
  return chosen != 0;
}

/// The value itself, under a name.
#define NAMED_VALUE(NAME, TAG)                                                                                         \
  DEVICE int NAME(int value) {                                                                                         \
    asm volatile("mov.b32 %0, %0; /*@" TAG "*/" : "+r"(value));                                                        \
    return value;                                                                                                      \
  }

// mbarriers
DEVICE void initBarrier(uint32_t barrier, uint32_t count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1; /*@init*/" ::"r"(barrier), "r"(count) : "memory");
}
DEVICE void fenceInit() { asm volatile("fence.mbarrier_init.release.cluster; /*@fence_init*/" ::: "memory"); }
DEVICE void fenceAsync() { asm volatile("fence.proxy.async; /*@fence_async*/" ::: "memory"); }

#define WAIT_BARRIER(NAME, TAG)                                                                                        \
  DEVICE void NAME(uint32_t barrier, uint32_t parity) {                                                                \
    asm volatile(                                                                                                      \
        "{ .reg .pred p; again: mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 p, [%0], %1; /*@" TAG         \
        "*/ @p bra done; bra again; done: }" ::"r"(barrier),                                                           \
        "r"(parity)                                                                                                    \
        : "memory");                                                                                                   \
  }
#define ARRIVE_BARRIER(NAME, TAG)                                                                                      \
  DEVICE void NAME(uint32_t barrier) {                                                                                 \
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0]; /*@" TAG "*/" ::"r"(barrier) : "memory");                   \
  }
DEVICE void expectBytes(uint32_t barrier, uint32_t bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1; /*@expect*/" ::"r"(barrier), "r"(bytes)
               : "memory");
}
/// Arrives on the same barrier of another CTA of the cluster.
DEVICE void arriveRemote(uint32_t barrier, uint32_t rank) {
  asm volatile("{ .reg .b32 remote; mapa.shared::cluster.u32 remote, %0, %1;\n"
               "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [remote]; /*@arrive_remote*/ }" ::"r"(barrier),
               "r"(rank)
               : "memory");
}

// Tensor copies
DEVICE void loadTile(uint32_t to, const TensorMap *map, int x, int y, uint32_t barrier) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], "
               "[%4]; /*@load*/" ::"r"(to),
               "l"(map), "r"(x), "r"(y), "r"(barrier)
               : "memory");
}
DEVICE void loadTileMulticast(uint32_t to, const TensorMap *map, int x, int y, uint32_t barrier, uint16_t ctas) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster "
               "[%0], [%1, {%2, %3}], [%4], %5; /*@load_multicast*/" ::"r"(to),
               "l"(map), "r"(x), "r"(y), "r"(barrier), "h"(ctas)
               : "memory");
}
DEVICE void loadTile(uint32_t to, const TensorMap *map, int x, int y, int z, uint32_t barrier) {
  asm volatile("cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, "
               "%4}], [%5]; /*@load*/" ::"r"(to),
               "l"(map), "r"(x), "r"(y), "r"(z), "r"(barrier)
               : "memory");
}
DEVICE void storeTile(const TensorMap *map, int x, int y, int z, uint32_t from) {
  asm volatile(
      "cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [%0, {%1, %2, %3}], [%4]; /*@store*/" ::"l"(map),
      "r"(x), "r"(y), "r"(z), "r"(from)
      : "memory");
}
DEVICE void storeTile(const TensorMap *map, int x, int y, uint32_t from) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%1, %2}], [%3]; /*@store*/" ::"l"(map),
               "r"(x), "r"(y), "r"(from)
               : "memory");
}
DEVICE void commitStores() { asm volatile("cp.async.bulk.commit_group; /*@store_commit*/" ::: "memory"); }
DEVICE void waitStores() { asm volatile("cp.async.bulk.wait_group.read 0; /*@store_wait*/" ::: "memory"); }

// Clusters
DEVICE uint32_t clusterRank() {
  uint32_t rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return rank;
}
DEVICE void clusterBegin() {
  asm volatile("barrier.cluster.arrive.release.aligned; /*@cluster_begin*/\n"
               "barrier.cluster.wait.acquire.aligned; /*@cluster_begin_wait*/" ::
                   : "memory");
}
DEVICE void clusterEnd() {
  asm volatile("barrier.cluster.arrive.release.aligned; /*@cluster_end*/\n"
               "barrier.cluster.wait.acquire.aligned; /*@cluster_end_wait*/" ::
                   : "memory");
}

template <int id, int threads> DEVICE void namedBarrier() {
  asm volatile("bar.sync %0, %1; /*@named*/" ::"n"(id), "n"(threads) : "memory");
}

/// Registers of a warpgroup's threads, from and to the CTA's pool.
template <int count> DEVICE void giveRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0; /*@registers_down*/" ::"n"(count));
}
template <int count> DEVICE void takeRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0; /*@registers_up*/" ::"n"(count));
}
