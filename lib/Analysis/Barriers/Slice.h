// What of a role's program matters to its barriers.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_SLICE_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_SLICE_H

#include "dialects/Tile/Tile.h"

#include "llvm/ADT/DenseSet.h"

namespace girih {

struct BarrierSlice {
  BarrierSlice() = default;
  explicit BarrierSlice(tile::RoleOp role);

  /// Ops that touch barriers or slots of memory, and the ops around them.
  llvm::DenseSet<mlir::Operation *> eventful;
  /// Integers, slots and MMAs that those depend on.
  llvm::DenseSet<mlir::Value> needed;

private:
  void findEvents(mlir::Region &region);
  void findNeeded(tile::RoleOp role);
  void need(mlir::Value value);
  void needOperands(mlir::Operation *op);
  void needSourcesOf(mlir::Value value);

  llvm::SmallVector<mlir::Value> worklist;
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_SLICE_H
