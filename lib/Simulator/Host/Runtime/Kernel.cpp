//===- Kernel.cpp - Kernels of the runtime --------------------------------===//
#include "../Api.h"
#include "../EntryPoints.h"
#include "../Launch.h"

#include <cstring>

using namespace girih::sim::host;

namespace {

CUfunction function(Session &session, const void *stub) {
  return reinterpret_cast<CUfunction>(&session.modules.kernelOf(stub));
}

int attributeOf(CUfunction kernel, CUfunction_attribute attribute) {
  int value = 0;
  cuFuncGetAttribute(&value, attribute, kernel);
  return value;
}

CUlaunchConfig configOf(const cudaLaunchConfig_t &config) {
  // The attributes are the driver's, with other names.
  static_assert(sizeof(cudaLaunchAttribute) == sizeof(CUlaunchAttribute));
  CUlaunchConfig driver{};
  driver.gridDimX = config.gridDim.x;
  driver.gridDimY = config.gridDim.y;
  driver.gridDimZ = config.gridDim.z;
  driver.blockDimX = config.blockDim.x;
  driver.blockDimY = config.blockDim.y;
  driver.blockDimZ = config.blockDim.z;
  driver.sharedMemBytes = unsigned(config.dynamicSmemBytes);
  driver.hStream = config.stream;
  driver.attrs = reinterpret_cast<CUlaunchAttribute *>(config.attrs);
  driver.numAttrs = config.attrs ? config.numAttrs : 0;
  return driver;
}

cudaError_t launchConfigured(const char *name, const cudaLaunchConfig_t &config, const void *stub, void **values) {
  return run(name, [&](Session &session) {
    CUfunction kernel = function(session, stub);
    CUlaunchConfig driver = configOf(config);
    // What is an invalid value for the driver has an error of its own here.
    uint64_t threads = uint64_t(driver.blockDimX) * driver.blockDimY * driver.blockDimZ;
    bool isPossible = driver.gridDimX && driver.gridDimY && driver.gridDimZ && driver.gridDimY <= 65535 &&
                      driver.gridDimZ <= 65535 && driver.gridDimX <= 0x7fffffff && threads && threads <= 1024 &&
                      driver.blockDimZ <= 64;
    CUresult result = cuLaunchKernelEx(&driver, kernel, values, nullptr);
    return result == CUDA_ERROR_INVALID_VALUE && !isPossible ? cudaErrorInvalidConfiguration : toRuntime(result);
  });
}

} // namespace

extern "C" {

cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *config, const void *stub, void **values) {
  return launchConfigured("cudaLaunchKernelExC", *config, stub, values);
}

cudaError_t cudaLaunchKernel(const void *stub, dim3 grid, dim3 block, void **values, size_t shared,
                             cudaStream_t stream) {
  return launchConfigured("cudaLaunchKernel", {grid, block, shared, stream, nullptr, 0}, stub, values);
}

