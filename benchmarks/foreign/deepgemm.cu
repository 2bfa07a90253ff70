// DeepGEMM: the products that its compiler at run time would make, without PyTorch. -DKERNEL=1: bf16 on sm_90a; 2: e4m3 with
// scales of 1 x 128 and 128 x 128 on sm_90a; 3: bf16 by pairs of CTAs on sm_100a. Sizes of tiles, stages and shared memory as
// its heuristics compute them, stages fewer.
#include "host.h"
#include <cuda.h>
#if KERNEL == 1
#include <deep_gemm/impls/sm90_bf16_gemm.cuh>
#elif KERNEL == 2
#include <deep_gemm/impls/sm90_fp8_gemm_1d2d.cuh>
#else
#include <deep_gemm/impls/sm100_bf16_gemm.cuh>
#endif

using namespace deep_gemm;
#if KERNEL == 2
using Element = cutlass::float_e4m3_t;
#else
using Element = cutlass::bfloat16_t;
#endif
using Output = cutlass::bfloat16_t;

constexpr unsigned m = 512, n = 256, k = KERNEL == 2 ? 640 : 320, tile = 128, deep = 128 / sizeof(Element), stages = 4;
// CTAs, of which each has more than one tile.
constexpr unsigned ctas = 2;

template <typename T>
CUtensorMap tensorMap(const Array<T> &array, CUtensorMapDataType type, unsigned rows, unsigned columns, unsigned boxRows,
                      unsigned boxColumns, bool swizzled = true) {
  cuuint64_t sizes[] = {columns, rows}, strides[] = {columns * sizeof(T)};
  cuuint32_t box[] = {boxColumns, boxRows}, steps[] = {1, 1};
  CUtensorMap map;
  if (cuTensorMapEncodeTiled(&map, type, 2, array.device, sizes, strides, box, steps, CU_TENSOR_MAP_INTERLEAVE_NONE,
                             swizzled ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_NONE,
                             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE))
    std::exit(1);
  return map;
}

template <typename... Arguments>
void launch(void *kernel, unsigned cluster, unsigned threads, unsigned bytes, Arguments... arguments) {
  check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes));
  cudaLaunchAttribute attribute;
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {cluster, 1, 1};
  cudaLaunchConfig_t config{dim3(ctas), dim3(threads), bytes, nullptr, &attribute, 1};
  void *pointers[] = {&arguments...};
  check(cudaLaunchKernelExC(&config, kernel, pointers));
}

int main() {
  Array<Element> a(m * k, 1), b(n * k, 2);
  Array<Output> d(m * n);
  constexpr unsigned columnTiles = (k + 127) / 128;
  Array<float> scaleA(m * columnTiles), scaleB((n / 128) * columnTiles);
  std::mt19937 random(3);
  for (auto *scales : {&scaleA, &scaleB}) {
    for (float &each : scales->host)
      each = KERNEL == 2 ? std::uniform_real_distribution<float>(0.5f, 2)(random) : 1;
    scales->upload();
  }
  constexpr CUtensorMapDataType type = KERNEL == 2 ? CU_TENSOR_MAP_DATA_TYPE_UINT8 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  constexpr unsigned outBytes = tile * tile * sizeof(Output), stageBytes = 2 * tile * 128;
  int *noGroups = nullptr;
  CUtensorMap mapD = tensorMap(d, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, m, n, tile, 64);
#if KERNEL == 1
  // The two CTAs of a cluster have rows of their own and share B's tiles.
  auto kernel = &sm90_bf16_gemm_impl<cute::UMMA::Major::K, cute::UMMA::Major::K, 0, n, k, 1, tile, tile, deep, 128, 128, 128,
                                     stages, 128, 256, 2, false, ctas, GemmType::Normal, false, Output>;
  launch((void *)kernel, 2, 384, outBytes + stages * stageBytes + 256, noGroups, m, n, k, tensorMap(a, type, m, k, tile, deep),
         tensorMap(b, type, n, k, tile, deep), mapD);
#elif KERNEL == 2
  auto kernel = &sm90_fp8_gemm_1d2d_impl<cute::UMMA::Major::K, 0, n, k, 1, tile, tile, deep, 128, 128, 128, stages, 128, 256, 2,
                                         false, ctas, GemmType::Normal, Output, epilogue::transform::EpilogueIdentity>;
  launch((void *)kernel, 2, 384, outBytes + stages * (stageBytes + 512) + 256 + 64, scaleB.device, noGroups, m, n, k,
         tensorMap(a, type, m, k, tile, deep), tensorMap(b, type, n, k, tile, deep), mapD,
         tensorMap(scaleA, CU_TENSOR_MAP_DATA_TYPE_FLOAT32, columnTiles, m, 1, tile, false));
#else
  auto kernel = &sm100_bf16_gemm_impl<cute::UMMA::Major::K, cute::UMMA::Major::K, 0, n, k, tile, tile, deep, 1, 128, 128, 128,
                                      stages, 128, 128, 2, false, ctas, 128, false, false, GemmType::Normal, false, Output, 100>;
  launch((void *)kernel, 2, 256, 2 * tile * 128 + stages * (stageBytes - tile * 64) + 1024, noGroups, m, n, k,
         tensorMap(a, type, m, k, tile, deep), tensorMap(b, type, n, k, tile / 2, deep), mapD);
#endif
  std::vector<double> expected(m * n);
  for (unsigned i = 0; i < m; ++i)
    for (unsigned j = 0; j < n; ++j)
      for (unsigned c = 0; c < k; ++c) {
        double scale = KERNEL == 2 ? double(scaleA[c / 128 * m + i]) * scaleB[j / 128 * columnTiles + c / 128] : 1;
        expected[i * n + j] += scale * a[i * k + c] * b[j * k + c];
      }
  Comparison comparison;
  comparison.add("product", d, expected);
  return comparison.end();
}
