#include "Mma.h"

using namespace mlir;

namespace girih {

LogicalResult checkAccumulator(Operation *op, StringRef chip, const MmaShape &shape, int64_t rows, int64_t columns) {
  if (rows != shape.rows)
    return op->emitError() << "an MMA of one worker has " << rows << " rows, " << chip << " has " << shape.rows
                           << " (knobs rows and workers)";
  if (columns % shape.columnStep != 0 || columns > shape.maxColumns)
    return op->emitError() << "an MMA has " << columns << " columns, " << chip << " takes multiples of "
                           << shape.columnStep << " up to " << shape.maxColumns;
  return success();
}

LogicalResult checkMmaTypes(Operation *op, StringRef chip, const MmaShape &shape, RankedTensorType a,
                            RankedTensorType b, RankedTensorType result) {
  Type type = a.getElementType();
  if (!type.isBF16() && !type.isF16())
    return op->emitError() << "an MMA of " << type << " is not supported on " << chip << "; bf16 and f16 are";
  if (!result.getElementType().isF32())
    return op->emitError() << "an MMA that accumulates in " << result.getElementType() << " is not supported on "
                           << chip << "; f32 is";
  if (a.getDimSize(1) % shape.depth != 0)
    return op->emitError() << "the inner size of an MMA is " << a.getDimSize(1) << ", must be a multiple of "
                           << shape.depth;
  for (RankedTensorType operand : {a, b})
    if (tile::SharedAttr shared = tile::sharedEncoding(operand); shared && shared.getSwizzle() != 128)
      return op->emitError() << "an operand row of " << operand.getDimSize(1) << " elements of " << type
                             << " cannot have the 128-byte swizzle that MMAs on " << chip << " read";
  return success();
}

} // namespace girih