cudaError_t cudaLaunchCooperativeKernel(const void *stub, dim3 grid, dim3 block, void **values, size_t shared,
                                        cudaStream_t stream) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeCooperative;
  attribute.val.cooperative = 1;
  return launchConfigured("cudaLaunchCooperativeKernel", {grid, block, shared, stream, &attribute, 1}, stub, values);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *stub) {
  return run("cudaFuncGetAttributes", [&](Session &session) {
    CUfunction kernel = function(session, stub);
    std::memset(attributes, 0, sizeof *attributes);
    attributes->sharedSizeBytes = size_t(attributeOf(kernel, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES));
    attributes->maxThreadsPerBlock = attributeOf(kernel, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    attributes->numRegs = attributeOf(kernel, CU_FUNC_ATTRIBUTE_NUM_REGS);
    attributes->ptxVersion = attributeOf(kernel, CU_FUNC_ATTRIBUTE_PTX_VERSION);
    attributes->binaryVersion = attributeOf(kernel, CU_FUNC_ATTRIBUTE_BINARY_VERSION);
    attributes->maxDynamicSharedSizeBytes = attributeOf(kernel, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
    attributes->preferredShmemCarveout = attributeOf(kernel, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT);
    attributes->clusterDimMustBeSet = attributeOf(kernel, CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET);
    attributes->requiredClusterWidth = attributeOf(kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH);
    attributes->requiredClusterHeight = attributeOf(kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT);
    attributes->requiredClusterDepth = attributeOf(kernel, CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH);
    attributes->nonPortableClusterSizeAllowed =
        attributeOf(kernel, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED);
    return cudaSuccess;
  });
}

cudaError_t cudaFuncSetAttribute(const void *stub, cudaFuncAttribute attribute, int value) {
  return run("cudaFuncSetAttribute", [&](Session &session) {
    return toRuntime(cuFuncSetAttribute(function(session, stub), CUfunction_attribute(attribute), value));
  });
}
cudaError_t cudaKernelSetAttributeForDevice(cudaKernel_t kernel, cudaFuncAttribute attribute, int value, int) {
  return cudaFuncSetAttribute(kernel, attribute, value);
}
cudaError_t cudaFuncSetCacheConfig(const void *, cudaFuncCache) { return cudaSuccess; }

cudaError_t cudaFuncGetName(const char **name, const void *stub) {
  return run("cudaFuncGetName",
             [&](Session &session) { return toRuntime(cuFuncGetName(name, function(session, stub))); });
}
cudaError_t cudaFuncGetParamInfo(const void *stub, size_t index, size_t *offset, size_t *size) {
  return run("cudaFuncGetParamInfo", [&](Session &session) {
    return toRuntime(cuFuncGetParamInfo(function(session, stub), index, offset, size));
  });
}

cudaError_t cudaGetKernel(cudaKernel_t *kernel, const void *stub) {
  return run("cudaGetKernel", [&](Session &session) {
    *kernel = reinterpret_cast<cudaKernel_t>(&session.modules.kernelOf(stub));
    return cudaSuccess;
  });
}
cudaError_t cudaGetFuncBySymbol(cudaFunction_t *kernel, const void *stub) {
  return run("cudaGetFuncBySymbol", [&](Session &session) {
    *kernel = function(session, stub);
    return cudaSuccess;
  });
}

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *count, const void *stub, int threads,
                                                                   size_t shared, unsigned flags) {
  return run("cudaOccupancyMaxActiveBlocksPerMultiprocessor", [&](Session &session) {
    return toRuntime(
        cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(count, function(session, stub), threads, shared, flags));
  });
}
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *count, const void *stub, int threads, size_t shared) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(count, stub, threads, shared, 0);
}
cudaError_t cudaOccupancyMaxActiveClusters(int *count, const void *stub, const cudaLaunchConfig_t *config) {
  return run("cudaOccupancyMaxActiveClusters", [&](Session &session) {
    CUlaunchConfig driver = configOf(*config);
    return toRuntime(cuOccupancyMaxActiveClusters(count, function(session, stub), &driver));
  });
}
cudaError_t cudaOccupancyMaxPotentialClusterSize(int *size, const void *stub, const cudaLaunchConfig_t *config) {
  return run("cudaOccupancyMaxPotentialClusterSize", [&](Session &session) {
    CUlaunchConfig driver = configOf(*config);
    return toRuntime(cuOccupancyMaxPotentialClusterSize(size, function(session, stub), &driver));
  });
}

cudaError_t cudaLibraryLoadData(cudaLibrary_t *library, const void *image, cudaJitOption *, void **, unsigned,
                                cudaLibraryOption *, void **, unsigned) {
  return run("cudaLibraryLoadData", [&](Session &) {
    return toRuntime(
        cuLibraryLoadData(reinterpret_cast<CUlibrary *>(library), image, nullptr, nullptr, 0, nullptr, nullptr, 0));
  });
}
cudaError_t cudaLibraryLoadFromFile(cudaLibrary_t *library, const char *path, cudaJitOption *, void **, unsigned,
                                    cudaLibraryOption *, void **, unsigned) {
  return run("cudaLibraryLoadFromFile", [&](Session &) {
    return toRuntime(
        cuLibraryLoadFromFile(reinterpret_cast<CUlibrary *>(library), path, nullptr, nullptr, 0, nullptr, nullptr, 0));
  });
}
cudaError_t cudaLibraryUnload(cudaLibrary_t library) {
  return run("cudaLibraryUnload",
             [&](Session &) { return toRuntime(cuLibraryUnload(reinterpret_cast<CUlibrary>(library))); });
}
cudaError_t cudaLibraryGetKernel(cudaKernel_t *kernel, cudaLibrary_t library, const char *name) {
  return run("cudaLibraryGetKernel", [&](Session &) {
    return toRuntime(
        cuLibraryGetKernel(reinterpret_cast<CUkernel *>(kernel), reinterpret_cast<CUlibrary>(library), name));
  });
}
cudaError_t cudaLibraryGetGlobal(void **pointer, size_t *bytes, cudaLibrary_t library, const char *name) {
  return run("cudaLibraryGetGlobal", [&](Session &) {
    return toRuntime(cuLibraryGetGlobal(reinterpret_cast<CUdeviceptr *>(pointer), bytes,
                                        reinterpret_cast<CUlibrary>(library), name));
  });
}
cudaError_t cudaLibraryGetKernelCount(unsigned *count, cudaLibrary_t library) {
  return run("cudaLibraryGetKernelCount", [&](Session &) {
    return toRuntime(cuLibraryGetKernelCount(count, reinterpret_cast<CUlibrary>(library)));
  });
}

cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **entry, unsigned version, unsigned long long,
                                             cudaDriverEntryPointQueryResult *status) {
  return run("cudaGetDriverEntryPoint", [&](Session &) {
    *entry = findDriverFunction(symbol, int(version));
    if (status)
      *status = *entry ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
    return cudaSuccess;
  });
}
cudaError_t cudaGetDriverEntryPoint(const char *symbol, void **entry, unsigned long long flags,
                                    cudaDriverEntryPointQueryResult *status) {
  return cudaGetDriverEntryPointByVersion(symbol, entry, CUDART_VERSION, flags, status);
}

} // extern "C"
