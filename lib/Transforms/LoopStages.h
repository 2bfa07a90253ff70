// Stage and position of the ops of a loop: what tile-schedule-loops decides and tile-pipeline
// obeys.
//
// An op of stage s does the work of iteration i in round i + s. In a round, ops run by
// their position, and those of one position as they stand in the loop.
#ifndef GIRIH_LIB_TRANSFORMS_LOOPSTAGES_H
#define GIRIH_LIB_TRANSFORMS_LOOPSTAGES_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

namespace girih {

/// An op of a loop must run after another.
struct LoopNeed {
  mlir::Operation *user, *maker; ///< both in the loop's own block
  int64_t distance;              ///< the maker's iteration is so many before the user's
  mlir::Value value;             ///< what is needed; null where only effects must keep their order
};

/// Scalars that each stage computes for itself from the number of its iteration.
bool isRecomputed(mlir::Operation *op, mlir::scf::ForOp loop);

/// What the ops of the loop need of others, but for what is recomputed.
llvm::SmallVector<LoopNeed> findNeeds(mlir::scf::ForOp loop);

/// Calls back with each value that the op or what it holds uses.
void forEachUsed(mlir::Operation *op, llvm::function_ref<void(mlir::Value)> visit);

/// Whether a loop can have stages: it counts in steps of 1.
bool canHaveStages(mlir::scf::ForOp loop);

/// How often the loop runs at least.
int64_t leastTrips(mlir::scf::ForOp loop);

/// The stages and positions of all ops of a loop.
struct LoopSchedule {
  llvm::DenseMap<mlir::Operation *, int64_t> stages;
  llvm::SmallVector<mlir::Operation *> round; ///< the ops as they run in a round

  int64_t stageOf(mlir::Operation *op) const { return stages.lookup(op); }
  int64_t lastStage() const;

  /// Whether the loop's ops say where they run.
  static bool isOn(mlir::scf::ForOp loop);
  /// Reads the attributes of a loop that has them, or gives a diagnostic where one is
  /// missing or something would be used before it is there.
  static mlir::FailureOr<LoopSchedule> read(mlir::scf::ForOp loop);
  /// Writes the attributes.
  void write() const;
  /// Whether all that is needed is there in time; else a diagnostic, if one is wanted.
  mlir::LogicalResult verify(mlir::scf::ForOp loop, bool isSilent) const;
};

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_LOOPSTAGES_H
