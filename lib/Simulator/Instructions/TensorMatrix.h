//===- TensorMatrix.h - One tcgen05.mma -------------------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMATRIX_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMATRIX_H

#include "../Descriptors/InstructionDescriptor.h"
#include "../Descriptors/ZeroColumnMask.h"
#include "MatrixTile.h"
#include "TensorMemory.h"

namespace girih::sim {

/// The operands of one tcgen05.mma, as values.
struct TensorIssue {
  InstructionForm form;
  /// A is in tensor memory, and its rows are shifted down by one.
  bool fromTensor = false, shiftsA = false;
  bool accumulates = false;
  uint32_t d = 0;
  uint64_t a = 0, b = 0;
  InstructionDescriptor descriptor;
  Packing packing = Packing::Padded;
  /// Lanes whose results are not written, 32 a word, four words a CTA.
  std::array<uint32_t, 8> disabled{};
  /// D is multiplied by 2^-scaleInput before the sum.
  uint32_t scaleInput = 0;
  uint32_t scalesA = 0, scalesB = 0;
  /// Of a sparse A.
  uint32_t metadata = 0;
  ZeroColumnMask columns;

  uint32_t rows() const { return descriptor.m / form.ctaGroup; }
  /// Groups of lanes over which the columns of D are split (PTX ISA, "Data
  /// Path Layout Organization": layouts B, E and G).
  uint32_t parts() const {
    bool isSplit = form.isWeightStationary || (form.ctaGroup == 2 && !descriptor.isSparse);
    return isSplit ? 128 / rows() : 1;
  }
  /// 64 rows in 16 lanes of each quarter (layouts C and F).
  bool usesHalfOfLanes() const { return rows() == 64 && parts() == 1; }
  uint32_t laneOf(uint32_t row) const { return usesHalfOfLanes() ? row % 16 + 32 * (row / 16) : row; }
  uint32_t partWidth() const { return descriptor.n / parts(); }
};

/// Computes and writes D; with two CTAs, the rows are split over them.
void runTensorMatrix(const TensorIssue &op, const TensorTurn &turn);

/// The operands, each as one part of the lanes sees them: A, [rows][k], and B
/// of all columns, [k][n].
MatrixTile readTensorA(const TensorIssue &op, Cta &cta, uint32_t part, const TensorTurn &turn);
MatrixTile readTensorB(const TensorIssue &op, const TensorTurn &turn);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_TENSORMATRIX_H
