// Which tiles of a kernel lie in one place in tensor memory, and who uses it how.
#ifndef GIRIH_LIB_TRANSFORMS_TENSORPLACES_H
#define GIRIH_LIB_TRANSFORMS_TENSORPLACES_H

#include "dialects/Tile/Tile.h"
#include "llvm/ADT/SetVector.h"
#include <vector>

namespace girih {

/// Tiles that lie in one place: the accumulator of an MMA and its result, what an MMA
/// reads as its left operand, and what loops carry of these.
struct TensorPlace {
  enum Kind {
    Accumulated, ///< MMAs write it from nothing on, threads read the result
    Operand,     ///< threads write it, MMAs read it
    Exchanged,   ///< threads and MMAs change it in turn
  };

  Kind kind = Accumulated;
  llvm::SetVector<mlir::Value> tiles;
  llvm::SmallVector<tile::MmaAsyncOp> mmas;    ///< that accumulate in it
  llvm::SmallVector<tile::MmaAsyncOp> readers; ///< MMAs that read it
  llvm::SmallVector<tile::MoveOp> writes, reads;
  mlir::Block *scope = nullptr; ///< of Accumulated: the innermost block around all uses

  mlir::RankedTensorType getType() const;
  /// The roles on the two sides.
  llvm::StringRef mmaRole() const;
  llvm::StringRef threadRole() const;
  /// Places of equal keys share their slots: the results of copies of one MMA. Null where
  /// there is only this one.
  mlir::Attribute key() const;
};

/// The places of a program, in the order of the MMAs that use them; the same in every copy
/// of it. Or a diagnostic on what cannot be handed from role to role.
mlir::FailureOr<std::vector<TensorPlace>> findTensorPlaces(mlir::Block *program);

/// Whether the MMA adds to what its accumulator holds, as a value at the MMA.
mlir::FailureOr<mlir::Value> accumulateFlag(tile::MmaAsyncOp mma);

/// A diagnostic unless an MMA has written the accumulator that threads read.
mlir::LogicalResult checkWritten(tile::MoveOp read);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TENSORPLACES_H
