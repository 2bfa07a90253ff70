//===- ZeroColumnMask.h - Columns of B that tcgen05.mma.ws skips -*- C++ -*-==//
#ifndef GIRIH_SIMULATOR_DESCRIPTORS_ZEROCOLUMNMASK_H
#define GIRIH_SIMULATOR_DESCRIPTORS_ZEROCOLUMNMASK_H

#include <cstdint>
#include <string>
#include <vector>

namespace girih::sim {

/// PTX ISA, "Zero-Column Mask Descriptor".
struct ZeroColumnMask {
  /// Column n of the product is that of column n + shift of B ...
  uint32_t shift = 0;
  /// ... or of zeros.
  std::vector<bool> isZero;
  /// What makes the descriptor unusable; empty when nothing does.
  std::string problem;
};

/// Four start counts [0,32), four first spans [32,36), whether there is a mask
/// 39, the spans [40,48) and [48,56), the shift [56,62). A product of m rows
/// has 128 / m masks, each for as many columns.
ZeroColumnMask decodeZeroColumnMask(uint64_t bits, uint32_t m, uint32_t n);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_ZEROCOLUMNMASK_H
