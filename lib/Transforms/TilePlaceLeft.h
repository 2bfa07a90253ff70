// Left operands of MMAs in registers.
#ifndef GIRIH_LIB_TRANSFORMS_TILEPLACELEFT_H
#define GIRIH_LIB_TRANSFORMS_TILEPLACELEFT_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// Copies loaded tiles that are only the left operands of MMAs, some of them in a loop
/// after the load, to registers before that loop. Loads have their place by now.
void moveLeftsToRegisters(mlir::gpu::GPUFuncOp kernel);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TILEPLACELEFT_H
