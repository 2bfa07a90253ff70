//===- Memory.cpp - Allocations, copies and fills -------------------------===//
#include "../Api.h"

#include <algorithm>
#include <cstring>

using namespace girih::sim::host;

namespace {

uint64_t address(const void *pointer) { return reinterpret_cast<uint64_t>(pointer); }

CUresult allocate(const char *name, CUdeviceptr *pointer, size_t bytes, MemoryKind kind) {
  return enter(name, [&](Session &session) {
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *pointer = session.memory.allocate(bytes, kind).address;
    return CUDA_SUCCESS;
  });
}

CUresult release(const char *name, uint64_t at, MemoryKind kind) {
  return enter(name, [&](Session &session) {
    if (at && !session.memory.release(at, kind))
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "nothing has been allocated there"};
    return CUDA_SUCCESS;
  });
}

/// Which side of a copy may be memory of the program.
CUresult copy(const char *name, uint64_t to, bool isToHost, uint64_t from, bool isFromHost, size_t bytes) {
  return enter(name, [&](Session &session) {
    if (!bytes)
      return CUDA_SUCCESS;
    uint8_t *target = session.memory.bytes(to, bytes, isToHost);
    std::memmove(target, session.memory.bytes(from, bytes, isFromHost), bytes);
    return CUDA_SUCCESS;
  });
}

/// Rows of `width` elements, `pitch` bytes apart.
template <class T> CUresult fill(const char *name, CUdeviceptr to, size_t pitch, T value, size_t width, size_t height) {
  return enter(name, [&](Session &session) {
    if (to % sizeof(T) || (height > 1 && pitch < width * sizeof(T)))
      return CUDA_ERROR_INVALID_VALUE;
    if (!width || !height)
      return CUDA_SUCCESS;
    uint8_t *target = session.memory.bytes(to, pitch * (height - 1) + width * sizeof(T), false);
    for (size_t row = 0; row < height; ++row)
      for (size_t i = 0; i < width; ++i)
        std::memcpy(target + row * pitch + i * sizeof(T), &value, sizeof(T));
    return CUDA_SUCCESS;
  });
}

/// One side of a copy of boxes: where its first byte is, and the steps.
struct Side {
  uint64_t address;
  bool isHost;
  size_t pitch, planeBytes;
};

Side sideOf(CUmemorytype type, const void *host, CUdeviceptr device, CUarray, size_t x, size_t y, size_t z,
            size_t pitch, size_t rows) {
  if (type == CU_MEMORYTYPE_ARRAY)
    throw Refusal{CUDA_ERROR_NOT_SUPPORTED, "CUDA arrays are not simulated"};
  uint64_t base = type == CU_MEMORYTYPE_HOST ? address(host) : device;
  return {base + x + pitch * (y + rows * z), type != CU_MEMORYTYPE_DEVICE, pitch, pitch * rows};
}

CUresult copyBox(Session &session, const Side &to, const Side &from, size_t width, size_t height, size_t depth) {
  if (!width || !height || !depth)
    return CUDA_SUCCESS;
  if (height > 1 && (to.pitch < width || from.pitch < width))
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t z = 0; z < depth; ++z)
    for (size_t y = 0; y < height; ++y) {
      uint64_t target = to.address + to.pitch * y + to.planeBytes * z;
      uint64_t source = from.address + from.pitch * y + from.planeBytes * z;
      std::memmove(session.memory.bytes(target, width, to.isHost), session.memory.bytes(source, width, from.isHost),
                   width);
    }
  return CUDA_SUCCESS;
}

} // namespace

