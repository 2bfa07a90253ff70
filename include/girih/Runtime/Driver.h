//===- Driver.h - The CUDA driver, loaded at run time -----------*- C++ -*-===//
//
// libcuda.so.1 is opened when it is first needed, so that the tool starts and
// explains itself on a machine that has none.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_DRIVER_H
#define GIRIH_RUNTIME_DRIVER_H

#include <cuda.h>

namespace girih::runtime {

// cuda.h renames many of these with a macro (cuMemAlloc is cuMemAlloc_v2); the
// table goes through the same macros, so a member has the type and the symbol
// of the version that the header declares.
#define GIRIH_CUDA_FUNCTIONS(X)                                                                                        \
  X(cuInit)                                                                                                            \
  X(cuGetErrorName)                                                                                                    \
  X(cuGetErrorString)                                                                                                  \
  X(cuDriverGetVersion)                                                                                                \
  X(cuDeviceGet)                                                                                                       \
  X(cuDeviceGetCount)                                                                                                  \
  X(cuDeviceGetName)                                                                                                   \
  X(cuDeviceGetAttribute)                                                                                              \
  X(cuDeviceGetPCIBusId)                                                                                               \
  X(cuDevicePrimaryCtxRetain)                                                                                          \
  X(cuDevicePrimaryCtxRelease)                                                                                         \
  X(cuCtxGetCurrent)                                                                                                   \
  X(cuCtxSetCurrent)                                                                                                   \
  X(cuCtxSynchronize)                                                                                                  \
  X(cuModuleLoadDataEx)                                                                                                \
  X(cuModuleUnload)                                                                                                    \
  X(cuModuleGetFunction)                                                                                               \
  X(cuFuncGetAttribute)                                                                                                \
  X(cuFuncSetAttribute)                                                                                                \
  X(cuFuncGetParamInfo)                                                                                                \
  X(cuLaunchKernelEx)                                                                                                  \
  X(cuTensorMapEncodeIm2col)                                                                                           \
  X(cuTensorMapEncodeTiled)                                                                                            \
  X(cuMemAlloc)                                                                                                        \
  X(cuMemFree)                                                                                                         \
  X(cuMemHostAlloc)                                                                                                    \
  X(cuMemFreeHost)                                                                                                     \
  X(cuMemsetD8Async)                                                                                                   \
  X(cuMemcpyHtoD)                                                                                                      \
  X(cuMemcpyDtoH)                                                                                                      \
  X(cuStreamCreate)                                                                                                    \
  X(cuStreamDestroy)                                                                                                   \
  X(cuStreamGetCaptureInfo)                                                                                            \
  X(cuStreamGetId)                                                                                                     \
  X(cuStreamQuery)                                                                                                     \
  X(cuThreadExchangeStreamCaptureMode)                                                                                 \
  X(cuStreamBeginCapture)                                                                                              \
  X(cuStreamEndCapture)                                                                                                \
  X(cuGraphInstantiate)                                                                                                \
  X(cuGraphLaunch)                                                                                                     \
  X(cuGraphExecDestroy)                                                                                                \
  X(cuGraphDestroy)                                                                                                    \
  X(cuEventCreate)                                                                                                     \
  X(cuEventDestroy)                                                                                                    \
  X(cuEventRecord)                                                                                                     \
  X(cuEventElapsedTime)

/// The driver's entry points.
struct Driver {
#define GIRIH_MEMBER(function) decltype(&::function) function = nullptr;
  GIRIH_CUDA_FUNCTIONS(GIRIH_MEMBER)
#undef GIRIH_MEMBER
};

/// The driver, loaded and initialized by the first call. Throws Error: "no CUDA
/// driver: libcuda.so.1 not found", or names a missing entry point.
const Driver &driver();

/// Throws Error with the error's name and meaning unless `result` is success.
void checkCuda(CUresult result, const char *call);

/// Checked call of a driver function: GIRIH_CUDA(cuMemAlloc, &pointer, bytes).
#define GIRIH_CUDA(function, ...)                                                                                      \
  ::girih::runtime::checkCuda(::girih::runtime::driver().function(__VA_ARGS__), #function)

/// A kernel that never ends blocks every later driver call, the release of
/// memory included. Once this is set, destructors leave the device alone.
bool deviceAbandoned();
void abandonDevice();

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_DRIVER_H
