//===- Module.cpp - Modules, libraries, functions and variables -----------===//
#include "../Api.h"
#include "../Launch.h"

#include <cstring>
#include <fstream>
#include <sstream>

using namespace girih::sim;
using namespace girih::sim::host;

namespace {

template <class Handle> Module &moduleOf(Session &session, Handle handle) {
  Module *module = session.modules.findModule(handle);
  if (!module)
    throw Refusal{CUDA_ERROR_INVALID_HANDLE, "the module does not exist"};
  return *module;
}

template <class Handle> Kernel &kernelOf(Session &session, Handle handle) {
  Kernel *kernel = session.modules.findKernel(handle);
  if (!kernel)
    throw Refusal{CUDA_ERROR_INVALID_HANDLE, "the function does not exist"};
  return *kernel;
}

/// A module and a library are one thing here, and so are a function and a
/// kernel.
template <class Handle> CUresult load(const char *name, Handle *handle, const void *image) {
  return enter(name, [&](Session &session) {
    *handle = reinterpret_cast<Handle>(&session.modules.load(image));
    return CUDA_SUCCESS;
  });
}

template <class Handle> CUresult loadFile(const char *name, Handle *handle, const char *path) {
  return enter(name, [&](Session &session) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
      throw Refusal{CUDA_ERROR_FILE_NOT_FOUND, std::string("cannot read '") + path + "'"};
    std::ostringstream text;
    text << in.rdbuf();
    // With the zero that ends a text.
    std::string bytes = text.str();
    *handle = reinterpret_cast<Handle>(&session.modules.load(bytes.c_str(), false, bytes.size()));
    return CUDA_SUCCESS;
  });
}

template <class Handle> CUresult unload(const char *name, Handle handle) {
  return enter(name, [&](Session &session) {
    return session.modules.unload(&moduleOf(session, handle)) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}

template <class Handle, class Owner>
CUresult findKernel(const char *entry, Handle *handle, Owner owner, const char *name) {
  return enter(entry, [&](Session &session) {
    Module &module = moduleOf(session, owner);
    auto found = module.kernels.find(name);
    if (found == module.kernels.end())
      return CUDA_ERROR_NOT_FOUND;
    *handle = reinterpret_cast<Handle>(&found->second);
    return CUDA_SUCCESS;
  });
}

template <class Owner>
CUresult findVariable(const char *entry, CUdeviceptr *pointer, size_t *bytes, Owner owner, const char *name) {
  return enter(entry, [&](Session &session) {
    const ModuleVariable *found = moduleOf(session, owner).findVariable(name);
    if (!found)
      return CUDA_ERROR_NOT_FOUND;
    if (pointer)
      *pointer = found->address;
    if (bytes)
      *bytes = found->size;
    return CUDA_SUCCESS;
  });
}

/// PTX alone does not say how many registers ptxas gives a kernel; this is what
/// it may have.
int registersOf(const KernelSignature &signature) {
  if (signature.maxRegisters)
    return int(signature.maxRegisters);
  uint32_t threads = signature.maxThreads * std::max(1u, signature.minBlocks);
  return threads ? int(std::min(255u, 65536 / threads / 8 * 8)) : 64;
}

int attributeOf(const Kernel &kernel, CUfunction_attribute attribute) {
  const KernelSignature &signature = *kernel.signature;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    return signature.maxThreads ? int(signature.maxThreads) : 1024;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    return int(signature.staticShared);
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    return registersOf(signature);
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    return std::atoi(kernel.module->contents.target.c_str() + 3);
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    return int(kernel.mostDynamicShared);
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    return kernel.carveout;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    return kernel.allowsLargeClusters;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
    return signature.cluster[0] != 0;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH: {
    int axis = attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH;
    return signature.cluster[0] ? int(signature.cluster[axis]) : kernel.requiredCluster[axis];
  }
  default:
    // Constant and local memory, cache mode, scheduling policy.
    return 0;
  }
}

void setAttribute(Kernel &kernel, CUfunction_attribute attribute, int value) {
  uint64_t most = 227 * 1024 - std::min<uint64_t>(kernel.signature->staticShared, 227 * 1024);
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    if (value < 0 || uint64_t(value) > most)
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "'" + kernel.shownName + "': " + std::to_string(value) +
                                                  " bytes of dynamic shared memory when there may be " +
                                                  std::to_string(most)};
    kernel.mostDynamicShared = uint32_t(value);
    return;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    kernel.carveout = value;
    return;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    kernel.allowsLargeClusters = value != 0;
    return;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    kernel.requiredCluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH] = value;
    return;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    return;
  default:
    throw Refusal{CUDA_ERROR_INVALID_VALUE, "attribute " + std::to_string(int(attribute)) + " cannot be set"};
  }
}

} // namespace

extern "C" {

CUresult cuModuleLoad(CUmodule *module, const char *path) { return loadFile("cuModuleLoad", module, path); }
CUresult cuModuleLoadData(CUmodule *module, const void *image) { return load("cuModuleLoadData", module, image); }
CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned, CUjit_option *, void **) {
  return load("cuModuleLoadDataEx", module, image);
}
CUresult cuModuleLoadFatBinary(CUmodule *module, const void *image) {
  return load("cuModuleLoadFatBinary", module, image);
}
CUresult cuModuleUnload(CUmodule module) { return unload("cuModuleUnload", module); }

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  *mode = CU_MODULE_LAZY_LOADING;
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  return findKernel("cuModuleGetFunction", function, module, name);
}
CUresult cuModuleGetGlobal(CUdeviceptr *pointer, size_t *bytes, CUmodule module, const char *name) {
  return findVariable("cuModuleGetGlobal", pointer, bytes, module, name);
}

CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule module) {
  return enter("cuModuleGetFunctionCount", [&](Session &session) {
    *count = unsigned(moduleOf(session, module).kernels.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryLoadData(CUlibrary *library, const void *image, CUjit_option *, void **, unsigned, CUlibraryOption *,
                           void **, unsigned) {
  return load("cuLibraryLoadData", library, image);
}
CUresult cuLibraryLoadFromFile(CUlibrary *library, const char *path, CUjit_option *, void **, unsigned,
                               CUlibraryOption *, void **, unsigned) {
  return loadFile("cuLibraryLoadFromFile", library, path);
}
CUresult cuLibraryUnload(CUlibrary library) { return unload("cuLibraryUnload", library); }
CUresult cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name) {
  return findKernel("cuLibraryGetKernel", kernel, library, name);
}
CUresult cuLibraryGetGlobal(CUdeviceptr *pointer, size_t *bytes, CUlibrary library, const char *name) {
  return findVariable("cuLibraryGetGlobal", pointer, bytes, library, name);
}
CUresult cuLibraryGetModule(CUmodule *module, CUlibrary library) {
  *module = reinterpret_cast<CUmodule>(library);
  return CUDA_SUCCESS;
}
CUresult cuLibraryGetKernelCount(unsigned *count, CUlibrary library) {
  return cuModuleGetFunctionCount(count, reinterpret_cast<CUmodule>(library));
}
CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned count, CUlibrary library) {
  return enter("cuLibraryEnumerateKernels", [&](Session &session) {
    for (auto &[name, kernel] : moduleOf(session, library).kernels)
      if (count-- > 0)
        *kernels++ = reinterpret_cast<CUkernel>(&kernel);
      else
        break;
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel) {
  *function = reinterpret_cast<CUfunction>(kernel);
  return CUDA_SUCCESS;
}
CUresult cuKernelGetName(const char **name, CUkernel kernel) {
  return cuFuncGetName(name, reinterpret_cast<CUfunction>(kernel));
}
CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute, CUkernel kernel, CUdevice) {
  return cuFuncGetAttribute(value, attribute, reinterpret_cast<CUfunction>(kernel));
}
CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value, CUkernel kernel, CUdevice) {
  return cuFuncSetAttribute(reinterpret_cast<CUfunction>(kernel), attribute, value);
}
CUresult cuKernelSetCacheConfig(CUkernel, CUfunc_cache, CUdevice) { return CUDA_SUCCESS; }
CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset, size_t *size) {
  return cuFuncGetParamInfo(reinterpret_cast<CUfunction>(kernel), index, offset, size);
}

CUresult cuFuncGetName(const char **name, CUfunction function) {
  return enter("cuFuncGetName", [&](Session &session) {
    *name = kernelOf(session, function).signature->name.c_str();
    return CUDA_SUCCESS;
  });
}
CUresult cuFuncGetModule(CUmodule *module, CUfunction function) {
  return enter("cuFuncGetModule", [&](Session &session) {
    *module = reinterpret_cast<CUmodule>(const_cast<Module *>(kernelOf(session, function).module));
    return CUDA_SUCCESS;
  });
}
CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function) {
  return enter("cuFuncGetAttribute", [&](Session &session) {
    if (attribute < 0 || attribute >= CU_FUNC_ATTRIBUTE_MAX)
      return CUDA_ERROR_INVALID_VALUE;
    *value = attributeOf(kernelOf(session, function), attribute);
    return CUDA_SUCCESS;
  });
}
CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  return enter("cuFuncSetAttribute", [&](Session &session) {
    setAttribute(kernelOf(session, function), attribute, value);
    return CUDA_SUCCESS;
  });
}
CUresult cuFuncSetCacheConfig(CUfunction, CUfunc_cache) { return CUDA_SUCCESS; }
CUresult cuFuncLoad(CUfunction) { return CUDA_SUCCESS; }
CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction) {
  *state = CU_FUNCTION_LOADING_STATE_LOADED;
  return CUDA_SUCCESS;
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *size) {
  return enter("cuFuncGetParamInfo", [&](Session &session) {
    const auto &parameters = kernelOf(session, function).signature->parameters;
    if (index >= parameters.size())
      return CUDA_ERROR_INVALID_VALUE;
    *offset = parameters[index].offset;
    if (size)
      *size = parameters[index].size;
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *count, CUfunction function, int threads,
                                                              size_t shared, unsigned) {
  return enter("cuOccupancyMaxActiveBlocksPerMultiprocessor", [&](Session &session) {
    *count = int(residentCtas(kernelOf(session, function), uint32_t(threads), shared));
    return CUDA_SUCCESS;
  });
}
CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *count, CUfunction function, int threads, size_t shared) {
  return cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(count, function, threads, shared, 0);
}

CUresult cuOccupancyMaxActiveClusters(int *count, CUfunction function, const CUlaunchConfig *config) {
  return enter("cuOccupancyMaxActiveClusters", [&](Session &session) {
    uint64_t size = 1;
    for (unsigned i = 0; i < config->numAttrs; ++i)
      if (const CUlaunchAttribute &attribute = config->attrs[i]; attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
        size = uint64_t(attribute.value.clusterDim.x) * attribute.value.clusterDim.y * attribute.value.clusterDim.z;
    uint32_t threads = config->blockDimX * config->blockDimY * config->blockDimZ;
    uint64_t ctas = residentCtas(kernelOf(session, function), threads, config->sharedMemBytes);
    *count = size ? int(ctas * session.multiprocessors() / size) : 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxPotentialClusterSize(int *size, CUfunction function, const CUlaunchConfig *) {
  return enter("cuOccupancyMaxPotentialClusterSize", [&](Session &session) {
    *size = kernelOf(session, function).allowsLargeClusters ? 16 : 8;
    return CUDA_SUCCESS;
  });
}

} // extern "C"
