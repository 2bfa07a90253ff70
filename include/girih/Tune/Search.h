//===- Search.h - Which schedule to measure next ----------------*- C++ -*-===//
//
// Without a limit, all of them in random order. With one, a third of it goes to those
// that the cost model thinks fastest, and the rest to the neighbours of what turned out
// to be fast, every fourth again to the cost model's next.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_TUNE_SEARCH_H
#define GIRIH_TUNE_SEARCH_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace girih::tune {

struct Candidate {
  std::string schedule; ///< "rows=128,columns=128,..."
  double predicted = 0; ///< by the cost model
};

class Search {
public:
  /// `limit` is how many may be measured in all.
  Search(const std::vector<Candidate> &candidates, size_t limit, uint64_t seed);

  /// The next to measure, or nothing when the limit is reached.
  std::optional<size_t> next();
  /// Milliseconds of a candidate, nothing if it has none. Also of one that `next` did
  /// not give, from an earlier run; it counts.
  void tell(size_t index, std::optional<double> milliseconds);

private:
  /// The knobs in which two schedules differ.
  int distance(size_t a, size_t b) const;
  std::optional<size_t> nearest() const;

  std::vector<std::vector<std::string>> knobs;
  std::vector<size_t> order; ///< of the first choice
  std::vector<bool> taken, told;
  std::vector<std::pair<double, size_t>> times; ///< ascending
  size_t limit, count = 0, cursor = 0;
};

} // namespace girih::tune

#endif // GIRIH_TUNE_SEARCH_H
