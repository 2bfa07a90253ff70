//===- DeviceProblem.h - A problem's tensors on a device --------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_DEVICEPROBLEM_H
#define GIRIH_RUNTIME_DEVICEPROBLEM_H

#include "girih/Runtime/Device.h"
#include "girih/Runtime/HostTensor.h"

namespace girih::runtime {

/// Host tensors and their copies on the device. Refers to the binding.
class DeviceProblem {
public:
  DeviceProblem(const Binding &binding, std::vector<HostTensor> tensors);

  const std::vector<HostTensor> &host() const { return tensors; }
  std::vector<CUdeviceptr> addresses() const;
  int64_t bytes() const;
  /// Tensor `index` as it is on the device now.
  HostTensor result(int index) const;
  /// The host's inputs with the outputs as they are on the device now.
  std::vector<HostTensor> results() const;
  void poisonOutputs() const;
  /// The memory of tensor `index`.
  const DeviceBuffer &buffer(int index) const { return buffers[size_t(index)]; }

private:
  const Binding *binding;
  std::vector<HostTensor> tensors;
  std::vector<DeviceBuffer> buffers;
};

/// Outputs of a second implementation that reads the inputs of a DeviceProblem.
class DeviceOutputs {
public:
  DeviceOutputs(const Binding &binding, std::vector<CUdeviceptr> inputs);

  const std::vector<CUdeviceptr> &addresses() const { return tensors; }
  HostTensor result(int index) const;

private:
  const Binding *binding;
  std::vector<CUdeviceptr> tensors;
  std::vector<DeviceBuffer> buffers; ///< empty where the tensor is an input
};

/// How far two results are apart, and how far two right ones can be.
struct PeerDifference {
  double largest = 0, bound = 0;
};

/// Compares every element; those that are NaN or infinite in either are left
/// out, since libraries differ in what they give rows that see no key.
PeerDifference comparePeer(const HostTensor &ours, const HostTensor &theirs);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_DEVICEPROBLEM_H
