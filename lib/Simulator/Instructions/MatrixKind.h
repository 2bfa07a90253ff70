//===- MatrixKind.h - Kinds of products, and block scales -------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXKIND_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXKIND_H

#include "../Descriptors/InstructionDescriptor.h"
#include "../Program/Decoder.h"

namespace girih::sim {

/// Takes `.kind::f16` and the like.
std::optional<MatrixKind> takeMatrixKind(Decoder &d);

/// Takes `.block_scale` and the size of the scale vector, which is the number
/// of scales of a row; 0 for a kind without. Only tcgen05.mma names block sizes,
/// `.block16` and `.block32`, in place of it.
uint32_t takeScaleVector(Decoder &d, MatrixKind kind, bool mayNameBlocks);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXKIND_H
