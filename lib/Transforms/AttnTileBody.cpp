// The tile program of attention: work items, the loop over keys, online softmax.
#include "AttnTileBody.h"
#include "AttnCaptures.h"
#include "AttnDropout.h"
#include "AttnHeads.h"
#include "AttnItems.h"
#include "AttnMask.h"
#include "AttnMerge.h"
#include "AttnScales.h"
#include "AttnSequence.h"
#include "AttnSoftmax.h"
#include "AttnSplits.h"
#include "dialects/Attn/Dense.h"
#include "girih/Target/Heads.h"
#include "girih/Target/Manifest.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <cmath>
#include <limits>
#include <numbers>

using namespace mlir;

namespace girih {
namespace {

/// Whether score regions load tiles for queries and keys, and the same for all batches.
bool sharesDenseTiles(attn::ForwardOp op) {
  bool loads = false, differ = false;
  op.getScore().walk([&](attn::LookupOp lookup) {
    if (!attn::isDense(lookup))
      return;
    loads = true;
    differ |= llvm::is_contained(lookup.getIndices(), op.getScore().getArgument(1));
  });
  return loads && !differ;
}

class KernelBuilder {
public:
  KernelBuilder(attn::ForwardOp op, gpu::GPUFuncOp kernel, const tile::Schedule &schedule, const Target &target,
                const IRMapping &captures)
      : op(op), kernel(kernel), schedule(schedule), captures(captures), b(op.getLoc(), kernel.getContext()),
        rows(*schedule.rows), columns(*schedule.columns), heads(schedule.heads.value_or(1)),
        splits(schedule.splits.value_or(1)), headColumns(Target::tileColumns(op.getHeadSize())),
        valueColumns(Target::tileColumns(op.getValueSize())), partials(target.lanesPerRow()),
        transposesValues(target.transposesValues(op)) {}

  void build();

private:
  Value size(unsigned argument, unsigned dim) { return sizeOf(b, kernel, argument, dim); }
  Value countBlocks();
  Value countHeads() { return b.mul(size(0, 0), groups()); }
  Value groups() { return b.div(size(0, 1), b.index(heads)); } ///< of heads of queries
  WorkItem decode(Value work);
  KeyRange keyRange(const WorkItem &item);
  void buildWorkItem(Value work);
  void buildBlock(WorkItem item);
  SoftmaxState buildKeyLoop(const WorkItem &item, const QueryTile &q);
  SoftmaxState buildIteration(const WorkItem &item, const QueryTile &q, const KeyRange &range, Value iteration,
                              const SoftmaxState &before);
  Value rescale(Value output, Value alpha, Value grown);
  Value checkRange(Value sum, Value maximum, Value empty);
  void buildEpilogue(const WorkItem &item, const SoftmaxState &state, Value sink);

  RankedTensorType f32Tile(ArrayRef<int64_t> shape) { return RankedTensorType::get(shape, b.getF32Type()); }
  RankedTensorType inputTile(int64_t tileRows, int64_t tileColumns) {
    return RankedTensorType::get({tileRows, tileColumns}, op.getQ().getType().getElementType());
  }
  Value constant(RankedTensorType type, double value) { return f32Constant(b, type.getShape(), value); }
  Value broadcast(Value rowTile, int64_t width) {
    return tile::BroadcastOp::create(b, f32Tile({rows, width}), rowTile);
  }
  Value loadValues(const WorkItem &item, Value firstKey);
  /// The hardware's approximations, as fastExp2 is.
  Value fastLog2(Value x) { return math::Log2Op::create(b, x, arith::FastMathFlags::afn); }
  Value fastDivide(Value x, Value y) {
    return arith::DivFOp::create(b, x, y, arith::FastMathFlags::arcp | arith::FastMathFlags::afn);
  }

