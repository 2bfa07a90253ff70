#include "Schedule.h"
#include "dialects/Attn/Dense.h"
#include "dialects/Attn/ScoreBound.h"
#include "girih/Conversion/Lowering.h"
#include "girih/Target/Heads.h"
#include "llvm/Support/FormatVariadic.h"
#include <numbers>
#include <numeric>

using namespace mlir;

namespace girih {

/// Of head sizes; every chip has an MMA of so many columns, and room for what they take.
constexpr int64_t kLeastHead = 16, kMostHead = 256;

/// To compute what the launch brings beside the least of the others, to these what is left.
static void completeRegisters(tile::Schedule &schedule, const Limits &limits, const AttentionNeeds &needs,
                              bool transposes) {
  int64_t others = 1 + transposes; // that have the registers of the load role
  int64_t warpgroups = *schedule.workers + schedule.otherWarpgroups() + transposes;
  int64_t perLane = warpgroups * limits.launchRegisters(kThreadsPerWorker * warpgroups);
  perLane -= schedule.correctionRegisters.value_or(0);
  auto legal = [&](int64_t registers, int64_t most) {
    registers -= registers % limits.registerGranularity;
    return std::clamp(registers, limits.minRoleRegisters, most);
  };
  if (!schedule.computeRegisters) {
    int64_t load = schedule.loadRegisters.value_or(transposes ? needs.leastTranspose : needs.leastLoad);
    schedule.computeRegisters = legal((perLane - others * load) / *schedule.workers, needs.mostCompute);
  }
  if (!schedule.loadRegisters)
    schedule.loadRegisters = legal((perLane - *schedule.workers * *schedule.computeRegisters) / others, needs.mostLoad);
}

/// CTAs that share an item have their rows each, and a part of keys and values or, without MMAs of two CTAs, all.
static int64_t partsOfKeys(const tile::Schedule &schedule, const Limits &limits) {
  return limits.pairsCtas ? schedule.cluster.value_or(1) : 1;
}

/// What is loaded of shared memory, with `dense` bytes for each score, what CTAs that split keys exchange, and
/// barriers.
static int64_t sharedBytesBesideOutput(attn::ForwardOp op, const tile::Schedule &schedule, HeadColumns head,
                                       int64_t dense, int64_t itemStages, const Target &target, const Limits &limits) {
  constexpr int64_t kBarrierBytes = 1024, kExchangedVectors = 2, kExchangedBytes = 4;
  int64_t valueRings = target.transposesValues(op) ? 2 : 1; // as they are loaded, and transposed
  int64_t rows = *schedule.rows / schedule.cluster.value_or(1), stages = *schedule.stages, columns = *schedule.columns;
  int64_t loaded = itemStages * rows * head.keys +
                   stages * columns * (head.keys + valueRings * head.values) / partsOfKeys(schedule, limits);
  int64_t beside = stages * rows * columns * dense;
  if (op.hasBlockScales())
    beside += (itemStages * rows + stages * (columns + tile::kScaledRows)) * tile::kScaleGroups;
  if (schedule.splits.value_or(1) > 1)
    beside += rows * (head.values + kExchangedVectors) * kExchangedBytes;
  return loaded * op.getQ().getType().getElementTypeBitWidth() / 8 + beside + kBarrierBytes;
}

/// A work item's queries are loaded while the item before is computed, where a CTA has
/// several and shared memory has room for them beside all else and the output.
static int64_t defaultItemStages(attn::ForwardOp op, const tile::Schedule &schedule, HeadColumns head, int64_t dense,
                                 const Target &target, const Limits &limits) {
  int64_t stored = *schedule.rows / schedule.cluster.value_or(1) * head.values *
                   op.getOutput().getType().getElementTypeBitWidth() / 8;
  int64_t bytes = sharedBytesBesideOutput(op, schedule, head, dense, /*itemStages=*/2, target, limits) + stored;
  return *schedule.persistent != 0 && bytes <= limits.sharedBytes ? 2 : 1;
}

/// Fewer columns and stages, which are open, than usual where shared memory has no room for them beside the least of
/// the output that is stored at a time (tile-place): a panel of each worker, or of the role that corrects.
static void fitSharedMemory(attn::ForwardOp op, tile::Schedule &schedule, HeadColumns head, int64_t dense, int64_t step,
                            const Target &target, const Limits &limits) {
  constexpr int64_t kPanelBytes = 128, kFewColumns = 32;
  int64_t rows = *schedule.rows / schedule.cluster.value_or(1);
  int64_t writers = schedule.correctionRegisters.value_or(0) > 0 ? *schedule.workers : 1;
  int64_t stored =
      rows / writers * std::min(kPanelBytes, head.values * op.getOutput().getType().getElementTypeBitWidth() / 8);
  auto fits = [&] {
    return stored +
               sharedBytesBesideOutput(op, schedule, head, dense, schedule.itemStages.value_or(1), target, limits) <=
           limits.sharedBytes;
  };
  auto reduceColumns = [&](int64_t least) {
    while (!fits() && *schedule.columns - step >= least)
      schedule.columns = *schedule.columns - step;
  };
  reduceColumns(kFewColumns);
  while (!fits() && *schedule.stages > 1)
    schedule.stages = *schedule.stages - 1;
  reduceColumns(step);
}

int64_t denseBytes(attn::ForwardOp op) {
  int64_t bytes = 0;
  op.getScore().walk([&](attn::LookupOp lookup) {
    if (attn::isDense(lookup))
      bytes += lookup.getTensor().getType().getElementTypeBitWidth() / 8;
  });
  return bytes;
}

/// The most columns of which shared memory has stages of keys, values and what is loaded beside
/// them, with queries and the output.
static int64_t mostColumns(const tile::Schedule &schedule, HeadColumns head, int64_t dense, const Limits &limits) {
  constexpr int64_t kElementBytes = 2, kBarrierBytes = 2048;
  int64_t rows = *schedule.rows / schedule.cluster.value_or(1), parts = partsOfKeys(schedule, limits);
  int64_t rest = limits.sharedBytes - rows * (head.keys + head.values) * kElementBytes - kBarrierBytes;
  return rest / (*schedule.stages * ((head.keys + head.values) * kElementBytes / parts + rows * dense));
}

/// Whether a region reads an element of a captured tensor for each key.
static bool readsAtKey(Region &region) {
  if (region.empty())
    return false;
  llvm::SmallPtrSet<Value, 16> ofKey = {region.getArguments().back()};
  bool found = false;
  for (Operation &op : region.front())
    if (llvm::any_of(op.getOperands(), [&](Value operand) { return ofKey.contains(operand); })) {
      ofKey.insert(op.result_begin(), op.result_end());
      auto lookup = dyn_cast<attn::LookupOp>(op);
      found |= lookup && !attn::isDense(lookup);
    }
  return found;
}

/// Columns are the inner size of the second product; where values of 16 bits have their keys
/// inside, a tile has whole panels of them. Scales of keys begin with a block or in its half.
static int64_t columnStep(attn::ForwardOp op, const MmaShape &shape) {
  constexpr int64_t kPanelBytes = 128;
  int64_t bits = op.getQ().getType().getElementTypeBitWidth();
  bool hasPanels = op.getVOrder() == attn::ValueOrder::Keys && bits == 16;
  int64_t step = hasPanels ? kPanelBytes * 8 / bits : shape.depthOf(bits);
  return op.hasBlockScales() ? std::lcm(step, tile::kScaledRows / 2) : step;
}

/// Random numbers come in blocks of columns.
static constexpr int64_t kRandomColumns = 32;

/// The assembler makes several blocks at once. Narrow heads let more workers share the registers.
static int64_t mostRandomColumns(HeadColumns head) { return head.widest() <= 64 ? 64 : 96; }

/// Items have rows of one block of queries, and tiles keys of one block.
static int64_t columnsInBlock(attn::ForwardOp op, int64_t columns, int64_t step) {
  while (columns > step && op.getKeyBlock() % columns != 0)
    columns -= step;
  return columns;
}

int64_t workersInBlock(attn::ForwardOp op, int64_t workers, int64_t rows) {
  while (op.hasBlocks() && workers > 1 && op.getQueryBlock() % (workers * rows) != 0)
    --workers;
  return workers;
}

/// The largest exponent of two of weights that are not relative to their row's maximum. bf16 has the exponents of f32:
/// what is left of them is for the values, up to 2^32 in sums of 32768 keys, and down to 2^-46 where all weights are
/// the smallest. f16 has 15 above 1.
static int64_t mostExponent(attn::ForwardOp op) {
  if (op.hasNarrowInputs())
    return 0;
  return op.getQ().getType().getElementType().isF16() ? 8 : 80;
}

/// Bounded scores need no maximum of their rows.
static void completeMaximum(attn::ForwardOp op, tile::Schedule &schedule, Missing &missing) {
  std::optional<double> bound = attn::scoreBound(op);
  int64_t most = mostExponent(op);
  bool fits = bound && *bound * std::numbers::log2e <= most;
  if (!schedule.fixedMaximum && fits)
    schedule.fixedMaximum = 1;
  if (schedule.fixedMaximum.value_or(0) == 0 || fits)
    return;
  std::string reason = "have no bound";
  if (bound)
    reason = llvm::formatv("reach {0:f1} as exponents of two, must be {1} at most", *bound * std::numbers::log2e, most);
  missing.add("knob fixed_maximum is 1, scores " + reason);
}

static void checkBlocks(attn::ForwardOp op, const tile::Schedule &schedule, Missing &missing) {
  if (!op.hasBlocks())
    return;
  if (op.getQueryBlock() % *schedule.rows != 0)
    missing.add("knob rows is " + Twine(*schedule.rows) + ", must divide the " + Twine(op.getQueryBlock()) +
                " queries of a block");
  if (op.getKeyBlock() % *schedule.columns != 0)
    missing.add("knob columns is " + Twine(*schedule.columns) + ", must divide the " + Twine(op.getKeyBlock()) +
                " keys of a block");
  if (int64_t splits = schedule.splits.value_or(1); splits > 1)
    missing.add("knob splits is " + Twine(splits) + ", must be 1 where blocks of keys are listed");
}

tile::Schedule completeAttention(attn::ForwardOp op, const tile::Schedule &given, const Target &target,
                                 const MmaShape &shape, const AttentionNeeds &needs, Missing &missing,
                                 function_ref<tile::Schedule(const tile::Schedule &, HeadColumns)> defaultsFor) {
  int64_t bits = op.getQ().getType().getElementTypeBitWidth();
  int64_t headStep = 128 / bits; // rows of multiples of 16 bytes, for TMA
  auto checkSize = [&](StringRef what, int64_t size) {
    if (size % headStep != 0 || size < kLeastHead || size > kMostHead)
      missing.add(what + " " + Twine(size) + " is not supported on " + target.chip() + "; multiples of " +
                  Twine(headStep) + " from " + Twine(kLeastHead) + " to " + Twine(kMostHead) + " are");
  };
  bool pairsCtas = target.limits().pairsCtas;
  int64_t cluster = given.cluster.value_or(1);
  if (op.hasBlockScales() && !shape.hasScales)
    missing.add(attn::kQueryScales + " and " + attn::kKeyScales + " are not supported on " + target.chip() +
                ", whose MMAs take no scales; " + attn::kQueryDescale + " and " + attn::kKeyDescale + " are");
  if (op.hasBlockScales() && cluster > 1)
    missing.add("knob cluster is " + Twine(cluster) + ", must be 1 where blocks of rows have scales");
  checkSize("head size", op.getHeadSize());
  if (op.getHeadSize() != op.getValueSize())
    checkSize("head size of values", op.getValueSize());
  Limits limits = target.limits();
  tile::Schedule schedule = given;
  // Rows and workers go together: a worker's MMA has a fixed number of rows. One worker's
  // threads are for the other roles.
  if (schedule.workers && !schedule.rows)
    schedule.rows = shape.rows * *schedule.workers * cluster;
  if (schedule.rows && !schedule.workers)
    schedule.workers =
        std::clamp<int64_t>(*schedule.rows / shape.rows / cluster, 1, limits.threads / kThreadsPerWorker - 1);
  HeadColumns head(op);
  if (!schedule.heads)
    schedule.heads = defaultHeads(op, schedule.rows.value_or(shape.rows));
  schedule = schedule.completedFrom(defaultsFor(schedule, head));
  completeMaximum(op, schedule, missing);
  cluster = schedule.cluster.value_or(1);
  limits = target.limitsOf(schedule);
  int64_t step = std::lcm(columnStep(op, shape), (pairsCtas ? cluster : 1) * shape.columnStep), dense = denseBytes(op);
  if (!given.columns) {
    // What is read for each score has registers of its own; a mask keeps one bit of it.
    int64_t columns = *schedule.columns;
    if (readsAtKey(op.getScore()))
      columns /= 2;
    else if (readsAtKey(op.getMaskRegion()))
      columns = columns * 3 / 4;
    if (dense > 0)
      columns = std::min(columns, mostColumns(schedule, head, dense, limits));
    if (op.getDropout())
      columns = std::clamp(columns / kRandomColumns * kRandomColumns, kRandomColumns, mostRandomColumns(head));
    schedule.columns = std::max(columns / step * step, step);
  }
  if (!given.columns && !given.stages)
    fitSharedMemory(op, schedule, head, dense, step, target, limits);
  if (!given.columns && op.hasBlocks())
    schedule.columns = columnsInBlock(op, *schedule.columns, step);
  if (!schedule.itemStages)
    schedule.itemStages = defaultItemStages(op, schedule, head, dense, target, limits);
  if (cluster > 1 && schedule.persistent == tile::Schedule::kDynamic && !limits.handsOutWork)
    missing.add("knob persistent is " + Twine(*schedule.persistent) + " when knob cluster is " + Twine(cluster) +
                ", on " + target.chip() + " a counter hands out items for 1 CTA");
  if (*schedule.rows != shape.rows * *schedule.workers * cluster)
    missing.add("knob rows is " + Twine(*schedule.rows) + " when knob workers is " + Twine(*schedule.workers) +
                (cluster > 1 ? " and knob cluster " + std::to_string(cluster) : "") + ", each worker has " +
                Twine(shape.rows) + " rows on " + target.chip());
  if (*schedule.columns % step != 0 || *schedule.columns > shape.maxColumns)
    missing.add("knob columns is " + Twine(*schedule.columns) + ", MMAs on " + target.chip() + " take multiples of " +
                Twine(step) + " up to " + Twine(shape.maxColumns));
  else if (op.getDropout() && *schedule.columns % kRandomColumns != 0)
    missing.add("knob columns is " + Twine(*schedule.columns) + ", dropout takes multiples of " +
                Twine(kRandomColumns));
  checkBlocks(op, schedule, missing);
  completeRegisters(schedule, limits, needs, target.transposesValues(op));
  if (int64_t splits = schedule.splits.value_or(1); splits > 1 && *schedule.persistent != 0)
    missing.add("knob splits is " + Twine(splits) +
                ", must be 1 where CTAs have one work item after another (knob "
                "persistent is " +
                Twine(*schedule.persistent) + ")");
  else if (splits > 1 && (op.getQueryLengths() || op.isPacked()))
    missing.add("knob splits is " + Twine(splits) + ", must be 1 where sequences have query lengths of their own");
  if (int64_t splits = schedule.splits.value_or(1); splits > 1 && cluster > 1)
    missing.add("knob splits is " + Twine(splits) + ", must be 1 when knob cluster is " + Twine(cluster));
  return schedule;
}

} // namespace girih
