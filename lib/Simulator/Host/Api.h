//===- Api.h - CUDA's headers, and what every entry point does --*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_HOST_API_H
#define GIRIH_SIMULATOR_HOST_API_H

#include "Session.h"

// The entry points, declared by these, are all that the library exports.
#pragma GCC visibility push(default)
#include <cuda.h>
#include <cuda_runtime_api.h>
#pragma GCC visibility pop

namespace girih::sim::host {

/// The call of the program that is being served: the runtime is built on the
/// driver's functions, and messages name what the program has called.
class Entry {
public:
  explicit Entry(const char *name);
  ~Entry();
  static const char *name();

private:
  bool isOuter;
};

/// Runs the work of an entry point of the driver: one at a time, and a refusal
/// becomes a message and its code. A context that has failed refuses.
CUresult enterDriver(const char *name, bool mayFollowFailure, const std::function<CUresult(Session &)> &work);

inline CUresult enter(const char *name, const std::function<CUresult(Session &)> &work) {
  return enterDriver(name, false, work);
}
/// For what a program may still ask when its context has failed.
inline CUresult ask(const char *name, const std::function<CUresult(Session &)> &work) {
  return enterDriver(name, true, work);
}

/// The same for the runtime, which keeps the last error of each thread.
cudaError_t run(const char *name, const std::function<cudaError_t(Session &)> &work);
/// Without a change of the last error.
inline cudaError_t toRuntime(CUresult result) { return cudaError_t(result); }
cudaError_t lastError(bool forgets);

} // namespace girih::sim::host

#endif // GIRIH_SIMULATOR_HOST_API_H
