#include "Prepared.h"

#include <algorithm>

using namespace girih;
using namespace girih::capi;

namespace {

/// All that a binding depends on, as numbers.
struct Description {
  static constexpr int mostDimensions = 8;
  int64_t numbers[PreparedLaunches::mostTensors * (2 + 2 * mostDimensions)];
  size_t size = 0;

  /// False for what no kernel has: the binding says why.
  bool add(const GirihTensor &tensor) {
    if (tensor.rank < 1 || tensor.rank > mostDimensions || !tensor.shape || !tensor.data)
      return false;
    numbers[size++] = tensor.type;
    numbers[size++] = tensor.strides ? tensor.rank : -tensor.rank;
    for (const int64_t *part : {tensor.shape, tensor.strides})
      if (part)
        size = size_t(std::copy_n(part, tensor.rank, numbers + size) - numbers);
    return true;
  }

  bool describes(const std::vector<int64_t> &other) const {
    return std::equal(numbers, numbers + size, other.begin(), other.end());
  }
};

} // namespace

runtime::LaunchArguments PreparedLaunches::argumentsFor(const GirihTensor *tensors, size_t count) {
  Description description;
  CUdeviceptr addresses[mostTensors];
  bool isKnown = count <= mostTensors;
  for (size_t i = 0; i < count && isKnown; ++i) {
    isKnown = description.add(tensors[i]);
    addresses[i] = reinterpret_cast<CUdeviceptr>(tensors[i].data);
  }
  if (!isKnown) {
    bind(source, tensors, count);
    throw Error("a tensor has no address");
  }
  std::lock_guard<std::mutex> lock(mutex);
  auto found = std::find_if(entries.begin(), entries.end(),
                            [&](const auto &entry) { return description.describes(entry->description); });
  if (found == entries.end()) {
    auto made =
        std::make_unique<Entry>(std::vector<int64_t>(description.numbers, description.numbers + description.size),
                                bind(source, tensors, count), kernel);
    if (entries.size() == capacity)
      entries.pop_back();
    found = entries.insert(entries.end(), std::move(made));
  }
  std::rotate(entries.begin(), found, found + 1);
  entries.front()->arguments.setTensors(addresses);
  return entries.front()->arguments;
}
