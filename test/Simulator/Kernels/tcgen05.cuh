//===- tcgen05.cuh - Tensor memory and its products -------------*- C++ -*-===//
//
// What the kernels for sm_100a share. CTAS is 1, or 2 for products of a pair
// of CTAs; a function that uses both groups is refused by ptxas.
//
//===----------------------------------------------------------------------===//
#pragma once
#include "ptx.cuh"

#ifndef CTAS
#define CTAS 1
#endif
#if CTAS == 2
#define CTA_GROUP "cta_group::2"
#else
#define CTA_GROUP "cta_group::1"
#endif

/// K-major or MN-major with a swizzle of 128 bytes: layout 2, version 1 in bits
/// 46 and 47, 8 rows take 1024 bytes.
DEVICE uint64_t descriptor(uint32_t address) {
  return uint64_t((address & 0x3ffff) >> 4) | uint64_t(1) << 16 | uint64_t(1024 >> 4) << 32 | uint64_t(1) << 46 |
         uint64_t(2) << 61;
}

template <int columns> DEVICE void allocateTensor(uint32_t slot) {
  asm volatile("tcgen05.alloc." CTA_GROUP ".sync.aligned.shared::cta.b32 [%0], %1; /*@alloc*/" ::"r"(slot), "n"(columns)
               : "memory");
}
template <int columns> DEVICE void freeTensor(uint32_t address) {
  asm volatile("tcgen05.relinquish_alloc_permit." CTA_GROUP ".sync.aligned; /*@relinquish*/\n"
               "tcgen05.dealloc." CTA_GROUP ".sync.aligned.b32 %0, %1; /*@dealloc*/" ::"r"(address),
               "n"(columns)
               : "memory");
}
DEVICE uint32_t loadShared(uint32_t address) {
  uint32_t value;
  asm volatile("ld.shared.b32 %0, [%1];" : "=r"(value) : "r"(address) : "memory");
  return value;
}

DEVICE void fenceBefore() { asm volatile("tcgen05.fence::before_thread_sync; /*@fence_before*/" ::: "memory"); }
DEVICE void fenceAfter() { asm volatile("tcgen05.fence::after_thread_sync; /*@fence_after*/" ::: "memory"); }
DEVICE void waitTensorLoads() { asm volatile("tcgen05.wait::ld.sync.aligned; /*@wait_load*/" ::: "memory"); }

#define COMMIT(NAME, TAG)                                                                                              \
  DEVICE void NAME(uint32_t barrier) {                                                                                 \
    asm volatile("tcgen05.commit." CTA_GROUP ".mbarrier::arrive::one.shared::cluster.b64 [%0]; /*@" TAG                \
                 "*/" ::"r"(barrier)                                                                                   \
                 : "memory");                                                                                          \
  }
/// Arrives on the barrier at the same place in each CTA of the mask.
#define COMMIT_MULTICAST(NAME, TAG)                                                                                    \
  DEVICE void NAME(uint32_t barrier, uint16_t ctas) {                                                                  \
    asm volatile("tcgen05.commit." CTA_GROUP                                                                           \
                 ".mbarrier::arrive::one.shared::cluster.multicast::cluster.b64 [%0], %1; /*@" TAG                     \
                 "*/" ::"r"(barrier),                                                                                  \
                 "h"(ctas)                                                                                             \
                 : "memory");                                                                                          \
  }

/// 32 columns of the warp's 32 lanes; waitTensorLoads() has to follow.
DEVICE void loadTensor(float (&r)[32], uint32_t address) {
  asm volatile("tcgen05.ld.sync.aligned.32x32b.x32.b32 {%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, "
               "%14, %15, %16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31}, [%32]; "
               "/*@tensor_load*/"
               : "=f"(r[0]), "=f"(r[1]), "=f"(r[2]), "=f"(r[3]), "=f"(r[4]), "=f"(r[5]), "=f"(r[6]), "=f"(r[7]),
                 "=f"(r[8]), "=f"(r[9]), "=f"(r[10]), "=f"(r[11]), "=f"(r[12]), "=f"(r[13]), "=f"(r[14]), "=f"(r[15]),
                 "=f"(r[16]), "=f"(r[17]), "=f"(r[18]), "=f"(r[19]), "=f"(r[20]), "=f"(r[21]), "=f"(r[22]), "=f"(r[23]),
                 "=f"(r[24]), "=f"(r[25]), "=f"(r[26]), "=f"(r[27]), "=f"(r[28]), "=f"(r[29]), "=f"(r[30]), "=f"(r[31])
               : "r"(address)
               : "memory");
}
