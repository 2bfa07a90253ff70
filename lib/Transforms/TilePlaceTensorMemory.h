// Tiles in tensor memory, and what tile-place knows of types.
#ifndef GIRIH_LIB_TRANSFORMS_TILEPLACETENSORMEMORY_H
#define GIRIH_LIB_TRANSFORMS_TILEPLACETENSORMEMORY_H

#include "dialects/Tile/Fragment.h"
#include "mlir/IR/TensorEncoding.h"

namespace girih {

/// The tile that a value is, or that an MMA in flight makes of it; null for other values.
mlir::RankedTensorType tileType(mlir::Value value);

/// Gives the tile a memory, or says why it cannot lie there.
mlir::LogicalResult setEncoding(mlir::Value value, mlir::VerifiableTensorEncoding encoding);

mlir::RankedTensorType withEncoding(mlir::RankedTensorType type, mlir::Attribute encoding);

/// Puts the value into tensor memory, with all that lies in the same place: what an MMA
/// adds to and its result, and what loops carry. What threads compute is moved there, and
/// what they read is moved to registers, in `layout`, which `placeInRegisters` gives to
/// the computed tiles.
mlir::LogicalResult
placeInTensorMemory(mlir::Value start, const tile::Fragment &layout,
                    mlir::function_ref<mlir::LogicalResult(mlir::Value, const tile::Fragment &)> placeInRegisters);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TILEPLACETENSORMEMORY_H
