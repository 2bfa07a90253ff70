//===- InstructionDescriptor.h - The operand of tcgen05.mma -----*- C++ -*-===//
//
// PTX ISA, "Instruction descriptor" of tcgen05.mma: 32 bits that hold what
// other matrix instructions have in their opcode.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_DESCRIPTORS_INSTRUCTIONDESCRIPTOR_H
#define GIRIH_SIMULATOR_DESCRIPTORS_INSTRUCTIONDESCRIPTOR_H

#include "../Program/Types.h"

#include <string>

namespace girih::sim {

/// `.kind::` of tcgen05.mma.
enum class MatrixKind : uint8_t { F16, TF32, F8F6F4, I8, MXF8F6F4, MXF4, MXF4NVF4 };

struct InstructionDescriptor {
  uint32_t m = 0, n = 0, k = 0;
  Type a = Type::F16, b = Type::F16, accumulator = Type::F32;
  bool negatesA = false, negatesB = false;
  /// The operand is MN-major in shared memory.
  bool transposesA = false, transposesB = false;
  bool saturates = false;
  /// A has half of its elements, and metadata which.
  bool isSparse = false;
  uint32_t sparsitySelector = 0;
  /// Columns by which `.ws` may shift B.
  uint32_t maximumShift = 0;
  /// Block scaling: the type of the scales and which bytes of a column of
  /// scales are used.
  Type scale = Type::UE8M0;
  uint32_t scaleA = 0, scaleB = 0;
  /// What makes it unusable; empty when nothing does.
  std::string problem;
};

/// Plain kinds: sparsity [0,3), saturation 3, D format [4,6), A format [7,10),
/// B format [10,13), negations 13 and 14, majors 15 and 16, N/8 [17,23), M/16
/// [24,29), maximum shift [30,32). Block-scaled kinds have the scale IDs in
/// [4,6) and [29,31), the scale type in 23 and a size of K in 31.
InstructionDescriptor decodeInstructionDescriptor(uint32_t bits, MatrixKind kind);

/// Where the operands of an instruction come from, as its rules depend on it.
struct InstructionForm {
  MatrixKind kind = MatrixKind::F16;
  uint32_t ctaGroup = 1;
  bool isWeightStationary = false;
  /// Blocks of K with a scale of their own; 0 without scaling.
  uint32_t scaleVector = 0;
};

/// What of a descriptor the form does not have; empty when all is well.
std::string checkInstruction(const InstructionDescriptor &descriptor, const InstructionForm &form);

inline bool isBlockScaled(MatrixKind kind) { return kind >= MatrixKind::MXF8F6F4; }

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_DESCRIPTORS_INSTRUCTIONDESCRIPTOR_H
