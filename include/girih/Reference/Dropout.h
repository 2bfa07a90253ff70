//===- Dropout.h - Which weights dropout leaves out -------------*- C++ -*-===//
//
// docs/attention.md, "Dropout", in C++: each weight has a random number of 16 bits that is a function
// of seed, offset, batch, head, query and key.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_REFERENCE_DROPOUT_H
#define GIRIH_REFERENCE_DROPOUT_H

#include "girih/Support/Dropout.h"
#include <array>
#include <cstdint>

namespace girih::reference {

/// Philox 4x32-10: four words of a key and a counter.
std::array<uint32_t, 4> philox(std::array<uint32_t, 2> key, std::array<uint32_t, 4> counter);

struct Dropout {
  uint64_t seed = 0, offset = 0;
  int64_t threshold = 0; ///< weights are left out whose number is below

  bool keeps(int64_t b, int64_t h, int64_t q, int64_t k) const;
  /// What the weights that stay are multiplied by.
  double scale() const { return dropoutScale(threshold); }
};

} // namespace girih::reference

#endif // GIRIH_REFERENCE_DROPOUT_H
