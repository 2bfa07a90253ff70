//===- WriteScan.cpp - Did a kernel write all of its output? --------------===//

#include "WriteScan.h"
#include "girih/Support/Parallel.h"
#include <cmath>
#include <mutex>

using namespace girih;
using namespace girih::runtime;

namespace {

/// How many elements are wrong in one way, and the first of them.
struct Finding {
  int64_t count = 0,
          first = -1; ///< `first` counts elements in the order of dimensions

  void add(int64_t element) {
    if (count++ == 0 || element < first)
      first = element;
  }
  void merge(const Finding &other) {
    if (other.count && (!count || other.first < first))
      first = other.first;
    count += other.count;
  }
};

std::vector<int64_t> indexOf(const HostTensor &tensor, int64_t element) {
  std::vector<int64_t> index(tensor.layout.shape.size());
  for (size_t dim = index.size(); dim-- > 0; element /= tensor.layout.shape[dim])
    index[dim] = element % tensor.layout.shape[dim];
  return index;
}

void report(Verdict &verdict, const std::string &name, const HostTensor &tensor, const Finding &finding,
            const char *what) {
  if (!finding.count)
    return;
  std::string place;
  for (int64_t coordinate : indexOf(tensor, finding.first))
    place += (place.empty() ? "" : ", ") + std::to_string(coordinate);
  verdict.fail(name + ": " + std::to_string(finding.count) + " of " + std::to_string(tensor.layout.elements()) +
               " elements " + what + ", first [" + place + "]");
}

} // namespace

void runtime::scanWrites(Verdict &verdict, const std::string &name, const HostTensor &tensor,
                         const NonFiniteAllowed &allowed, const ElementLeft &isLeft) {
  Finding unwritten, nonFinite, beyond;
  std::mutex mutex;
  int64_t length = tensor.rowLength(), rows = tensor.rows();
  constexpr int64_t rowsPerBlock = 1024;
  parallelFor((rows + rowsPerBlock - 1) / rowsPerBlock, [&](int64_t block) {
    Finding localUnwritten, localNonFinite, localBeyond;
    int64_t end = std::min(rows, (block + 1) * rowsPerBlock);
    for (int64_t row = block * rowsPerBlock; row < end; ++row) {
      int64_t offset = tensor.rowOffset(row);
      for (int64_t i = 0; i < length; ++i) {
        if (isLeft && isLeft(row * length + i)) {
          if (!isPoison(tensor, offset + i))
            localBeyond.add(row * length + i);
          continue;
        }
        float value = tensor.load(offset + i);
        if (std::isfinite(value))
          continue;
        if (isPoison(tensor, offset + i))
          localUnwritten.add(row * length + i);
        else if (!allowed(indexOf(tensor, row * length + i), value))
          localNonFinite.add(row * length + i);
      }
    }
    std::lock_guard<std::mutex> lock(mutex);
    unwritten.merge(localUnwritten);
    nonFinite.merge(localNonFinite);
    beyond.merge(localBeyond);
  });
  report(verdict, name, tensor, unwritten, "were never written");
  report(verdict, name, tensor, nonFinite, "are NaN or infinite");
  report(verdict, name, tensor, beyond, "were written, beyond their sequences");

  if (tensor.layout.span == tensor.layout.elements())
    return;
  std::vector<bool> gap(size_t(tensor.layout.span), true);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t i = 0, offset = tensor.rowOffset(row); i < length; ++i)
      gap[size_t(offset + i)] = false;
  int64_t written = 0;
  for (int64_t offset = 0; offset < tensor.layout.span; ++offset)
    written += gap[size_t(offset)] && !isPoison(tensor, offset);
  if (written)
    verdict.fail(name + ": " + std::to_string(written) + " elements between its rows were written");
}
