//===- Bed.h - Where the schedules of one problem run -----------*- C++ -*-===//
#ifndef GIRIH_LIB_TUNE_MEASURE_BED_H
#define GIRIH_LIB_TUNE_MEASURE_BED_H

#include "girih/Runtime/Bench.h"
#include "girih/Runtime/DeviceProblem.h"
#include "girih/Runtime/Kernel.h"
#include "girih/Runtime/Verify.h"
#include "girih/Support/Error.h"
#include "girih/Tune/Pack.h"
#include <memory>

namespace girih::tune {

/// One compiled schedule, loaded.
class Loaded {
public:
  Loaded(const runtime::Device &device, const PackEntry &entry, const std::vector<runtime::DeviceProblem> &copies);

  const runtime::Binding &binding() const { return bound; }
  const runtime::Kernel &kernel() const { return *code; }
  void enqueue(const runtime::Stream &stream, int copy) const { launches[size_t(copy)].enqueue(stream); }

private:
  runtime::Manifest manifest;
  runtime::Binding bound;
  std::optional<runtime::Kernel> code;
  std::vector<runtime::KernelLaunch> launches;
};

/// The tensors of a problem, several times over so that no launch finds its inputs in
/// the L2 cache, and the output of a kernel that is known to be right.
class Bed {
public:
  Bed(const runtime::Device &device, const PackEntry &any, uint64_t seed, double timeout);

  /// Loads a schedule's code.
  std::unique_ptr<Loaded> load(const PackEntry &entry) const;

  /// Milliseconds of the first launch. Its results are checked: against float64 while no
  /// kernel is known to be right, which this one then is; else against that one's. Throws
  /// WrongResult.
  double check(const Loaded &kernel);

  /// Compares with float64 on every pattern of data, twice each for equal bits. Empty, or
  /// what is wrong.
  std::string confirm(const PackEntry &entry) const;

  runtime::BenchOptions benchOptions(double batchMilliseconds, int rounds) const;
  const runtime::Stream &stream() const { return queue; }
  const runtime::Meters &meters() const { return ownMeters; }

private:
  void compare();

  const runtime::Device &device;
  uint64_t seed;
  double timeout;
  runtime::Manifest manifest;
  runtime::Binding binding;
  runtime::Stream queue;
  runtime::Meters ownMeters;
  std::vector<runtime::DeviceProblem> copies;
  std::vector<runtime::HostTensor> expected;  ///< the right kernel's tensors; empty while there is none
  std::vector<runtime::PinnedBuffer> results; ///< one for each tensor; of inputs empty
};

/// A kernel whose result is wrong.
class WrongResult : public Error {
public:
  using Error::Error;
};

} // namespace girih::tune

#endif // GIRIH_LIB_TUNE_MEASURE_BED_H
