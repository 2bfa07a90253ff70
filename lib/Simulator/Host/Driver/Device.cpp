//===- Device.cpp - cuInit, devices, contexts, errors ---------------------===//
#include "../Api.h"

#include <cstdio>
#include <cstring>

using namespace girih::sim::host;

namespace {

CUcontext theContext() { return reinterpret_cast<CUcontext>(&Session::get()); }

void needDevice(CUdevice device) {
  if (device != 0)
    throw Refusal{CUDA_ERROR_INVALID_DEVICE, "device " + std::to_string(device) + " is asked for when there is 0 only"};
}

struct ErrorText {
  CUresult code;
  const char *name, *text;
};

constexpr ErrorText errorTexts[] = {
#define GIRIH_ERROR(code, text) {CUDA_##code, "CUDA_" #code, text}
    GIRIH_ERROR(SUCCESS, "no error"),
    GIRIH_ERROR(ERROR_INVALID_VALUE, "invalid argument"),
    GIRIH_ERROR(ERROR_OUT_OF_MEMORY, "out of memory"),
    GIRIH_ERROR(ERROR_NOT_INITIALIZED, "initialization error"),
    GIRIH_ERROR(ERROR_DEINITIALIZED, "driver shutting down"),
    GIRIH_ERROR(ERROR_NO_DEVICE, "no CUDA-capable device is detected"),
    GIRIH_ERROR(ERROR_INVALID_DEVICE, "invalid device ordinal"),
    GIRIH_ERROR(ERROR_INVALID_IMAGE, "device kernel image is invalid"),
    GIRIH_ERROR(ERROR_INVALID_CONTEXT, "invalid device context"),
    GIRIH_ERROR(ERROR_NO_BINARY_FOR_GPU, "no kernel image is available for execution on the device"),
    GIRIH_ERROR(ERROR_INVALID_PTX, "a PTX JIT compilation failed"),
    GIRIH_ERROR(ERROR_FILE_NOT_FOUND, "file not found"),
    GIRIH_ERROR(ERROR_INVALID_HANDLE, "invalid resource handle"),
    GIRIH_ERROR(ERROR_NOT_FOUND, "named symbol not found"),
    GIRIH_ERROR(ERROR_NOT_READY, "device not ready"),
    GIRIH_ERROR(ERROR_ILLEGAL_ADDRESS, "an illegal memory access was encountered"),
    GIRIH_ERROR(ERROR_MISALIGNED_ADDRESS, "misaligned address"),
    GIRIH_ERROR(ERROR_LAUNCH_OUT_OF_RESOURCES, "too many resources requested for launch"),
    GIRIH_ERROR(ERROR_LAUNCH_TIMEOUT, "the launch timed out and was terminated"),
    GIRIH_ERROR(ERROR_ASSERT, "device-side assert triggered"),
    GIRIH_ERROR(ERROR_LAUNCH_FAILED, "unspecified launch failure"),
    GIRIH_ERROR(ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "too many blocks in cooperative launch"),
    GIRIH_ERROR(ERROR_NOT_SUPPORTED, "operation not supported"),
    GIRIH_ERROR(ERROR_INVALID_CLUSTER_SIZE, "invalid cluster size"),
    GIRIH_ERROR(ERROR_STREAM_CAPTURE_UNSUPPORTED, "operation not permitted when stream is capturing"),
    GIRIH_ERROR(ERROR_HOST_MEMORY_ALREADY_REGISTERED, "part or all of the requested memory range is already mapped"),
    GIRIH_ERROR(ERROR_HOST_MEMORY_NOT_REGISTERED, "pointer does not correspond to a registered memory region"),
    GIRIH_ERROR(ERROR_UNKNOWN, "unknown error"),
#undef GIRIH_ERROR
};

const ErrorText *findError(CUresult code) {
  for (const ErrorText &text : errorTexts)
    if (text.code == code)
      return &text;
  return nullptr;
}

} // namespace

