// Ends the program where a call of the CUDA runtime fails.
#ifndef GIRIH_BENCHMARKS_MICRO_CHECK_H
#define GIRIH_BENCHMARKS_MICRO_CHECK_H

#include <cstdio>
#include <cstdlib>
#include <cuda_runtime.h>

#define CHECK(call)                                                                                                    \
  do {                                                                                                                 \
    cudaError_t error = (call);                                                                                        \
    if (error != cudaSuccess) {                                                                                        \
      std::fprintf(stderr, "line %d: %s\n", __LINE__, cudaGetErrorString(error));                                      \
      std::exit(1);                                                                                                    \
    }                                                                                                                  \
  } while (0)

#endif // GIRIH_BENCHMARKS_MICRO_CHECK_H
