// Kernels that are wrong, each by its argument.
#include "check.h"
#include <cassert>
#include <cstring>

__global__ void race(int *out) {
  __shared__ int box;
  box = 0;
  __syncthreads();
  if (threadIdx.x == 32)
    box = 1;
  asm volatile("" ::: "memory");
  if (threadIdx.x == 0)
    out[0] = box;
}

#define FOUR "membar.cta; membar.cta; membar.cta; membar.cta; "
__global__ void wide(int *out) {
  __shared__ int box;
  // A line that is longer than a report shows.
  unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&box));
  asm volatile("st.shared.u32 [%0], %1; " FOUR FOUR FOUR FOUR ::"r"(at), "r"(threadIdx.x));
}

__global__ void outside(int *out) { out[1 << 20] = 1; }

__global__ void asserts(int *out) { assert(out[0] == 1); }

struct TypeWithANameThatIsLongEnoughToFillALineWhenAKernelHasItFourTimes {};
template <class... T> __global__ void named(int *) {}

__global__ void hangs(volatile int *out) {
  while (!out[0])
    ;
}

int main(int, char **argv) {
  int *out, host[2] = {};
  CHECK(cudaMalloc(&out, sizeof host));
  CHECK(cudaMemset(out, 0, sizeof host));
  const char *which = argv[1];
  if (!std::strcmp(which, "race"))
    race<<<1, 64>>>(out);
  else if (!std::strcmp(which, "wide"))
    wide<<<1, 64>>>(out);
  else if (!std::strcmp(which, "outside"))
    outside<<<1, 1>>>(out);
  else if (!std::strcmp(which, "assert"))
    asserts<<<1, 1>>>(out);
  else if (!std::strcmp(which, "hang"))
    hangs<<<1, 1>>>(out);
  else if (!std::strcmp(which, "shape"))
    race<<<1, 2048>>>(out);
  else if (!std::strcmp(which, "name")) {
    using Long = TypeWithANameThatIsLongEnoughToFillALineWhenAKernelHasItFourTimes;
    named<Long, Long><<<0, 1>>>(out);
  } else if (!std::strcmp(which, "shared"))
    race<<<1, 64, 100000>>>(out);
  else if (!std::strcmp(which, "copy"))
    CHECK(cudaMemcpy(out, host, 3 * sizeof host, cudaMemcpyHostToDevice));
  else if (!std::strcmp(which, "array")) {
    cudaArray_t array;
    cudaChannelFormatDesc format = cudaCreateChannelDesc<float>();
    CHECK(cudaMallocArray(&array, &format, 4));
  }
  cudaError_t launched = cudaGetLastError();
  cudaError_t after = cudaDeviceSynchronize();
  std::printf("launch %s, then %s, malloc %s\n", cudaGetErrorName(launched), cudaGetErrorName(after),
              cudaGetErrorName(cudaMalloc(&out, 4)));
  return 0;
}