extern "C" {

CUresult cuInit(unsigned flags) {
  return ask("cuInit", [&](Session &) { return flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS; });
}

CUresult cuDriverGetVersion(int *version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **name) {
  const ErrorText *found = findError(error);
  *name = found ? found->name : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  const ErrorText *found = findError(error);
  *text = found ? found->text : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuDeviceGetCount(int *count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return ask("cuDeviceGet", [&](Session &) {
    needDevice(ordinal);
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char *name, int size, CUdevice device) {
  return ask("cuDeviceGetName", [&](Session &session) {
    needDevice(device);
    std::snprintf(name, size_t(std::max(size, 0)), "%s", session.chip.product);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) {
  return ask("cuDeviceGetUuid", [&](Session &session) {
    needDevice(device);
    std::memset(uuid, 0, sizeof *uuid);
    std::strncpy(uuid->bytes, session.chip.target, sizeof uuid->bytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceTotalMem(size_t *bytes, CUdevice device) {
  return ask("cuDeviceTotalMem", [&](Session &session) {
    needDevice(device);
    *bytes = session.chip.memoryBytes;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
  return ask("cuDeviceGetAttribute", [&](Session &session) {
    needDevice(device);
    std::optional<int> found = deviceAttribute(session.chip, int(session.multiprocessors()), attribute);
    *value = found.value_or(0);
    return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  return ask("cuDeviceComputeCapability", [&](Session &session) {
    needDevice(device);
    *major = session.chip.major;
    *minor = session.chip.minor;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetPCIBusId(char *text, int size, CUdevice device) {
  return ask("cuDeviceGetPCIBusId", [&](Session &) {
    needDevice(device);
    std::snprintf(text, size_t(std::max(size, 0)), "0000:01:00.0");
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice, CUdevice) {
  *can = 0;
  return CUDA_SUCCESS;
}

// There is one device and one context, which is everybody's.

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  return ask("cuDevicePrimaryCtxRetain", [&](Session &) {
    needDevice(device);
    *context = theContext();
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }
CUresult cuDevicePrimaryCtxSetFlags(CUdevice, unsigned) { return CUDA_SUCCESS; }

CUresult cuDevicePrimaryCtxGetState(CUdevice, unsigned *flags, int *isActive) {
  *flags = 0;
  *isActive = 1;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxReset(CUdevice) {
  return ask("cuDevicePrimaryCtxReset", [&](Session &session) {
    session.failure = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxCreate(CUcontext *context, CUctxCreateParams *, unsigned, CUdevice device) {
  return cuDevicePrimaryCtxRetain(context, device);
}
/// As programs of CUDA 12 call it.
__attribute__((visibility("default"))) CUresult cuCtxCreate_v2(CUcontext *context, unsigned, CUdevice device) {
  return cuDevicePrimaryCtxRetain(context, device);
}
CUresult cuCtxDestroy(CUcontext) { return CUDA_SUCCESS; }
CUresult cuCtxPushCurrent(CUcontext) { return CUDA_SUCCESS; }

CUresult cuCtxPopCurrent(CUcontext *context) {
  if (context)
    *context = theContext();
  return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }

CUresult cuCtxGetCurrent(CUcontext *context) {
  *context = theContext();
  return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice *device) {
  *device = 0;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetFlags(unsigned *flags) {
  *flags = 0;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetApiVersion(CUcontext, unsigned *version) {
  *version = CUDA_VERSION;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetId(CUcontext, unsigned long long *id) {
  *id = 1;
  return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize() {
  return enter("cuCtxSynchronize", [](Session &) { return CUDA_SUCCESS; });
}

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  return ask("cuCtxGetLimit", [&](Session &) {
    switch (limit) {
    case CU_LIMIT_STACK_SIZE:
      *value = 1024;
      break;
    case CU_LIMIT_PRINTF_FIFO_SIZE:
      *value = 1 << 20;
      break;
    case CU_LIMIT_MALLOC_HEAP_SIZE:
      *value = 8 << 20;
      break;
    default:
      *value = 0;
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetLimit(CUlimit, size_t) { return CUDA_SUCCESS; }
CUresult cuCtxSetCacheConfig(CUfunc_cache) { return CUDA_SUCCESS; }

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  if (least)
    *least = 0;
  if (greatest)
    *greatest = -5;
  return CUDA_SUCCESS;
}

} // extern "C"
