//===- Swizzle.h - XOR patterns of shared memory ----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_DESCRIPTORS_SWIZZLE_H
#define GIRIH_SIMULATOR_DESCRIPTORS_SWIZZLE_H

#include <cstdint>

namespace girih::sim {

/// Where the byte at an unswizzled shared memory address really lies. Within
/// rows of `span` bytes, the place of an atom is XORed with the place of its
/// 128 bytes, counted by absolute address, modulo the atoms of a row (PTX ISA,
/// "Swizzling Modes").
inline uint32_t swizzle(uint32_t address, uint32_t span, uint32_t atom = 16) {
  return span ? address ^ (address >> 7 & (span / atom - 1)) * atom : address;
}

/// The pattern with a flip: in every other 128 bytes the halves of each 16
/// change places as well.
inline uint32_t flipHalves(uint32_t address) { return address ^ (address >> 7 & 1) * 8; }

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_SWIZZLE_H
