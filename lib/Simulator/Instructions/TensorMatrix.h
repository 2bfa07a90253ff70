//===- TensorMatrix.h - One tcgen05.mma -------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMATRIX_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMATRIX_H

#include "../Descriptors/InstructionDescriptor.h"
#include "MatrixTile.h"

namespace girih::sim {

/// The operands of one tcgen05.mma, as values.
struct TensorIssue {
  MatrixKind kind = MatrixKind::F16;
  uint32_t ctaGroup = 1;
  bool isWeightStationary = false;
  /// A is in tensor memory.
  bool fromTensor = false;
  bool accumulates = false;
  uint32_t d = 0;
  uint64_t a = 0, b = 0;
  InstructionDescriptor descriptor;
  Packing packing = Packing::Padded;
  /// Lanes whose results are not written, 32 a word, four words a CTA.
  std::array<uint32_t, 8> disabled{};
  /// D is multiplied by 2^-scaleInput before the sum.
  uint32_t scaleInput = 0;
  /// Blocks of K that have a scale of their own; 0 without scaling.
  uint32_t scaleVector = 0;
  uint32_t scalesA = 0, scalesB = 0;
};

/// How the operation's accesses are entered.
struct TensorRun {
  Access sharedRead, tensorRead, tensorWrite;
  std::shared_ptr<Knowledge> knowledge;
};

/// Computes and writes D; with two CTAs, the rows are split over them.
void runTensorMatrix(const TensorIssue &op, const std::vector<Cta *> &ctas, const TensorRun &run);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMATRIX_H
