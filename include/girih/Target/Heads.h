// How many heads of queries share tiles (knob heads).
#ifndef GIRIH_TARGET_HEADS_H
#define GIRIH_TARGET_HEADS_H

#include "dialects/Attn/Attn.h"

namespace girih {

/// Rows of a tile for a query of each of the heads: a power of 2, so that tiles have whole turns.
int64_t slotsOf(int64_t heads);

/// Why rows of so many heads cannot take turns in tiles of `rows` rows; empty if they can.
std::string refuseHeads(attn::ForwardOp op, int64_t heads, int64_t rows);

/// A head has fewer queries than that where heads share tiles: no worker of any chip has fewer rows.
inline constexpr int64_t kFewQueries = 64;

/// How many can at most, where it is not known how many queries there are.
int64_t mostHeads(attn::ForwardOp op);

/// So many that queries, of which there are fewer than rows, need the least tiles.
int64_t defaultHeads(attn::ForwardOp op, int64_t rows);

} // namespace girih

#endif // GIRIH_TARGET_HEADS_H
