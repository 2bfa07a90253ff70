// What a work item has of its sequence and its head.
//
// Sequences of own lengths: loads and stores see as many rows of the tensors as a sequence has. What
// is beyond reads as zero and is not written, just as beyond the ends of the tensors.
//
// Of packed sequences, number n has the blocks from starts[n] / rows + n on. Those are as many as it
// needs, one more at most, and the first is found from the starts alone: so a binary search finds the
// sequence of a block, and nobody has to count the blocks of those before it.
#include "AttnSequence.h"
#include "AttnHeads.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include <numbers>

using namespace mlir;

namespace girih {
namespace {

/// Rows of a tensor that a sequence has.
struct Rows {
  Value begin; ///< null at the start of the tensor
  Value count;
};

/// Lengths and starts are data: whatever they are, nothing outside the tensors may be touched.
Value numberOf(IndexBuilder &b, Value numbers, Value number, Value most) {
  Value index = arith::IndexCastOp::create(b, b.getI32Type(), number);
  Value found = tile::GatherOp::create(b, b.getI32Type(), numbers, index, int64_t(0));
  found = arith::IndexCastOp::create(b, b.getIndexType(), found);
  return b.minimum(b.maximum(found, b.index(0)), most);
}

/// The last sequence whose blocks begin at this one or before.
Value findPacked(IndexBuilder &b, gpu::GPUFuncOp kernel, Value block, int64_t rows, Value most) {
  Value starts = argumentOf(kernel, attn::kQueryStarts);
  Value count = b.sub(countStarts(b, kernel), b.index(1));
  Value narrow = b.createOrFold<arith::IndexCastOp>(b.getI32Type(), count);
  Value zeros = b.createOrFold<math::CountLeadingZerosOp>(narrow);
  Value bits = b.sub(b.index(32), b.createOrFold<arith::IndexCastOp>(b.getIndexType(), zeros));
  auto loop = scf::ForOp::create(b, b.index(0), bits, b.index(1), b.index(0));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value passed = loop.getRegionIterArg(0);
  Value bit = b.sub(b.sub(bits, b.index(1)), loop.getInductionVar());
  Value candidate = b.add(passed, arith::ShLIOp::create(b, b.index(1), bit));
  Value first = b.add(b.div(numberOf(b, starts, candidate, most), b.index(rows)), candidate);
  Value isSequence = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, candidate, count);
  Value isBefore = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, first, block);
  Value goesOn = arith::AndIOp::create(b, isSequence, isBefore);
  scf::YieldOp::create(b, ValueRange{arith::SelectOp::create(b, goesOn, candidate, passed)});
  return loop.getResult(0);
}

/// What the sequence has, by starts and by lengths, each if they are there.
Rows rowsOf(IndexBuilder &b, gpu::GPUFuncOp kernel, bool hasStarts, StringRef starts, bool hasLengths,
            StringRef lengths, Value sequence, Value most) {
  Rows rows = {{}, most};
  if (hasStarts) {
    Value argument = argumentOf(kernel, starts);
    rows.begin = numberOf(b, argument, sequence, most);
    Value end = numberOf(b, argument, b.add(sequence, b.index(1)), most);
    rows.count = b.maximum(b.sub(end, rows.begin), b.index(0));
  }
  if (hasLengths)
    rows.count = numberOf(b, argumentOf(kernel, lengths), sequence, rows.count);
  return rows;
}

/// A tensor of which each sequence has those rows.
Value viewOf(IndexBuilder &b, gpu::GPUFuncOp kernel, unsigned argument, const Rows &rows) {
  Value tensor = kernel.getArgument(argument);
  auto type = cast<MemRefType>(tensor.getType());
  int64_t rank = type.getRank();
  SmallVector<OpFoldResult> begins(rank, b.getIndexAttr(0)), steps(rank, b.getIndexAttr(1)), sizes;
  if (rows.begin)
    begins[2] = rows.begin;
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (dim == 2)
      sizes.push_back(rows.count);
    else if (type.isDynamicDim(dim))
      sizes.push_back(sizeOf(b, kernel, argument, dim));
    else
      sizes.push_back(b.getIndexAttr(type.getDimSize(dim)));
  }
  return memref::SubViewOp::create(b, tensor, begins, sizes, steps);
}

} // namespace

BlockArgument argumentOf(gpu::GPUFuncOp kernel, StringRef name) {
  return *llvm::find_if(kernel.getArguments(), [&](BlockArgument argument) {
    auto known = kernel.getArgAttrOfType<StringAttr>(argument.getArgNumber(), tile::kNameAttr);
    return known && known == name;
  });
}

