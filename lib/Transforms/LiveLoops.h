// Dead code elimination through loop-carried values.
#ifndef GIRIH_LIB_TRANSFORMS_LIVELOOPS_H
#define GIRIH_LIB_TRANSFORMS_LIVELOOPS_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"

namespace girih {

/// Erases everything under `block` that no root needs: ops, and values that loops
/// carry only for their own next iteration. `isRoot` says which ops must stay;
/// terminators do.
void eraseAllBut(mlir::Block *block, mlir::function_ref<bool(mlir::Operation *)> isRoot);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_LIVELOOPS_H
