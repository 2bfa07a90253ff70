//===- Driver.cpp - A CUDA driver on the CPU, for tests -------------------===//
//
// One sm_90 device whose memory is the host's. A "cubin" is a text: the sizes
// of its kernel's parameters. A launch takes some milliseconds of the events'
// time.
//
//===----------------------------------------------------------------------===//

#include "FakeCuda.h"
#include <cstdlib>
#include <cstring>
#include <functional>
#include <sstream>

namespace {

struct Module {
  std::vector<size_t> parameterSizes;
};

struct Function {
  const Module *module;
  std::string name;
  int maxShared = 48 * 1024;
};

struct Graph {
  std::vector<std::function<CUresult()>> work;
};

Graph *recording = nullptr;
bool hangs = false;
double now = 0; // milliseconds
constexpr double clockMHz = 1600;

/// Does `work` now, or when the graph that is being recorded is launched.
CUresult submit(std::function<CUresult()> work) {
  if (!recording)
    return work();
  recording->work.push_back(std::move(work));
  return CUDA_SUCCESS;
}

} // namespace

extern "C" {

CUresult cuInit(unsigned) { return CUDA_SUCCESS; }

CUresult cuGetErrorName(CUresult error, const char **name) {
  *name = error == CUDA_ERROR_INVALID_VALUE ? "CUDA_ERROR_INVALID_VALUE" : "CUDA_ERROR_FAKE";
  return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult, const char **meaning) {
  *meaning = "as the fake driver says";
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version) {
  *version = 13000;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  *device = ordinal;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count) {
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int size, CUdevice) {
  std::strncpy(name, "Fake GPU", size_t(size));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetPCIBusId(char *name, int size, CUdevice) {
  std::strncpy(name, "0000:00:00.0", size_t(size));
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    *value = 9;
    break;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    *value = 0;
    break;
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    *value = 3;
    break;
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    *value = 1000000;
    break;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    *value = 1 << 16;
    break;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    *value = 232448;
    break;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  *context = nullptr;
  return CUDA_SUCCESS;
}
CUresult cuDevicePrimaryCtxRelease(CUdevice) { return CUDA_SUCCESS; }
CUresult cuCtxGetCurrent(CUcontext *context) {
  *context = nullptr;
  return CUDA_SUCCESS;
}
CUresult cuCtxSetCurrent(CUcontext) { return CUDA_SUCCESS; }
CUresult cuCtxSynchronize() { return CUDA_SUCCESS; }

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned, CUjit_option *, void **) {
  auto *loaded = new Module;
  std::string text = static_cast<const char *>(image);
  if (text.find(".version") != text.npos) // the runtime's own PTX: clocks go to an address
    text = "8";
  std::istringstream sizes(text);
  for (size_t size; sizes >> size;)
    loaded->parameterSizes.push_back(size);
  *module = reinterpret_cast<CUmodule>(loaded);
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  delete reinterpret_cast<Module *>(module);
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  if (!fake::hasKernel(name))
    return CUDA_ERROR_NOT_FOUND;
  *function = reinterpret_cast<CUfunction>(new Function{reinterpret_cast<Module *>(module), name});
  return CUDA_SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction) {
  *value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? 384
           : attribute == CU_FUNC_ATTRIBUTE_NUM_REGS            ? 168
                                                                : 0;
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value) {
  if (attribute == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
    reinterpret_cast<Function *>(function)->maxShared = value;
  return CUDA_SUCCESS;
}

CUresult cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *size) {
  const auto &sizes = reinterpret_cast<Function *>(function)->module->parameterSizes;
  if (index >= sizes.size())
    return CUDA_ERROR_INVALID_VALUE;
  *offset = 0;
  *size = sizes[index];
  return CUDA_SUCCESS;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction handle, void **values, void **) {
  auto *function = reinterpret_cast<Function *>(handle);
  if (config->sharedMemBytes > unsigned(function->maxShared))
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<fake::Parameter> parameters;
  for (size_t i = 0; i < function->module->parameterSizes.size(); ++i) {
    auto *bytes = static_cast<uint8_t *>(values[i]);
    parameters.emplace_back(bytes, bytes + function->module->parameterSizes[i]);
  }
  hangs = hangs || function->name == "hang";
  if (function->name == "read_clocks")
    return submit([parameters] {
      uint64_t *to = nullptr, read[2] = {1 + uint64_t(now * clockMHz * 1e3), 1 + uint64_t(now * 1e6)};
      std::memcpy(&to, parameters[0].data(), sizeof to);
      std::memcpy(to, read, sizeof read);
      return CUDA_SUCCESS;
    });
  return submit([name = function->name, launch = *config, parameters] {
    now += fake::launchMilliseconds(name);
    return fake::runKernel(name, launch, parameters) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

/// No kernel of the runner has such a map.
CUresult cuTensorMapEncodeIm2col(CUtensorMap *, CUtensorMapDataType, cuuint32_t, void *, const cuuint64_t *,
                                 const cuuint64_t *, const int *, const int *, cuuint32_t, cuuint32_t,
                                 const cuuint32_t *, CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
                                 CUtensorMapFloatOOBfill) {
  return CUDA_ERROR_NOT_SUPPORTED;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, CUtensorMapDataType, cuuint32_t rank, void *address,
                                const cuuint64_t *extents, const cuuint64_t *strides, const cuuint32_t *box,
                                const cuuint32_t *, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  fake::TensorMap fields{};
  fields.address = reinterpret_cast<uint64_t>(address);
  fields.rank = uint8_t(rank);
  fields.swizzle = uint8_t(swizzle);
  for (unsigned i = 0; i < rank; ++i) {
    fields.extents[i] = uint32_t(extents[i]);
    fields.box[i] = uint16_t(box[i]);
    fields.strides[i] = i == 0 ? 2 : strides[i - 1];
  }
  std::memcpy(map, &fields, sizeof fields);
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc(CUdeviceptr *pointer, size_t bytes) {
  *pointer = reinterpret_cast<CUdeviceptr>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  return CUDA_SUCCESS;
}

CUresult cuMemFree(CUdeviceptr pointer) {
  std::free(reinterpret_cast<void *>(pointer));
  return CUDA_SUCCESS;
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned) {
  *pointer = std::malloc(bytes);
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *pointer) {
  std::free(pointer);
  return CUDA_SUCCESS;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char byte, size_t bytes, CUstream) {
  return submit([=] {
    std::memset(reinterpret_cast<void *>(to), byte, bytes);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) {
  std::memcpy(reinterpret_cast<void *>(to), from, bytes);
  return CUDA_SUCCESS;
}

CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) {
  std::memcpy(to, reinterpret_cast<void *>(from), bytes);
  return CUDA_SUCCESS;
}

CUresult cuStreamCreate(CUstream *stream, unsigned) {
  *stream = nullptr;
  return CUDA_SUCCESS;
}
CUresult cuStreamDestroy(CUstream) { return CUDA_SUCCESS; }
CUresult cuStreamGetId(CUstream stream, unsigned long long *id) {
  if (recording)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  *id = reinterpret_cast<uintptr_t>(stream);
  return CUDA_SUCCESS;
}
CUresult cuStreamGetCaptureInfo(CUstream, CUstreamCaptureStatus *status, cuuint64_t *id, CUgraph *,
                                const CUgraphNode **, const CUgraphEdgeData **, size_t *) {
  *status = recording ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
  *id = reinterpret_cast<uintptr_t>(recording);
  return CUDA_SUCCESS;
}
CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *) { return CUDA_SUCCESS; }
CUresult cuStreamQuery(CUstream) { return hangs ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS; }

CUresult cuStreamBeginCapture(CUstream, CUstreamCaptureMode) {
  recording = new Graph;
  return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream, CUgraph *graph) {
  *graph = reinterpret_cast<CUgraph>(recording);
  recording = nullptr;
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiate(CUgraphExec *executable, CUgraph graph, unsigned long long) {
  *executable = reinterpret_cast<CUgraphExec>(graph);
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream) {
  for (const auto &work : reinterpret_cast<Graph *>(executable)->work)
    if (CUresult result = work())
      return result;
  return CUDA_SUCCESS;
}

CUresult cuGraphExecDestroy(CUgraphExec) { return CUDA_SUCCESS; }
CUresult cuGraphDestroy(CUgraph graph) {
  delete reinterpret_cast<Graph *>(graph);
  return CUDA_SUCCESS;
}

CUresult cuEventCreate(CUevent *event, unsigned) {
  *event = reinterpret_cast<CUevent>(new float(0));
  return CUDA_SUCCESS;
}
CUresult cuEventDestroy(CUevent event) {
  delete reinterpret_cast<float *>(event);
  return CUDA_SUCCESS;
}
CUresult cuEventRecord(CUevent event, CUstream) {
  *reinterpret_cast<float *>(event) = now;
  return CUDA_SUCCESS;
}
CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  *milliseconds = *reinterpret_cast<float *>(end) - *reinterpret_cast<float *>(start);
  return CUDA_SUCCESS;
}

} // extern "C"
