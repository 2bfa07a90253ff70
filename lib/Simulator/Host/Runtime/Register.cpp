//===- Register.cpp - What nvcc compiles into a program -------------------===//
//
// Constructors of the program register its fat binaries, with the functions and
// variables that stand for kernels and variables of the device. The functions
// are declared in crt/host_runtime.h, which only nvcc's own output includes.
//
//===----------------------------------------------------------------------===//
#include "../Api.h"

using namespace girih::sim::host;

namespace {

using Registered = Modules::Registered;

Registered *registeredOf(void **handle) { return reinterpret_cast<Registered *>(handle); }

/// The configuration between <<<...>>> and the stub that it calls.
struct Configuration {
  dim3 grid, block;
  size_t shared;
  cudaStream_t stream;
};
thread_local std::vector<Configuration> configurations;

} // namespace

#define GIRIH_EXPORT extern "C" __attribute__((visibility("default")))

GIRIH_EXPORT void **__cudaRegisterFatBinary(void *image) {
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  return reinterpret_cast<void **>(session.modules.registerImage(image));
}

GIRIH_EXPORT void __cudaRegisterFatBinaryEnd(void **) {}

/// Before the program touches a managed variable.
GIRIH_EXPORT char __cudaInitModule(void **handle) {
  return run("__cudaInitModule", [&](Session &session) {
           session.modules.moduleOf(*registeredOf(handle));
           return cudaSuccess;
         }) == cudaSuccess;
}

GIRIH_EXPORT void __cudaUnregisterFatBinary(void **handle) {
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  session.modules.unregister(registeredOf(handle));
}

GIRIH_EXPORT void __cudaRegisterFunction(void **handle, const char *stub, char *, const char *name, int, uint3 *,
                                         uint3 *, dim3 *, dim3 *, int *) {
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  session.modules.registerKernel(registeredOf(handle), stub, name);
}

GIRIH_EXPORT void __cudaRegisterVar(void **handle, char *shadow, char *, const char *name, int, size_t, int, int) {
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  session.modules.registerVariable(registeredOf(handle), shadow, name);
}

GIRIH_EXPORT void __cudaRegisterManagedVar(void **handle, void **pointer, char *, const char *name, int, size_t, int,
                                           int) {
  Session &session = Session::get();
  std::lock_guard<std::recursive_mutex> lock(session.lock);
  registeredOf(handle)->managed.push_back({pointer, name});
  session.modules.registerVariable(registeredOf(handle), pointer, name);
}

GIRIH_EXPORT unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, size_t shared, cudaStream_t stream) {
  configurations.push_back({grid, block, shared, stream});
  return 0;
}

GIRIH_EXPORT cudaError_t __cudaPopCallConfiguration(dim3 *grid, dim3 *block, size_t *shared, void *stream) {
  if (configurations.empty())
    return cudaErrorMissingConfiguration;
  const Configuration &last = configurations.back();
  *grid = last.grid;
  *block = last.block;
  *shared = last.shared;
  *static_cast<cudaStream_t *>(stream) = last.stream;
  configurations.pop_back();
  return cudaSuccess;
}

/// The launch that follows finds the kernel, and tells when there is none.
GIRIH_EXPORT cudaError_t __cudaGetKernel(cudaKernel_t *kernel, const void *stub) {
  *kernel = static_cast<cudaKernel_t>(const_cast<void *>(stub));
  return cudaSuccess;
}

GIRIH_EXPORT cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block, void **values, size_t shared,
                                            cudaStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, values, shared, stream);
}
GIRIH_EXPORT cudaError_t __cudaLaunchKernel_ptsz(cudaKernel_t kernel, dim3 grid, dim3 block, void **values,
                                                 size_t shared, cudaStream_t stream) {
  return cudaLaunchKernel(kernel, grid, block, values, shared, stream);
}
