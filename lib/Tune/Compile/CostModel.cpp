// What a schedule is likely to cost (docs/tuning.md).
#include "girih/Target/Heads.h"
#include "girih/Tune/Space.h"

using namespace mlir;

namespace girih::tune {
namespace {

// Cycles that no data sheet gives, rounded from what profiles of the kernels show.
constexpr double kLatency = 800;     ///< from a copy's start until its tile can be read
constexpr double kIteration = 80;    ///< barriers and branches of an iteration
constexpr double kItem = 400;        ///< index arithmetic, first wait, last store of an item
constexpr double kBlock = 1200;      ///< start and end of a CTA
constexpr double kFetch = 150;       ///< of an item from a counter
constexpr double kCombine = 1200;    ///< of the tiles of one CTA of a cluster with those of the others
constexpr double kPolynomial = 8;    ///< instructions of an exponential by polynomial
constexpr double kElementwise = 3.5; ///< other instructions for each score

struct Iteration {
  double mma, softmax, load;
};

/// Of one CTA. Those that share an item have their part of its rows, and load their part of keys and values.
Iteration iterationOf(const tile::Schedule &schedule, HeadColumns head, double bytes, const Rates &rates) {
  double cluster = double(schedule.cluster.value_or(1)), rows = double(*schedule.rows) / cluster;
  double scores = rows * double(*schedule.columns);
  double polynomials = scores * double(schedule.exp2Polynomial.value_or(0)) / tile::kExp2Period;
  double instructions = scores * kElementwise + polynomials * kPolynomial;
  if (schedule.lazyRescale.value_or(0) == 0)
    instructions += rows * double(head.values);
  Iteration iteration;
  iteration.mma = 2 * scores * double(head.keys + head.values) / (rates.mmaFlops * 2 / bytes);
  iteration.softmax = (scores - polynomials) / rates.exponentials + instructions / rates.instructions;
  iteration.load = bytes * double(*schedule.columns) * double(head.keys + head.values) / cluster / rates.cacheBytes;
  return iteration;
}

/// The share of the shorter of MMAs and softmax that runs beside the longer.
double overlapOf(const tile::Schedule &schedule) {
  bool overlap = schedule.overlap.value_or(0), turns = schedule.pingPong.value_or(0) && *schedule.workers > 1;
  if (overlap)
    return turns ? 0.9 : 0.8;
  return turns ? 0.6 : *schedule.workers > 1 ? 0.4 : 0;
}

/// Of a multiprocessor. CTAs that share one fill the cycles in which another waits.
double cyclesOf(const tile::Schedule &schedule, const Iteration &iteration, double ctas) {
  double longer = std::max(iteration.mma, iteration.softmax), shorter = std::min(iteration.mma, iteration.softmax);
  double compute = longer + (1 - overlapOf(schedule)) * shorter;
  double alone = std::max(compute, iteration.load) + (*schedule.stages == 1 ? kLatency : 0) + kIteration;
  return std::max({longer, iteration.load, alone / ctas});
}

/// Work items of one head, or of a group whose rows share tiles, or parts of items: the sum of their iterations and the
/// most of one. What a mask region hides is not known and counts as seen.
struct Items {
  int64_t count = 0, iterations = 0, most = 0;
};

Items itemsOf(attn::ForwardOp op, const tile::Schedule &schedule) {
  int64_t perQuery = slotsOf(schedule.heads.value_or(1));
  int64_t queries = op.getQ().getType().getDimSize(2) * perQuery, keys = op.getK().getType().getDimSize(2);
  int64_t splits = schedule.splits.value_or(1);
  Items items;
  for (int64_t row = 0; row < queries; row += *schedule.rows) {
    int64_t visible = keys;
    if (op.getMask() != attn::Mask::None) {
      int64_t shift = op.getMask() == attn::Mask::Causal ? keys - queries / perQuery : 0;
      visible = std::clamp<int64_t>((row + *schedule.rows) / perQuery + shift, 0, keys);
    }
    int64_t iterations = llvm::divideCeil(llvm::divideCeil(visible, *schedule.columns), splits);
    items.count += splits;
    items.iterations += splits * iterations;
    items.most = std::max(items.most, iterations);
  }
  return items;
}

} // namespace

double predictMicroseconds(attn::ForwardOp op, const tile::Schedule &schedule, const Target &target) {
  Rates rates = target.rates();
  rates.multiprocessors /= schedule.cluster.value_or(1); // that share an item
  double bytes = double(op.getQ().getType().getElementTypeBitWidth()) / 8;
  Iteration iteration = iterationOf(schedule, HeadColumns(op), bytes, rates);
  double ctas = double(schedule.ctas.value_or(1)), cycles = cyclesOf(schedule, iteration, ctas);
  Items items = itemsOf(op, schedule);

  // Before and after its loop an item waits for copies, and half an iteration's MMAs and
  // a softmax have nothing beside them.
  int64_t grid = schedule.persistent.value_or(0);
  int64_t splits = schedule.splits.value_or(1);
  double latency = schedule.itemStages.value_or(1) > 1 ? kLatency / 2 : kLatency;
  double beside =
      latency + iteration.mma / 2 + iteration.softmax + kItem + (splits > 1 ? kCombine * double(splits) : 0);
  beside = (beside + (grid == 0 ? kBlock : grid == tile::Schedule::kDynamic ? kFetch : 0)) / ctas;
  int64_t heads = op.getQ().getType().getDimSize(0) * op.getQ().getType().getDimSize(1) / schedule.heads.value_or(1);
  int64_t count = heads * items.count;
  double total = double(heads) * (double(items.iterations) * cycles + double(items.count) * beside);
  double longest = ctas * (double(items.most) * cycles + beside);

  // Equal items come in whole waves. Of others the last to start decides: a long one
  // where the order is not by length, or where shares are fixed.
  double perProcessor = total / double(rates.multiprocessors);
  double makespan;
  if (items.iterations == items.most * items.count)
    makespan = double(llvm::divideCeil(count, rates.multiprocessors * int64_t(ctas))) * longest;
  else if (grid == 1 || !schedule.longestFirst.value_or(0))
    makespan = perProcessor + longest / 2;
  else
    makespan = perProcessor + longest / 8;
  return std::max(makespan, longest) / rates.megahertz;
}

} // namespace girih::tune
