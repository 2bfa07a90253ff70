// The `tile` dialect: attributes, types and ops.
#ifndef GIRIH_DIALECTS_TILE_TILE_H
#define GIRIH_DIALECTS_TILE_TILE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tile/TileDialect.h.inc"
#include "dialects/Tile/TileEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Tile/TileAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileTypes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.h.inc"

namespace girih::tile {

/// Bounds above what any chip holds, so that sums and products of sizes stay in range.
inline constexpr int64_t kMaxTileElements = int64_t(1) << 20;
inline constexpr int64_t kMaxSharedBytes = int64_t(1) << 24;
inline constexpr int64_t kMaxSlots = 1024; ///< of a ring, and barriers of an array

/// PTX ISA, "tensor memory": 128 lanes of 512 columns.
inline constexpr int64_t kTensorLanes = 128, kMaxTensorColumns = 512;
/// A block of scales is for so many rows of an operand, each of which has one for each group of so many
/// elements: as many rows, of as many groups (PTX ISA, "tcgen05.mma block scaling").
inline constexpr int64_t kScaledRows = 128, kScaleGroup = 32, kScaleRows = 32, kScaleGroups = 4;
inline constexpr int64_t kScaleColumns = kScaledRows / kScaleRows * kScaleGroups;
/// A worker is a warpgroup (PTX ISA, "warpgroup"); a CTA has at most 1024 threads (CUDA
/// C++ programming guide, "compute capabilities").
inline constexpr int64_t kWarpsPerWorker = 4, kMaxWarps = 32;

/// Whether this is a tile: a tensor of 1 or 2 static dimensions with 1 to
/// kMaxTileElements integers or floats of at most 64 bits.
bool isTile(mlir::Type type);
bool isTileShape(llvm::ArrayRef<int64_t> shape);
bool isTileElement(mlir::Type type);

/// Bytes of shared memory that a tile of this type takes.
int64_t sharedBytes(mlir::RankedTensorType tile);

/// The rows that a panel of this tile in shared memory has there: more than the
/// tile's own where it is a slice of a taller one.
int64_t panelRows(mlir::RankedTensorType tile);

/// How far the panels of this tile in shared memory lie apart.
int64_t panelBytes(mlir::RankedTensorType tile);

/// The type of a slice of that shape: in shared memory it keeps the panels.
mlir::RankedTensorType sliceType(mlir::RankedTensorType tile, llvm::ArrayRef<int64_t> shape);

/// Whether TMA and MMAs have such a swizzle, of 16 bytes none.
bool isSwizzle(int64_t bytes);

/// The shape of the scales of an operand of so many rows, or columns on the right.
llvm::SmallVector<int64_t> scalesShape(int64_t outer);
/// The slot of tensor memory for them.
mlir::RankedTensorType scalesSlot(mlir::RankedTensorType scales);

/// Bytes that answer `tile.request_work` (PTX ISA, "clusterlaunchcontrol.try_cancel").
inline constexpr int64_t kAnswerBytes = 16;

/// The shared-memory encoding of `type`, or null.
SharedAttr sharedEncoding(mlir::Type type);

/// Whether a tile of this type, or what an MMA in flight makes of it, lies in tensor memory.
bool isInTensorMemory(mlir::Type type);

/// The slot of shared memory for a vector: its elements side by side, as one row.
mlir::RankedTensorType vectorSlot(mlir::RankedTensorType vector);

/// Whether a slot of shared or tensor memory holds tiles of that shape and element: it has
/// both itself, or is that of a vector.
bool holdsTile(mlir::RankedTensorType slot, mlir::RankedTensorType tile);

/// Columns of tensor memory that a tile of this type takes.
int64_t tensorColumns(mlir::RankedTensorType tile);

/// The register encoding of `type`, or null.
FragmentAttr fragmentEncoding(mlir::Type type);

/// Whether this is an MMA that the two CTAs of a cluster run together.
bool isOfPair(mlir::Operation *op);
/// Whether this signals the barriers of both CTAs of a cluster.
bool signalsPair(mlir::Operation *op);

/// The scales of an MMA's operands, of the left and the right one, or none.
mlir::ValueRange scalesOf(mlir::Operation *op);

/// Names of the attributes that a kernel (`gpu.func`) and its arguments carry.
/// On the function:
inline constexpr llvm::StringLiteral kScheduleAttr = "tile.schedule";
/// Work items: an array of [size name, tile] pairs, fastest first.
inline constexpr llvm::StringLiteral kWorkAttr = "tile.work";
/// Sizes that are multiples of others: an array of [size name, size name] pairs.
inline constexpr llvm::StringLiteral kMultiplesAttr = "tile.multiples";
/// What the kernel computes, for the manifest: a dictionary with `kind`.
inline constexpr llvm::StringLiteral kProblemAttr = "tile.problem";
/// After tile-bind-arguments: the tensors, as an array of dictionaries.
inline constexpr llvm::StringLiteral kTensorsAttr = "tile.tensors";
/// Bytes of shared memory, set when channels are lowered.
inline constexpr llvm::StringLiteral kSharedBytesAttr = "tile.shared_bytes";
/// The roles, from tile-assign-roles on: dictionaries of name, warps, registers and, if
/// so, one_thread.
inline constexpr llvm::StringLiteral kRolesAttr = "tile.roles";
/// On an op that one role runs: the role's name.
inline constexpr llvm::StringLiteral kRoleAttr = "tile.role";
/// On an op of a role that one thread runs for several workers: ops of a block with the same
/// number are run for one worker after another.
inline constexpr llvm::StringLiteral kRunAttr = "tile.run";
/// On a kernel: an array of words, each for what it relies on beside the PTX ISA.
inline constexpr llvm::StringLiteral kAssumesAttr = "tile.assumes";
/// MMAs that one thread starts complete in that order, whatever they accumulate in.
inline constexpr llvm::StringLiteral kMmaOrder = "mma_order";
inline constexpr llvm::StringLiteral kRemoteScope = "remote_scope";
/// The recipes of all arguments, once the kernel is an llvm.func.
inline constexpr llvm::StringLiteral kArgumentsAttr = "tile.arguments";
/// On a tensor argument: its name, the names of its sizes, its memory order.
inline constexpr llvm::StringLiteral kNameAttr = "tile.name";
inline constexpr llvm::StringLiteral kSizesAttr = "tile.sizes";
inline constexpr llvm::StringLiteral kOrderAttr = "tile.order";
/// On a kernel that takes the work items of CTAs that have not started: one is launched
/// for each.
inline constexpr llvm::StringLiteral kQueuedAttr = "tile.queued";
/// On an argument: the kernel's own memory, which is zero when it starts and when it ends.
inline constexpr llvm::StringLiteral kWorkspaceAttr = "tile.workspace";
/// On an argument after tile-bind-arguments: how the loader makes it.
inline constexpr llvm::StringLiteral kArgumentAttr = "tile.argument";
/// On a loop: its body runs at least once.
inline constexpr llvm::StringLiteral kNonEmptyAttr = "tile.non_empty";
/// On an op right in a loop, from tile-schedule-loops to tile-pipeline: how many rounds after
/// the start of its iteration it runs, and where among the ops of
/// its round.
inline constexpr llvm::StringLiteral kStageAttr = "tile.stage";
inline constexpr llvm::StringLiteral kPositionAttr = "tile.position";
/// On an MMA: the same number on the copies of one source MMA.
inline constexpr llvm::StringLiteral kSourceAttr = "tile.source";
/// On a math.exp2 of a tile with fastmath<afn>, whose elements are at most 128: of every
/// kExp2Period elements that a thread holds, how many are computed by a polynomial.
inline constexpr llvm::StringLiteral kExp2PolynomialAttr = "tile.exp2_polynomial";
inline constexpr int64_t kExp2Period = 16;
/// On a loop: the same number on every role's copy of one source loop.
inline constexpr llvm::StringLiteral kLoopAttr = "tile.loop";

} // namespace girih::tile

#endif // GIRIH_DIALECTS_TILE_TILE_H
