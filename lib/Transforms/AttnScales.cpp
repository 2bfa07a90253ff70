#include "AttnScales.h"

using namespace mlir;

namespace girih {

/// Those of so many rows of a head, from the block on that the first is in.
static Value loadScales(IndexBuilder &b, gpu::GPUFuncOp kernel, StringRef name, const WorkItem &item, Value head,
                        Value firstRow, int64_t rows) {
  auto type = RankedTensorType::get(tile::scalesShape(rows), b.getType<Float8E8M0FNUType>());
  Value first = b.mul(b.div(firstRow, b.index(tile::kScaledRows)), b.index(tile::kScaleRows));
  return tile::LoadOp::create(b, type, argumentOf(kernel, name), ValueRange{item.tensorBatch, head, first, b.index(0)});
}

Value loadQueryScales(IndexBuilder &b, gpu::GPUFuncOp kernel, const WorkItem &item, int64_t rows) {
  return loadScales(b, kernel, attn::kQueryScales, item, item.head, item.firstRow, rows);
}

Value multiplyByKeys(IndexBuilder &b, gpu::GPUFuncOp kernel, const WorkItem &item, const QueryTile &q, Value k,
                     Value firstKey) {
  int64_t rows = cast<RankedTensorType>(q.values.getType()).getDimSize(0);
  int64_t columns = cast<RankedTensorType>(k.getType()).getDimSize(0);
  SmallVector<Value, 2> scales;
  Value secondHalf;
  if (q.scales) {
    // The tile begins with a block of keys, or in the middle of one.
    bool mayBeginInHalf = columns % tile::kScaledRows != 0;
    int64_t covered = columns + (mayBeginInHalf ? tile::kScaledRows / 2 : 0);
    scales = {q.scales, loadScales(b, kernel, attn::kKeyScales, item, item.keyHead, firstKey, covered)};
    if (mayBeginInHalf)
      secondHalf =
          arith::CmpIOp::create(b, arith::CmpIPredicate::ne, b.rem(firstKey, b.index(tile::kScaledRows)), b.index(0));
  }
  return tile::MmaOp::create(b, RankedTensorType::get({rows, columns}, b.getF32Type()), q.values, k, /*acc=*/Value(),
                             scales, secondHalf, /*transpose_b=*/true, /*pair=*/false);
}

} // namespace girih
