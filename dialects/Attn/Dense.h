// Captured tensors with an element for each query and key.
#ifndef GIRIH_DIALECTS_ATTN_DENSE_H
#define GIRIH_DIALECTS_ATTN_DENSE_H

#include "dialects/Attn/Attn.h"

namespace girih::attn {

/// Whether a score region reads an element for each query and key, of a tensor whose last sizes are
/// the lengths and whose rows can be copied: tiles of it are loaded as those of q are.
bool isDense(LookupOp op);

} // namespace girih::attn

#endif // GIRIH_DIALECTS_ATTN_DENSE_H
