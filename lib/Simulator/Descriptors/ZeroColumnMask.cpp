//===- ZeroColumnMask.cpp - Columns of B that tcgen05.mma.ws skips --------===//
#include "ZeroColumnMask.h"

namespace girih::sim {

static uint32_t field(uint64_t bits, unsigned first, unsigned count) {
  return static_cast<uint32_t>(bits >> first & ((1ull << count) - 1));
}

ZeroColumnMask decodeZeroColumnMask(uint64_t bits, uint32_t m, uint32_t n) {
  ZeroColumnMask made;
  made.isZero.assign(n, false);
  made.shift = field(bits, 56, 6);
  uint32_t most = m == 32 ? 16 : 32;
  if (made.shift > most)
    made.problem = "a column shift of " + std::to_string(made.shift) + " when m = " + std::to_string(m) +
                   " has at most " + std::to_string(most);
  if (field(bits, 36, 3) || field(bits, 62, 2))
    made.problem = "reserved bits are set";
  if (!field(bits, 39, 1))
    return made;
  // By the examples of the PTX ISA, the skip span is of columns of zeros and
  // the use span of columns of B; its table of fields has them exchanged.
  uint32_t zeros = field(bits, 40, 8) + 1, used = field(bits, 48, 8) + 1;
  uint32_t masks = 128 / m, width = n / masks;
  for (uint32_t i = 0; i < masks; ++i) {
    uint32_t start = field(bits, 8 * i, 8);
    bool beginsWithZeros = field(bits, 32 + i, 1);
    uint32_t first = beginsWithZeros ? zeros : used;
    if (start >= first)
      made.problem = "start count " + std::to_string(i) + " is " + std::to_string(start) + " when the first span has " +
                     std::to_string(first) + " columns";
    for (uint32_t column = 0; column < width; ++column) {
      uint32_t at = (column + start) % (zeros + used);
      made.isZero[i * width + column] = beginsWithZeros ? at < zeros : at >= used;
    }
  }
  return made;
}

} // namespace girih::sim
