//===- Pool.cpp - Memory pools --------------------------------------------===//
//
// A pool takes memory when it is asked for and gives it back at once, so that one
// is like another; their attributes are kept for the program.
//
//===----------------------------------------------------------------------===//
#include "../Api.h"

#include <cstring>
#include <memory>

using namespace girih::sim::host;

namespace {

struct Pool {
  std::map<CUmemPool_attribute, uint64_t> attributes;
};

/// Guarded by the session's lock; the first is the device's.
std::map<const void *, std::unique_ptr<Pool>> &pools() {
  static auto *made = new std::map<const void *, std::unique_ptr<Pool>>;
  return *made;
}

CUmemoryPool add() {
  auto made = std::make_unique<Pool>();
  auto handle = reinterpret_cast<CUmemoryPool>(made.get());
  pools()[handle] = std::move(made);
  return handle;
}

CUmemoryPool devicePool() {
  static CUmemoryPool made = add();
  return made;
}

Pool &poolOf(CUmemoryPool pool) {
  auto found = pools().find(pool);
  if (found == pools().end())
    throw Refusal{CUDA_ERROR_INVALID_VALUE, "the memory pool does not exist"};
  return *found->second;
}

/// The first attributes, of what may be reused, are an int; those of sizes are not.
size_t bytesOf(CUmemPool_attribute attribute) {
  return attribute < CU_MEMPOOL_ATTR_RELEASE_THRESHOLD ? sizeof(int) : sizeof(cuuint64_t);
}

} // namespace

extern "C" {

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice) {
  return enter("cuDeviceGetDefaultMemPool", [&](Session &) {
    *pool = devicePool();
    return CUDA_SUCCESS;
  });
}
CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) { return cuDeviceGetDefaultMemPool(pool, device); }
CUresult cuDeviceSetMemPool(CUdevice, CUmemoryPool pool) {
  return enter("cuDeviceSetMemPool", [&](Session &) {
    poolOf(pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *) {
  return enter("cuMemPoolCreate", [&](Session &) {
    *pool = add();
    return CUDA_SUCCESS;
  });
}
CUresult cuMemPoolDestroy(CUmemoryPool pool) {
  return enter("cuMemPoolDestroy", [&](Session &) {
    poolOf(pool);
    if (pool == devicePool())
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "the device's own pool cannot be destroyed"};
    pools().erase(pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *value) {
  return enter("cuMemPoolSetAttribute", [&](Session &) {
    std::memcpy(&poolOf(pool).attributes[attribute], value, bytesOf(attribute));
    return CUDA_SUCCESS;
  });
}
CUresult cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attribute, void *value) {
  return enter("cuMemPoolGetAttribute", [&](Session &) {
    std::memcpy(value, &poolOf(pool).attributes[attribute], bytesOf(attribute));
    return CUDA_SUCCESS;
  });
}
CUresult cuMemPoolTrimTo(CUmemoryPool pool, size_t) {
  return enter("cuMemPoolTrimTo", [&](Session &) {
    poolOf(pool);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream) { return cuMemAlloc(pointer, bytes); }
CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes, CUmemoryPool pool, CUstream) {
  return enter("cuMemAllocFromPoolAsync", [&](Session &) {
    poolOf(pool);
    return cuMemAlloc(pointer, bytes);
  });
}
CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream) { return cuMemFree(pointer); }

} // extern "C"
