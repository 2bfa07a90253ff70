#include "girih/Target/WorkerRule.h"
#include "girih/Target/Target.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>

namespace girih {

int64_t WorkerRule::workersFor(int64_t batches, int64_t heads, int64_t queries) const {
  int64_t best = usual();
  double least = std::numeric_limits<double>::infinity();
  for (int64_t workers = usual(); workers >= 1; --workers) {
    int64_t items = batches * heads * int64_t(llvm::divideCeil(queries, rows * workers));
    double perCta = double(items) / double(multiprocessors);
    // Under the causal mask an item has half its keys on average, whoever is done takes the
    // next, and the longest has all keys; the last ones do not end together.
    constexpr double tail = 0.3;
    double rounds = isCausal ? std::max(1.0, perCta / 2 + tail) : std::ceil(perCta);
    if (rounds * costs[size_t(workers - 1)] < least) {
      least = rounds * costs[size_t(workers - 1)];
      best = workers;
    }
  }
  return best;
}

std::optional<WorkerRule> Target::workerRule(attn::ForwardOp) const { return std::nullopt; }

} // namespace girih
