//===- Device.cpp - Devices and errors of the runtime ---------------------===//
#include "../Api.h"

#include <cstdio>
#include <cstring>

using namespace girih::sim::host;

namespace {

struct ErrorName {
  cudaError_t error;
  const char *name, *text;
};

/// Those that are not the driver's under another name.
constexpr ErrorName errorNames[] = {
#define GIRIH_ERROR(error, text) {error, #error, text}
    GIRIH_ERROR(cudaSuccess, "no error"),
    GIRIH_ERROR(cudaErrorInvalidValue, "invalid argument"),
    GIRIH_ERROR(cudaErrorMemoryAllocation, "out of memory"),
    GIRIH_ERROR(cudaErrorInitializationError, "initialization error"),
    GIRIH_ERROR(cudaErrorInvalidConfiguration, "invalid configuration argument"),
    GIRIH_ERROR(cudaErrorInvalidSymbol, "invalid device symbol"),
    GIRIH_ERROR(cudaErrorInvalidDevicePointer, "invalid device pointer"),
    GIRIH_ERROR(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy"),
    GIRIH_ERROR(cudaErrorMissingConfiguration, "__global__ function call is not configured"),
    GIRIH_ERROR(cudaErrorInvalidDeviceFunction, "invalid device function"),
    GIRIH_ERROR(cudaErrorNoDevice, "no CUDA-capable device is detected"),
    GIRIH_ERROR(cudaErrorInvalidDevice, "invalid device ordinal"),
    GIRIH_ERROR(cudaErrorInvalidKernelImage, "device kernel image is invalid"),
    GIRIH_ERROR(cudaErrorDeviceUninitialized, "invalid device context"),
    GIRIH_ERROR(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device"),
    GIRIH_ERROR(cudaErrorInvalidPtx, "a PTX JIT compilation failed"),
    GIRIH_ERROR(cudaErrorFileNotFound, "file not found"),
    GIRIH_ERROR(cudaErrorInvalidResourceHandle, "invalid resource handle"),
    GIRIH_ERROR(cudaErrorSymbolNotFound, "named symbol not found"),
    GIRIH_ERROR(cudaErrorNotReady, "device not ready"),
    GIRIH_ERROR(cudaErrorIllegalAddress, "an illegal memory access was encountered"),
    GIRIH_ERROR(cudaErrorMisalignedAddress, "misaligned address"),
    GIRIH_ERROR(cudaErrorLaunchOutOfResources, "too many resources requested for launch"),
    GIRIH_ERROR(cudaErrorLaunchTimeout, "the launch timed out and was terminated"),
    GIRIH_ERROR(cudaErrorAssert, "device-side assert triggered"),
    GIRIH_ERROR(cudaErrorHostMemoryAlreadyRegistered, "part or all of the requested memory range is already mapped"),
    GIRIH_ERROR(cudaErrorHostMemoryNotRegistered, "pointer does not correspond to a registered memory region"),
    GIRIH_ERROR(cudaErrorLaunchFailure, "unspecified launch failure"),
    GIRIH_ERROR(cudaErrorCooperativeLaunchTooLarge, "too many blocks in cooperative launch"),
    GIRIH_ERROR(cudaErrorNotSupported, "operation not supported"),
    GIRIH_ERROR(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing"),
    GIRIH_ERROR(cudaErrorInvalidClusterSize, "invalid cluster size"),
    GIRIH_ERROR(cudaErrorUnknown, "unknown error"),
#undef GIRIH_ERROR
};

const ErrorName *findError(cudaError_t error) {
  for (const ErrorName &name : errorNames)
    if (name.error == error)
      return &name;
  return nullptr;
}

int attribute(CUdevice_attribute which) {
  int value = 0;
  cuDeviceGetAttribute(&value, which, 0);
  return value;
}

void fill(cudaDeviceProp &found) {
  std::memset(&found, 0, sizeof found);
  cuDeviceGetName(found.name, sizeof found.name, 0);
  cuDeviceGetUuid(&found.uuid, 0);
  cuDeviceTotalMem(&found.totalGlobalMem, 0);
  found.sharedMemPerBlock = size_t(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK));
  found.sharedMemPerBlockOptin = size_t(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN));
  found.sharedMemPerMultiprocessor = size_t(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR));
  found.reservedSharedMemPerBlock = size_t(attribute(CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK));
  found.regsPerBlock = attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK);
  found.regsPerMultiprocessor = attribute(CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR);
  found.warpSize = attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE);
  found.memPitch = size_t(attribute(CU_DEVICE_ATTRIBUTE_MAX_PITCH));
  found.maxThreadsPerBlock = attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
  for (int axis = 0; axis < 3; ++axis) {
    found.maxThreadsDim[axis] = attribute(CUdevice_attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X + axis));
    found.maxGridSize[axis] = attribute(CUdevice_attribute(CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X + axis));
  }
  found.totalConstMem = size_t(attribute(CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY));
  found.major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  found.minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  found.textureAlignment = size_t(attribute(CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT));
  found.texturePitchAlignment = size_t(attribute(CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT));
  found.surfaceAlignment = size_t(attribute(CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT));
  found.multiProcessorCount = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  found.canMapHostMemory = attribute(CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY);
  found.concurrentKernels = attribute(CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS);
  found.pciBusID = attribute(CU_DEVICE_ATTRIBUTE_PCI_BUS_ID);
  found.asyncEngineCount = attribute(CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT);
  found.unifiedAddressing = attribute(CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING);
  found.memoryBusWidth = attribute(CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
  found.l2CacheSize = attribute(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  found.maxThreadsPerMultiProcessor = attribute(CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR);
  found.maxBlocksPerMultiProcessor = attribute(CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR);
  found.streamPrioritiesSupported = attribute(CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED);
  found.globalL1CacheSupported = attribute(CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED);
  found.localL1CacheSupported = attribute(CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED);
  found.managedMemory = attribute(CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY);
  found.concurrentManagedAccess = attribute(CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS);
  found.computePreemptionSupported = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED);
  found.canUseHostPointerForRegisteredMem = attribute(CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM);
  found.hostRegisterSupported = attribute(CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED);
  found.cooperativeLaunch = attribute(CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH);
  found.memoryPoolsSupported = attribute(CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED);
  found.clusterLaunch = attribute(CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH);
  found.unifiedFunctionPointers = attribute(CU_DEVICE_ATTRIBUTE_UNIFIED_FUNCTION_POINTERS);
}

} // namespace

