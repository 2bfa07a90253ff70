// What loads and stores see of a kernel's argument: all of it, a part (memref.subview), or heads whose rows
// take turns (tile.interleave).
#ifndef GIRIH_LIB_TRANSFORMS_TENSORVIEWS_H
#define GIRIH_LIB_TRANSFORMS_TENSORVIEWS_H

#include "dialects/Tile/IndexBuilder.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace girih {

/// The memref that `memref` is a view of, or itself.
mlir::Value tensorOf(mlir::Value memref);

/// The ops that access a tensor or a view of it, in the order of the program.
llvm::SmallVector<mlir::Operation *> tensorUsers(mlir::Operation *kernel, mlir::Value tensor);

/// Neighbours of a dimension whose rows, in the dimension after it, take turns.
struct Interleaving {
  int64_t dim, count;
  int64_t slots; ///< of a turn
};

/// A whole tensor, some neighbouring indices of one dimension of it, or all with rows that take turns.
class TensorView {
public:
  /// `isSize` says whether a value is the tensor's size of a dimension. Fails with a diagnostic
  /// where a view is something else.
  static mlir::FailureOr<TensorView> of(mlir::Value memref, llvm::function_ref<bool(mlir::Value, int64_t)> isSize);

  /// The dimension of which it has a part, if there is one.
  std::optional<int64_t> cut() const { return dimension; }
  /// What tile.interleave says, if it is one.
  std::optional<Interleaving> interleaving() const { return turns; }
  /// The part's first index and the one after its last.
  mlir::Value begin(IndexBuilder &b) const { return value(b, memref().getMixedOffsets()); }
  mlir::Value size(IndexBuilder &b) const { return value(b, memref().getMixedSizes()); }

private:
  mlir::memref::SubViewOp memref() const { return view; } // whose methods are not const
  mlir::Value value(IndexBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> numbers) const;

  mlir::memref::SubViewOp view;
  std::optional<int64_t> dimension;
  std::optional<Interleaving> turns;
};

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_TENSORVIEWS_H
