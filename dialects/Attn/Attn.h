// The `attn` dialect: attention problems on whole tensors.
#ifndef GIRIH_DIALECTS_ATTN_ATTN_H
#define GIRIH_DIALECTS_ATTN_ATTN_H

#include "dialects/Tile/Tile.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

#include "dialects/Attn/AttnDialect.h.inc"
#include "dialects/Attn/AttnEnums.h.inc"

#define GET_OP_CLASSES
#include "dialects/Attn/AttnOps.h.inc"

#endif // GIRIH_DIALECTS_ATTN_ATTN_H
