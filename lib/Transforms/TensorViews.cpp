#include "TensorViews.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace girih {

static bool isView(Operation *op) { return isa_and_nonnull<memref::SubViewOp, tile::InterleaveOp>(op); }

Value tensorOf(Value memref) {
  Operation *op = memref.getDefiningOp();
  return isView(op) ? op->getOperand(0) : memref;
}

SmallVector<Operation *> tensorUsers(Operation *kernel, Value tensor) {
  // A list of uses has its own order, which parsing changes.
  SmallVector<Operation *> users;
  kernel->walk([&](Operation *op) {
    bool isViewOfIt = isView(op) && op->getOperand(0) == tensor;
    if (!isViewOfIt && llvm::any_of(op->getOperands(), [&](Value operand) { return tensorOf(operand) == tensor; }))
      users.push_back(op);
  });
  return users;
}

FailureOr<TensorView> TensorView::of(Value memref, function_ref<bool(Value, int64_t)> isSize) {
  TensorView result;
  if (auto view = memref.getDefiningOp<tile::InterleaveOp>()) {
    result.turns = Interleaving{int64_t(view.getDim()), int64_t(view.getCount()), int64_t(view.getSlots())};
    return result;
  }
  result.view = memref.getDefiningOp<memref::SubViewOp>();
  if (!result.view)
    return result;
  memref::SubViewOp view = result.view;
  int64_t rank = view.getSourceType().getRank();
  if (view.getType().getRank() != rank || !view.hasUnitStride())
    return view.emitError("a view of a tensor must have all of its dimensions, in steps of 1");
  for (int64_t dim = 0; dim < rank; ++dim) {
    OpFoldResult size = view.getMixedSizes()[dim];
    std::optional<int64_t> known = getConstantIntValue(size);
    bool isWhole = known ? *known == view.getSourceType().getDimSize(dim) : isSize(cast<Value>(size), dim);
    if (isWhole && isZeroInteger(view.getMixedOffsets()[dim]))
      continue;
    if (result.dimension)
      return view.emitError() << "a view has a part of dimensions " << *result.dimension << " and " << dim
                              << " of a tensor, must have a part of one";
    result.dimension = dim;
  }
  return result;
}

Value TensorView::value(IndexBuilder &b, ArrayRef<OpFoldResult> numbers) const {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), numbers[*dimension]);
}

} // namespace girih
