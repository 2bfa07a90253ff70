// Blackwell's heuristics for attention. Nothing here has been timed: no chip was at hand.
#include "../Common/Schedule.h"
#include "SM100a.h"
#include "girih/Target/Heads.h"

using namespace mlir;

namespace girih::sm100a {

/// The thread that starts MMAs keeps descriptors and barriers of two workers, and where it
/// waits for MMAs, those of the waits; wider queries have more of them.
static AttentionNeeds needsFor(attn::ForwardOp op, const tile::Schedule &given) {
  int64_t least = given.strict.value_or(0) || HeadColumns(op).keys > 128 ? 64 : 56;
  return {.leastLoad = least, .leastTranspose = least, .mostLoad = 64, .mostCompute = 240};
}

/// The most columns of an output that CTAs exchange: a thread has its row in registers.
constexpr int64_t kMostExchanged = 128;

/// Whether there is room for one worker alone: in tensor memory for its output and one tile of scores, in
/// shared memory for its queries.
static bool isWide(HeadColumns head) { return head.values > kMostExchanged || head.keys > 192; }

/// Workers that are alone load half as much for twice the rows in pairs of CTAs, where items have as many.
static int64_t clusterFor(attn::ForwardOp op, const tile::Schedule &given, HeadColumns head, bool isOne) {
  int64_t queries = op.getQ().getType().getDimSize(2), rows = 2 * kMma.rows;
  bool hasRows = ShapedType::isDynamic(queries) || queries > kMma.rows;
  bool isInBlock = !op.hasBlocks() || op.getQueryBlock() % rows == 0;
  return isWide(head) && hasRows && isInBlock && !isOne && !given.rows && !op.hasBlockScales() ? 2 : 1;
}

/// Two workers of 128 rows, one in its softmax while the other's MMAs run. In tensor
/// memory each has scores, weights (half a column each) and its output: 2 x (1.5 N + D)
/// columns of the 512; with the oldest first, 2 x (N + D). What the correction role takes
/// leaves the workers fewer registers. Of wide heads there is one worker, whose output the
/// correction role moves a part at a time: it is more than a thread has registers for.
static tile::Schedule defaultsFor(attn::ForwardOp op, const tile::Schedule &given, HeadColumns head,
                                  int64_t exp2Polynomial) {
  constexpr int64_t kCorrectionRegisters = 88; // for what it moves at a time, and addresses
  bool corrects = given.correctionRegisters.value_or(0) > 0;
  bool masked = op.hasMask() || op.hasBlocks();
  tile::Schedule schedule;
  // The rows of heads that share tiles are few: one worker's, as many as there are on Hopper.
  int64_t queries = op.getQ().getType().getDimSize(2);
  bool areFew = *given.heads > 1 && ShapedType::isStatic(queries) && queries * slotsOf(*given.heads) <= kMma.rows;
  // So is one for keys that CTAs split, whose outputs they exchange through shared memory, and where CTAs share it.
  bool isOne = areFew || given.splits.value_or(1) > 1 || given.ctas.value_or(1) > 1;
  int64_t cluster = given.cluster.value_or(clusterFor(op, given, head, isOne));
  schedule.workers = isOne || isWide(head) ? 1 : workersInBlock(op, 2, kMma.rows * cluster);
  schedule.rows = kMma.rows * *schedule.workers * cluster;
  schedule.columns = head.widest() <= 64    ? (corrects || given.ctas.value_or(1) > 1 ? 112 : 128)
                     : isWide(head)         ? 128
                     : head.keys > 128      ? 64
                     : op.hasNarrowInputs() ? 96
                                            : 80;
  // Several tiles of scores beside the output, weights in the columns of theirs.
  if (int64_t slots = given.accumulators.value_or(1); slots > 1) {
    int64_t ofWorker = tile::kMaxTensorColumns / given.workers.value_or(*schedule.workers);
    schedule.columns = std::min(*schedule.columns, (ofWorker - head.values) / slots);
  }
  schedule.stages = 2;
  schedule.ctas = 1;
  schedule.cluster = cluster;
  schedule.splits = 1;
  schedule.accumulators = 1;
  // Who exchanges outputs has whole rows of them.
  schedule.correctionRegisters = isWide(head) && given.splits.value_or(1) == 1 ? kCorrectionRegisters : 0;
  schedule.overlap = 1;
  schedule.oldestFirst = 0;
  schedule.leftInRegisters = 0;
  schedule.pingPong = 0;
  // As FlashAttention-4 has it; weights up to 256 are far inside f16. What e4m3 gives to weights
  // that are too large, it takes from the small ones.
  schedule.lazyRescale = op.hasNarrowInputs() ? 4 : 8;
  schedule.exp2Polynomial = exp2Polynomial;
  // As on Hopper, but not measured.
  schedule.persistent = given.splits.value_or(1) > 1 ? 0 : masked || op.hasLengths() ? tile::Schedule::kDynamic : 1;
  schedule.longestFirst = masked ? 1 : 0;
  schedule.groupBytes = masked ? 32 << 20 : 0;
  schedule.anchor = 0;
  schedule.strict = 1;
  schedule.lastPart = 0;
  return schedule;
}

tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, const Target &target, Missing &missing,
                                int64_t exp2Polynomial) {
  auto defaults = [&](const tile::Schedule &given, HeadColumns head) {
    return defaultsFor(op, given, head, exp2Polynomial);
  };
  tile::Schedule schedule = completeAttention(op, given, target, kMma, needsFor(op, given), missing, defaults);
  // Scores are handed to the workers and weights back one iteration apart.
  if (*schedule.overlap == 0)
    missing.add("knob overlap is 0, attention on " + target.chip() + " needs 1");
  if (*schedule.leftInRegisters != 0)
    missing.add("knob left_in_registers is 1, MMAs on " + target.chip() + " take no operand from registers");
  if (schedule.twoLevel.value_or(0) != 0)
    missing.add("knob two_level is 1, MMAs on " + target.chip() + " add in f32, in tensor memory");
  if (int64_t splits = schedule.splits.value_or(1); splits > 1 && HeadColumns(op).values > kMostExchanged)
    missing.add("knob splits is " + Twine(splits) + ", must be 1 on " + target.chip() + " where values have " +
                Twine(op.getValueSize()) + " columns: CTAs exchange up to " + Twine(kMostExchanged));
  return schedule;
}

} // namespace girih::sm100a
