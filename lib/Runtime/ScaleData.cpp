//===- ScaleData.cpp - Scales that a kernel is checked with ---------------===//

#include "ScaleData.h"
#include "girih/Reference/Gemm.h"
#include "girih/Runtime/ProblemData.h"
#include "girih/Support/Parallel.h"
#include <algorithm>

using namespace girih;
using namespace girih::runtime;

/// The exponents of a group are opposite in Q and K, from one end of the range to the other, and one more or less in
/// each row, so that no row can have another's.
void runtime::fillScales(const Binding &binding, std::vector<HostTensor> &tensors, uint64_t seed, bool isExact) {
  constexpr int exponents[] = {0, 120, -127, 60, -64, 127, -100};
  constexpr int bias = 127, nan = 255;
  for (auto [name, scaled, sign] : {std::tuple(queryScales, "q", 1), std::tuple(keyScales, "k", -1)}) {
    int index = binding.manifest->findTensor(name);
    if (index < 0 || tensors[size_t(index)].bytes.empty())
      continue;
    HostTensor &tensor = tensors[size_t(index)];
    const std::vector<int64_t> &shape = binding.layout(scaled).shape;
    int64_t blockRows = tensor.layout.shape[2], groups = shape[3] / reference::scaleGroup;
    uint64_t key = scatter(seed + uint64_t(index));
    parallelFor(tensor.rows(), [&, sign = sign](int64_t place) {
      auto *bytes = reinterpret_cast<uint8_t *>(tensor.bytes.data()) + tensor.rowOffset(place);
      int64_t inHead = place % blockRows;
      for (int64_t column = 0; column < tensor.rowLength(); ++column) {
        int64_t row = inHead / 32 * 128 + column / 4 * 32 + inHead % 32, group = column % 4;
        int exponent = sign * exponents[(uint64_t(group) + seed) % std::size(exponents)];
        uint64_t random = scatter(key ^ scatter(uint64_t(place * tensor.rowLength() + column)));
        int own = isExact ? 0 : int(random % 3) - 1;
        // Elements that no row has are zeros, which only NaN would change.
        bytes[column] = uint8_t(row >= shape[2]   ? nan
                                : group >= groups ? 0
                                                  : std::clamp(bias + exponent + own, 0, nan - 1));
      }
    });
  }
}
