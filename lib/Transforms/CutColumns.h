// Into what pieces tile-cut-columns cuts tiles.
#ifndef GIRIH_LIB_TRANSFORMS_CUTCOLUMNS_H
#define GIRIH_LIB_TRANSFORMS_CUTCOLUMNS_H

#include <cstdint>

namespace girih {

/// Enough for the latency of a move to be worth it, few enough for a role with few registers.
inline constexpr int64_t kPieceColumns = 32;
/// Fewer are no piece: registers hold up to four elements.
inline constexpr int64_t kLeastPieceColumns = 8;
/// The registers that a tile takes at most, while it is moved and written: a piece, and what is made of
/// another, as 16 bits, that goes to the same panel of shared memory.
inline constexpr int64_t kMostPieceRegisters = kPieceColumns + kPieceColumns / 2;

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_CUTCOLUMNS_H
