//===- InstructionRules.cpp - Shapes and modes of tcgen05.mma -------------===//
#include "InstructionDescriptor.h"

namespace girih::sim {
namespace {

std::string nameOf(const InstructionForm &form) {
  static const char *const names[] = {"f16", "tf32", "f8f6f4", "i8", "mxf8f6f4", "mxf4", "mxf4nvf4"};
  return std::string(form.isWeightStationary ? ".ws" : "") + ".kind::" + names[unsigned(form.kind)] +
         " with .cta_group::" + std::to_string(form.ctaGroup);
}

bool isPackedFour(MatrixKind kind) { return kind == MatrixKind::MXF4 || kind == MatrixKind::MXF4NVF4; }

/// PTX ISA, "Matrix Shape": the numbers of rows.
std::string checkRows(const InstructionDescriptor &d, const InstructionForm &form) {
  uint32_t least, most;
  if (form.isWeightStationary) {
    least = 32;
    most = 128;
  } else if (form.ctaGroup == 1) {
    least = isBlockScaled(form.kind) ? 128 : 64;
    most = 128;
  } else {
    least = isBlockScaled(form.kind) && d.isSparse ? 256 : 128;
    most = 256;
  }
  for (uint32_t m = least; m <= most; m *= 2)
    if (d.m == m)
      return "";
  std::string allowed = std::to_string(least);
  for (uint32_t m = 2 * least; m <= most; m *= 2)
    allowed += (m == most ? " or " : ", ") + std::to_string(m);
  return "m is " + std::to_string(d.m) + " when " + nameOf(form) + (d.isSparse ? " and sparse A" : "") + " has " +
         allowed;
}

/// The same for the columns.
std::string checkColumns(const InstructionDescriptor &d, const InstructionForm &form) {
  std::string found = "n is " + std::to_string(d.n) + " when " + nameOf(form);
  if (form.isWeightStationary) {
    if (d.n == 64 || d.n == 128 || (d.n == 256 && !d.isSparse))
      return "";
    return found + (d.isSparse ? " and sparse A has 64 or 128" : " has 64, 128 or 256");
  }
  bool isInteger = form.kind == MatrixKind::I8;
  uint32_t step = 8 * form.ctaGroup;
  if (isInteger)
    step = form.ctaGroup == 2 ? 32 : d.n > 32 ? 16 : 8;
  // Table "combinations of N shape ... for 8bit transpose B".
  bool isByteWide = isInteger || form.kind == MatrixKind::F8F6F4 || form.kind == MatrixKind::MXF8F6F4;
  bool transposesBytes = d.transposesB && isByteWide;
  if (transposesBytes)
    step = 16 * form.ctaGroup;
  if (d.n >= step && d.n <= 256 && d.n % step == 0)
    return "";
  return found + (transposesBytes ? " and transposed B" : "") + " has multiples of " + std::to_string(step) +
         " up to 256";
}

/// PTX ISA, "Transpose and Negate operations" and "Valid Combinations of
/// Type-Size, Major-ness and Swizzling".
std::string checkModes(const InstructionDescriptor &d, const InstructionForm &form) {
  if ((d.negatesA || d.negatesB) && form.kind == MatrixKind::I8)
    return "operands are negated, which .kind::i8 cannot";
  if ((d.transposesA || d.transposesB) && isPackedFour(form.kind))
    return "operands are transposed, which " + nameOf(form) + " cannot";
  auto isNarrow = [](Type type) { return type == Type::E2M3 || type == Type::E3M2 || type == Type::E2M1; };
  if ((d.transposesA && isNarrow(d.a)) || (d.transposesB && isNarrow(d.b)))
    return "operands of less than 8 bits are transposed";
  bool hasSelector = form.kind == MatrixKind::F16 || form.kind == MatrixKind::TF32;
  if (d.isSparse && d.sparsitySelector && !hasSelector)
    return "the sparsity selector is " + std::to_string(d.sparsitySelector) + " when " + nameOf(form) + " has 0";
  return "";
}

/// PTX ISA, "Valid combinations of scale_vectorsize with types and MMA-Kind"
/// and "Scale Factor A ID".
std::string checkScales(const InstructionDescriptor &d, const InstructionForm &form) {
  if (!form.scaleVector)
    return "";
  bool mayBeE4M3 = form.kind == MatrixKind::MXF4NVF4 && form.scaleVector == 4;
  if (d.scale != Type::UE8M0 && !mayBeE4M3)
    return "the scale type is 0 (ue4m3) when " + nameOf(form) + " and .scale_vec::" + std::to_string(form.scaleVector) +
           "X has 1 (ue8m0)";
  for (uint32_t id : {d.scaleA, d.scaleB})
    if (id % form.scaleVector)
      return "a scale factor ID is " + std::to_string(id) + " when .scale_vec::" + std::to_string(form.scaleVector) +
             "X has multiples of " + std::to_string(form.scaleVector);
  return "";
}

} // namespace

std::string checkInstruction(const InstructionDescriptor &d, const InstructionForm &form) {
  for (auto check : {checkRows, checkColumns, checkModes, checkScales})
    if (std::string problem = check(d, form); !problem.empty())
      return problem;
  return d.problem;
}

} // namespace girih::sim
