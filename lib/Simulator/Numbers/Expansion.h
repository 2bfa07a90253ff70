//===- Expansion.h - Padded 4 and 6 bit elements to bytes -------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_NUMBERS_EXPANSION_H
#define GIRIH_SIMULATOR_NUMBERS_EXPANSION_H

#include <cstdint>
#include <cstring>

namespace girih::sim {

/// PTX ISA, "Optional Decompression": 16 elements of 4 or 6 bits
/// (.b4x16_p64, .b6x16_p32) at the start of 16 bytes become a byte each; a
/// 6-bit element lies in the low bits of its byte, a 4-bit one in the middle.
inline void expandElements(uint8_t *chunk, unsigned bits) {
  uint8_t packed[17] = {};
  std::memcpy(packed, chunk, 2 * bits);
  for (unsigned e = 0; e < 16; ++e) {
    unsigned first = e * bits, pair = packed[first / 8] | packed[first / 8 + 1] << 8;
    chunk[e] = uint8_t((pair >> first % 8 & ((1u << bits) - 1)) << (bits == 4 ? 2 : 0));
  }
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_NUMBERS_EXPANSION_H
