// One role's copy of a kernel, while tile-specialize makes a program of it.
#ifndef GIRIH_LIB_TRANSFORMS_ROLES_H
#define GIRIH_LIB_TRANSFORMS_ROLES_H

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

namespace girih {

/// The role that runs an op; empty for what every role may have.
inline llvm::StringRef roleOf(mlir::Operation *op) {
  auto role = op->getAttrOfType<mlir::StringAttr>(tile::kRoleAttr);
  return role ? role.getValue() : llvm::StringRef();
}

/// The ops that read a tile, through slices.
llvm::SmallVector<mlir::Operation *> readersOf(mlir::Value tile);

/// The op before which a role waits for a tile that `reader` reads: not in the turn that
/// the reader opens, for another worker may need that time.
mlir::Operation *waitPoint(mlir::Operation *reader);

/// Channels of loaded tiles, by ring.
using LoadChannels = llvm::MapVector<mlir::StringAttr, mlir::Value>;

/// Loads become copies into acquired slots. Among loads that the same op waits for, the
/// deeper ring goes first: its slot is free earlier.
void makeLoadProducer(tile::RoleOp role, const LoadChannels &rings);

/// Loads become waits for the slots of their rings, before the role's first reader; each
/// slot is released after its last. `anchor` is the knob of that name.
void makeLoadConsumer(tile::RoleOp role, const LoadChannels &rings, int64_t anchor);

/// Tiles that lie in one place in tensor memory: the accumulator of an MMA, its result,
/// and what loops carry of them.
struct Accumulator {
  llvm::SetVector<mlir::Value> tiles;
  llvm::SmallVector<tile::MmaAsyncOp> mmas;
  llvm::SmallVector<tile::MoveOp> reads;
  mlir::Block *scope = nullptr; ///< the innermost block around all of them
  mlir::RankedTensorType getType() const;
};

/// The accumulators of a program, in the order of their first MMAs; the same in every
/// copy of it. Or a diagnostic on what is no such thing.
mlir::FailureOr<llvm::SmallVector<Accumulator>> findAccumulators(mlir::Block *program);

/// The MMAs write into slots of the channel, which the role acquires and commits.
mlir::LogicalResult makeAccumulatorProducer(const Accumulator &accumulator, mlir::Value channel);

/// The role reads the slots of the channel, which it waits for and releases.
void makeAccumulatorConsumer(const Accumulator &accumulator, mlir::Value channel);

/// Lets the one thread of a role run for each worker what depends on the worker's number,
/// worker by worker between ops that do not.
mlir::LogicalResult unrollWorkers(tile::RoleOp role, int64_t workers);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ROLES_H
