// Sequences of own lengths: loads and stores see as many rows of the tensors as a sequence has. What
// is beyond reads as zero and is not written, just as beyond the ends of the tensors.
#include "AttnSequence.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace girih {

Value sizeOf(IndexBuilder &b, gpu::GPUFuncOp kernel, unsigned argument, unsigned dim) {
  auto type = cast<MemRefType>(kernel.getArgument(argument).getType());
  if (!type.isDynamicDim(dim))
    return b.index(type.getDimSize(dim));
  return memref::DimOp::create(b, kernel.getArgument(argument), dim);
}

static Value argumentOf(gpu::GPUFuncOp kernel, StringRef name) {
  return *llvm::find_if(kernel.getArguments(), [&](BlockArgument argument) {
    auto known = kernel.getArgAttrOfType<StringAttr>(argument.getArgNumber(), tile::kNameAttr);
    return known && known == name;
  });
}

/// A length is data: whatever it is, nothing outside the tensors may be touched.
static Value lengthOf(IndexBuilder &b, Value lengths, Value batch, Value most) {
  Value index = arith::IndexCastOp::create(b, b.getI32Type(), batch);
  Value length = tile::GatherOp::create(b, b.getI32Type(), lengths, index, int64_t(0));
  length = arith::IndexCastOp::create(b, b.getIndexType(), length);
  return b.minimum(b.maximum(length, b.index(0)), most);
}

/// A tensor of which each sequence has that many rows.
static Value firstRows(IndexBuilder &b, gpu::GPUFuncOp kernel, unsigned argument, Value count) {
  Value tensor = kernel.getArgument(argument);
  auto type = cast<MemRefType>(tensor.getType());
  int64_t rank = type.getRank();
  SmallVector<OpFoldResult> begins(rank, b.getIndexAttr(0)), steps(rank, b.getIndexAttr(1)), sizes;
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (dim == 2)
      sizes.push_back(count);
    else if (type.isDynamicDim(dim))
      sizes.push_back(sizeOf(b, kernel, argument, dim));
    else
      sizes.push_back(b.getIndexAttr(type.getDimSize(dim)));
  }
  return memref::SubViewOp::create(b, tensor, begins, sizes, steps);
}

void findSequence(IndexBuilder &b, attn::ForwardOp op, gpu::GPUFuncOp kernel, WorkItem &item) {
  SmallVector<Value *> tensors = {&item.q, &item.k, &item.v, &item.o};
  if (op.getLse())
    tensors.push_back(&item.lse);
  for (auto [i, tensor] : llvm::enumerate(tensors))
    *tensor = kernel.getArgument(i);
  item.queries = sizeOf(b, kernel, 0, 2);
  item.keys = sizeOf(b, kernel, 1, 2);
  if (op.getQueryLengths())
    item.queries = lengthOf(b, argumentOf(kernel, attn::kQueryLengths), item.batch, item.queries);
  if (op.getKeyLengths())
    item.keys = lengthOf(b, argumentOf(kernel, attn::kKeyLengths), item.batch, item.keys);
  for (auto [i, tensor] : llvm::enumerate(tensors)) {
    bool isOfKeys = i == 1 || i == 2;
    if (isOfKeys ? op.getKeyLengths() : op.getQueryLengths())
      *tensor = firstRows(b, kernel, i, isOfKeys ? item.keys : item.queries);
  }
}

} // namespace girih
