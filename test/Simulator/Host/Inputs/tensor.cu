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

// 16 pixels of 16 bytes, by the map of a convolution.
__global__ void column(const __grid_constant__ CUtensorMap map, uint8_t *out) {
  __shared__ alignas(128) uint8_t pixels[256];
  __shared__ uint64_t barrier;
  uint32_t to = uint32_t(__cvta_generic_to_shared(pixels)), bar = uint32_t(__cvta_generic_to_shared(&barrier));
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1; fence.mbarrier_init.release.cluster;" ::"r"(bar));
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], 256;" ::"r"(bar));
    asm volatile("{ .reg .b16 zero; mov.b16 zero, 0; cp.async.bulk.tensor.4d.shared::cluster.global.im2col"
                 ".mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %2, %2}], [%4], {zero, zero}; }" ::"r"(to),
                 "l"(&map), "r"(0), "r"(-1), "r"(bar)
                 : "memory");
  }
  __syncthreads();
  asm volatile("{ .reg .pred p; again: mbarrier.try_wait.parity.shared::cta.b64 p, [%0], 0; @!p bra again; }" ::"r"(bar)
               : "memory");
  out[threadIdx.x] = pixels[threadIdx.x * 16];
}

template <class F> F *entryPoint(const char *name) {
  void *entry = nullptr;
  cudaDriverEntryPointQueryResult found;
  cudaGetDriverEntryPointByVersion(name, &entry, 13000, cudaEnableDefault, &found);
  return reinterpret_cast<F *>(entry);
}

// Two images of 3 by 4 pixels, whose width begins a pixel to the left.
int convolution() {
  uint8_t host[2 * 3 * 4 * 16], *in, *out;
  for (size_t i = 0; i < sizeof host; ++i)
    host[i] = uint8_t(i / 16 + 1);
  CHECK(cudaMalloc(&in, sizeof host));
  CHECK(cudaMalloc(&out, 16));
  CHECK(cudaMemcpy(in, host, sizeof host, cudaMemcpyHostToDevice));
  cuuint64_t sizes[] = {16, 4, 3, 2}, strides[] = {16, 64, 192};
  cuuint32_t steps[] = {1, 1, 1, 1};
  int lower[] = {-1, 0}, upper[] = {-2, 0};
  CUtensorMap map, wide;
  auto im2col = entryPoint<decltype(cuTensorMapEncodeIm2col)>("cuTensorMapEncodeIm2col");
  auto encode = [&](cuuint32_t rank) {
    return im2col(&map, CU_TENSOR_MAP_DATA_TYPE_UINT8, rank, in, sizes, strides, lower, upper, 16, 16, steps,
                  CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_NONE, CU_TENSOR_MAP_L2_PROMOTION_NONE,
                  CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  };
  auto im2colWide = entryPoint<decltype(cuTensorMapEncodeIm2colWide)>("cuTensorMapEncodeIm2colWide");
  auto encodeWide = [&](CUtensorMapSwizzle swizzle) {
    return im2colWide(&wide, CU_TENSOR_MAP_DATA_TYPE_UINT8, 4, in, sizes, strides, -1, 0, 16, 16, steps,
                      CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_IM2COL_WIDE_MODE_W, swizzle,
                      CU_TENSOR_MAP_L2_PROMOTION_NONE, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  };
  std::printf("%d ", encode(2));
  std::printf("%d ", encodeWide(CU_TENSOR_MAP_SWIZZLE_NONE));
  std::printf("%d", encodeWide(CU_TENSOR_MAP_SWIZZLE_64B));
  if (CUresult result = encode(4))
    return int(result);
  column<<<1, 16>>>(map, out);
  CHECK(cudaMemcpy(host, out, 16, cudaMemcpyDeviceToHost));
  for (int i = 0; i < 16; ++i)
    std::printf(" %d", host[i]);
  std::printf("\n");
  return 0;
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

  auto encode = entryPoint<decltype(cuTensorMapEncodeTiled)>("cuTensorMapEncodeTiled");
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
  return convolution();
}
