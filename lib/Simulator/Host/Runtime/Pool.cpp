//===- Pool.cpp - Memory pools of the runtime -----------------------------===//
#include "../Api.h"

using namespace girih::sim::host;

extern "C" {

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *pool, int device) {
  return run("cudaDeviceGetDefaultMemPool",
             [&](Session &) { return toRuntime(cuDeviceGetDefaultMemPool(pool, device)); });
}
cudaError_t cudaDeviceGetMemPool(cudaMemPool_t *pool, int device) {
  return run("cudaDeviceGetMemPool", [&](Session &) { return toRuntime(cuDeviceGetMemPool(pool, device)); });
}
cudaError_t cudaDeviceSetMemPool(int device, cudaMemPool_t pool) {
  return run("cudaDeviceSetMemPool", [&](Session &) { return toRuntime(cuDeviceSetMemPool(device, pool)); });
}
cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const cudaMemPoolProps *) {
  return run("cudaMemPoolCreate", [&](Session &) { return toRuntime(cuMemPoolCreate(pool, nullptr)); });
}
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  return run("cudaMemPoolDestroy", [&](Session &) { return toRuntime(cuMemPoolDestroy(pool)); });
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  return run("cudaMemPoolSetAttribute",
             [&](Session &) { return toRuntime(cuMemPoolSetAttribute(pool, CUmemPool_attribute(attribute), value)); });
}
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void *value) {
  return run("cudaMemPoolGetAttribute",
             [&](Session &) { return toRuntime(cuMemPoolGetAttribute(pool, CUmemPool_attribute(attribute), value)); });
}
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, size_t least) {
  return run("cudaMemPoolTrimTo", [&](Session &) { return toRuntime(cuMemPoolTrimTo(pool, least)); });
}

cudaError_t cudaMallocAsync(void **pointer, size_t bytes, cudaStream_t) { return cudaMalloc(pointer, bytes); }
cudaError_t cudaMallocFromPoolAsync(void **pointer, size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  return run("cudaMallocFromPoolAsync", [&](Session &) {
    return toRuntime(cuMemAllocFromPoolAsync(reinterpret_cast<CUdeviceptr *>(pointer), bytes, pool, stream));
  });
}
cudaError_t cudaFreeAsync(void *pointer, cudaStream_t) { return cudaFree(pointer); }

} // extern "C"
