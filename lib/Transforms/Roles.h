// One role's copy of a kernel, while tile-specialize makes a program of it.
#ifndef GIRIH_LIB_TRANSFORMS_ROLES_H
#define GIRIH_LIB_TRANSFORMS_ROLES_H

#include "TensorPlaces.h"

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

/// Whether tiles are transposed in the kernel, which a role of its own does.
bool transposes(mlir::gpu::GPUFuncOp kernel);

/// The ops that read a tile, through slices.
llvm::SmallVector<mlir::Operation *> readersOf(mlir::Value tile);

/// The op before which a role waits for a tile that `reader` reads: not in the turn that
/// the reader opens, for another worker may need that time.
mlir::Operation *waitPoint(mlir::Operation *reader);

/// Channels of loaded tiles, by ring.
using LoadChannels = llvm::MapVector<mlir::StringAttr, mlir::Value>;

/// Loads become copies into acquired slots. Among loads that the same op waits for, the
/// deeper ring goes first: its slot is free earlier.
mlir::LogicalResult makeLoadProducer(tile::RoleOp role, const LoadChannels &rings);

/// Loads, and what another role transposes, become waits for the slots of their rings, before
/// the role's first reader; each slot is released after its last. `anchor` is the knob of
/// that name.
void makeLoadConsumer(tile::RoleOp role, const LoadChannels &rings, int64_t anchor);

/// The role's transpositions write into acquired slots.
void makeTransposer(tile::RoleOp role, const LoadChannels &rings);

/// The channels of a place in tensor memory: of what MMAs write or read, and, where threads
/// and MMAs change it in turn, back from the threads to the MMAs. Those of scales have slots that
/// only the MMAs' role uses.
struct PlaceChannels {
  mlir::Value forth, back;
  llvm::SmallVector<mlir::Value, 2> scales; ///< of the left and right operands
};

/// The role's ops on a place work on slots of its channels, if it has any.
mlir::LogicalResult connectPlace(llvm::StringRef role, const TensorPlace &place, const PlaceChannels &channels);

/// What makes numbers in one role for all: each role by itself would get others.
llvm::SmallVector<tile::NextWorkOp> findNumbers(mlir::Block *program);

/// The slot of a channel for a number.
mlir::RankedTensorType numberSlot(mlir::MLIRContext *context);

/// The role tells the others the numbers that it makes, and hears from them the rest, on
/// one channel each.
void connectNumbers(tile::RoleOp role, llvm::ArrayRef<mlir::Value> channels);

/// A vector in registers that one role makes and another reads.
struct CrossingVector {
  mlir::Value value;
  llvm::StringRef readerRole;

  mlir::RankedTensorType getType() const { return mlir::cast<mlir::RankedTensorType>(value.getType()); }
  llvm::StringRef makerRole() const { return roleOf(value.getDefiningOp()); }
};

/// The vectors that cross, in the order of the program; one that several roles read is
/// there for each of them.
llvm::SmallVector<CrossingVector> findVectors(mlir::Block *program);

/// Makes them as early as they can be.
void hurryVectors(mlir::Block *program);

/// The role writes the vectors that it makes into slots of shared memory, and takes those
/// that it reads from there, on one channel each.
void connectVectors(tile::RoleOp role, llvm::ArrayRef<mlir::Value> channels);

/// No role runs any more what made the values of connected places.
void forgetValues(llvm::ArrayRef<TensorPlace> places);

/// Lets a role that has one thread, or the warps of one worker, run for each worker what
/// depends on the worker's number, worker by worker between ops that do not.
mlir::LogicalResult unrollWorkers(tile::RoleOp role, int64_t workers);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ROLES_H
