// Memory of every kind, variables, streams and events.
#include "check.h"
#include <cstring>

__device__ int counter = 5;
__constant__ float factor;
__device__ __managed__ int shared = 7;

__global__ void scale(const float *from, float *to, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    to[i] = from[i] * factor;
  if (i == 0) {
    counter += 10;
    shared += counter;
    printf("scale of %d\n", n);
  }
}

static void copies() {
  constexpr int n = 1000;
  float host[n], back[n];
  for (int i = 0; i < n; ++i)
    host[i] = float(i);
  float *from, *to, *pinned, three = 3;
  CHECK(cudaMalloc(&from, sizeof host));
  CHECK(cudaMalloc(&to, sizeof host));
  CHECK(cudaMallocHost(&pinned, sizeof host));
  std::memcpy(pinned, host, sizeof host);
  cudaStream_t stream;
  cudaEvent_t start, stop;
  CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  CHECK(cudaEventCreate(&start));
  CHECK(cudaEventCreate(&stop));
  CHECK(cudaMemcpyToSymbol(factor, &three, sizeof three));
  CHECK(cudaMemcpyAsync(from, pinned, sizeof host, cudaMemcpyHostToDevice, stream));
  CHECK(cudaMemsetAsync(to, 0xff, sizeof host, stream));
  CHECK(cudaEventRecord(start, stream));
  scale<<<4, 256, 0, stream>>>(from, to, n);
  CHECK(cudaGetLastError());
  CHECK(cudaEventRecord(stop, stream));
  CHECK(cudaStreamSynchronize(stream));
  float milliseconds = -1;
  CHECK(cudaEventElapsedTime(&milliseconds, start, stop));
  CHECK(cudaMemcpy(back, to, sizeof back, cudaMemcpyDefault));
  int count = 0;
  CHECK(cudaMemcpyFromSymbol(&count, counter, sizeof count));
  std::printf("%g %g, counter %d, shared %d, time %s\n", back[1], back[999], count, shared,
              milliseconds >= 0 ? "given" : "none");
  // The kernel reads and writes the program's memory where it is.
  static float own[2] = {4, 5}, other[2];
  CHECK(cudaHostRegister(own, sizeof own, cudaHostRegisterDefault));
  CHECK(cudaHostRegister(other, sizeof other, cudaHostRegisterDefault));
  scale<<<1, 256>>>(own, pinned, 2);
  CHECK(cudaDeviceSynchronize());
  std::printf("%g %g\n", pinned[1], pinned[2]);
  CHECK(cudaHostUnregister(own));
  CHECK(cudaHostUnregister(other));
  CHECK(cudaFree(from));
  CHECK(cudaFree(to));
  CHECK(cudaFreeHost(pinned));
  CHECK(cudaStreamDestroy(stream));
  CHECK(cudaEventDestroy(start));
}

static void rows() {
  char *pitched, host[6] = {1, 2, 3, 4, 5, 6}, back[6];
  size_t pitch;
  CHECK(cudaMallocPitch(&pitched, &pitch, 3, 2));
  CHECK(cudaMemcpy2D(pitched, pitch, host, 3, 3, 2, cudaMemcpyHostToDevice));
  CHECK(cudaMemset2D(pitched, pitch, 9, 1, 2));
  CHECK(cudaMemcpy2D(back, 3, pitched, pitch, 3, 2, cudaMemcpyDeviceToHost));
  std::printf("%d %d %d %d\n", back[0], back[1], back[3], back[5]);
}

static void facts() {
  cudaDeviceProp found;
  CHECK(cudaGetDeviceProperties(&found, 0));
  int count, shared;
  CHECK(cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0));
  cudaFuncAttributes attributes;
  CHECK(cudaFuncGetAttributes(&attributes, scale));
  CHECK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&count, scale, 1024, 0));
  std::printf("%s %d.%d, %d multiprocessors, %d bytes, %d threads, %d CTAs\n", found.name, found.major, found.minor,
              found.multiProcessorCount, shared, attributes.maxThreadsPerBlock, count);
}

int main(int argc, char **argv) {
  shared += argc - 1;
  copies();
  rows();
  facts();
  return argc > 1 ? std::atoi(argv[1]) : 0;
}
