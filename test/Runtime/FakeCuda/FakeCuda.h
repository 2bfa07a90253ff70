//===- FakeCuda.h - A CUDA driver on the CPU, for tests ---------*- C++ -*-===//
#ifndef GIRIH_TEST_RUNTIME_FAKECUDA_H
#define GIRIH_TEST_RUNTIME_FAKECUDA_H

#include <cstdint>
#include <cuda.h>
#include <string>
#include <vector>

namespace fake {

/// What this driver keeps in the 128 bytes of a CUtensorMap.
struct TensorMap {
  uint64_t address;
  uint64_t strides[5]; ///< bytes, the innermost included
  uint32_t extents[5];
  uint16_t box[5];
  uint8_t rank, swizzle;
};
static_assert(sizeof(TensorMap) <= sizeof(CUtensorMap));

/// A parameter of a launch: the bytes that the driver copies.
using Parameter = std::vector<uint8_t>;

/// Runs the kernel of that name. False when there is none, or when the launch
/// is not what the kernel was made for.
bool runKernel(const std::string &name, const CUlaunchConfig &config, const std::vector<Parameter> &parameters);

/// What a launch of it takes of the events' time.
float launchMilliseconds(const std::string &name);

/// True for a name that runKernel knows.
bool hasKernel(const std::string &name);

} // namespace fake

#endif // GIRIH_TEST_RUNTIME_FAKECUDA_H
