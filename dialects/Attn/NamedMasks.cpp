// The masks that have names, as regions.
#include "dialects/Attn/Attn.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace girih::attn;

Value girih::attn::capture(ForwardOp op, StringRef name, Type type, ArrayRef<StringRef> sizes, bool isSorted) {
  auto function = op->getParentOfType<FunctionOpInterface>();
  Builder b(op.getContext());
  NamedAttrList attributes;
  attributes.set(kNameAttr, b.getStringAttr(name));
  if (!sizes.empty())
    attributes.set(kSizesAttr, b.getStrArrayAttr(sizes));
  if (isSorted)
    attributes.set(kSortedAttr, b.getUnitAttr());
  for (BlockArgument argument : function.getArguments())
    if (function.getArgAttr(argument.getArgNumber(), kNameAttr) == b.getStringAttr(name) && argument.getType() == type)
      return argument;
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(index, type, attributes.getDictionary(op.getContext()), op.getLoc());
  return function.getArgument(index);
}

Value girih::attn::buildDiagonal(ImplicitLocOpBuilder &b, Value query) {
  Value keys = KeysOp::create(b, b.getIndexType()), queries = QueriesOp::create(b, b.getIndexType());
  return arith::AddIOp::create(b, query, arith::SubIOp::create(b, keys, queries));
}

void girih::attn::buildMaskRegion(ForwardOp op, function_ref<Value(ImplicitLocOpBuilder &, Block &)> build) {
  ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
  SmallVector<Type> types(4, b.getIndexType());
  Block *block = b.createBlock(&op.getMaskRegion(), {}, types, SmallVector<Location>(4, op.getLoc()));
  YieldOp::create(b, build(b, *block));
}

Value girih::attn::buildNamedMask(ImplicitLocOpBuilder &b, Block &block, Mask mask) {
  Value query = block.getArgument(2), last = mask == Mask::CausalTopLeft ? query : buildDiagonal(b, query);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::sle, block.getArgument(3), last);
}

void ForwardOp::expandMask() {
  Mask mask = getMask();
  if (mask == Mask::None)
    return;
  setMask(Mask::None);
  buildMaskRegion(*this, [&](ImplicitLocOpBuilder &b, Block &block) { return buildNamedMask(b, block, mask); });
}