  attn::ForwardOp op;
  gpu::GPUFuncOp kernel;
  const tile::Schedule &schedule;
  const IRMapping &captures;
  IndexBuilder b;
  int64_t rows, columns;
  int64_t heads;                     ///< whose rows take turns in a tile: an item has one group of them
  int64_t splits;                    ///< CTAs that share the keys of an item
  int64_t headColumns, valueColumns; ///< of a tile of Q or K, and of V or O
  int64_t partials;
  bool transposesValues;           ///< MMAs read them in another order
  std::optional<MaskReader> mask;  ///< of the work item, if there is one
  std::optional<RandomKey> random; ///< of dropout, if there is some
};

/// Blocks of queries of a head, or of a group. Of packed sequences, so many as there can be at most.
Value KernelBuilder::countBlocks() {
  Value blocks = b.ceilDiv(b.mul(size(0, 2), b.index(slotsOf(heads))), rows);
  return op.isPacked() ? b.add(blocks, countStarts(b, kernel)) : blocks;
}

/// Work items are numbered in groups of heads whose keys and values fit into
/// `group_bytes` of the L2 cache together; in a group, all heads of one block
/// of queries come before those of the next block. Heads of one sequence follow each other,
/// but where batches share tiles of a bias: then those of one head do.
WorkItem KernelBuilder::decode(Value work) {
  Value blocks = countBlocks();
  Value heads = countHeads();
  Value queryHeads = groups(), keyHeads = size(1, 1);
  Value headsPerKeyHead = b.div(queryHeads, keyHeads);

  int64_t bytesPerKey = (headColumns + valueColumns) * op.getQ().getType().getElementTypeBitWidth() / 8;
  // As many keys as there can be at most: an index has 32 bits, group_bytes has 40.
  int64_t keysPerGroup = std::clamp<int64_t>(*schedule.groupBytes / bytesPerKey, 1, kLargestSize);
  Value keyHeadsPerGroup = b.minimum(b.div(b.index(keysPerGroup), size(1, 2)), b.mul(size(0, 0), keyHeads));
  Value group = b.maximum(b.mul(keyHeadsPerGroup, headsPerKeyHead), b.index(1));

  Value itemsPerGroup = b.mul(blocks, group);
  Value firstHead = b.mul(b.div(work, itemsPerGroup), group);
  Value inGroup = b.rem(work, itemsPerGroup);
  Value groupHeads = b.minimum(group, b.sub(heads, firstHead)); // the last group may be smaller
  Value block = b.div(inGroup, groupHeads);
  Value flatHead = b.add(firstHead, b.rem(inGroup, groupHeads));
  if (*schedule.longestFirst)
    block = b.sub(b.sub(blocks, b.index(1)), block);

  WorkItem item;
  if (sharesDenseTiles(op)) {
    Value ofKeyHead = b.div(flatHead, headsPerKeyHead);
    item.batch = b.rem(ofKeyHead, size(0, 0));
    item.keyHead = b.div(ofKeyHead, size(0, 0));
    item.head = b.add(b.mul(item.keyHead, headsPerKeyHead), b.rem(flatHead, headsPerKeyHead));
  } else {
    item.head = b.rem(flatHead, queryHeads);
    item.batch = b.div(flatHead, queryHeads);
    item.keyHead = b.div(item.head, headsPerKeyHead);
  }
  item.block = block;
  item.firstRow = b.mul(block, b.index(rows));
  return item;
}

KeyRange KernelBuilder::keyRange(const WorkItem &item) {
  Visibility visibility;
  visibility.all = KeySpan();
  if (!op.getMaskRegion().empty()) {
    mask.emplace(b, op.getMaskRegion().front(), MaskPlace{item.batch, item.head, item.queries, item.keys, &captures});
    if (!op.hasBlocks())
      visibility = mask->bound(item.firstRow, rows);
  }
  if (op.hasBlocks())
    return buildListedRange(b, BlockLists(b, op, kernel, item, columns), op.hasMask());
  if ((op.getKeyLengths() || op.isPacked()) &&
      !visibility.some.end) // a sequence may have none, and is visited all the same
    visibility.some.end = KeyBound{item.keys, 0};
  return buildKeyRange(b, visibility, item.keys, item.firstRow, {rows, columns});
}

void KernelBuilder::build() {
  b.setInsertionPointToStart(&kernel.getBody().front());
  auto work = [&](StringRef name, int64_t tile, StringRef more = "") -> Attribute {
    SmallVector<Attribute> entries = {b.getStringAttr(name), b.getI64IntegerAttr(tile)};
    if (!more.empty())
      entries.push_back(b.getStringAttr(more));
    return b.getArrayAttr(entries);
  };
  Attribute blocks = work("sq", rows / slotsOf(heads), op.isPacked() ? "starts" : "");
  kernel->setAttr(tile::kWorkAttr, b.getArrayAttr({blocks, work("h", heads), work("b", 1)}));
  kernel->setAttr(tile::kMultiplesAttr, b.getArrayAttr({b.getStrArrayAttr({"h", "hkv"})}));
  forEachWorkItem(
      b, kernel, schedule, [&] { return b.mul(countBlocks(), countHeads()); },
      [&](Value item) { buildWorkItem(item); });
  gpu::ReturnOp::create(b);
  kernel.walk(hoistGathers);
}

void KernelBuilder::buildWorkItem(Value work) {
  WorkItem item = decode(work);
  findSequence(b, op, kernel, item, rows);
  if (heads > 1)
    viewGroups(b, item, heads);
  Value isThere = isInSequence(b, op, item);
  if (!isThere)
    return buildBlock(item);
  // A block beyond the sequence is left out: by a loop, in which tiles may cross between roles.
  Value count = arith::SelectOp::create(b, isThere, b.index(1), b.index(0));
  auto once = scf::ForOp::create(b, b.index(0), count, b.index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(once.getBody());
  buildBlock(item);
}

void KernelBuilder::buildBlock(WorkItem item) {
  loadDescales(b, op, kernel, item);
  random = loadRandomKey(b, op, kernel);
  QueryTile q = {tile::LoadOp::create(b, inputTile(rows, headColumns), item.q,
                                      ValueRange{item.tensorBatch, item.head, item.firstRow, b.index(0)}),
                 op.hasBlockScales() ? loadQueryScales(b, kernel, item, rows) : Value()};
  Value sink = op.getSinks() ? loadSink(b, kernel, item, rows, heads) : Value();
  buildEpilogue(item, buildKeyLoop(item, q), sink);
}

SoftmaxState KernelBuilder::buildKeyLoop(const WorkItem &item, const QueryTile &q) {
  KeyPart part = {keyRange(item), Value()};
  if (splits > 1)
    part = splitKeys(b, part.range, splits);
  SoftmaxState first = {constant(f32Tile({rows}), firstMaximum(schedule)), constant(f32Tile({rows, partials}), 0.0),
                        constant(f32Tile({rows, valueColumns}), 0.0)};
  bool isFixed = schedule.fixedMaximum.value_or(0);
  auto carried = [&](const SoftmaxState &state) {
    SmallVector<Value, 3> values = {state.maximum, state.sum, state.output};
    values.erase(values.begin(), values.begin() + isFixed);
    return values;
  };
  auto stateOf = [&](ValueRange values) -> SoftmaxState {
    return {isFixed ? first.maximum : values.front(), values.drop_back().back(), values.back()};
  };
  auto loop = scf::ForOp::create(b, b.index(0), part.range.count, b.index(1), carried(first));
  loop->setAttr(tile::kNonEmptyAttr, b.getUnitAttr());
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    SoftmaxState before = stateOf(loop.getRegionIterArgs());
    scf::YieldOp::create(b, carried(buildIteration(item, q, part.range, loop.getInductionVar(), before)));
  }
  SoftmaxState state = stateOf(loop.getResults());
  state.sum = tile::ReduceOp::create(b, f32Tile({rows}), tile::ReduceKind::Add, state.sum);
  if (splits == 1)
    return state;
  Value filled = b.sub(b.mul(item.queries, b.index(slotsOf(heads))), item.firstRow);
  return combineParts(b, part, state, filled);
}

/// One tile of keys: s = q k^T, p = exp2(c s - c max), o = o * alpha + p v; alpha is 1 if the maximum is fixed.
/// The row sums stay partial, one per lane of a row, until the end.
SoftmaxState KernelBuilder::buildIteration(const WorkItem &item, const QueryTile &q, const KeyRange &range,
                                           Value iteration, const SoftmaxState &before) {
  auto [oldMaximum, oldSum, oldOutput] = before;
  Value firstKey = b.mul(range.tileAt(b, iteration), b.index(columns));
  Value k = tile::LoadOp::create(b, inputTile(columns, headColumns), item.k,
                                 ValueRange{item.tensorBatch, item.keyHead, firstKey, b.index(0)});
  Value scores = multiplyByKeys(b, kernel, item, q, k, firstKey);
  // A score function wants it in the score, and without one it costs nothing in the exponent.
  Value left = item.scoreFactor;
  if (left && !op.getScore().empty())
    scores =
        arith::MulFOp::create(b, scores, tile::SplatOp::create(b, f32Tile({rows, columns}), std::exchange(left, {})));
  ScoreTile tile = {scores,        item.batch, item.head,
                    item.firstRow, firstKey,   item.queries,
                    item.keys,     &captures,  keepsColumns(schedule, valueColumns, partials)};
  FactoredScores factored = buildScore(b, op, tile, op.getScaleValue());
  factored.tile =
      maskWhereNeeded(b, factored.tile, tile, range, iteration, op.getMaskRegion(), mask ? &*mask : nullptr);
  auto [p, maximum, alpha, grown] = weigh(b, op, schedule, factored, left, oldMaximum);
  Value partialSum = tile::ReduceOp::create(b, f32Tile({rows, partials}), tile::ReduceKind::Add, p);
  Value sum = alpha ? math::FmaOp::create(b, oldSum, broadcast(alpha, partials), partialSum).getResult()
                    : arith::AddFOp::create(b, oldSum, partialSum).getResult();

  if (random) // what is left out is in the sum
    p = dropWeights(b, op, *random, tile, heads, p);
  // Of 8 bits, one more of the mantissa is worth more than one of the exponent.
  Type pElement = op.hasNarrowInputs() ? b.getType<Float8E4M3FNType>() : op.getQ().getType().getElementType();
  Value pNarrow = arith::TruncFOp::create(b, RankedTensorType::get({rows, columns}, pElement), p);
  bool isTwoLevel = schedule.twoLevel.value_or(0);
  Value scaled = isTwoLevel ? Value() : rescale(oldOutput, alpha, grown);
  Value output = tile::MmaOp::create(b, f32Tile({rows, valueColumns}), pNarrow, loadValues(item, firstKey), scaled,
                                     /*transpose_b=*/transposesValues || op.getVOrder() == attn::ValueOrder::Keys);
  if (isTwoLevel)
    output = alpha ? math::FmaOp::create(b, oldOutput, broadcast(alpha, valueColumns), output).getResult()
                   : arith::AddFOp::create(b, oldOutput, output).getResult();
  return {maximum, sum, output};
}

Value KernelBuilder::loadValues(const WorkItem &item, Value firstKey) {
  Value zero = b.index(0), v = item.v;
  RankedTensorType type = inputTile(valueColumns, columns);
  if (op.getVOrder() == attn::ValueOrder::HeadSize) {
    Value rowsOfKeys = tile::LoadOp::create(b, inputTile(columns, valueColumns), v,
                                            ValueRange{item.tensorBatch, item.keyHead, firstKey, zero});
    return transposesValues ? tile::TransposeOp::create(b, type, rowsOfKeys).getResult() : rowsOfKeys;
  }
  return tile::LoadOp::create(b, type, v, ValueRange{item.tensorBatch, item.keyHead, zero, firstKey});
}

/// The output times alpha, which is 1 in rows that have not grown, if it is said which have, or in all.
Value KernelBuilder::rescale(Value output, Value alpha, Value grown) {
  if (!alpha)
    return output;
  auto scaled = [&]() -> Value { return arith::MulFOp::create(b, output, broadcast(alpha, valueColumns)); };
  if (!grown)
    return scaled();
  auto choice = scf::IfOp::create(b, output.getType(), tile::AnyOp::create(b, grown), /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  scf::YieldOp::create(b, scaled());
  b.setInsertionPointToStart(choice.elseBlock());
  scf::YieldOp::create(b, output);
  return choice.getResult(0);
}

/// NaN for rows whose largest exponent is not known well enough. The product
/// c max is rounded to 24 bits, and the largest weight is 2 to the power of what
/// was lost: up to `limit` it stays well inside P's type, and all weights have the
/// same factor, which the division by their sum takes out again.
Value KernelBuilder::checkRange(Value sum, Value maximum, Value empty) {
  double limit = op.getQ().getType().getElementType().isF16() ? 0x1p28 : 0x1p30; // loses 2^3, 2^5
  if (op.hasNarrowInputs())
    limit = 0x1p24; // loses 2^0.5
  auto rowConstant = [&](double value) { return constant(f32Tile({rows}), value); };
  Value magnitude = math::AbsFOp::create(b, maximum);
  Value outside = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, magnitude, rowConstant(limit));
  Value unknown = arith::SelectOp::create(b, empty, sum, rowConstant(NAN));
  return arith::SelectOp::create(b, outside, unknown, sum);
}

void KernelBuilder::buildEpilogue(const WorkItem &item, const SoftmaxState &state, Value sink) {
  auto [maximum, sum, output] = state;
  // Rows that have seen no score above -inf: their maximum stays, and nothing is added to their sum.
  bool isFixed = schedule.fixedMaximum.value_or(0);
  Value empty = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, isFixed ? sum : maximum,
                                      constant(f32Tile({rows}), firstMaximum(schedule)));
  if (!isFixed)
    sum = checkRange(sum, maximum, empty);
  Value share; // of the sum that is not the sink's, as the output has it
  if (sink) {
    Value sinks = heads > 1 ? sink : tile::SplatOp::create(b, f32Tile({rows}), sink).getResult();
    Value most = arith::MaxNumFOp::create(b, maximum, sinks);
    share = fastExp2(b, arith::SubFOp::create(b, maximum, most));
    sum = math::FmaOp::create(b, sum, share, fastExp2(b, arith::SubFOp::create(b, sinks, most)));
    maximum = most;
  }
  // A row that has seen no score above -inf has output 0, and 0 / 1 is the 0 it must give.
  Value divisor = arith::SelectOp::create(b, empty, constant(f32Tile({rows}), 1.0), sum);
  double outputScale = op.getOutputScaleValue() * dropoutScale(op.getDropoutThreshold());
  Value inverse = fastDivide(multiple(b, {rows}, outputScale, item.outputFactor), divisor);
  if (share)
    inverse = arith::MulFOp::create(b, inverse, share);
  PartialAttention all = {arith::MulFOp::create(b, output, broadcast(inverse, valueColumns)), Value()};
  auto log2Sum = [&]() -> Value { return arith::AddFOp::create(b, maximum, fastLog2(sum)); };
  if (op.getPartialO())
    all = mergePartials(b, {all.output, log2Sum()}, loadPartial(b, kernel, item, rows, valueColumns, heads));
  Value narrow = all.output;
  if (Type element = op.getOutput().getType().getElementType(); !element.isF32())
    narrow = arith::TruncFOp::create(b, RankedTensorType::get({rows, valueColumns}, element), narrow);
  OpBuilder::InsertionGuard guard(b);
  if (splits > 1)
    b.setInsertionPointToStart(buildLeaderOnly(b).getBody());
  tile::StoreOp::create(b, narrow, item.o, ValueRange{item.tensorBatch, item.head, item.firstRow, b.index(0)});
  if (!op.getLse())
    return;
  // ln(sum of exp(scale s)) = ln 2 * (c max + log2(sum))
  Value log2 = all.log2Sum ? all.log2Sum : log2Sum();
  Value lse = arith::MulFOp::create(b, log2, constant(f32Tile({rows}), std::numbers::ln2));
  tile::StoreOp::create(b, lse, item.lse, ValueRange{item.tensorBatch, item.head, item.firstRow});
}

} // namespace

void buildAttentionKernel(attn::ForwardOp op, gpu::GPUFuncOp kernel, const tile::Schedule &schedule,
                          const Target &target, const IRMapping &captures) {
  KernelBuilder(op, kernel, schedule, target, captures).build();
}

} // namespace girih
