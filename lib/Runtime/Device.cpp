//===- Device.cpp - A GPU and what lives on it ----------------------------===//

#include "girih/Runtime/Device.h"
#include "girih/Support/Error.h"
#include <chrono>
#include <thread>

using namespace girih;
using namespace girih::runtime;

Device::Device(int ordinal) {
  int count = 0;
  GIRIH_CUDA(cuDeviceGetCount, &count);
  if (ordinal < 0 || ordinal >= count)
    throw Error("device is " + std::to_string(ordinal) + " when there are " + std::to_string(count) + " devices");
  GIRIH_CUDA(cuDeviceGet, &device, ordinal);
  auto attribute = [&](CUdevice_attribute which) {
    int value = 0;
    GIRIH_CUDA(cuDeviceGetAttribute, &value, which, device);
    return value;
  };
  char text[256] = {};
  GIRIH_CUDA(cuDeviceGetName, text, int(sizeof text), device);
  deviceFacts.name = text;
  char bus[32] = {};
  GIRIH_CUDA(cuDeviceGetPCIBusId, bus, int(sizeof bus), device);
  deviceFacts.busId = bus;
  deviceFacts.ordinal = ordinal;
  deviceFacts.major = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
  deviceFacts.minor = attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
  deviceFacts.multiprocessors = attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
  deviceFacts.clockKHz = attribute(CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
  deviceFacts.cacheBytes = attribute(CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
  deviceFacts.sharedBytes = attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
  GIRIH_CUDA(cuDriverGetVersion, &deviceFacts.driverVersion);
  GIRIH_CUDA(cuDevicePrimaryCtxRetain, &primary, device);
  GIRIH_CUDA(cuCtxSetCurrent, primary);
}

Device::~Device() {
  if (!deviceAbandoned())
    driver().cuDevicePrimaryCtxRelease(device);
}

DeviceBuffer::DeviceBuffer(size_t bytes) : size(bytes) {
  if (CUresult result = driver().cuMemAlloc(&pointer, bytes ? bytes : 1)) {
    pointer = 0;
    if (result == CUDA_ERROR_OUT_OF_MEMORY)
      throw Error("the device has no " + std::to_string(bytes) + " bytes left");
    checkCuda(result, "cuMemAlloc");
  }
}

DeviceBuffer::~DeviceBuffer() {
  if (pointer && !deviceAbandoned())
    driver().cuMemFree(pointer);
}

void DeviceBuffer::upload(const std::vector<uint8_t> &host) const {
  if (host.size() != size)
    throw Error("upload of " + std::to_string(host.size()) + " bytes into a buffer of " + std::to_string(size));
  if (!size)
    return;
  GIRIH_CUDA(cuMemcpyHtoD, pointer, host.data(), size);
  // The call returns when the bytes are staged; a stream that does not wait for
  // the default stream could overtake their last part.
  GIRIH_CUDA(cuCtxSynchronize);
}

std::vector<uint8_t> DeviceBuffer::download() const {
  std::vector<uint8_t> host(size);
  if (size)
    GIRIH_CUDA(cuMemcpyDtoH, host.data(), pointer, size);
  return host;
}

void DeviceBuffer::download(uint8_t *host) const {
  if (size)
    GIRIH_CUDA(cuMemcpyDtoH, host, pointer, size);
}

void DeviceBuffer::fill(uint8_t byte, CUstream stream) const {
  if (size)
    GIRIH_CUDA(cuMemsetD8Async, pointer, byte, size, stream);
}

PinnedBuffer::PinnedBuffer(size_t bytes) { GIRIH_CUDA(cuMemHostAlloc, &pointer, bytes ? bytes : 1, 0); }

PinnedBuffer::~PinnedBuffer() {
  if (pointer && !deviceAbandoned())
    driver().cuMemFreeHost(pointer);
}

Stream::Stream(double timeout) : timeout(timeout) { GIRIH_CUDA(cuStreamCreate, &stream, CU_STREAM_NON_BLOCKING); }

Stream::~Stream() {
  if (!deviceAbandoned())
    driver().cuStreamDestroy(stream);
}

void Stream::synchronize() const {
  using Clock = std::chrono::steady_clock;
  Clock::time_point start = Clock::now();
  for (;;) {
    CUresult result = driver().cuStreamQuery(stream);
    if (result == CUDA_SUCCESS)
      return;
    if (result != CUDA_ERROR_NOT_READY)
      checkCuda(result, "the kernel");
    if (std::chrono::duration<double>(Clock::now() - start).count() > timeout) {
      abandonDevice();
      throw Error("the kernel did not finish within " + std::to_string(int(timeout)) + " s");
    }
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
}

Event::Event() { GIRIH_CUDA(cuEventCreate, &event, CU_EVENT_DEFAULT); }

Event::~Event() {
  if (!deviceAbandoned())
    driver().cuEventDestroy(event);
}

void Event::record(const Stream &stream) const { GIRIH_CUDA(cuEventRecord, event, stream.native()); }

float Event::millisecondsSince(const Event &start) const {
  float milliseconds = 0;
  GIRIH_CUDA(cuEventElapsedTime, &milliseconds, start.event, event);
  return milliseconds;
}

Graph::Graph(const Stream &stream, const std::function<void()> &enqueue) {
  GIRIH_CUDA(cuStreamBeginCapture, stream.native(), CU_STREAM_CAPTURE_MODE_RELAXED);
  try {
    enqueue();
  } catch (...) {
    driver().cuStreamEndCapture(stream.native(), &graph);
    if (graph)
      driver().cuGraphDestroy(graph);
    throw;
  }
  GIRIH_CUDA(cuStreamEndCapture, stream.native(), &graph);
  CUresult result = driver().cuGraphInstantiate(&executable, graph, 0);
  if (result != CUDA_SUCCESS)
    driver().cuGraphDestroy(graph);
  checkCuda(result, "cuGraphInstantiate");
}

Graph::~Graph() {
  if (deviceAbandoned())
    return;
  if (executable)
    driver().cuGraphExecDestroy(executable);
  if (graph)
    driver().cuGraphDestroy(graph);
}

void Graph::launch(const Stream &stream) const { GIRIH_CUDA(cuGraphLaunch, executable, stream.native()); }
