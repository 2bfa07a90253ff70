// Columns of tiles, made of the same columns of what the tiles are made of.
#ifndef GIRIH_LIB_TRANSFORMS_CUTCOLUMNS_H
#define GIRIH_LIB_TRANSFORMS_CUTCOLUMNS_H

#include "dialects/Tile/Tile.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace girih {

/// Enough for the latency of a move to be worth it, few enough for a role with few registers.
inline constexpr int64_t kPieceColumns = 32;
/// Fewer are no piece: registers hold up to four elements.
inline constexpr int64_t kLeastPieceColumns = 8;
/// The registers that a tile takes at most, while it is moved and written: a piece, and what is made of
/// another, as 16 bits, that goes to the same panel of shared memory.
inline constexpr int64_t kMostPieceRegisters = kPieceColumns + kPieceColumns / 2;

/// Whether a value is a tile of rows and columns.
bool isMatrix(mlir::Value value);

/// Whether an op makes each column of its result of one column of each operand.
bool keepsColumns(mlir::Operation *op);

/// Whether a value is a matrix that is read from global memory, any columns of it alone as well.
bool isGathered(mlir::Value value);

/// Some columns of tiles: what `links` make is made anew, of others a part is taken.
class ColumnPiece {
public:
  /// `links` are ops that keep columns, and moves from tensor memory.
  ColumnPiece(mlir::OpBuilder &builder, const llvm::SetVector<mlir::Operation *> &links)
      : builder(builder), links(links) {}

  mlir::Value of(mlir::Value value, int64_t first, int64_t count);
  mlir::Value slice(mlir::Value tile, int64_t first, int64_t count);

private:
  mlir::Value make(mlir::Value value, int64_t first, int64_t count);

  mlir::OpBuilder &builder;
  const llvm::SetVector<mlir::Operation *> &links;
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, mlir::Value> made; ///< by first column
};

/// Erases those of the ops that nobody uses any more.
void eraseUnused(llvm::ArrayRef<mlir::Operation *> ops);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_CUTCOLUMNS_H
