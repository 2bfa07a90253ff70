// A tensor map from the driver, a copy by it into a cluster, launch attributes.
#include "check.h"
#include <cuda.h>
#include <cstdint>

constexpr int side = 32;

// Each CTA of a pair copies a tile, and adds the tile of the other.
__global__ void add(const __grid_constant__ CUtensorMap map, float *out) {
  __shared__ alignas(128) float tile[side * side];
  __shared__ uint64_t barrier;
  uint32_t rank, tileAddress = uint32_t(__cvta_generic_to_shared(tile));
  uint32_t barrierAddress = uint32_t(__cvta_generic_to_shared(&barrier));
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(barrierAddress));
    asm volatile("fence.mbarrier_init.release.cluster;");
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrierAddress),
                 "r"(uint32_t(sizeof tile)));
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], "
                 "[%4];" ::"r"(tileAddress),
                 "l"(&map), "r"(0), "r"(int(blockIdx.x) * side), "r"(barrierAddress)
                 : "memory");
  }
  __syncthreads();
  asm volatile("{ .reg .pred p; again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], 0; @!p bra again; }" ::"r"(
                   barrierAddress)
               : "memory");
  asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory");
  for (int i = threadIdx.x; i < side * side; i += blockDim.x) {
    uint32_t other;
    float theirs;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(other) : "r"(tileAddress + 4 * i), "r"(rank ^ 1));
    asm volatile("ld.shared::cluster.f32 %0, [%1];" : "=f"(theirs) : "r"(other) : "memory");
    out[blockIdx.x * side * side + i] = tile[i] + theirs;
  }
  asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory");
}

int main(int argc, char **) {
  constexpr int n = 2 * side * side;
  static float host[n];
  for (int i = 0; i < n; ++i)
    host[i] = float(i);
  float *in, *out;
  CHECK(cudaMalloc(&in, sizeof host));
  CHECK(cudaMalloc(&out, sizeof host));
  CHECK(cudaMemcpy(in, host, sizeof host, cudaMemcpyHostToDevice));

  void *entry;
  cudaDriverEntryPointQueryResult found;
  CHECK(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &entry, 12000, cudaEnableDefault, &found));
  auto encode = reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(entry);
  CUtensorMap map;
  cuuint64_t sizes[] = {side, 2 * side}, strides[] = {side * 4};
  cuuint32_t box[] = {side, side}, steps[] = {1, 1};
  if (argc > 1)
    box[0] = 3;
  CUresult result = encode(&map, CU_TENSOR_MAP_DATA_TYPE_FLOAT32, 2, in, sizes, strides, box, steps,
                           CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_L2_PROMOTION_NONE,
                           CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  if (result)
    return int(result);

  cudaLaunchAttribute attributes[2] = {};
  attributes[0].id = cudaLaunchAttributeClusterDimension;
  attributes[0].val.clusterDim = {2, 1, 1};
  attributes[1].id = cudaLaunchAttributeProgrammaticStreamSerialization;
  attributes[1].val.programmaticStreamSerializationAllowed = 1;
  cudaLaunchConfig_t config = {};
  config.gridDim = 2;
  config.blockDim = 128;
  config.attrs = attributes;
  config.numAttrs = 2;
  CHECK(cudaLaunchKernelEx(&config, add, map, out));
  CHECK(cudaMemcpy(host, out, sizeof host, cudaMemcpyDeviceToHost));
  std::printf("%g %g %g\n", host[0], host[1], host[n - 1]);

  attributes[0].val.clusterDim.x = 3;
  std::printf("%s\n", cudaGetErrorName(cudaLaunchKernelEx(&config, add, map, out)));
  attributes[0].val.clusterDim.x = 16;
  std::printf("%s\n", cudaGetErrorName(cudaLaunchKernelEx(&config, add, map, out)));
  return 0;
}
