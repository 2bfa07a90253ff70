// Lists are data: whatever they say, nothing outside of the tensors is read.
//
// The lists follow each other in one loop over tiles. Who loads keys and who masks them read the list themselves, each
// for the iteration it is at: an element is 4 bytes of a line that is read over and over.
#include "AttnBlocks.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace girih {

static Value narrow(IndexBuilder &b, Value index) { return arith::IndexCastOp::create(b, b.getI32Type(), index); }

/// An element; indices beyond the ends count as those at the ends.
static Value load(IndexBuilder &b, Value tensor, ArrayRef<Value> indices) {
  SmallVector<int64_t> steps(indices.size(), 0);
  Value element = tile::GatherOp::create(b, b.getI32Type(), tensor, indices, steps);
  return arith::IndexCastOp::create(b, b.getIndexType(), element);
}

BlockLists::BlockLists(IndexBuilder &b, attn::ForwardOp op, gpu::GPUFuncOp kernel, const WorkItem &item,
                       int64_t columns)
    : tilesPerBlock(op.getKeyBlock() / columns) {
  masked = {argumentOf(kernel, attn::kBlockCounts), argumentOf(kernel, attn::kBlockIndices), {}};
  if (op.getFullKvNumBlocks())
    full = {argumentOf(kernel, attn::kFullBlockCounts), argumentOf(kernel, attn::kFullBlockIndices), {}};
  Value queryBlock = b.div(item.firstRow, b.index(op.getQueryBlock()));
  for (Value index : {item.batch, item.head, queryBlock})
    place.push_back(narrow(b, index));
  // Of the tensor, also where a sequence ends before it.
  Value keys = sizeOf(b, kernel, 1, 2), blocks = b.ceilDiv(keys, op.getKeyBlock());
  lastBlock = b.sub(blocks, b.index(1));
  Value zero = b.index(0), one = b.index(1), tiles = b.index(tilesPerBlock);
  masked.length = lengthOf(b, masked);
  ofMasked = b.mul(masked.length, tiles);
  iterations = ofMasked;
  if (full.counts) {
    full.length = lengthOf(b, full);
    iterations = b.add(iterations, b.mul(full.length, tiles));
  }
  isNothing = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, iterations, zero);
  iterations = b.maximum(iterations, one);
  beyond = b.mul(blocks, tiles);
  auto equal = [&](Value x, Value y) { return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, x, y); };
  Value isWhole = equal(b.rem(keys, b.index(op.getKeyBlock())), zero);
  if (op.getKeyLengths())
    isWhole = arith::AndIOp::create(b, isWhole, equal(item.keys, keys));
  ended = b.createOrFold<arith::SelectOp>(isWhole, zero, iterations);
}

Value BlockLists::lengthOf(IndexBuilder &b, const List &list) const {
  auto kernel = cast<gpu::GPUFuncOp>(cast<BlockArgument>(list.indices).getOwner()->getParentOp());
  Value most = sizeOf(b, kernel, cast<BlockArgument>(list.indices).getArgNumber(), 3);
  return b.minimum(b.maximum(load(b, list.counts, place), b.index(0)), most);
}

Value BlockLists::blockAt(IndexBuilder &b, const List &list, Value entry) const {
  auto indices = llvm::to_vector<4>(place);
  indices.push_back(narrow(b, entry));
  return b.minimum(b.maximum(load(b, list.indices, indices), b.index(0)), lastBlock);
}

Value BlockLists::tileAt(IndexBuilder &b, Value iteration) const {
  Value tiles = b.index(tilesPerBlock), entry = b.div(iteration, tiles), inBlock = b.rem(iteration, tiles);
  Value block = blockAt(b, masked, entry);
  if (full.counts) {
    Value isMasked = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, iteration, ofMasked);
    block = arith::SelectOp::create(b, isMasked, block, blockAt(b, full, b.sub(entry, masked.length)));
  }
  Value tile = b.add(b.mul(block, tiles), inBlock);
  return arith::SelectOp::create(b, isNothing, beyond, tile);
}

} // namespace girih
