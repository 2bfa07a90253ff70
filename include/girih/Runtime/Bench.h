//===- Bench.h - Timing contestants against each other ----------*- C++ -*-===//
//
// A card that is limited by its power lends each kernel a clock that depends on
// what ran before it. So contestants take turns, in a random order every round,
// and are compared round by round.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_BENCH_H
#define GIRIH_RUNTIME_BENCH_H

#include "girih/Runtime/Device.h"
#include <memory>
#include <optional>

namespace girih::runtime {

/// Something that can be timed: `enqueue(copy)` puts one launch, which uses
/// copy number `copy` of the tensors, into the stream.
struct Contestant {
  std::string name;
  std::function<void(int copy)> enqueue;
};

struct BenchOptions {
  int rounds = 15;
  double batchMilliseconds = 20; ///< length of a contestant's turn
  int copies = 1;                ///< of the tensors, used in turn
  uint64_t seed = 1;             ///< of the order
};

/// A contestant's times, one for each round.
struct Timing {
  std::string name;
  std::vector<double> milliseconds; ///< of one launch
  std::vector<double> clockMHz;     ///< as the driver reports it; empty when it cannot be read
  std::vector<double> cyclesMHz;    ///< at which cycles went by; empty when nothing can tell
  int launchesPerTurn = 0;
};

/// Reads a device's SM clock through NVML, when there is one.
class ClockMeter {
public:
  explicit ClockMeter(const DeviceFacts &device);
  ~ClockMeter();
  ClockMeter(const ClockMeter &) = delete;
  ClockMeter &operator=(const ClockMeter &) = delete;

  std::optional<double> smMHz() const;

private:
  struct Library;
  Library *library = nullptr;
};

/// Tells at which clock cycles went by in work that is put into a stream between `begin` and `end`, from
/// the multiprocessors' own counters. The clock that the driver reports is another one, and lags behind.
class CycleMeter {
public:
  explicit CycleMeter(const DeviceFacts &device);
  ~CycleMeter();
  CycleMeter(const CycleMeter &) = delete;
  CycleMeter &operator=(const CycleMeter &) = delete;

  void begin(const Stream &stream) const;
  void end(const Stream &stream) const;
  /// Of the last work, once it is done; nothing when the driver cannot compile PTX.
  std::optional<double> megahertz() const;

private:
  struct Code;
  std::unique_ptr<Code> code;
};

/// What tells of the clock while contestants run.
struct Meters {
  explicit Meters(const DeviceFacts &device) : clock(device), cycles(device) {}

  ClockMeter clock;
  CycleMeter cycles;
};

/// Warms up, then times all contestants in every round. One Timing for each, in
/// their order.
std::vector<Timing> race(const Stream &stream, const std::vector<Contestant> &contestants, const BenchOptions &options,
                         const Meters &meters);

/// Copies of tensors of `bytes` that together are several times the L2 cache,
/// so that no launch finds its inputs there.
int copiesBeyondCache(int64_t bytes, int64_t cacheBytes);

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_BENCH_H
