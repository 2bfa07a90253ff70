/* Launches a kernel of dynamic sizes through its header, on a driver that prints. */
#include "dyn.h"
#include "dyn.h" /* its guard */
#include <stdio.h>
#include <string.h>

static int is_loaded;
CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  *module = (CUmodule)&is_loaded;
  is_loaded = memcmp(image, "\177ELF", 4) == 0;
  return CUDA_SUCCESS;
}
CUresult cuModuleUnload(CUmodule module) {
  is_loaded = module != (CUmodule)&is_loaded;
  return CUDA_SUCCESS;
}
CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  (void)module;
  *function = 0;
  return strcmp(name, "attention") == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  (void)function, (void)attribute, (void)value;
  return CUDA_SUCCESS;
}
CUresult cuCtxGetDevice(CUdevice *device) {
  *device = 0;
  return CUDA_SUCCESS;
}
CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  (void)attribute, (void)device;
  *value = 132;
  return CUDA_SUCCESS;
}
CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                const cuuint64_t *extents, const cuuint64_t *strides, const cuuint32_t *boxes,
                                const cuuint32_t *elementStrides, CUtensorMapInterleave interleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
                                CUtensorMapFloatOOBfill fill) {
  (void)type, (void)address, (void)boxes, (void)elementStrides, (void)interleave;
  (void)swizzle, (void)promotion, (void)fill;
  memset(map, 0, sizeof *map);
  printf("  map at 64: %d,", (uintptr_t)map % 64 == 0);
  for (cuuint32_t i = 0; i < rank; ++i)
    printf(" %llu", (unsigned long long)extents[i]);
  printf(" strides");
  for (cuuint32_t i = 0; i + 1 < rank; ++i)
    printf(" %llu", (unsigned long long)strides[i]);
  printf("\n");
  return CUDA_SUCCESS;
}
CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned sharedBytes, CUstream stream, void **parameters,
                        void **extra) {
  (void)function, (void)gridY, (void)gridZ, (void)blockX, (void)blockY, (void)blockZ;
  (void)sharedBytes, (void)stream, (void)parameters, (void)extra;
  printf("  launched %u CTAs\n", gridX);
  return CUDA_SUCCESS;
}

static dyn_kernel kernel;

static void launch(const char *what, dyn_sizes sizes, dyn_tensor q, dyn_tensor kv, dyn_tensor lse) {
  const char *wrong = dyn_check(&sizes, &q, &kv, &kv, &q, &lse);
  printf("%s: %s\n", what, wrong ? wrong : "ok");
  CUresult result = dyn_launch(&kernel, &sizes, &q, &kv, &kv, &q, &lse, 0);
  if ((result == CUDA_SUCCESS) != !wrong)
    printf("  the launch disagrees\n");
}

static void go(const char *what, int64_t b, int64_t h, int64_t hkv, int64_t sq, int64_t skv) {
  dyn_sizes sizes = {b, h, sq, hkv, skv}; /* in the order of q's shape, then of k's */
  dyn_tensor q = {4096, {h * sq * 64, sq * 64, 64, 1}}, kv = {4096, {hkv * skv * 64, skv * 64, 64, 1}};
  dyn_tensor lse = {4096, {h * sq, sq, 1}};
  launch(what, sizes, q, kv, lse);
}

int main(void) {
  dyn_sizes sizes = {1, 2, 64, 2, 64};
  dyn_tensor q = {4096, {8192, 4096, 64, 1}}, bad = q, lse = {4, {128, 64, 1}};
  go("before it is loaded", 1, 4, 2, 64, 64);
  printf("load %d\n", dyn_load(&kernel));
  printf("loaded: %d, version %d\n", is_loaded, dyn_VERSION);
  go("grouped heads", 1, 4, 2, 65, 300);
  go("3 heads on 2", 1, 3, 2, 64, 64);
  go("1 head on 2", 1, 1, 2, 64, 64);
  go("no keys", 1, 1, 1, 64, 0);
  go("no queries", 1, 1, 1, 0, 64);
  go("no key heads", 1, 1, 0, 64, 64);
  go("negative", 1, 1, 1, -64, 64);
  go("beyond 32 bits", ((int64_t)1 << 32) + 1, 1, 1, 64, 64);
  go("2^32 items", 65536, 65536, 65536, 1, 1);
  bad.data = 0;
  launch("null", sizes, bad, q, lse);
  bad.data = 4104;
  launch("misaligned", sizes, bad, q, lse);
  bad = q;
  bad.strides[2] = 68;
  launch("misaligned rows", sizes, q, bad, lse);
  bad.strides[2] = -64;
  launch("negative stride", sizes, bad, q, lse);
  bad = q;
  bad.strides[3] = 2;
  launch("innermost stride", sizes, bad, q, lse);
  bad = q;
  bad.strides[0] = 0;
  launch("one batch for all, read", sizes, q, bad, lse);
  launch("one batch for all, written", sizes, bad, q, lse);
  printf("no tensor: %s\n", dyn_check(&sizes, 0, &q, &q, &q, &lse));
  printf("no sizes: %s\n", dyn_check(0, &q, &q, &q, &q, &lse));
  printf("unload %d, loaded: %d\n", dyn_unload(&kernel), is_loaded);
  printf("unload %d\n", dyn_unload(&kernel));
  launch("after it is unloaded", sizes, q, q, lse);
  return 0;
}
