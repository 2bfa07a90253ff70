//===- DeviceProblem.cpp - A problem's tensors on a device ----------------===//

#include "girih/Runtime/DeviceProblem.h"
#include "girih/Support/Parallel.h"
#include <cmath>
#include <mutex>

using namespace girih;
using namespace girih::runtime;

DeviceProblem::DeviceProblem(const Binding &binding, std::vector<HostTensor> tensorsOnHost)
    : binding(&binding), tensors(std::move(tensorsOnHost)) {
  for (const HostTensor &tensor : tensors) {
    buffers.emplace_back(tensor.bytes.size());
    buffers.back().upload(tensor.bytes);
  }
}

std::vector<CUdeviceptr> DeviceProblem::addresses() const {
  std::vector<CUdeviceptr> result;
  for (const DeviceBuffer &buffer : buffers)
    result.push_back(buffer.address());
  return result;
}

int64_t DeviceProblem::bytes() const {
  int64_t sum = 0;
  for (const DeviceBuffer &buffer : buffers)
    sum += int64_t(buffer.bytes());
  return sum;
}

HostTensor DeviceProblem::result(int index) const {
  return {tensors[size_t(index)].layout, tensors[size_t(index)].type, buffers[size_t(index)].download()};
}

std::vector<HostTensor> DeviceProblem::results() const {
  std::vector<HostTensor> all;
  for (size_t i = 0; i < tensors.size(); ++i)
    all.push_back(binding->manifest->tensors[i].isOutput ? result(int(i)) : tensors[i]);
  return all;
}

void DeviceProblem::poisonOutputs() const {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (binding->manifest->tensors[i].isOutput)
      buffers[i].upload(tensors[i].bytes); // the host's copy still is poison
}

DeviceOutputs::DeviceOutputs(const Binding &binding, std::vector<CUdeviceptr> inputs)
    : binding(&binding), tensors(std::move(inputs)), buffers(tensors.size()) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    const TensorDeclaration &declared = binding.manifest->tensors[i];
    if (!declared.isOutput)
      continue;
    buffers[i] = DeviceBuffer(size_t(binding.tensors[i].span) * elementBytes(declared.type));
    tensors[i] = buffers[i].address();
  }
}

HostTensor DeviceOutputs::result(int index) const {
  return {binding->tensors[size_t(index)], binding->manifest->tensors[size_t(index)].type,
          buffers[size_t(index)].download()};
}

PeerDifference runtime::comparePeer(const HostTensor &ours, const HostTensor &theirs) {
  double largest = 0, magnitude = 0;
  std::mutex mutex;
  int64_t length = ours.rowLength(), rows = ours.rows();
  constexpr int64_t rowsPerBlock = 1024;
  parallelFor((rows + rowsPerBlock - 1) / rowsPerBlock, [&](int64_t block) {
    double blockLargest = 0, blockMagnitude = 0;
    int64_t end = std::min(rows, (block + 1) * rowsPerBlock);
    for (int64_t row = block * rowsPerBlock; row < end; ++row)
      for (int64_t i = 0, offset = ours.rowOffset(row); i < length; ++i) {
        double a = ours.load(offset + i), b = theirs.load(offset + i);
        if (!std::isfinite(a) || !std::isfinite(b))
          continue;
        blockLargest = std::max(blockLargest, std::fabs(a - b));
        blockMagnitude = std::max(blockMagnitude, std::fabs(b));
      }
    std::lock_guard<std::mutex> lock(mutex);
    largest = std::max(largest, blockLargest);
    magnitude = std::max(magnitude, blockMagnitude);
  });
  // Both round P and O; what is looked for here is a wrong tile, not an ulp.
  return {largest, 16 * unitRoundoff(ours.type) * magnitude};
}
