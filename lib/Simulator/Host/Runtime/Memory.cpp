//===- Memory.cpp - Memory of the runtime ---------------------------------===//
#include "../Api.h"

using namespace girih::sim;
using namespace girih::sim::host;

namespace {

CUdeviceptr address(const void *pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }

/// The directions are those that the pointers have; a wrong one is refused.
CUresult copy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  switch (kind) {
  case cudaMemcpyHostToHost:
  case cudaMemcpyDefault:
    return cuMemcpy(address(to), address(from), bytes);
  case cudaMemcpyHostToDevice:
    return cuMemcpyHtoD(address(to), from, bytes);
  case cudaMemcpyDeviceToHost:
    return cuMemcpyDtoH(to, address(from), bytes);
  case cudaMemcpyDeviceToDevice:
    return cuMemcpyDtoD(address(to), address(from), bytes);
  }
  throw Refusal{cudaErrorInvalidMemcpyDirection, "direction " + std::to_string(int(kind)) + " is not known"};
}

CUresult copy2D(void *to, size_t toPitch, const void *from, size_t fromPitch, size_t width, size_t height) {
  CUDA_MEMCPY2D box{};
  box.srcMemoryType = box.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  box.dstDevice = address(to);
  box.dstPitch = toPitch;
  box.srcDevice = address(from);
  box.srcPitch = fromPitch;
  box.WidthInBytes = width;
  box.Height = height;
  if (width > toPitch || width > fromPitch)
    throw Refusal{cudaErrorInvalidPitchValue, "the width of " + std::to_string(width) +
                                                  " bytes is more than a pitch of " +
                                                  std::to_string(std::min(toPitch, fromPitch))};
  return cuMemcpy2D(&box);
}

/// The bytes of a variable from `offset` on; it is in device memory.
CUdeviceptr placeIn(Session &session, const void *symbol, size_t bytes, size_t offset) {
  const ModuleVariable &variable = session.modules.variableOf(symbol);
  if (offset > variable.size || bytes > variable.size - offset)
    throw Refusal{cudaErrorInvalidValue, std::to_string(bytes) + " bytes at byte " + std::to_string(offset) +
                                             " leave '" + variable.name + "', which has " +
                                             std::to_string(variable.size)};
  return variable.address + offset;
}

} // namespace

