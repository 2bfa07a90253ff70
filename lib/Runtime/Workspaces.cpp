//===- Workspaces.cpp - Workspaces for launches of any stream -------------===//

#include "girih/Runtime/Workspaces.h"
#include "girih/Support/Error.h"

using namespace girih;
using namespace girih::runtime;

/// A cache line, so that counters of different streams do not share one.
static constexpr size_t alignment = 128;

Workspaces::Workspaces(const Manifest &manifest) {
  for (const Argument &argument : manifest.arguments)
    if (argument.kind == Argument::Kind::Workspace) {
      offsets.push_back(stride);
      stride += (size_t(argument.bytes) + alignment - 1) / alignment * alignment;
    }
  if (!stride)
    return;
  buffer = DeviceBuffer(stride * capacity);
  buffer.upload(std::vector<uint8_t>(buffer.bytes(), 0));
}

std::vector<CUdeviceptr> Workspaces::forLaunch(CUstream stream) {
  // Handles are used again after a stream is destroyed, ids are not; but a stream that is
  // being captured does not tell its id (CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED).
  std::pair<unsigned long long, unsigned long long> owner;
  cuuint64_t capture = 0;
  CUstreamCaptureStatus status = CU_STREAM_CAPTURE_STATUS_NONE;
  GIRIH_CUDA(cuStreamGetCaptureInfo, stream, &status, &capture, nullptr, nullptr, nullptr, nullptr);
  if (status != CU_STREAM_CAPTURE_STATUS_NONE)
    captured = true;
  if (!stride)
    return {};
  if (status == CU_STREAM_CAPTURE_STATUS_NONE)
    GIRIH_CUDA(cuStreamGetId, stream, &owner.first);
  else
    owner = {reinterpret_cast<uintptr_t>(stream), 1 + static_cast<unsigned long long>(capture)};
  std::lock_guard<std::mutex> lock(mutex);
  auto found = owners.find(owner);
  if (found == owners.end()) {
    if (owners.size() == capacity)
      throw Error("more than " + std::to_string(capacity) + " streams and captured graphs have launched this kernel");
    found = owners.emplace(owner, owners.size()).first;
  }
  std::vector<CUdeviceptr> addresses;
  for (size_t offset : offsets)
    addresses.push_back(buffer.address() + found->second * stride + offset);
  return addresses;
}