extern "C" {

cudaError_t cudaGetLastError() { return lastError(true); }
cudaError_t cudaPeekAtLastError() { return lastError(false); }

const char *cudaGetErrorName(cudaError_t error) {
  const ErrorName *found = findError(error);
  return found ? found->name : "unrecognized error code";
}
const char *cudaGetErrorString(cudaError_t error) {
  const ErrorName *found = findError(error);
  return found ? found->text : "unrecognized error code";
}

cudaError_t cudaGetDeviceCount(int *count) {
  return run("cudaGetDeviceCount", [&](Session &) { return toRuntime(cuDeviceGetCount(count)); });
}

cudaError_t cudaGetDevice(int *device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  return run("cudaSetDevice", [&](Session &) {
    CUdevice found;
    return toRuntime(cuDeviceGet(&found, device));
  });
}
cudaError_t cudaInitDevice(int device, unsigned, unsigned) { return cudaSetDevice(device); }
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaGetDeviceFlags(unsigned *flags) {
  *flags = 0;
  return cudaSuccess;
}
cudaError_t cudaSetValidDevices(int *, int) { return cudaSuccess; }

cudaError_t cudaChooseDevice(int *device, const cudaDeviceProp *) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *found, int device) {
  return run("cudaGetDeviceProperties", [&](Session &) {
    CUdevice known;
    if (CUresult result = cuDeviceGet(&known, device))
      return toRuntime(result);
    fill(*found);
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr which, int device) {
  return run("cudaDeviceGetAttribute", [&](Session &) {
    // The numbers are the driver's.
    return toRuntime(cuDeviceGetAttribute(value, CUdevice_attribute(which), device));
  });
}

cudaError_t cudaDeviceGetPCIBusId(char *text, int size, int device) {
  return run("cudaDeviceGetPCIBusId", [&](Session &) { return toRuntime(cuDeviceGetPCIBusId(text, size, device)); });
}

cudaError_t cudaDeviceSynchronize() {
  return run("cudaDeviceSynchronize", [](Session &) { return toRuntime(cuCtxSynchronize()); });
}

cudaError_t cudaDeviceReset() { return toRuntime(cuDevicePrimaryCtxReset(0)); }

cudaError_t cudaDeviceGetLimit(size_t *value, cudaLimit limit) {
  return run("cudaDeviceGetLimit", [&](Session &) { return toRuntime(cuCtxGetLimit(value, CUlimit(limit))); });
}
cudaError_t cudaDeviceSetLimit(cudaLimit limit, size_t value) {
  return toRuntime(cuCtxSetLimit(CUlimit(limit), value));
}
cudaError_t cudaDeviceSetCacheConfig(cudaFuncCache) { return cudaSuccess; }
cudaError_t cudaDeviceGetCacheConfig(cudaFuncCache *config) {
  *config = cudaFuncCachePreferNone;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetStreamPriorityRange(int *least, int *greatest) {
  return toRuntime(cuCtxGetStreamPriorityRange(least, greatest));
}

cudaError_t cudaDeviceCanAccessPeer(int *can, int, int) {
  *can = 0;
  return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version) { return toRuntime(cuDriverGetVersion(version)); }
cudaError_t cudaRuntimeGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

// cuda_profiler_api.h declares them.
__attribute__((visibility("default"))) cudaError_t cudaProfilerStart() { return cudaSuccess; }
__attribute__((visibility("default"))) cudaError_t cudaProfilerStop() { return cudaSuccess; }

} // extern "C"
