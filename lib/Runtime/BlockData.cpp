//===- BlockData.cpp - Lists of blocks that a kernel is checked with ------===//

#include "BlockData.h"
#include "girih/Runtime/ProblemData.h"
#include <algorithm>

using namespace girih;
using namespace girih::runtime;

namespace {

/// Lists of one of the two kinds, of which each block of queries has one.
struct Lists {
  HostTensor *counts = nullptr, *indices = nullptr;

  int64_t most() const { return indices->layout.shape[3]; }
  void store(const std::vector<int64_t> &place, int64_t count, const std::vector<int64_t> &blocks) {
    const std::vector<int64_t> &steps = counts->layout.strides, &lists = indices->layout.strides;
    storeInteger(counts->type, counts->bytes.data(),
                 size_t(place[0] * steps[0] + place[1] * steps[1] + place[2] * steps[2]), count);
    int64_t first = place[0] * lists[0] + place[1] * lists[1] + place[2] * lists[2];
    for (int64_t n = 0; n < most(); ++n) // what is not listed is as wrong as can be
      storeInteger(indices->type, indices->bytes.data(), size_t(first + n * lists[3]),
                   n < int64_t(blocks.size()) ? blocks[size_t(n)] : INT32_MIN);
  }
};

/// Indices and counts out of range, in no order, some of them twice.
void storeHostile(Lists lists, const std::vector<int64_t> &place, int64_t blocks, uint64_t random) {
  const int64_t choices[] = {0, blocks - 1, blocks, -1, INT32_MAX, 0, INT32_MIN, blocks / 2};
  std::vector<int64_t> indices;
  for (int64_t n = 0; n < std::min<int64_t>(lists.most(), 5); ++n)
    indices.push_back(choices[(random / 64 + uint64_t(n)) % std::size(choices)]);
  bool hasAll = lists.most() == int64_t(indices.size());
  lists.store(place, random % 32 < 8 ? -3 : hasAll ? INT32_MAX : int64_t(indices.size()), indices);
}

} // namespace

void runtime::fillBlocks(const Binding &binding, std::vector<HostTensor> &tensors, uint64_t seed) {
  auto listsOf = [&](const char *counts, const char *indices) -> Lists {
    if (binding.manifest->findTensor(counts) < 0)
      return {};
    return {&tensors[size_t(binding.tensorIndex(counts))], &tensors[size_t(binding.tensorIndex(indices))]};
  };
  Lists masked = listsOf(blockCounts, blockIndices), full = listsOf(fullBlockCounts, fullBlockIndices);
  int64_t keyBlock = (*binding.manifest->problem.blocks)[1];
  int64_t blocks = (binding.layout("k").shape[2] + keyBlock - 1) / keyBlock;
  const std::vector<int64_t> &shape = masked.counts->layout.shape;
  for (int64_t row = 0; row < shape[0] * shape[1] * shape[2]; ++row) {
    std::vector<int64_t> place = {row / shape[2] / shape[1], row / shape[2] % shape[1], row % shape[2]};
    uint64_t random = scatter(seed ^ scatter(uint64_t(row)));
    uint64_t kind = (uint64_t(row) + seed) % 8;
    std::vector<int64_t> ofMasked, ofFull;
    for (int64_t block = 0; block < blocks; ++block) {
      uint64_t bits = scatter(random + uint64_t(block));
      if (kind == 1 || (kind != 3 && bits % 2 == 0))
        (full.counts && bits % 4 < 2 ? ofFull : ofMasked).push_back(block);
    }
    for (auto [lists, listed] : {std::pair(&masked, &ofMasked), std::pair(&full, &ofFull)}) {
      if (!lists->counts)
        continue;
      listed->resize(std::min(listed->size(), size_t(lists->most())));
      lists->store(place, int64_t(listed->size()), *listed);
      if (kind == 5)
        storeHostile(*lists, place, blocks, random);
    }
  }
}
