// The `attn` dialect: attention problems on whole tensors.
#ifndef GIRIH_DIALECTS_ATTN_ATTN_H
#define GIRIH_DIALECTS_ATTN_ATTN_H

#include "dialects/Tile/Tile.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include "dialects/Attn/AttnDialect.h.inc"
#include "dialects/Attn/AttnEnums.h.inc"

#define GET_OP_CLASSES
#include "dialects/Attn/AttnOps.h.inc"

namespace girih::attn {

/// The key at the place of a query, of regions that align queries and keys at their ends.
mlir::Value buildDiagonal(mlir::ImplicitLocOpBuilder &b, mlir::Value query);

/// Whether the query sees the key, in the block of a mask region, of a mask that hides some.
mlir::Value buildNamedMask(mlir::ImplicitLocOpBuilder &b, mlir::Block &block, Mask mask);

/// Fills in the mask region of an op by the value that it gives.
void buildMaskRegion(ForwardOp op, llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::Block &)> build);

} // namespace girih::attn

#endif // GIRIH_DIALECTS_ATTN_ATTN_H
