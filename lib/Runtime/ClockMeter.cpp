//===- ClockMeter.cpp - The SM clock, through NVML ------------------------===//

#include "girih/Runtime/Bench.h"
#include "girih/Runtime/SharedLibrary.h"

using namespace girih;
using namespace girih::runtime;

/// The four functions of NVML that are used. Its header is not everywhere that
/// CUDA's is, so they are declared here.
struct ClockMeter::Library {
  using Handle = struct NvmlDevice *;
  static constexpr int success = 0, smClock = 1; // NVML_SUCCESS, NVML_CLOCK_SM

  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  int (*deviceByBusId)(const char *, Handle *) = nullptr;
  int (*clockInfo)(Handle, int, unsigned *) = nullptr;
  Handle device = nullptr;

  bool load(const std::string &busId) {
    SharedLibrary nvml = SharedLibrary::open({"libnvidia-ml.so.1"});
    init = reinterpret_cast<decltype(init)>(nvml.find("nvmlInit_v2"));
    shutdown = reinterpret_cast<decltype(shutdown)>(nvml.find("nvmlShutdown"));
    deviceByBusId = reinterpret_cast<decltype(deviceByBusId)>(nvml.find("nvmlDeviceGetHandleByPciBusId_v2"));
    clockInfo = reinterpret_cast<decltype(clockInfo)>(nvml.find("nvmlDeviceGetClockInfo"));
    if (!init || !shutdown || !deviceByBusId || !clockInfo || init() != success)
      return false;
    if (deviceByBusId(busId.c_str(), &device) == success)
      return true;
    shutdown();
    return false;
  }
};

ClockMeter::ClockMeter(const DeviceFacts &device) {
  auto *loaded = new Library;
  if (loaded->load(device.busId))
    library = loaded;
  else
    delete loaded;
}

ClockMeter::~ClockMeter() {
  if (library)
    library->shutdown();
  delete library;
}

std::optional<double> ClockMeter::smMHz() const {
  unsigned megahertz = 0;
  if (!library || library->clockInfo(library->device, Library::smClock, &megahertz) != Library::success)
    return std::nullopt;
  return double(megahertz);
}
