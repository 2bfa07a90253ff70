//===- Chip.cpp - What a chip could do at best ----------------------------===//

#include "girih/Runtime/Chip.h"
#include <algorithm>

using namespace girih::runtime;

namespace {

struct ChipFacts {
  int major, minor;
  double flopsPerClock; ///< of one multiprocessor, dense bf16 or f16
  double dataSheetMHz;  ///< the boost clock behind the data sheet's peak
};

constexpr ChipFacts chips[] = {
    {8, 0, 2048, 1410},  // A100: 312 TFLOP/s with 108 multiprocessors
    {9, 0, 4096, 1830},  // H100, H200: 989 TFLOP/s with 132
    {10, 0, 8192, 1850}, // B200: 2243 TFLOP/s with 148
};

} // namespace

std::optional<double> girih::runtime::peakFlops(const DeviceFacts &device) {
  for (const ChipFacts &chip : chips)
    if (chip.major == device.major && chip.minor == device.minor) {
      double megahertz = std::min(chip.dataSheetMHz, double(device.clockKHz) / 1000);
      return device.multiprocessors * chip.flopsPerClock * megahertz * 1e6;
    }
  return std::nullopt;
}
