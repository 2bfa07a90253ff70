//===- Kernel.h - A compiled kernel, loaded and launched --------*- C++ -*-===//
#ifndef GIRIH_RUNTIME_KERNEL_H
#define GIRIH_RUNTIME_KERNEL_H

#include "girih/Runtime/Binding.h"
#include "girih/Runtime/Device.h"
#include <array>

namespace girih::runtime {

/// Throws Error unless code for `target` ("sm_NNa") runs on the device: "kernel
/// is for sm_NNa, device 0 is sm_MM".
void checkTarget(const std::string &target, const DeviceFacts &device);

/// A kernel's code on a device. Refers to the manifest.
class Kernel {
public:
  /// Loads the manifest's cubin, or its PTX when there is no cubin. Throws
  /// Error when the code is not for the device, is not the manifest's, or has
  /// other parameters than the manifest, and when it asks for more shared
  /// memory or a larger cluster than there is.
  Kernel(const Device &device, const Manifest &manifest);
  /// Loads `code`, which is the manifest's cubin or PTX.
  Kernel(const Device &device, const Manifest &manifest, const std::string &code);
  ~Kernel();
  Kernel(const Kernel &) = delete;
  Kernel &operator=(const Kernel &) = delete;

  CUfunction function() const { return handle; }
  const Manifest &manifest() const { return declared; }
  const DeviceFacts &device() const { return facts; }
  /// An attribute of the loaded code, such as CU_FUNC_ATTRIBUTE_NUM_REGS.
  int attribute(CUfunction_attribute which) const;

private:
  void checkParameters() const;
  void prepareLaunch() const;

  const Manifest &declared;
  DeviceFacts facts;
  CUmodule module = nullptr;
  CUfunction handle = nullptr;
};

/// The grid of a launch and the values of the kernel's arguments. A copy is cheap.
class LaunchArguments {
public:
  /// With all that follows from sizes and strides; addresses are open. Both are referred to.
  LaunchArguments(const Kernel &kernel, const Binding &binding);

  /// One device address for each of the manifest's tensors; what depends on those that
  /// are not new stays. Throws Error when a tensor map cannot describe a tensor's strides.
  void setTensors(const CUdeviceptr *addresses);
  /// The address of each of the manifest's scalars, in place of the binding's.
  void setScalars(const void *const *values);
  /// Workspaces, one address for each in the order of the arguments: zero, and in no
  /// other launch that may run at the same time.
  void setWorkspaces(const std::vector<CUdeviceptr> &addresses);

  /// Puts one launch into `stream`.
  void enqueue(CUstream stream) const;

private:
  /// Room for any parameter, aligned as a tensor map must be.
  struct alignas(128) Parameter {
    std::array<uint8_t, 128> bytes{};
  };

  const Kernel *kernel;
  const Binding *binding;
  uint32_t grid = 0;
  std::vector<Parameter> parameters;
  std::vector<CUdeviceptr> tensors; ///< that the parameters are made for, or kOpen
  static constexpr CUdeviceptr kOpen = ~CUdeviceptr(0);
};

/// A kernel with its arguments and workspaces: ready to be put into a stream any number
/// of times.
class KernelLaunch {
public:
  /// `tensors` as in LaunchArguments::setTensors. The binding is not needed any more.
  KernelLaunch(const Kernel &kernel, const Binding &binding, const std::vector<CUdeviceptr> &tensors);

  void enqueue(CUstream stream) const { arguments.enqueue(stream); }
  void enqueue(const Stream &stream) const { enqueue(stream.native()); }

private:
  LaunchArguments arguments;
  std::vector<DeviceBuffer> workspaces;
};

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_KERNEL_H
