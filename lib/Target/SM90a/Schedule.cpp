// Hopper's heuristics for attention (docs/performance.md has the measurements).
#include "../Common/Schedule.h"
#include "SM90a.h"
#include "girih/Target/Heads.h"
#include "girih/Target/ShippedSchedules.h"
#include "girih/Target/TuningKey.h"
#include <limits>

using namespace mlir;

namespace girih::sm90a {

/// To 240 for each thread of two workers, 160 for each of three.
static constexpr AttentionNeeds kNeeds = {.leastLoad = 24, .leastTranspose = 32, .mostLoad = 40, .mostCompute = 240};

/// How many times a work item of one worker's rows items of one, two, ... workers take:
/// measured at 512 and 2048 keys without a mask. Tiles that are shared cost less for each row.
static ArrayRef<double> itemCosts(int64_t headColumns) {
  static constexpr double narrow[] = {1, 1.39, 1.86}, usual[] = {1, 1.29}, wide[] = {1, 1.43};
  return headColumns <= 64 ? ArrayRef(narrow) : headColumns <= 128 ? ArrayRef(usual) : ArrayRef(wide);
}

/// Whether work items of a mask are not taken from a counter: with the widest output it does not pay.
static bool hasCtaForEachItem(int64_t headColumns) { return headColumns > 192; }

/// Causal items of which each has a CTA of its own, and how long they are: a CTA that asks for its second an item ahead
/// keeps it from those that are done earlier, by which up to 36 % are lost with two items for each. Of short items up
/// to 17 % are gained.
static constexpr int64_t kFlatItems = 2 * 132, kFlatQueries = 1024;

/// Clusters that an H200 runs at once, by cudaOccupancyMaxActiveClusters.
static constexpr WorkerRule::Cluster kClusters[] = {{2, 66}, {3, 39}, {4, 30}, {8, 15}};

/// Two warpgroups of 64 rows with 240 registers each, or three with 160, beside a loader: the
/// splits of 64 Ki registers that waste none. Fewer where the items are too few for the chip.
WorkerRule workerRule(attn::ForwardOp op) {
  int64_t headColumns = HeadColumns(op).widest();
  ArrayRef<double> costs = itemCosts(headColumns);
  // Beside a warpgroup that transposes, three have too few registers, and two for the widest output.
  if (getSM90aTarget()->transposesValues(op))
    costs = costs.take_front(headColumns <= 192 ? 2 : 1);
  // Of the keys that some row of an item sees, a narrow window hides more from each row the more
  // rows there are: window(128,0) at head size 64 has 1.2 times the speed with two workers.
  if (!op.getMaskRegion().empty())
    costs = costs.take_front(2);
  costs = costs.take_front(size_t(workersInBlock(op, int64_t(costs.size()), kMma.rows)));
  WorkerRule rule = {llvm::SmallVector<double, 3>(costs), kMma.rows, getSM90aTarget()->rates().multiprocessors,
                     op.getMask() == attn::Mask::Causal && !op.hasBlocks(), !hasCtaForEachItem(headColumns)};
  for (auto [i, cost] : llvm::enumerate(rule.costs)) // fewer may not share a block
    if (int64_t workers = int64_t(i) + 1; workersInBlock(op, workers, kMma.rows) != workers)
      cost = std::numeric_limits<double>::infinity();
  if (rule.isCausal && rule.takesAhead && !op.hasLengths())
    std::tie(rule.mostFlatItems, rule.leastFlatQueries) = std::pair(kFlatItems, kFlatQueries);
  // A region may hide most keys. With wider outputs or a tile of scores beside keys shared memory has no room.
  if (op.getMaskRegion().empty() && headColumns <= 128 && denseBytes(op) == 0 && !op.getQueryLengths() &&
      !op.isPacked() && !op.hasBlocks())
    rule.clusters = kClusters;
  return rule;
}

static int64_t workersFor(attn::ForwardOp op, int64_t heads) {
  WorkerRule rule = workerRule(op);
  ArrayRef<int64_t> sizes = op.getQ().getType().getShape();
  if (heads > 1 && ShapedType::isStatic(sizes[2]) && sizes[2] * slotsOf(heads) <= rule.rows)
    return 1;
  bool isOpen = llvm::any_of(sizes.drop_back(), ShapedType::isDynamic);
  return isOpen ? rule.usual() : rule.workersFor(sizes[0], sizes[1] / heads, sizes[2] * slotsOf(heads));
}

/// As many keys as two stages leave room for beside queries and the output, and as the
/// registers have room for beside the output.
static int64_t defaultColumns(HeadColumns head) {
  if (head.keys <= 192 && head.values <= 128)
    return 128;
  return head.widest() <= 192 ? 96 : 64;
}

/// The keys of an item go to several CTAs where items are too few for the chip and long enough, and shared memory
/// has room for the output in f32.
static int64_t splitsFor(attn::ForwardOp op, const tile::Schedule &schedule, HeadColumns head) {
  constexpr int64_t kElementBytes = 2, kOtherBytes = 6 << 10;
  ArrayRef<int64_t> sizes = op.getQ().getType().getShape();
  int64_t keys = op.getK().getType().getDimSize(2), rows = *schedule.rows;
  bool isOpen = llvm::any_of(sizes, ShapedType::isDynamic) || ShapedType::isDynamic(keys);
  bool isOne = *schedule.workers == 1 && schedule.ctas.value_or(1) == 1 && schedule.persistent.value_or(0) == 0;
  int64_t loaded = rows * head.keys * schedule.itemStages.value_or(1) +
                   *schedule.stages * *schedule.columns * (head.keys + head.values);
  int64_t bytes = loaded * kElementBytes + 2 * rows * head.values * int64_t(sizeof(float)) + kOtherBytes;
  if (isOpen || !isOne || bytes > getSM90aTarget()->limits().sharedBytes)
    return 1;
  WorkerRule rule = workerRule(op);
  rule.rows = rows;
  rule.columns = *schedule.columns;
  return rule.splitsFor(sizes[0] * sizes[1] / *schedule.heads, sizes[2] * slotsOf(*schedule.heads), keys);
}

/// Whether items are so few that each has a CTA.
static bool areFew(attn::ForwardOp op, int64_t heads, int64_t workers) {
  ArrayRef<int64_t> sizes = op.getQ().getType().getShape();
  return !ShapedType::isDynamicShape(sizes) &&
         workerRule(op).isFlat(double(sizes[0]) * double(sizes[1] / heads), sizes[2] * slotsOf(heads), workers);
}

static tile::Schedule defaultsFor(attn::ForwardOp op, const tile::Schedule &given, HeadColumns head) {
  bool masked = op.hasMask() || op.hasBlocks();
  int64_t keys = op.getK().getType().getDimSize(2);
  tile::Schedule schedule;
  int64_t cluster = given.cluster.value_or(1);
  schedule.workers = workersInBlock(op, workersFor(op, *given.heads), kMma.rows * cluster);
  schedule.rows = kMma.rows * *schedule.workers * cluster;
  schedule.columns = defaultColumns(head);
  // Sums of a tile of keys are in registers beside the output.
  if (given.twoLevel.value_or(0) && !op.hasNarrowInputs())
    schedule.columns = *schedule.columns / 2;
  else if (given.twoLevel.value_or(0) && getSM90aTarget()->transposesValues(op))
    schedule.columns = *schedule.columns * 3 / 4;
  if (!ShapedType::isDynamic(keys) && keys <= 64)
    schedule.columns = 64;
  schedule.stages = 2;
  schedule.ctas = 1;
  schedule.overlap = 1;
  schedule.pingPong = 1;
  // The output is in registers, where a product costs less time than a branch, but more energy: with tiles of a bias
  // the card's power is the limit.
  schedule.lazyRescale = denseBytes(op) > 0 && !op.hasNarrowInputs() ? 8 : 0;
  schedule.exp2Polynomial = 0;
  schedule.splits = cluster > 1 ? 1 : given.splits.value_or(splitsFor(op, given.completedFrom(schedule), head));
  // Work items of a mask differ in length: whoever is done takes the next, the long
  // ones first. Fixed shares are as good where all are equal, and cost less.
  schedule.persistent = *schedule.splits > 1                          ? 0
                        : !masked && !op.hasLengths()                 ? 1
                        : hasCtaForEachItem(head.widest())            ? 0
                        : areFew(op, *given.heads, *schedule.workers) ? 0
                        : cluster > 1                                 ? 1
                                                                      : tile::Schedule::kDynamic;
  schedule.longestFirst = masked ? 1 : 0;
  schedule.groupBytes = masked ? 32 << 20 : 0;
  return schedule;
}

/// Whether queries in registers were measured to pay, and leave room for a tile of scores,
/// its weights and the output.
static bool keepsQueriesInRegisters(attn::ForwardOp op, const tile::Schedule &schedule, HeadColumns head) {
  constexpr int64_t kBesideTiles = 28;
  int64_t columns = *schedule.columns + head.values; // of 32 bits in half a register, of 16 bits in a quarter
  return head.keys == 128 && head.values == 128 && !op.hasNarrowInputs() && op.getScore().empty() &&
         columns / 2 + columns / 4 + kBesideTiles <= *schedule.computeRegisters;
}

/// Where the assembler's placement of the wait was measured to be best.
static int64_t anchorFor(attn::ForwardOp op, const tile::Schedule &schedule, HeadColumns head) {
  if (head.keys != 128 || head.values != 128)
    return 1;
  if (getSM90aTarget()->transposesValues(op))
    return 0;
  if (*schedule.leftInRegisters == 0)
    return 8;
  return op.hasMask() ? 1 : 16;
}

static constexpr ShippedSchedule kShipped[] = {
#define SHIPPED(HEAD, MASK, SLICES, LENGTH, KNOBS)                                                                     \
  {HEAD, attn::Mask::MASK == attn::Mask::Causal, SLICES, LENGTH, KNOBS},
#include "Schedules.def"
#undef SHIPPED
};

/// The schedule so far: where it is wholly open, and the problem is one of those that were
/// measured or near them, what was the fastest there.
static tile::Schedule addShipped(attn::ForwardOp op, const tile::Schedule &given) {
  ArrayRef<int64_t> queries = op.getQ().getType().getShape(), keys = op.getK().getType().getShape();
  HeadColumns head(op);
  bool isGiven =
      llvm::any_of(tile::scheduleKnobs(), [&](const tile::KnobInfo &knob) { return (given.*knob.field).has_value(); });
  bool isPlain = op.getScore().empty() && op.getMaskRegion().empty() && !op.hasLengths() && !op.getDropout() &&
                 !op.getPartialO() && !op.hasBlocks() && !op.hasNarrowInputs() &&
                 (op.getMask() == attn::Mask::None || op.getMask() == attn::Mask::Causal) && head.keys == head.values;
  if (isGiven || !isPlain || ShapedType::isDynamicShape(queries) || ShapedType::isDynamicShape(keys) ||
      defaultHeads(op, kMma.rows) != 1)
    return given;
  const ShippedSchedule *row = findShipped(
      kShipped, {head.keys, op.getMask() == attn::Mask::Causal, queries[0] * queries[1], queries[2], keys[2]});
  return row && *row->knobs ? *parseSchedule(row->knobs) : given;
}

tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &open, Missing &missing) {
  tile::Schedule given = addShipped(op, open);
  auto defaults = [&](const tile::Schedule &given, HeadColumns head) { return defaultsFor(op, given, head); };
  AttentionNeeds needs = kNeeds;
  if (given.cluster.value_or(1) > 1)
    needs.leastLoad = needs.mostLoad; // parts of tiles have offsets; with 24 registers some spill
  tile::Schedule schedule = completeAttention(op, given, *getSM90aTarget(), kMma, needs, missing, defaults);
  HeadColumns head(op);
  if (!schedule.leftInRegisters)
    schedule.leftInRegisters = keepsQueriesInRegisters(op, schedule, head) ? 1 : 0;
  if (int64_t registers = schedule.correctionRegisters.value_or(0))
    missing.add("knob correction_registers is " + Twine(registers) + ", MMAs on sm_90a accumulate in registers of " +
                "workers, which no other role can correct");
  if (!schedule.anchor)
    schedule.anchor = anchorFor(op, schedule, head);
  return schedule;
}

} // namespace girih::sm90a
