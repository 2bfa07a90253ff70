// Row r of a group is query r / s of head r mod s, s being the slots of a turn; heads beyond the group's
// have rows that nobody writes.
#include "AttnHeads.h"

#include "girih/Target/Heads.h"

using namespace mlir;

namespace girih {

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
  Value slots = b.index(slotsOf(heads));
  Value inGroup = arith::RemSIOp::create(b, query, slots);
  Value inHead = arith::DivSIOp::create(b, query, slots);
  Value firstHead = arith::MulIOp::create(b, head, b.index(heads));
  Value ofRow = arith::AddIOp::create(b, firstHead, inGroup);
  replace(query, {inGroup, inHead, ofRow}, inHead);
  replace(head, {firstHead}, ofRow);
  for (Value made : {ofRow, firstHead, inHead, inGroup})
    if (Operation *definition = made.getDefiningOp(); definition && made.use_empty())
      definition->erase();
}

void groupHeads(attn::ForwardOp op, int64_t heads) {
  groupHeads(op, op.getMaskRegion(), 0, heads);
  groupHeads(op, op.getScore(), 1, heads);
}

void viewGroups(IndexBuilder &b, WorkItem &item, int64_t heads) {
  for (Value *tensor : {&item.q, &item.o, &item.lse})
    if (*tensor)
      *tensor = tile::InterleaveOp::create(b, *tensor, /*dim=*/1, heads, slotsOf(heads));
}

Value headsOfRows(IndexBuilder &b, Value group, int64_t heads, int64_t rows) {
  auto type = RankedTensorType::get({rows}, b.getI32Type());
  auto splat = [&](Value number) -> Value {
    return tile::SplatOp::create(b, type, arith::IndexCastOp::create(b, b.getI32Type(), number));
  };
  Value row = tile::IotaOp::create(b, type, 0);
  row = arith::RemSIOp::create(b, row, splat(b.index(slotsOf(heads))));
  return arith::AddIOp::create(b, row, splat(b.mul(group, b.index(heads))));
}

Value queriesOfRows(IndexBuilder &b, Value firstRow, int64_t heads, int64_t rows) {
  auto type = RankedTensorType::get({rows}, b.getI32Type());
  auto splat = [&](Value number) -> Value {
    return tile::SplatOp::create(b, type, arith::IndexCastOp::create(b, b.getI32Type(), number));
  };
  Value row = arith::AddIOp::create(b, tile::IotaOp::create(b, type, 0), splat(firstRow));
  return heads == 1 ? row : arith::DivSIOp::create(b, row, splat(b.index(slotsOf(heads))));
}

} // namespace girih
