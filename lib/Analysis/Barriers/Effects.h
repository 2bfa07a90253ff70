// Which ops the model understands. Effects decide: an op without any is a value
// and nothing more, a few are followed, and all others are refused.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_EFFECTS_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_EFFECTS_H

#include "dialects/Tile/Tile.h"

namespace girih {

bool isSharedTile(mlir::Value value);
/// In shared or tensor memory.
bool isSlotTile(mlir::Value value);

/// Ops that the model follows: they touch barriers, slots of memory or asynchronous
/// work.
bool isBarrierEvent(mlir::Operation *op);

/// Whether the op has one of those inside.
bool holdsBarrierEvents(mlir::Operation *op);

/// Whether the op does no more than read global memory.
bool onlyReadsGlobal(mlir::Operation *op);

/// Why the model cannot follow an op of a kernel; empty if it can, or need not.
std::string whyNotFollowed(mlir::Operation *op);

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_EFFECTS_H
