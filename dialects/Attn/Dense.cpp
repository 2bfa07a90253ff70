#include "dialects/Attn/Dense.h"

#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace girih;

/// Copies of tiles move rows of whole 16 bytes.
static constexpr int64_t kRowBytes = 16;

static ArrayAttr sizesOf(Value tensor) {
  auto argument = dyn_cast<BlockArgument>(tensor);
  auto function = argument ? dyn_cast<FunctionOpInterface>(argument.getOwner()->getParentOp()) : FunctionOpInterface();
  return function ? function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(), attn::kSizesAttr) : ArrayAttr();
}

bool attn::isDense(LookupOp op) {
  RankedTensorType type = op.getTensor().getType();
  int64_t rank = type.getRank();
  ArrayAttr sizes = sizesOf(op.getTensor());
  auto problem = dyn_cast<ForwardOp>(op->getParentOp());
  if (rank < 2 || !sizes || !problem || problem.isPacked() || !isa<FloatType>(type.getElementType()) ||
      op->getParentRegion() != &problem.getScore())
    return false;
  Builder b(op.getContext());
  int64_t keys = type.getDimSize(rank - 1), bytes = type.getElementTypeBitWidth() / 8;
  if (sizes[rank - 2] != b.getStringAttr("sq") || sizes[rank - 1] != b.getStringAttr("skv") ||
      ShapedType::isDynamic(keys) || keys * bytes % kRowBytes != 0)
    return false;
  Block &region = problem.getScore().front();
  return op.getIndices()[rank - 2] == region.getArgument(3) && op.getIndices()[rank - 1] == region.getArgument(4);
}
