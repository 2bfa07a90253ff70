//===- Blocks.cpp - Blocks of keys that are listed ------------------------===//

#include "girih/Reference/Attention.h"

using namespace girih::reference;

void BlockLists::forEach(int64_t b, int64_t h, int64_t block, const std::function<void(int64_t, bool)> &visit) const {
  int64_t last = (keys + keyBlock - 1) / keyBlock - 1;
  auto visitList = [&](const List &list, bool isMasked) {
    double place[] = {double(b), double(h), double(block), 0};
    int64_t count = std::clamp<int64_t>(int64_t(list.counts.at(place)), 0, list.indices.shape[3]);
    for (int64_t n = 0; n < count; ++n) {
      place[3] = double(n);
      visit(std::clamp<int64_t>(int64_t(list.indices.at(place)), 0, last), isMasked);
    }
  };
  visitList(masked, true);
  if (full)
    visitList(*full, false);
}

std::vector<int> Mask::listedTimes(const AttentionRow &row, int64_t queries, int64_t keys) const {
  Mask alone = withoutBlocks();
  KeyRange seen = alone.visible(row, queries, keys);
  std::vector<int> times(size_t(keys), 0);
  blocks->forEach(row.b, row.h, row.q / blocks->queryBlock, [&](int64_t block, bool isMasked) {
    int64_t end = std::min((block + 1) * blocks->keyBlock, keys);
    for (int64_t k = block * blocks->keyBlock; k < end; ++k)
      times[size_t(k)] += !isMasked || (seen.begin <= k && k < seen.end && alone.sees(row, k, queries, keys));
  });
  return times;
}

int64_t Mask::listedPairs(int64_t queries, int64_t keys, int64_t batches, int64_t heads, int64_t firstBatch) const {
  Mask alone = withoutBlocks();
  int64_t pairs = 0;
  for (int64_t b = firstBatch; b < firstBatch + batches; ++b)
    for (int64_t h = 0; h < heads; ++h)
      for (int64_t first = 0; first < queries; first += blocks->queryBlock) {
        int64_t rows = std::min(blocks->queryBlock, queries - first);
        blocks->forEach(b, h, first / blocks->queryBlock, [&](int64_t block, bool isMasked) {
          int64_t begin = block * blocks->keyBlock, count = std::min(blocks->keyBlock, keys - begin);
          if (count > 0)
            pairs += isMasked ? alone.pairsIn({b, h, first, rows, begin, count}, queries, keys) : rows * count;
        });
      }
  return pairs;
}
