// Random choices that are the same on every machine.
#ifndef GIRIH_TEST_FUZZ_RANDOM_H
#define GIRIH_TEST_FUZZ_RANDOM_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <iterator>

namespace girih::fuzz {

/// SplitMix64: a few bits of state, so that each mutant has its own generator and
/// can be made without those before it.
class Random {
public:
  Random(uint64_t seed, uint64_t index) : state(seed * 0x9e3779b97f4a7c15 + index * 0xd1b54a32d192ed03) { next(); }

  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// A number below `limit`, which is not 0.
  size_t below(size_t limit) { return next() % limit; }
  bool oneIn(size_t n) { return below(n) == 0; }
  template <typename RangeT> decltype(auto) pick(RangeT &&range) { return range[below(std::size(range))]; }

private:
  uint64_t state;
};

} // namespace girih::fuzz

#endif // GIRIH_TEST_FUZZ_RANDOM_H
