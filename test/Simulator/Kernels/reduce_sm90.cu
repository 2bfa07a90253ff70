//===- reduce_sm90.cu - A reduction over the CTAs of a cluster ------------===//
//
// sums [rows] float of in [rows, columns] float: a row a cluster of four. Each
// CTA adds its share, passes the sum into the shared memory of CTA 0 by
// st.async, whose bytes an mbarrier there counts, and takes the mean back from
// there by ld.shared::cluster, for out = in - mean.
//
//===----------------------------------------------------------------------===//
#include "ptx.cuh"

constexpr int ctas = 4, threads = 128;

WAIT_BARRIER(waitSums, "wait_sums")

DEVICE uint32_t mapShared(uint32_t address, uint32_t rank) {
  uint32_t mapped;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2; /*@map*/" : "=r"(mapped) : "r"(address), "r"(rank));
  return mapped;
}
DEVICE void storeRemote(uint32_t to, float value, uint32_t barrier) {
  asm volatile("st.async.shared::cluster.mbarrier::complete_tx::bytes.f32 [%0], %1, [%2]; /*@store_remote*/" ::"r"(to),
               "f"(value), "r"(barrier)
               : "memory");
}

extern "C" __global__ void __launch_bounds__(threads, 1) __cluster_dims__(ctas)
    reduce(const float *in, float *out, float *sums, int columns) {
  __shared__ float warpSums[threads / 32], ctaSums[ctas], mean;
  __shared__ uint64_t arrived;
  uint32_t barrier = sharedAddress(&arrived), rank = clusterRank(), lane = threadIdx.x % 32;
  int row = blockIdx.x / ctas, share = columns / ctas;
  const float *from = in + size_t(row) * columns + rank * share;
  if (threadIdx.x == 0 && rank == 0) {
    initBarrier(barrier, 1);
    fenceInit();
    expectBytes(barrier, ctas * sizeof(float));
  }
  clusterBegin();
  float sum = 0;
  for (int i = threadIdx.x; i < share; i += threads)
    sum += from[i];
  for (int distance = 16; distance; distance /= 2)
    sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  if (lane == 0)
    warpSums[threadIdx.x / 32] = sum;
  __syncthreads(); // @sums_of_warps
  if (threadIdx.x == 0) {
    sum = 0;
    for (float part : warpSums)
      sum += part;
    storeRemote(mapShared(sharedAddress(&ctaSums[rank]), 0), sum, mapShared(barrier, 0));
    if (rank == 0) {
      waitSums(barrier, 0);
      sum = 0;
      for (float part : ctaSums)
        sum += part;
      sums[row] = sum;
      mean = sum / columns;
    }
  }
  asm volatile("barrier.cluster.arrive.release.aligned; /*@cluster_middle*/\n"
               "barrier.cluster.wait.acquire.aligned; /*@cluster_middle_wait*/" ::
                   : "memory");
  float common;
  asm volatile("ld.shared::cluster.f32 %0, [%1]; /*@load_remote*/"
               : "=f"(common)
               : "r"(mapShared(sharedAddress(&mean), 0))
               : "memory");
  for (int i = threadIdx.x; i < share; i += threads)
    out[size_t(row) * columns + rank * share + i] = from[i] - common;
  // CTA 0 may not leave while others still read its shared memory.
  clusterEnd();
}
