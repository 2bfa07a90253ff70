// What regions of attn.forward capture: tensors and numbers that are arguments of the function.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNCAPTURES_H
#define GIRIH_LIB_TRANSFORMS_ATTNCAPTURES_H

#include "dialects/Attn/Attn.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace girih {

/// The arguments of the function that the regions capture, in their order; those that are
/// operands of the op as well are not among them.
llvm::SmallVector<mlir::BlockArgument> capturedArguments(attn::ForwardOp op);

/// What the manifest and the notation of regions call an argument of the op's function.
std::string nameOfArgument(attn::ForwardOp op, mlir::BlockArgument argument);

/// The names of a captured tensor's sizes.
llvm::SmallVector<std::string> sizeNames(attn::ForwardOp op, mlir::BlockArgument argument);

/// Refuses captured arguments whose names are taken, or that have no code.
mlir::LogicalResult checkCaptures(attn::ForwardOp op);

/// Moves what is gathered out of a loop where it is the same in all iterations.
void hoistGathers(mlir::scf::ForOp loop);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNCAPTURES_H
