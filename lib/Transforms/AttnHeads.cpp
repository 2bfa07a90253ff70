// Row r of a group of n heads is query r / n of head r mod n. Of one query, it is that of head r, and
// rows from n on are filled up.
#include "AttnHeads.h"

using namespace mlir;

namespace girih {

static bool hasOneQuery(attn::ForwardOp op) { return op.getQ().getType().getDimSize(2) == 1; }

/// The arguments from `first` on are batch, head, query and key.
static void groupHeads(attn::ForwardOp op, Region &region, unsigned first, int64_t heads) {
  if (region.empty())
    return;
  BlockArgument head = region.getArgument(first + 1), query = region.getArgument(first + 2);
  IndexBuilder b(op.getLoc(), OpBuilder::atBlockBegin(&region.front()));
  auto replace = [](BlockArgument argument, ArrayRef<Value> parts, Value by) {
    llvm::SmallPtrSet<Operation *, 4> except;
    for (Value part : parts)
      if (Operation *definition = part.getDefiningOp())
        except.insert(definition);
    argument.replaceAllUsesExcept(by, except);
  };
  Value count = b.index(heads), inGroup = query, inHead;
  if (hasOneQuery(op)) {
    inHead = b.index(0);
  } else {
    inGroup = arith::RemSIOp::create(b, query, count);
    inHead = arith::DivSIOp::create(b, query, count);
  }
  Value firstHead = arith::MulIOp::create(b, head, count);
  Value ofRow = arith::AddIOp::create(b, firstHead, inGroup);
  replace(query, {inGroup, inHead, ofRow}, inHead);
  replace(head, {firstHead}, ofRow);
  for (Value made : {ofRow, firstHead, inHead, inGroup, count})
    if (Operation *definition = made.getDefiningOp(); definition && made.use_empty())
      definition->erase();
}

void groupHeads(attn::ForwardOp op, int64_t heads) {
  groupHeads(op, op.getMaskRegion(), 0, heads);
  groupHeads(op, op.getScore(), 1, heads);
}

void viewGroups(IndexBuilder &b, attn::ForwardOp op, WorkItem &item, int64_t heads) {
  for (Value *tensor : {&item.q, &item.o, &item.lse})
    if (*tensor)
      *tensor = tile::InterleaveOp::create(b, *tensor, /*dim=*/1, heads);
}

Value headsOfRows(IndexBuilder &b, attn::ForwardOp op, Value group, int64_t heads, int64_t rows) {
  auto type = RankedTensorType::get({rows}, b.getI32Type());
  auto splat = [&](Value number) -> Value {
    return tile::SplatOp::create(b, type, arith::IndexCastOp::create(b, b.getI32Type(), number));
  };
  Value row = tile::IotaOp::create(b, type, 0);
  if (!hasOneQuery(op))
    row = arith::RemSIOp::create(b, row, splat(b.index(heads)));
  return arith::AddIOp::create(b, row, splat(b.mul(group, b.index(heads))));
}

} // namespace girih
