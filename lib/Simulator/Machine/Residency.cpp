//===- Residency.cpp - How many CTAs a chip holds at once -----------------===//
//
// CUDA C++ Programming Guide, "Compute Capabilities": what a multiprocessor of
// 9.0 and 10.0 has. A launch whose registers are not known is taken for one
// that they do not limit.
//
//===----------------------------------------------------------------------===//
#include "Residency.h"

#include "Device.h"

#include <algorithm>

namespace girih::sim {

Residency::Residency(const Device &device) : multiprocessors(device.launch.multiprocessors) {
  constexpr uint64_t mostThreads = 2048, mostCtas = 32, allShared = 228 * 1024, allRegisters = 65536;
  const Launch &launch = device.launch;
  const Function &syntax = *device.entry->syntax;
  uint64_t warps = (device.threadsPerCta() + warpSize - 1) / warpSize;
  each = mostCtas;
  limit = "the number of CTAs";
  auto allow = [&](uint64_t most, const char *resource) {
    if (most < each) {
      each = uint32_t(std::max<uint64_t>(most, 1));
      limit = resource;
    }
  };
  allow(mostThreads / (warps * warpSize), "threads");
  // The first KiB of each CTA is the driver's and counts as well.
  allow(allShared / (device.program.dynamicSharedOffset + launch.dynamicSharedBytes), "shared memory");
  uint64_t registers = launch.registersPerThread ? launch.registersPerThread : syntax.maxRegisters;
  if (registers) // given out in units of 256 for each warp
    allow(allRegisters / (warps * ((registers * warpSize + 255) / 256 * 256)), "registers");
  else if (syntax.minBlocks)
    allow(syntax.minBlocks, ".minnctapersm");
  uint32_t size = launch.cluster[0] * launch.cluster[1] * launch.cluster[2];
  clusters = uint32_t(std::clamp<uint64_t>(uint64_t(multiprocessors) * each / size, 1, UINT32_MAX));
}

std::string Residency::describe(uint64_t ctas) const {
  return std::to_string(ctas) + " CTAs do not fit at once: " + std::to_string(multiprocessors) +
         " multiprocessors hold " + std::to_string(each) + " each, limited by " + limit +
         "; the others begin when one of these has ended";
}

} // namespace girih::sim
