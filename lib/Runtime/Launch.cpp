//===- Launch.cpp - Arguments of a kernel and its launch ------------------===//

#include "girih/Runtime/Kernel.h"
#include "girih/Runtime/TensorMap.h"
#include "girih/Support/Error.h"
#include <algorithm>
#include <cstring>

using namespace girih;
using namespace girih::runtime;

namespace {

CUtensorMapDataType tensorMapType(ElementType type) {
  switch (type) {
  case ElementType::BF16:
    return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  case ElementType::F16:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  case ElementType::F32:
    return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  case ElementType::I8:
    return CU_TENSOR_MAP_DATA_TYPE_UINT8;
  case ElementType::I32:
    return CU_TENSOR_MAP_DATA_TYPE_INT32;
  case ElementType::I64:
    return CU_TENSOR_MAP_DATA_TYPE_INT64;
  case ElementType::E4M3:
  case ElementType::E5M2:
  case ElementType::UE8M0:
    return CU_TENSOR_MAP_DATA_TYPE_UINT8;
  }
  return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
}

CUtensorMapSwizzle tensorMapSwizzle(uint32_t bytes) {
  switch (bytes) {
  case 32:
    return CU_TENSOR_MAP_SWIZZLE_32B;
  case 64:
    return CU_TENSOR_MAP_SWIZZLE_64B;
  case 128:
    return CU_TENSOR_MAP_SWIZZLE_128B;
  default:
    return CU_TENSOR_MAP_SWIZZLE_NONE;
  }
}

void encodeTensorMap(const TensorMapFields &fields, CUdeviceptr address, CUtensorMap *map) {
  checkTensorMap(fields, address);
  cuuint32_t elementStrides[5] = {1, 1, 1, 1, 1};
  cuuint64_t extents[5], strides[4];
  for (uint32_t i = 0; i < fields.rank; ++i) {
    extents[i] = fields.extents[i];
    if (i > 0)
      strides[i - 1] = fields.strides[i];
  }
  GIRIH_CUDA(cuTensorMapEncodeTiled, map, tensorMapType(fields.type), fields.rank, reinterpret_cast<void *>(address),
             extents, strides, fields.box.data(), elementStrides, CU_TENSOR_MAP_INTERLEAVE_NONE,
             tensorMapSwizzle(fields.swizzle), CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
}

} // namespace

LaunchArguments::LaunchArguments(const Kernel &kernel, const Binding &binding)
    : kernel(&kernel), binding(&binding), grid(computeGrid(binding, kernel.device().multiprocessors)),
      tensors(kernel.manifest().tensors.size(), kOpen) {
  parameters.reserve(kernel.manifest().arguments.size());
  for (const Argument &argument : kernel.manifest().arguments) {
    Parameter &parameter = parameters.emplace_back();
    auto store = [&](auto value) { std::memcpy(parameter.bytes.data(), &value, sizeof value); };
    if (argument.kind == Argument::Kind::Stride)
      store(int64_t(binding.tensors[argument.tensor].strides[argument.dim]));
    if (argument.kind == Argument::Kind::Size)
      store(int32_t(binding.sizes[argument.size]));
    if (argument.kind == Argument::Kind::Scalar)
      store(scalarBits(kernel.manifest().scalars[argument.scalar], binding.scalars[argument.scalar]));
  }
}

void LaunchArguments::setTensors(const CUdeviceptr *addresses) {
  const std::vector<Argument> &arguments = kernel->manifest().arguments;
  // What fails half way leaves no tensor that seems to be set.
  for (size_t i = 0; i < tensors.size(); ++i)
    if (addresses[i] != tensors[i]) {
      tensors[i] = kOpen;
      checkAddress(*binding, int(i), addresses[i]);
    }
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Argument &argument = arguments[i];
    if (argument.tensor < 0 || tensors[argument.tensor] != kOpen)
      continue;
    uint8_t *bytes = parameters[i].bytes.data();
    if (argument.kind == Argument::Kind::TensorMap)
      encodeTensorMap(tensorMapFields(argument, *binding), addresses[argument.tensor],
                      reinterpret_cast<CUtensorMap *>(bytes));
    if (argument.kind == Argument::Kind::Pointer)
      std::memcpy(bytes, &addresses[argument.tensor], sizeof addresses[argument.tensor]);
  }
  std::copy_n(addresses, tensors.size(), tensors.begin());
}

void LaunchArguments::setScalars(const void *const *values) {
  for (size_t i = 0; i < parameters.size(); ++i)
    if (const Argument &argument = kernel->manifest().arguments[i]; argument.kind == Argument::Kind::Scalar)
      std::memcpy(parameters[i].bytes.data(), values[argument.scalar], argument.parameterBytes());
}

void LaunchArguments::setWorkspaces(const std::vector<CUdeviceptr> &addresses) {
  auto address = addresses.begin();
  for (size_t i = 0; i < parameters.size(); ++i)
    if (kernel->manifest().arguments[i].kind == Argument::Kind::Workspace)
      std::memcpy(parameters[i].bytes.data(), &*address++, sizeof *address);
}

/// One zeroed buffer for each workspace of the kernel.
static std::vector<DeviceBuffer> makeWorkspaces(const Manifest &manifest) {
  std::vector<DeviceBuffer> buffers;
  for (const Argument &argument : manifest.arguments)
    if (argument.kind == Argument::Kind::Workspace) {
      buffers.emplace_back(size_t(argument.bytes));
      buffers.back().upload(std::vector<uint8_t>(buffers.back().bytes(), 0));
    }
  return buffers;
}

KernelLaunch::KernelLaunch(const Kernel &kernel, const Binding &binding, const std::vector<CUdeviceptr> &tensors)
    : arguments(kernel, binding), workspaces(makeWorkspaces(kernel.manifest())) {
  arguments.setTensors(tensors.data());
  std::vector<CUdeviceptr> addresses;
  for (const DeviceBuffer &buffer : workspaces)
    addresses.push_back(buffer.address());
  arguments.setWorkspaces(addresses);
}

void LaunchArguments::enqueue(CUstream stream) const {
  std::vector<void *> addresses;
  addresses.reserve(parameters.size());
  for (const Parameter &parameter : parameters)
    addresses.push_back(const_cast<uint8_t *>(parameter.bytes.data()));

  const LaunchDeclaration &launch = kernel->manifest().launch;
  CUlaunchAttribute cluster{};
  cluster.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  cluster.value.clusterDim.x = unsigned(launch.cluster);
  cluster.value.clusterDim.y = 1;
  cluster.value.clusterDim.z = 1;

  CUlaunchConfig config{};
  config.gridDimX = grid;
  config.gridDimY = 1;
  config.gridDimZ = 1;
  config.blockDimX = unsigned(launch.threads);
  config.blockDimY = 1;
  config.blockDimZ = 1;
  config.sharedMemBytes = unsigned(launch.sharedBytes);
  config.hStream = stream;
  config.attrs = &cluster;
  config.numAttrs = launch.cluster > 1 ? 1 : 0;
  GIRIH_CUDA(cuLaunchKernelEx, &config, kernel->function(), addresses.data(), nullptr);
}