extern "C" {

cudaError_t cudaMalloc(void **pointer, size_t bytes) {
  return run("cudaMalloc", [&](Session &) {
    *pointer = nullptr;
    return bytes ? toRuntime(cuMemAlloc(reinterpret_cast<CUdeviceptr *>(pointer), bytes)) : cudaSuccess;
  });
}

cudaError_t cudaMallocManaged(void **pointer, size_t bytes, unsigned flags) {
  return run("cudaMallocManaged", [&](Session &) {
    return toRuntime(cuMemAllocManaged(reinterpret_cast<CUdeviceptr *>(pointer), bytes, flags));
  });
}

cudaError_t cudaMallocPitch(void **pointer, size_t *pitch, size_t width, size_t height) {
  return run("cudaMallocPitch", [&](Session &) {
    return toRuntime(cuMemAllocPitch(reinterpret_cast<CUdeviceptr *>(pointer), pitch, width, height, 16));
  });
}

cudaError_t cudaMalloc3D(cudaPitchedPtr *pointer, cudaExtent extent) {
  return run("cudaMalloc3D", [&](Session &) {
    *pointer = {nullptr, 0, extent.width, extent.height};
    return toRuntime(cuMemAllocPitch(reinterpret_cast<CUdeviceptr *>(&pointer->ptr), &pointer->pitch, extent.width,
                                     extent.height * extent.depth, 16));
  });
}

cudaError_t cudaFree(void *pointer) {
  return run("cudaFree", [&](Session &) { return toRuntime(cuMemFree(address(pointer))); });
}

cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  return run("cudaHostAlloc", [&](Session &) { return toRuntime(cuMemHostAlloc(pointer, bytes, flags)); });
}
cudaError_t cudaMallocHost(void **pointer, size_t bytes) {
  return run("cudaMallocHost", [&](Session &) { return toRuntime(cuMemHostAlloc(pointer, bytes, 0)); });
}
cudaError_t cudaFreeHost(void *pointer) {
  return run("cudaFreeHost", [&](Session &) { return toRuntime(cuMemFreeHost(pointer)); });
}
cudaError_t cudaHostRegister(void *pointer, size_t bytes, unsigned flags) {
  return run("cudaHostRegister", [&](Session &) { return toRuntime(cuMemHostRegister(pointer, bytes, flags)); });
}
cudaError_t cudaHostUnregister(void *pointer) {
  return run("cudaHostUnregister", [&](Session &) { return toRuntime(cuMemHostUnregister(pointer)); });
}
cudaError_t cudaHostGetDevicePointer(void **device, void *pointer, unsigned flags) {
  return run("cudaHostGetDevicePointer", [&](Session &) {
    return toRuntime(cuMemHostGetDevicePointer(reinterpret_cast<CUdeviceptr *>(device), pointer, flags));
  });
}
cudaError_t cudaHostGetFlags(unsigned *flags, void *pointer) {
  return run("cudaHostGetFlags", [&](Session &) { return toRuntime(cuMemHostGetFlags(flags, pointer)); });
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total) {
  return run("cudaMemGetInfo", [&](Session &) { return toRuntime(cuMemGetInfo(free, total)); });
}
cudaError_t cudaMemPrefetchAsync(const void *, size_t, cudaMemLocation, unsigned, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaMemAdvise(const void *, size_t, cudaMemoryAdvise, cudaMemLocation) { return cudaSuccess; }

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind) {
  return run("cudaMemcpy", [&](Session &) { return toRuntime(copy(to, from, bytes, kind)); });
}
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t) {
  return run("cudaMemcpyAsync", [&](Session &) { return toRuntime(copy(to, from, bytes, kind)); });
}
cudaError_t cudaMemcpyPeer(void *to, int, const void *from, int, size_t bytes) {
  return run("cudaMemcpyPeer", [&](Session &) { return toRuntime(copy(to, from, bytes, cudaMemcpyDefault)); });
}

cudaError_t cudaMemcpy2D(void *to, size_t toPitch, const void *from, size_t fromPitch, size_t width, size_t height,
                         cudaMemcpyKind) {
  return run("cudaMemcpy2D", [&](Session &) { return toRuntime(copy2D(to, toPitch, from, fromPitch, width, height)); });
}
cudaError_t cudaMemcpy2DAsync(void *to, size_t toPitch, const void *from, size_t fromPitch, size_t width, size_t height,
                              cudaMemcpyKind, cudaStream_t) {
  return run("cudaMemcpy2DAsync",
             [&](Session &) { return toRuntime(copy2D(to, toPitch, from, fromPitch, width, height)); });
}

cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *box) {
  return run("cudaMemcpy3D", [&](Session &) {
    if (box->srcArray || box->dstArray)
      throw Refusal{cudaErrorNotSupported, "CUDA arrays are not simulated"};
    CUDA_MEMCPY3D driver{};
    driver.srcMemoryType = driver.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
    driver.srcXInBytes = box->srcPos.x;
    driver.srcY = box->srcPos.y;
    driver.srcZ = box->srcPos.z;
    driver.srcDevice = address(box->srcPtr.ptr);
    driver.srcPitch = box->srcPtr.pitch;
    driver.srcHeight = box->srcPtr.ysize;
    driver.dstXInBytes = box->dstPos.x;
    driver.dstY = box->dstPos.y;
    driver.dstZ = box->dstPos.z;
    driver.dstDevice = address(box->dstPtr.ptr);
    driver.dstPitch = box->dstPtr.pitch;
    driver.dstHeight = box->dstPtr.ysize;
    driver.WidthInBytes = box->extent.width;
    driver.Height = box->extent.height;
    driver.Depth = box->extent.depth;
    return toRuntime(cuMemcpy3D(&driver));
  });
}
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *box, cudaStream_t) { return cudaMemcpy3D(box); }

