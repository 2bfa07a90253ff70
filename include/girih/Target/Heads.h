// How many heads of queries share tiles (knob heads).
#ifndef GIRIH_TARGET_HEADS_H
#define GIRIH_TARGET_HEADS_H

#include "dialects/Attn/Attn.h"

namespace girih {

/// Why rows of so many heads cannot take turns in tiles of `rows` rows; empty if they can.
std::string refuseHeads(attn::ForwardOp op, int64_t heads, int64_t rows);

/// So many that queries, of which there are fewer than rows, need the least tiles.
int64_t defaultHeads(attn::ForwardOp op, int64_t rows);

} // namespace girih

#endif // GIRIH_TARGET_HEADS_H
