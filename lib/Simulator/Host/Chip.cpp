//===- Chip.cpp - The GPU that a program finds ----------------------------===//
//
// CUDA C++ Programming Guide, "Compute Capabilities", for what all chips of a
// capability have; NVIDIA's data sheets for the products.
//
//===----------------------------------------------------------------------===//
#include "Chip.h"

#include "Api.h"

namespace girih::sim::host {

static constexpr uint64_t GB = 1'000'000'000, MiB = 1 << 20;

static constexpr Chip chips[] = {
    {chipNames[0], "NVIDIA H200 (girih-sim)", 9, 0, nullptr, 132, 141 * GB, 50 * MiB, 1980000, 3201000, 6144},
    {chipNames[1], "NVIDIA B200 (girih-sim)", 10, 0, "sm_100f", 148, 180 * GB, 126 * MiB, 1965000, 3996000, 8192},
    {chipNames[2], "NVIDIA B300 (girih-sim)", 10, 3, "sm_100f", 148, 270 * GB, 126 * MiB, 2032000, 3996000, 8192},
};

static_assert(std::size(chips) == std::size(chipNames));

const Chip &findChip(const std::string &target) {
  for (const Chip &chip : chips)
    if (target == chip.target)
      return chip;
  return chips[0];
}

int fitness(const Chip &chip, const std::string &target) {
  int own = 10 * chip.major + chip.minor;
  if (target == chip.target)
    return 3000;
  if (chip.family && target == chip.family)
    return 2000;
  size_t digits = target.find_first_of("0123456789");
  if (!target.starts_with("sm_") || digits != 3 || target.find_first_not_of("0123456789", digits) != target.npos)
    return 0;
  int number = std::stoi(target.substr(digits, 4));
  return number <= own ? number : 0;
}

std::optional<int> deviceAttribute(const Chip &chip, int multiprocessors, int attribute) {
  switch (attribute) {
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:
    return 1024;
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:
    return 64;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:
    return 0x7fffffff;
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:
  case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:
    return 65535;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:
    return 48 * 1024;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:
    return 227 * 1024;
  case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:
    return 228 * 1024;
  case CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:
    return 1024;
  case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:
  case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:
    return 65536;
  case CU_DEVICE_ATTRIBUTE_WARP_SIZE:
  case CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:
  case CU_DEVICE_ATTRIBUTE_TEXTURE_PITCH_ALIGNMENT:
    return 32;
  case CU_DEVICE_ATTRIBUTE_MAX_PITCH:
    return 0x7fffffff;
  case CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:
  case CU_DEVICE_ATTRIBUTE_SURFACE_ALIGNMENT:
    return 512;
  case CU_DEVICE_ATTRIBUTE_CLOCK_RATE:
    return chip.clockKHz;
  case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:
    return chip.memoryClockKHz;
  case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:
    return chip.memoryBusBits;
  case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:
    return int(chip.l2Bytes);
  case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
    return multiprocessors;
  case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:
    return 2048;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
    return chip.major;
  case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
    return chip.minor;
  case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:
    return 3;
  case CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO:
    return 2;
  case CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:
  case CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:
  case CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY:
  case CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS:
  case CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM:
  case CU_DEVICE_ATTRIBUTE_HOST_REGISTER_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:
  case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:
  case CU_DEVICE_ATTRIBUTE_TENSOR_MAP_ACCESS_SUPPORTED:
  case CU_DEVICE_ATTRIBUTE_UNIFIED_FUNCTION_POINTERS:
    return 1;
  case CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:
    return 1;
  default:
    break;
  }
  // What is left is a feature that is not there.
  if (attribute > 0 && attribute < CU_DEVICE_ATTRIBUTE_MAX)
    return 0;
  return std::nullopt;
}

} // namespace girih::sim::host
