//===- Search.cpp - Which schedule to measure next ------------------------===//

#include "girih/Tune/Search.h"
#include <algorithm>
#include <numeric>
#include <random>

using namespace girih::tune;

static std::vector<std::string> split(const std::string &text) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= text.size();) {
    size_t end = std::min(text.find(',', start), text.size());
    parts.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

Search::Search(const std::vector<Candidate> &candidates, size_t limit, uint64_t seed)
    : order(candidates.size()), taken(candidates.size()), told(candidates.size()),
      limit(std::min(limit, candidates.size())) {
  for (const Candidate &candidate : candidates)
    knobs.push_back(split(candidate.schedule));
  std::iota(order.begin(), order.end(), size_t(0));
  if (this->limit == candidates.size()) {
    std::mt19937_64 random(seed);
    std::shuffle(order.begin(), order.end(), random);
  } else {
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return candidates[a].predicted < candidates[b].predicted; });
  }
}

int Search::distance(size_t a, size_t b) const {
  const std::vector<std::string> &x = knobs[a], &y = knobs[b];
  int differing = int(std::max(x.size(), y.size()) - std::min(x.size(), y.size()));
  for (size_t i = 0; i < std::min(x.size(), y.size()); ++i)
    differing += x[i] != y[i];
  return differing;
}

/// The one that is next to a fast one; of several the one that the cost model prefers.
std::optional<size_t> Search::nearest() const {
  constexpr size_t fast = 3;
  std::optional<size_t> best;
  int bestDistance = 0;
  for (size_t index : order) {
    if (taken[index])
      continue;
    for (size_t i = 0; i < std::min(fast, times.size()); ++i) {
      // Of two as near, the one beside the faster.
      int distance = int(fast) * this->distance(index, times[i].second) + int(i);
      if (!best || distance < bestDistance) {
        best = index;
        bestDistance = distance;
      }
    }
  }
  return best;
}

std::optional<size_t> Search::next() {
  if (count >= limit)
    return std::nullopt;
  bool isWhole = limit == knobs.size();
  std::optional<size_t> chosen;
  if (!isWhole && count >= limit / 3 && count % 4 != 0)
    chosen = nearest();
  if (!chosen) {
    while (taken[order[cursor]])
      ++cursor;
    chosen = order[cursor];
  }
  taken[*chosen] = true;
  ++count;
  return chosen;
}

void Search::tell(size_t index, std::optional<double> milliseconds) {
  if (!taken[index]) {
    taken[index] = true;
    ++count;
  }
  if (milliseconds && !told[index]) {
    std::pair<double, size_t> time(*milliseconds, index);
    times.insert(std::upper_bound(times.begin(), times.end(), time), time);
  }
  told[index] = true;
}
