#include "girih/Target/WorkerRule.h"
#include "girih/Target/Target.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

namespace girih {

double WorkerRule::blocksOf(int64_t queries, int64_t workers) const {
  return double(llvm::divideCeil(queries, rows * workers));
}

bool WorkerRule::isFlat(double slices, int64_t queries, int64_t workers) const {
  double items = slices * blocksOf(queries, workers);
  int64_t most = queries >= leastFlatQueries ? mostFlatItems : std::min(mostFlatItems, multiprocessors);
  return isCausal && items <= double(most);
}

double WorkerRule::roundsOf(double slices, double blocks, bool isFlat) const {
  double ctas = double(multiprocessors), perCta = slices * blocks / ctas;
  if (perCta <= 1 || !isCausal)
    return std::ceil(perCta);
  // Blocks see 1, 2, ... parts of the keys; the longest go first, and the last ones do not end together.
  double tail = isFlat ? 0.12 : 0.3;
  double rounds = std::max(1.0, perCta * (blocks + 1) / (2 * blocks) + tail);
  // Who has the longest item has its second in hand, though others are done earlier: the
  // longest of those that are left when everybody has one.
  if (takesAhead && !isFlat)
    rounds = std::max(rounds, 2 - std::floor(ctas / slices) / blocks);
  return rounds;
}

int64_t WorkerRule::workersFor(int64_t batches, int64_t heads, int64_t queries) const {
  int64_t best = usual();
  double least = std::numeric_limits<double>::infinity();
  for (int64_t workers = usual(); workers >= 1; --workers) {
    double slices = double(batches) * double(heads);
    double rounds = roundsOf(slices, blocksOf(queries, workers), isFlat(slices, queries, workers));
    double time = rounds * costs[size_t(workers - 1)];
    if (time < least) {
      least = time;
      best = workers;
    }
  }
  return best;
}

/// In times of a tile, as measured at 512 to 32768 keys.
int64_t WorkerRule::splitsFor(int64_t slices, int64_t queries, int64_t keys) const {
  constexpr double kStart = 3;
  auto items = double(slices) * double(llvm::divideCeil(queries, rows));
  auto tiles = llvm::divideCeil(keys, columns);
  auto timeOf = [&](Cluster cluster, double combining) {
    double rounds = std::ceil(items / double(cluster.atOnce));
    return rounds * (double(llvm::divideCeil(tiles, cluster.ctas)) + kStart + combining);
  };
  int64_t best = 1;
  double least = timeOf({1, multiprocessors}, 0);
  for (Cluster cluster : clusters) {
    double time = timeOf(cluster, 1.5 + 0.5 * double(cluster.ctas));
    if (time < least) {
      least = time;
      best = cluster.ctas;
    }
  }
  return best;
}

std::optional<WorkerRule> Target::workerRule(attn::ForwardOp) const { return std::nullopt; }

} // namespace girih