extern "C" {

CUresult cuMemGetInfo(size_t *free, size_t *total) {
  return enter("cuMemGetInfo", [&](Session &session) {
    *total = session.memory.total;
    *free = session.memory.total - std::min(session.memory.used(), session.memory.total);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc(CUdeviceptr *pointer, size_t bytes) {
  return allocate("cuMemAlloc", pointer, bytes, MemoryKind::Device);
}
CUresult cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes, unsigned) {
  return allocate("cuMemAllocManaged", pointer, bytes, MemoryKind::Managed);
}

CUresult cuMemAllocPitch(CUdeviceptr *pointer, size_t *pitch, size_t width, size_t height, unsigned) {
  *pitch = (width + 511) / 512 * 512;
  return allocate("cuMemAllocPitch", pointer, *pitch * height, MemoryKind::Device);
}

CUresult cuMemFree(CUdeviceptr pointer) { return release("cuMemFree", pointer, MemoryKind::Device); }

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  return enter("cuMemHostAlloc", [&](Session &session) {
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    Allocation &made = session.memory.allocate(bytes, MemoryKind::Host);
    made.flags = flags;
    *pointer = made.bytes;
    return CUDA_SUCCESS;
  });
}
CUresult cuMemAllocHost(void **pointer, size_t bytes) { return cuMemHostAlloc(pointer, bytes, 0); }
CUresult cuMemFreeHost(void *pointer) { return release("cuMemFreeHost", address(pointer), MemoryKind::Host); }

CUresult cuMemHostRegister(void *pointer, size_t bytes, unsigned flags) {
  return enter("cuMemHostRegister", [&](Session &session) {
    if (!bytes || !pointer)
      return CUDA_ERROR_INVALID_VALUE;
    if (session.memory.find(address(pointer)))
      return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
    session.memory
        .add(MemoryKind::Registered, "registered memory", address(pointer), bytes, static_cast<uint8_t *>(pointer))
        .flags = flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostUnregister(void *pointer) {
  return enter("cuMemHostUnregister", [&](Session &session) {
    return session.memory.release(address(pointer), MemoryKind::Registered) ? CUDA_SUCCESS
                                                                            : CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED;
  });
}

CUresult cuMemHostGetDevicePointer(CUdeviceptr *device, void *pointer, unsigned) {
  return enter("cuMemHostGetDevicePointer", [&](Session &session) {
    if (!session.memory.find(address(pointer)))
      return CUDA_ERROR_INVALID_VALUE;
    *device = address(pointer);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostGetFlags(unsigned *flags, void *pointer) {
  return enter("cuMemHostGetFlags", [&](Session &session) {
    const Allocation *found = session.memory.find(address(pointer));
    if (!found || (found->kind != MemoryKind::Host && found->kind != MemoryKind::Registered))
      return CUDA_ERROR_INVALID_VALUE;
    *flags = found->flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemGetAddressRange(CUdeviceptr *base, size_t *bytes, CUdeviceptr pointer) {
  return enter("cuMemGetAddressRange", [&](Session &session) {
    const Allocation *found = session.memory.find(pointer);
    if (!found)
      return CUDA_ERROR_NOT_FOUND;
    if (base)
      *base = found->address;
    if (bytes)
      *bytes = found->size;
    return CUDA_SUCCESS;
  });
}

// Memory is where it is used.
CUresult cuMemPrefetchAsync(CUdeviceptr, size_t, CUmemLocation, unsigned, CUstream) { return CUDA_SUCCESS; }
CUresult cuMemAdvise(CUdeviceptr, size_t, CUmem_advise, CUmemLocation) { return CUDA_SUCCESS; }

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy("cuMemcpy", to, true, from, true, bytes);
}
CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream) {
  return copy("cuMemcpyAsync", to, true, from, true, bytes);
}
CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) {
  return copy("cuMemcpyHtoD", to, false, address(from), true, bytes);
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t bytes, CUstream) {
  return copy("cuMemcpyHtoDAsync", to, false, address(from), true, bytes);
}
CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) {
  return copy("cuMemcpyDtoH", address(to), true, from, false, bytes);
}
CUresult cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t bytes, CUstream) {
  return copy("cuMemcpyDtoHAsync", address(to), true, from, false, bytes);
}
CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy("cuMemcpyDtoD", to, false, from, false, bytes);
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream) {
  return copy("cuMemcpyDtoDAsync", to, false, from, false, bytes);
}

CUresult cuMemcpy2D(const CUDA_MEMCPY2D *box) {
  return enter("cuMemcpy2D", [&](Session &session) {
    return copyBox(session,
                   sideOf(box->dstMemoryType, box->dstHost, box->dstDevice, box->dstArray, box->dstXInBytes, box->dstY,
                          0, box->dstPitch, 0),
                   sideOf(box->srcMemoryType, box->srcHost, box->srcDevice, box->srcArray, box->srcXInBytes, box->srcY,
                          0, box->srcPitch, 0),
                   box->WidthInBytes, box->Height, 1);
  });
}
CUresult cuMemcpy2DAsync(const CUDA_MEMCPY2D *box, CUstream) { return cuMemcpy2D(box); }
CUresult cuMemcpy2DUnaligned(const CUDA_MEMCPY2D *box) { return cuMemcpy2D(box); }

CUresult cuMemcpy3D(const CUDA_MEMCPY3D *box) {
  return enter("cuMemcpy3D", [&](Session &session) {
    return copyBox(session,
                   sideOf(box->dstMemoryType, box->dstHost, box->dstDevice, box->dstArray, box->dstXInBytes, box->dstY,
                          box->dstZ, box->dstPitch, box->dstHeight),
                   sideOf(box->srcMemoryType, box->srcHost, box->srcDevice, box->srcArray, box->srcXInBytes, box->srcY,
                          box->srcZ, box->srcPitch, box->srcHeight),
                   box->WidthInBytes, box->Height, box->Depth);
  });
}
CUresult cuMemcpy3DAsync(const CUDA_MEMCPY3D *box, CUstream) { return cuMemcpy3D(box); }

#define GIRIH_FILL(BITS, TYPE)                                                                                         \
  CUresult cuMemsetD##BITS(CUdeviceptr to, TYPE value, size_t count) {                                                 \
    return fill<TYPE>("cuMemsetD" #BITS, to, 0, value, count, 1);                                                      \
  }                                                                                                                    \
  CUresult cuMemsetD##BITS##Async(CUdeviceptr to, TYPE value, size_t count, CUstream) {                                \
    return fill<TYPE>("cuMemsetD" #BITS "Async", to, 0, value, count, 1);                                              \
  }                                                                                                                    \
  CUresult cuMemsetD2D##BITS(CUdeviceptr to, size_t pitch, TYPE value, size_t width, size_t height) {                  \
    return fill<TYPE>("cuMemsetD2D" #BITS, to, pitch, value, width, height);                                           \
  }                                                                                                                    \
  CUresult cuMemsetD2D##BITS##Async(CUdeviceptr to, size_t pitch, TYPE value, size_t width, size_t height, CUstream) { \
    return fill<TYPE>("cuMemsetD2D" #BITS "Async", to, pitch, value, width, height);                                   \
  }
GIRIH_FILL(8, unsigned char)
GIRIH_FILL(16, unsigned short)
GIRIH_FILL(32, unsigned)
#undef GIRIH_FILL

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr pointer) {
  return ask("cuPointerGetAttribute", [&](Session &session) {
    const Allocation *found = session.memory.find(pointer);
    if (!found)
      return CUDA_ERROR_INVALID_VALUE;
    bool isHost = found->kind == MemoryKind::Host || found->kind == MemoryKind::Registered;
    auto put = [&](auto value) {
      std::memcpy(data, &value, sizeof value);
      return CUDA_SUCCESS;
    };
    switch (attribute) {
    case CU_POINTER_ATTRIBUTE_CONTEXT:
      return put(&session);
    case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
      return put(isHost ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
      return put(pointer);
    case CU_POINTER_ATTRIBUTE_HOST_POINTER:
      if (found->kind == MemoryKind::Device || found->kind == MemoryKind::Variable)
        return CUDA_ERROR_INVALID_VALUE;
      return put(pointer);
    case CU_POINTER_ATTRIBUTE_IS_MANAGED:
      return put(found->kind == MemoryKind::Managed);
    case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
      return put(0);
    case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
      return put(found->address);
    case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
      return put(size_t(found->size));
    case CU_POINTER_ATTRIBUTE_MAPPED:
      return put(true);
    default:
      throw Refusal{CUDA_ERROR_NOT_SUPPORTED, "attribute " + std::to_string(int(attribute)) + " is not known"};
    }
  });
}

} // extern "C"
