//===- Swizzle.h - XOR patterns of shared memory ----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_DESCRIPTORS_SWIZZLE_H
#define GIRIH_SIMULATOR_DESCRIPTORS_SWIZZLE_H

#include <cstdint>

namespace girih::sim {

/// Where the byte at an unswizzled shared memory address really lies. The
/// pattern XORs the 16-byte chunk's place within a row with the row's place
/// within 1024, 512 or 256 bytes, by absolute address (PTX ISA, "Swizzling
/// Modes").
inline uint32_t swizzle(uint32_t address, uint32_t span) {
  switch (span) {
  case 128:
    return address ^ (address >> 7 & 7) << 4;
  case 64:
    return address ^ (address >> 7 & 3) << 4;
  case 32:
    return address ^ (address >> 7 & 1) << 4;
  default:
    return address;
  }
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_SWIZZLE_H
