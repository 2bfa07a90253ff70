//===- Blocks.h - Blocks of keys that are listed ----------------*- C++ -*-===//
#ifndef GIRIH_REFERENCE_BLOCKS_H
#define GIRIH_REFERENCE_BLOCKS_H

#include "girih/Reference/Captures.h"
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace girih::reference {

/// Blocks of keys that blocks of queries see, as lists say: [b, h, block of queries] how many, and
/// [b, h, block of queries, number] which ones. Others are hidden; what is listed twice counts twice.
struct BlockLists {
  struct List {
    CapturedTensor counts, indices;
  };

  int64_t queryBlock = 1, keyBlock = 1;
  int64_t keys = 0;         ///< of the tensor, which sequences may not have all of
  List masked;              ///< blocks that a mask is applied to
  std::optional<List> full; ///< and those that it is not

  /// Calls with the number of each block that is listed for a block of queries, and whether it is masked.
  void forEach(int64_t b, int64_t h, int64_t block, const std::function<void(int64_t, bool)> &visit) const;
  /// Whether there is data; without it, nothing is known of what is listed.
  bool hasData() const { return masked.counts.data && masked.indices.data; }
};

} // namespace girih::reference

#endif // GIRIH_REFERENCE_BLOCKS_H
