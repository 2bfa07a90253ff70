//===- Dropout.cpp - Which weights dropout leaves out ---------------------===//

#include "girih/Reference/Dropout.h"

namespace girih::reference {

std::array<uint32_t, 4> philox(std::array<uint32_t, 2> key, std::array<uint32_t, 4> counter) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t(counter[0]) * 0xd2511f53u, second = uint64_t(counter[2]) * 0xcd9e8d57u;
    counter = {uint32_t(second >> 32) ^ counter[1] ^ key[0], uint32_t(second),
               uint32_t(first >> 32) ^ counter[3] ^ key[1], uint32_t(first)};
    key = {key[0] + 0x9e3779b9u, key[1] + 0xbb67ae85u};
  }
  return counter;
}

bool Dropout::keeps(int64_t b, int64_t h, int64_t q, int64_t k) const {
  uint64_t key = seed + offset * 0x9e3779b97f4a7c15u;
  uint32_t call = uint32_t(k / 32 * 4 + k % 8 / 2);
  std::array<uint32_t, 4> words =
      philox({uint32_t(key), uint32_t(key >> 32)}, {call, uint32_t(q), uint32_t(h), uint32_t(b)});
  uint32_t word = words[size_t(k / 8 % 4)];
  return int64_t(k % 2 ? word >> 16 : word & 0xffff) >= threshold;
}

} // namespace girih::reference
