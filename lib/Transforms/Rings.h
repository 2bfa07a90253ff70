// What channels become: slots and barriers.
#ifndef GIRIH_LIB_TRANSFORMS_RINGS_H
#define GIRIH_LIB_TRANSFORMS_RINGS_H

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/MapVector.h"

namespace girih {

/// Those who wait for a barrier, in a kernel whose CTAs share work items.
struct Waiters {
  bool isLeader = false;     ///< roles of the leader alone, for what all CTAs do
  bool isOfEach = false;     ///< in each CTA, for what all CTAs do
  bool hearsThreads = false; ///< of other CTAs than its own
};

/// What a channel becomes: `copies` rings of `depth` slots, one ring after another.
struct Ring {
  mlir::Value buffer;
  mlir::Value full;     ///< barriers of what a commit completes
  mlir::Value empty;    ///< of what an acquire waits for; null if for nothing
  mlir::Value released; ///< of what a release completes; null if nobody may release
  int64_t depth, copies;
  mlir::RankedTensorType tile;
  bool isExchanged = false; ///< its slots go to and fro, and are never free
  bool freedByMma = false;  ///< MMAs that one thread starts read the slots last
  Waiters filled, freed;    ///< who waits for `full` and for `released`
  bool isTensor() const { return tile::isInTensorMemory(tile); }
};

/// One ring of a channel as a role names it: by a number, or as that of the worker that
/// runs the program.
struct RingName {
  static constexpr int64_t kWorkers = -1;

  mlir::Value channel;
  int64_t copy;

  /// The name that `op` gives, or a diagnostic on it.
  static mlir::FailureOr<RingName> of(mlir::Operation *op, mlir::Value channel, mlir::Value copy);
};

/// What completes the use of a slot: the bytes of copies, those of the chip's answer, MMAs that
/// one thread has started, or the threads of workers.
enum class Completion { Bytes, Answer, Mma, Threads };

/// The copies that fill the slot, or parts of it.
llvm::SmallVector<tile::CopyOp> copiesInto(mlir::Value slot);

/// How a role is done with the slot that an acquire gave it, or a wait.
Completion writeCompletion(mlir::Value slot);
Completion readCompletion(mlir::Value tile);
/// How a role hands on a slot that it has changed in place.
Completion exchangeCompletion(tile::RoleOp role);

/// Hardware barriers of a role's workers by number; 0 is the whole CTA's (PTX ISA, "bar").
struct NamedBarriers {
  explicit NamedBarriers(tile::RoleOp role);

  int64_t workers, first;
  int64_t staging() const { return first; }        ///< one per worker
  int64_t turn() const { return first + workers; } ///< one per worker
  /// Of a worker that transposes, after those of seven workers that compute.
  static constexpr int64_t kTransposition = 15;
};

/// Lays out tensor memory, and shared memory: tiles first, each at a multiple of the
/// swizzle's period, then the barriers. Returns the staging buffer, null if no store needs
/// one.
mlir::FailureOr<mlir::Value> allocateRings(mlir::gpu::GPUFuncOp kernel, llvm::MapVector<mlir::Value, Ring> &rings);

/// Worker w waits on the turn barrier w, on which the worker before it arrives;
/// the last worker gives worker 0 its first turn.
void lowerTurns(tile::RoleOp role);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_RINGS_H
