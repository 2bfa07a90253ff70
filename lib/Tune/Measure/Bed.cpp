//===- Bed.cpp - Where the schedules of one problem run -------------------===//

#include "Bed.h"
#include "girih/Runtime/Session.h"
#include "girih/Support/Parallel.h"
#include <cmath>
#include <mutex>

using namespace girih;
using namespace girih::tune;
using namespace girih::runtime;

Loaded::Loaded(const Device &device, const PackEntry &entry, const std::vector<DeviceProblem> &copies)
    : manifest(readManifest(entry.manifest)), bound(bindManifest(manifest, {})) {
  code.emplace(device, manifest);
  for (const DeviceProblem &copy : copies)
    launches.emplace_back(*code, bound, copy.addresses());
}

Bed::Bed(const Device &device, const PackEntry &any, uint64_t seed, double timeout)
    : device(device), seed(seed), timeout(timeout), manifest(readManifest(any.manifest)),
      binding(bindManifest(manifest, {})), queue(timeout), ownMeters(device.facts()) {
  copies.emplace_back(binding, makeProblemData(binding, {seed}));
  int count = copiesBeyondCache(copies[0].bytes(), device.facts().cacheBytes);
  while (int(copies.size()) < count)
    copies.emplace_back(binding, copies[0].host());
  for (size_t i = 0; i < manifest.tensors.size(); ++i)
    results.emplace_back(manifest.tensors[i].isOutput ? copies[0].buffer(int(i)).bytes() : 0);
}

std::unique_ptr<Loaded> Bed::load(const PackEntry &entry) const {
  return std::make_unique<Loaded>(device, entry, copies);
}

BenchOptions Bed::benchOptions(double batchMilliseconds, int rounds) const {
  return {rounds, batchMilliseconds, int(copies.size()), seed};
}

double Bed::check(const Loaded &kernel) {
  for (size_t i = 0; i < manifest.tensors.size(); ++i)
    if (manifest.tensors[i].isOutput)
      copies[0].buffer(int(i)).fill(0xff, queue.native()); // a NaN in every type
  Event start, stop;
  start.record(queue);
  kernel.enqueue(queue, 0);
  stop.record(queue);
  queue.synchronize();
  if (expected.empty()) {
    std::vector<HostTensor> tensors = copies[0].results();
    Verdict verdict = verifyProblem(kernel.binding(), tensors, {seed});
    if (!verdict.passed)
      throw WrongResult(verdict.failure);
    expected = std::move(tensors);
  } else {
    compare();
  }
  return stop.millisecondsSince(start);
}

namespace {

/// How far elements of a row may be from those of another right kernel. Both round
/// weights and outputs, in another order; the log-sum-exp is a float that hardly differs.
/// A wrong or lost tile is far outside.
double toleranceOf(const HostTensor &expected, double largest) {
  constexpr double units = 16, leastOfFloat = 5e-4;
  double tolerance = units * unitRoundoff(expected.type) * largest;
  return expected.type == ElementType::F32 ? std::fmax(tolerance, leastOfFloat) : tolerance;
}

/// Whether row `row` is as it should be.
bool isRowRight(const HostTensor &expected, const uint8_t *actual, int64_t row) {
  int64_t offset = expected.rowOffset(row), length = expected.rowLength();
  double largest = 0;
  for (int64_t i = 0; i < length; ++i)
    if (float value = expected.load(offset + i); std::isfinite(value))
      largest = std::fmax(largest, std::fabs(value));
  double tolerance = toleranceOf(expected, largest);
  for (int64_t i = 0; i < length; ++i) {
    float want = expected.load(offset + i), have = loadElement(expected.type, actual, size_t(offset + i));
    bool isRight = std::isfinite(want) ? std::fabs(double(want) - have) <= tolerance
                                       : want == have || (std::isnan(want) && std::isnan(have));
    if (!isRight)
      return false;
  }
  return true;
}

/// Rows that differ, and the first of them.
std::pair<int64_t, int64_t> countWrongRows(const HostTensor &expected, const uint8_t *actual) {
  constexpr int64_t rowsPerBlock = 1024;
  int64_t rows = expected.rows(), count = 0, first = rows;
  std::mutex mutex;
  parallelFor((rows + rowsPerBlock - 1) / rowsPerBlock, [&](int64_t block) {
    int64_t ours = 0, ourFirst = rows;
    for (int64_t row = block * rowsPerBlock; row < std::min(rows, (block + 1) * rowsPerBlock); ++row)
      if (!isRowRight(expected, actual, row)) {
        ++ours;
        ourFirst = std::min(ourFirst, row);
      }
    std::lock_guard<std::mutex> lock(mutex);
    count += ours;
    first = std::min(first, ourFirst);
  });
  return {count, first};
}

} // namespace

void Bed::compare() {
  for (size_t i = 0; i < manifest.tensors.size(); ++i) {
    if (!manifest.tensors[i].isOutput)
      continue;
    copies[0].buffer(int(i)).download(results[i].data());
    auto [count, first] = countWrongRows(expected[i], results[i].data());
    if (count)
      throw WrongResult(manifest.tensors[i].name + ": " + std::to_string(count) + " of " +
                        std::to_string(expected[i].rows()) + " rows differ from those of a right kernel, first row " +
                        std::to_string(first));
  }
}

std::string Bed::confirm(const PackEntry &entry) const {
  SessionOptions options;
  options.data.seed = seed + 1;
  options.inputs = 1;
  options.timeout = timeout;
  std::string peer;
  return runKernel(device, {entry.manifest, {}}, options, peer).failure;
}
