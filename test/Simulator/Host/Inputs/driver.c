// The driver by its name, without anything of CUDA's at link time: modules from text.
#include <cuda.h>
#include <cudaTypedefs.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static PFN_cuGetProcAddress_v12000 getAddress;

static void *find(const char *name) {
  void *function = NULL;
  CUdriverProcAddressQueryResult found;
  if (getAddress(name, &function, 13000, 0, &found) || !function)
    exit(fprintf(stderr, "no %s\n", name));
  return function;
}

#define CHECK(name, ...)                                                                                               \
  do {                                                                                                                 \
    CUresult (*function)() = (CUresult(*)())find(#name);                                                               \
    CUresult result = function(__VA_ARGS__);                                                                           \
    if (result)                                                                                                        \
      exit(printf(#name ": %d\n", (int)result));                                                                       \
  } while (0)

int main(int argc, char **argv) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  getAddress = (PFN_cuGetProcAddress_v12000)dlsym(library, "cuGetProcAddress_v2");
  CUdevice device;
  CUcontext context;
  CUmodule module;
  CUfunction kernel;
  CUdeviceptr out, variable;
  size_t bytes;
  int version, values[4] = {0}, seven = 7;
  CHECK(cuInit, 0);
  CHECK(cuDriverGetVersion, &version);
  CHECK(cuDeviceGet, &device, 0);
  CHECK(cuDevicePrimaryCtxRetain, &context, device);
  CHECK(cuModuleLoad, &module, argv[1]);
  CHECK(cuModuleGetFunction, &kernel, module, "put");
  CHECK(cuModuleGetGlobal, &variable, &bytes, module, "offset");
  CHECK(cuMemcpyHtoD, variable, &seven, bytes);
  CHECK(cuMemAlloc, &out, sizeof values);
  CHECK(cuMemsetD32, out, 1, (size_t)4);
  void *arguments[] = {&out};
  CHECK(cuLaunchKernel, kernel, 1, 1, 1, 3, 1, 1, 0, (CUstream)0, arguments, (void **)0);
  CHECK(cuMemcpyDtoH, values, out, sizeof values);
  printf("%d: %d %d %d %d\n", version, values[0], values[1], values[2], values[3]);
  if (argc > 2)
    CHECK(cuModuleGetFunction, &kernel, module, "missing");
  CHECK(cuModuleUnload, module);
  CHECK(cuMemFree, out);
  return 0;
}
