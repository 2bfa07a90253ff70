#include "Mma.h"
#include "girih/Target/Kernel.h"

#include "llvm/ADT/TypeSwitch.h"

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

StringRef operandName(Type type) {
  return llvm::TypeSwitch<Type, StringRef>(type)
      .Case([](BFloat16Type) -> StringRef { return "bf16"; })
      .Case([](Float16Type) -> StringRef { return "f16"; })
      .Case([](Float8E4M3FNType) -> StringRef { return "e4m3"; })
      .Case([](Float8E5M2Type) -> StringRef { return "e5m2"; })
      .Default(StringRef());
}

LogicalResult checkMmaTypes(Operation *op, StringRef chip, const MmaShape &shape, RankedTensorType a,
                            RankedTensorType b, RankedTensorType result) {
  for (Type type : {a.getElementType(), b.getElementType()})
    if (operandName(type).empty())
      return op->emitError() << "an MMA of " << type << " is not supported on " << chip
                             << "; bf16, f16, f8E4M3FN and f8E5M2 are";
  if (!tile::scalesOf(op).empty() && !shape.hasScales)
    return op->emitError() << "an MMA with scales of its operands is not supported on " << chip;
  Type type = a.getElementType();
  int64_t bits = a.getElementTypeBitWidth(), depth = shape.depthOf(bits);
  if (!result.getElementType().isF32())
    return op->emitError() << "an MMA that accumulates in " << result.getElementType() << " is not supported on "
                           << chip << "; f32 is";
  if (a.getDimSize(1) % depth != 0)
    return op->emitError() << "the inner size of an MMA is " << a.getDimSize(1) << ", must be a multiple of " << depth;
  int64_t group = tile::isOfPair(op) ? 2 : 1;
  if (!shape.pairsCtas && group > 1)
    return op->emitOpError() << "is of " << group << " CTAs, MMAs on " << chip << " are of 1";
  // PTX ISA, ".cta_group": one for all of a kernel.
  if (shape.pairsCtas && ctasOfProgram(op) != group)
    return op->emitOpError() << "is of " << group << (group == 1 ? " CTA" : " CTAs")
                             << ", the clusters of the kernel have " << clusterOf(op);
  for (RankedTensorType operand : {a, b})
    if (tile::SharedAttr shared = tile::sharedEncoding(operand); shared && shared.getSwizzle() == 16)
      return op->emitError() << "an operand without a swizzle cannot be read by MMAs on " << chip;
  return success();
}

} // namespace girih