Value sizeOf(IndexBuilder &b, gpu::GPUFuncOp kernel, unsigned argument, unsigned dim) {
  auto type = cast<MemRefType>(kernel.getArgument(argument).getType());
  if (!type.isDynamicDim(dim))
    return b.index(type.getDimSize(dim));
  return memref::DimOp::create(b, kernel.getArgument(argument), dim);
}

Value countStarts(IndexBuilder &b, gpu::GPUFuncOp kernel) {
  return sizeOf(b, kernel, argumentOf(kernel, attn::kQueryStarts).getArgNumber(), 0);
}

void findSequence(IndexBuilder &b, attn::ForwardOp op, gpu::GPUFuncOp kernel, WorkItem &item, int64_t rows) {
  SmallVector<Value *> tensors = {&item.q, &item.k, &item.v, &item.o};
  if (op.getLse())
    tensors.push_back(&item.lse);
  for (auto [i, tensor] : llvm::enumerate(tensors))
    *tensor = kernel.getArgument(i);
  item.tensorBatch = item.batch;
  Value allQueries = sizeOf(b, kernel, 0, 2), allKeys = sizeOf(b, kernel, 1, 2);
  if (op.isPacked())
    item.batch = findPacked(b, kernel, item.block, rows, allQueries);
  Rows queries = rowsOf(b, kernel, op.isPacked(), attn::kQueryStarts, !!op.getQueryLengths(), attn::kQueryLengths,
                        item.batch, allQueries);
  Rows keys =
      rowsOf(b, kernel, op.isPacked(), attn::kKeyStarts, !!op.getKeyLengths(), attn::kKeyLengths, item.batch, allKeys);
  item.queries = queries.count;
  item.firstQuery = queries.begin;
  item.keys = keys.count;
  if (op.isPacked()) {
    Value firstBlock = b.add(b.div(queries.begin, b.index(rows)), item.batch);
    item.firstRow = b.mul(b.sub(item.block, firstBlock), b.index(rows));
  }
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    bool isOfKeys = i == 1 || i == 2;
    if (op.isPacked() || (isOfKeys ? op.getKeyLengths() : op.getQueryLengths()))
      *tensor = viewOf(b, kernel, i, isOfKeys ? keys : queries);
  }
}

Value loadSink(IndexBuilder &b, gpu::GPUFuncOp kernel, const WorkItem &item, int64_t rows, int64_t heads) {
  BlockArgument sinks = argumentOf(kernel, attn::kSinks);
  if (heads > 1) {
    auto type = RankedTensorType::get({rows}, b.getF32Type());
    Value sink = tile::GatherOp::create(b, type, sinks, headsOfRows(b, item.head, heads, rows), int64_t(0));
    float base = static_cast<float>(std::numbers::log2e);
    return arith::MulFOp::create(b, sink, arith::ConstantOp::create(b, DenseElementsAttr::get(type, base)));
  }
  Value head = arith::IndexCastOp::create(b, b.getI32Type(), item.head);
  Value sink = tile::GatherOp::create(b, b.getF32Type(), sinks, head, int64_t(0));
  Value base = arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(std::numbers::log2e)));
  return arith::MulFOp::create(b, sink, base);
}

void loadDescales(IndexBuilder &b, attn::ForwardOp op, gpu::GPUFuncOp kernel, WorkItem &item) {
  // Of the head of keys that the item reads, or of the whole tensor.
  auto load = [&](Value operand, StringRef name) -> Value {
    if (!operand)
      return {};
    BlockArgument argument = argumentOf(kernel, name);
    if (!isa<MemRefType>(argument.getType()))
      return argument;
    SmallVector<Value> indices;
    for (Value index : {item.batch, item.keyHead})
      indices.push_back(arith::IndexCastOp::create(b, b.getI32Type(), index));
    return tile::GatherOp::create(b, b.getF32Type(), argument, indices, ArrayRef<int64_t>{0, 0});
  };
  Value ofQueries = load(op.getQDescale(), attn::kQueryDescale), ofKeys = load(op.getKDescale(), attn::kKeyDescale);
  item.scoreFactor = ofQueries ? ofQueries : ofKeys;
  if (ofQueries && ofKeys)
    item.scoreFactor = arith::MulFOp::create(b, ofQueries, ofKeys);
  item.outputFactor = load(op.getVDescale(), attn::kValueDescale);
}

Value isInSequence(IndexBuilder &b, attn::ForwardOp op, const WorkItem &item) {
  if (!op.getQueryLengths() && !op.isPacked())
    return {};
  Value isBeforeEnd = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, item.firstRow, item.queries);
  if (!op.isPacked())
    return isBeforeEnd;
  // Where the first sequence does not begin at 0, there are blocks before it.
  Value isFromBegin = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, item.firstRow, b.index(0));
  return arith::AndIOp::create(b, isFromBegin, isBeforeEnd);
}

} // namespace girih
