// Kernels on a GPU.
#include "Prepared.h"
#include "girih/Runtime/Workspaces.h"

#include <map>

using namespace girih;
using namespace girih::capi;

namespace {

/// Makes a device's context current, and what was current before again at the end.
class CurrentContext {
public:
  explicit CurrentContext(CUcontext wanted) {
    GIRIH_CUDA(cuCtxGetCurrent, &before);
    changed = before != wanted;
    if (changed)
      GIRIH_CUDA(cuCtxSetCurrent, wanted);
  }
  ~CurrentContext() {
    if (changed)
      runtime::driver().cuCtxSetCurrent(before);
  }
  CurrentContext(const CurrentContext &) = delete;
  CurrentContext &operator=(const CurrentContext &) = delete;

private:
  CUcontext before = nullptr;
  bool changed = false;
};

struct OpenDevice {
  explicit OpenDevice(int ordinal) : device(ordinal) {
    const runtime::DeviceFacts &facts = device.facts();
    target = "sm_" + std::to_string(facts.major) + std::to_string(facts.minor) + "a";
  }
  runtime::Device device;
  std::string target;
};

/// The device, opened once. It stays open: at the end of a process CUDA may be gone
/// before we are.
OpenDevice &openDevice(int ordinal) {
  static std::mutex mutex;
  static auto &devices = *new std::map<int, std::unique_ptr<OpenDevice>>;
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<OpenDevice> &device = devices[ordinal];
  if (!device) {
    CUcontext before = nullptr;
    GIRIH_CUDA(cuCtxGetCurrent, &before);
    device = std::make_unique<OpenDevice>(ordinal);
    GIRIH_CUDA(cuCtxSetCurrent, before);
  }
  return *device;
}

} // namespace

struct GirihLoadedKernel {
  GirihLoadedKernel(std::shared_ptr<const Kernel> source, const runtime::Device &device)
      : source(std::move(source)), context(device.context()),
        kernel(device, *this->source->manifest, this->source->cubin.empty() ? this->source->ptx : this->source->cubin),
        prepared(*this->source, kernel), workspaces(*this->source->manifest) {}

  std::shared_ptr<const Kernel> source;
  CUcontext context;
  runtime::Kernel kernel;
  PreparedLaunches prepared;
  runtime::Workspaces workspaces;
};

int girihDeviceCount(GirihDiagnostics *diagnostics) {
  return guard(diagnostics,
               [&]() -> std::optional<int> {
                 int count = 0;
                 GIRIH_CUDA(cuDeviceGetCount, &count);
                 return count;
               })
      .value_or(-1);
}

const char *girihDeviceTarget(int device, GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&] { return openDevice(device).target.c_str(); });
}

GirihLoadedKernel *girihLoad(const GirihKernel *kernel, int device, GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&] {
    const runtime::Device &open = openDevice(device).device;
    CurrentContext current(open.context());
    return new GirihLoadedKernel(kernel->kernel, open);
  });
}

void girihLoadedKernelDestroy(GirihLoadedKernel *loaded) {
  guard(nullptr, [&] {
    if (!loaded)
      return 0;
    CurrentContext current(loaded->context);
    delete loaded;
    return 0;
  });
}

void girihLoadedKernelRetire(GirihLoadedKernel *loaded) {
  static std::mutex mutex;
  static auto &kept = *new std::vector<GirihLoadedKernel *>;
  guard(nullptr, [&] {
    if (!loaded)
      return 0;
    CurrentContext current(loaded->context);
    // Other threads may be capturing.
    CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_RELAXED;
    GIRIH_CUDA(cuThreadExchangeStreamCaptureMode, &mode);
    if (!loaded->workspaces.hasCaptured() && runtime::driver().cuCtxSynchronize() == CUDA_SUCCESS) {
      delete loaded;
    } else {
      std::lock_guard<std::mutex> lock(mutex);
      kept.push_back(loaded);
    }
    GIRIH_CUDA(cuThreadExchangeStreamCaptureMode, &mode);
    return 0;
  });
}

int girihLaunch(GirihLoadedKernel *loaded, const GirihTensor *tensors, size_t count, void *stream,
                GirihDiagnostics *diagnostics) {
  return girihLaunchWithScalars(loaded, tensors, count, nullptr, 0, stream, diagnostics);
}

int girihLaunchWithScalars(GirihLoadedKernel *loaded, const GirihTensor *tensors, size_t count,
                           const void *const *scalars, size_t scalarCount, void *stream,
                           GirihDiagnostics *diagnostics) {
  return guard(diagnostics, [&] {
    checkScalars(*loaded->source, scalars, scalarCount);
    CurrentContext current(loaded->context);
    auto *native = static_cast<CUstream>(stream);
    runtime::LaunchArguments arguments = loaded->prepared.argumentsFor(tensors, count);
    arguments.setScalars(scalars);
    arguments.setWorkspaces(loaded->workspaces.forLaunch(native));
    arguments.enqueue(native);
    return 1;
  });
}
