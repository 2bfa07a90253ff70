// What every program of these tests does with errors.
#include <cstdio>
#include <cstdlib>

#define CHECK(call)                                                                                                    \
  do {                                                                                                                 \
    cudaError_t error = (call);                                                                                        \
    if (error != cudaSuccess) {                                                                                        \
      std::printf("%s: %s (%d)\n", #call, cudaGetErrorName(error), int(error));                                        \
      std::exit(4);                                                                                                    \
    }                                                                                                                  \
  } while (0)
