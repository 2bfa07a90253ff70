//===- Launch.cpp - Launches of the driver API ----------------------------===//
#include "../Launch.h"

#include "../Api.h"

#include <cstring>

using namespace girih::sim::host;

namespace {

std::vector<std::vector<uint8_t>> parametersOf(const Kernel &kernel, void **values, void **extra) {
  const auto &formal = kernel.signature->parameters;
  const uint8_t *block = nullptr;
  size_t blockBytes = 0;
  for (void **at = extra; at && *at != CU_LAUNCH_PARAM_END; at += 2)
    if (*at == CU_LAUNCH_PARAM_BUFFER_POINTER)
      block = static_cast<const uint8_t *>(at[1]);
    else if (*at == CU_LAUNCH_PARAM_BUFFER_SIZE)
      blockBytes = *static_cast<size_t *>(at[1]);
    else
      throw Refusal{CUDA_ERROR_INVALID_VALUE, "an entry of 'extra' is not known"};
  if (!formal.empty() && !values && !block)
    throw Refusal{CUDA_ERROR_INVALID_VALUE, "'" + kernel.shownName + "' has " + std::to_string(formal.size()) +
                                                " parameters and the launch gives none"};
  if (block && blockBytes < kernel.signature->parameterBytes())
    throw Refusal{CUDA_ERROR_INVALID_VALUE,
                  "'" + kernel.shownName + "' has " + std::to_string(kernel.signature->parameterBytes()) +
                      " bytes of parameters and the launch gives " + std::to_string(blockBytes)};
  std::vector<std::vector<uint8_t>> parameters;
  for (size_t i = 0; i < formal.size(); ++i) {
    auto *from = block ? block + formal[i].offset : static_cast<const uint8_t *>(values[i]);
    parameters.emplace_back(from, from + formal[i].size);
  }
  return parameters;
}

template <class Shape> std::array<uint32_t, 3> shapeOf(const Shape &shape) { return {shape.x, shape.y, shape.z}; }

/// What a launch attribute asks for; streams, priorities and caches change
/// nothing here, as launches are done one after another.
void apply(const CUlaunchAttribute &attribute, LaunchRequest &request) {
  switch (attribute.id) {
  case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    request.cluster = shapeOf(attribute.value.clusterDim);
    break;
  case CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION:
    request.preferredCluster = shapeOf(attribute.value.preferredClusterDim);
    break;
  case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    request.isCooperative = attribute.value.cooperative != 0;
    break;
  case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    cuEventRecord(attribute.value.programmaticEvent.event, nullptr);
    break;
  case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
    cuEventRecord(attribute.value.launchCompletionEvent.event, nullptr);
    break;
  case CU_LAUNCH_ATTRIBUTE_IGNORE:
  case CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW:
  case CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY:
  case CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
  case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION:
  case CU_LAUNCH_ATTRIBUTE_PRIORITY:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP:
  case CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN:
  case CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    break;
  default:
    throw Refusal{CUDA_ERROR_NOT_SUPPORTED,
                  "launch attribute " + std::to_string(int(attribute.id)) + " is not simulated"};
  }
}

CUresult launchConfigured(const char *name, CUfunction function, const CUlaunchConfig &config, void **values,
                          void **extra) {
  return enter(name, [&](Session &session) {
    LaunchRequest request;
    request.kernel = session.modules.findKernel(function);
    if (!request.kernel)
      throw Refusal{CUDA_ERROR_INVALID_HANDLE, "the function does not exist"};
    request.grid = {config.gridDimX, config.gridDimY, config.gridDimZ};
    request.block = {config.blockDimX, config.blockDimY, config.blockDimZ};
    request.dynamicShared = config.sharedMemBytes;
    for (unsigned i = 0; i < config.numAttrs; ++i)
      apply(config.attrs[i], request);
    request.parameters = parametersOf(*request.kernel, values, extra);
    launch(session, request);
    return CUDA_SUCCESS;
  });
}

} // namespace

extern "C" {

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **values, void **extra) {
  return launchConfigured("cuLaunchKernelEx", function, *config, values, extra);
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                        unsigned blockY, unsigned blockZ, unsigned shared, CUstream stream, void **values,
                        void **extra) {
  CUlaunchConfig config{gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, nullptr, 0};
  return launchConfigured("cuLaunchKernel", function, config, values, extra);
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,
                                   unsigned blockY, unsigned blockZ, unsigned shared, CUstream stream, void **values) {
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  attribute.value.cooperative = 1;
  CUlaunchConfig config{gridX, gridY, gridZ, blockX, blockY, blockZ, shared, stream, &attribute, 1};
  return launchConfigured("cuLaunchCooperativeKernel", function, config, values, nullptr);
}

} // extern "C"