cudaError_t cudaMemset(void *to, int value, size_t bytes) {
  return run("cudaMemset",
             [&](Session &) { return toRuntime(cuMemsetD8(address(to), static_cast<unsigned char>(value), bytes)); });
}
cudaError_t cudaMemsetAsync(void *to, int value, size_t bytes, cudaStream_t) {
  return run("cudaMemsetAsync",
             [&](Session &) { return toRuntime(cuMemsetD8(address(to), static_cast<unsigned char>(value), bytes)); });
}
cudaError_t cudaMemset2D(void *to, size_t pitch, int value, size_t width, size_t height) {
  return run("cudaMemset2D", [&](Session &) {
    return toRuntime(cuMemsetD2D8(address(to), pitch, static_cast<unsigned char>(value), width, height));
  });
}
cudaError_t cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height, cudaStream_t) {
  return cudaMemset2D(to, pitch, value, width, height);
}

cudaError_t cudaMemcpyToSymbol(const void *symbol, const void *from, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return run("cudaMemcpyToSymbol", [&](Session &session) {
    return toRuntime(copy(reinterpret_cast<void *>(placeIn(session, symbol, bytes, offset)), from, bytes, kind));
  });
}
cudaError_t cudaMemcpyToSymbolAsync(const void *symbol, const void *from, size_t bytes, size_t offset,
                                    cudaMemcpyKind kind, cudaStream_t) {
  return cudaMemcpyToSymbol(symbol, from, bytes, offset, kind);
}
cudaError_t cudaMemcpyFromSymbol(void *to, const void *symbol, size_t bytes, size_t offset, cudaMemcpyKind kind) {
  return run("cudaMemcpyFromSymbol", [&](Session &session) {
    return toRuntime(copy(to, reinterpret_cast<void *>(placeIn(session, symbol, bytes, offset)), bytes, kind));
  });
}
cudaError_t cudaMemcpyFromSymbolAsync(void *to, const void *symbol, size_t bytes, size_t offset, cudaMemcpyKind kind,
                                      cudaStream_t) {
  return cudaMemcpyFromSymbol(to, symbol, bytes, offset, kind);
}
cudaError_t cudaGetSymbolAddress(void **pointer, const void *symbol) {
  return run("cudaGetSymbolAddress", [&](Session &session) {
    *pointer = reinterpret_cast<void *>(placeIn(session, symbol, 0, 0));
    return cudaSuccess;
  });
}
cudaError_t cudaGetSymbolSize(size_t *bytes, const void *symbol) {
  return run("cudaGetSymbolSize", [&](Session &session) {
    *bytes = session.modules.variableOf(symbol).size;
    return cudaSuccess;
  });
}

cudaChannelFormatDesc cudaCreateChannelDesc(int x, int y, int z, int w, cudaChannelFormatKind kind) {
  return {x, y, z, w, kind};
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes *attributes, const void *pointer) {
  return run("cudaPointerGetAttributes", [&](Session &session) {
    *attributes = {};
    const Allocation *found = session.memory.find(address(pointer));
    if (!found) {
      attributes->type = cudaMemoryTypeUnregistered;
      attributes->device = -2;
      attributes->hostPointer = const_cast<void *>(pointer);
      return cudaSuccess;
    }
    bool isHost = found->kind == MemoryKind::Host || found->kind == MemoryKind::Registered;
    bool isManaged = found->kind == MemoryKind::Managed;
    attributes->type = isHost ? cudaMemoryTypeHost : isManaged ? cudaMemoryTypeManaged : cudaMemoryTypeDevice;
    attributes->devicePointer = const_cast<void *>(pointer);
    attributes->hostPointer = isHost || isManaged ? const_cast<void *>(pointer) : nullptr;
    return cudaSuccess;
  });
}

} // extern "C"
