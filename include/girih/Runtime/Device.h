//===- Device.h - A GPU and what lives on it --------------------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_DEVICE_H
#define GIRIH_RUNTIME_DEVICE_H

#include "girih/Runtime/Driver.h"
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace girih::runtime {

/// A device's facts, as far as launching and reporting need them.
struct DeviceFacts {
  int ordinal = 0;
  std::string name, busId;
  int major = 0, minor = 0; ///< compute capability
  int multiprocessors = 0;
  int64_t clockKHz = 0;
  int64_t cacheBytes = 0;  ///< L2
  int64_t sharedBytes = 0; ///< most that one CTA can have
  int driverVersion = 0;   ///< 13000 is CUDA 13.0
};

/// One GPU with its primary context current: CUDA's libraries use the same one.
class Device {
public:
  /// Throws Error when there is no such device.
  explicit Device(int ordinal);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  const DeviceFacts &facts() const { return deviceFacts; }
  CUcontext context() const { return primary; }

private:
  CUdevice device = 0;
  CUcontext primary = nullptr;
  DeviceFacts deviceFacts;
};

/// Device memory; at least 256-byte aligned, which cuMemAlloc promises.
class DeviceBuffer {
public:
  DeviceBuffer() = default;
  explicit DeviceBuffer(size_t bytes);
  DeviceBuffer(DeviceBuffer &&other) noexcept { swap(other); }
  DeviceBuffer &operator=(DeviceBuffer &&other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceBuffer();

  CUdeviceptr address() const { return pointer; }
  size_t bytes() const { return size; }
  void upload(const std::vector<uint8_t> &host) const;
  std::vector<uint8_t> download() const;
  /// Copies all of it to `host`, fast where that is page-locked.
  void download(uint8_t *host) const;
  /// Sets every byte, in the order of the stream's work.
  void fill(uint8_t byte, CUstream stream) const;

private:
  void swap(DeviceBuffer &other) {
    std::swap(pointer, other.pointer);
    std::swap(size, other.size);
  }

  CUdeviceptr pointer = 0;
  size_t size = 0;
};

/// Page-locked host memory, which copies reach without another.
class PinnedBuffer {
public:
  explicit PinnedBuffer(size_t bytes);
  PinnedBuffer(PinnedBuffer &&other) noexcept : pointer(other.pointer) { other.pointer = nullptr; }
  PinnedBuffer &operator=(PinnedBuffer &&) = delete;
  ~PinnedBuffer();

  uint8_t *data() const { return static_cast<uint8_t *>(pointer); }

private:
  void *pointer = nullptr;
};

/// A stream of its own, not the default one.
class Stream {
public:
  /// `timeout` bounds what synchronize waits, in seconds.
  explicit Stream(double timeout = 30);
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  CUstream native() const { return stream; }
  /// Waits for the stream's work. Throws Error when it fails, or when it takes
  /// longer than the timeout; the device is then abandoned.
  void synchronize() const;

private:
  double timeout;
  CUstream stream = nullptr;
};

/// A point in a stream whose time can be asked.
class Event {
public:
  Event();
  ~Event();
  Event(const Event &) = delete;
  Event &operator=(const Event &) = delete;

  void record(const Stream &stream) const;
  /// Milliseconds from `start` to this event; both must have happened.
  float millisecondsSince(const Event &start) const;

private:
  CUevent event = nullptr;
};

/// Work of a stream, recorded once and launched as one: launches of small
/// kernels then follow each other without waiting for the CPU.
class Graph {
public:
  /// Records what `enqueue` puts into `stream`.
  Graph(const Stream &stream, const std::function<void()> &enqueue);
  ~Graph();
  Graph(Graph &&other) noexcept : graph(other.graph), executable(other.executable) {
    other.graph = nullptr;
    other.executable = nullptr;
  }
  Graph &operator=(Graph &&) = delete;

  void launch(const Stream &stream) const;

private:
  CUgraph graph = nullptr;
  CUgraphExec executable = nullptr;
};

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_DEVICE_H
