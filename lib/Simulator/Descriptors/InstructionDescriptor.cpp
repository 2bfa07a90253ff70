//===- InstructionDescriptor.cpp - The operand of tcgen05.mma -------------===//
#include "InstructionDescriptor.h"

#include <optional>
#include <utility>

namespace girih::sim {
namespace {

uint32_t field(uint32_t bits, unsigned first, unsigned count) { return bits >> first & ((1u << count) - 1); }

std::optional<Type> operandType(uint32_t code, MatrixKind kind) {
  switch (kind) {
  case MatrixKind::F16:
    if (code <= 1)
      return code ? Type::BF16 : Type::F16;
    return std::nullopt;
  case MatrixKind::TF32:
    if (code == 2)
      return Type::TF32;
    return std::nullopt;
  case MatrixKind::I8:
    if (code <= 1)
      return code ? Type::S8 : Type::U8;
    return std::nullopt;
  case MatrixKind::MXF4:
  case MatrixKind::MXF4NVF4:
    // These kinds have one format, with a code of its own.
    if (code == 1)
      return Type::E2M1;
    return std::nullopt;
  case MatrixKind::F8F6F4:
  case MatrixKind::MXF8F6F4:
    switch (code) {
    case 0:
      return Type::E4M3;
    case 1:
      return Type::E5M2;
    case 3:
      return Type::E2M3;
    case 4:
      return Type::E3M2;
    case 5:
      return Type::E2M1;
    }
    return std::nullopt;
  }
  return std::nullopt;
}

uint32_t depthOf(MatrixKind kind) {
  switch (kind) {
  case MatrixKind::F16:
    return 16;
  case MatrixKind::TF32:
    return 8;
  case MatrixKind::MXF4:
  case MatrixKind::MXF4NVF4:
    return 64;
  default:
    return 32;
  }
}

std::string reserved(uint32_t bits, MatrixKind kind) {
  // Bits [first, first + count) that are fixed at 0, by kind.
  static constexpr std::pair<unsigned, unsigned> plain[] = {{6, 1}, {23, 1}, {29, 1}},
                                                 scaled[] = {{0, 2}, {3, 1}, {6, 1}, {24, 3}};
  auto first = [&](const auto &ranges) -> std::string {
    for (auto [at, count] : ranges)
      if (field(bits, at, count))
        return "reserved bit " + std::to_string(at) + " and on is " + std::to_string(field(bits, at, count)) +
               " when it should be 0";
    return "";
  };
  return isBlockScaled(kind) ? first(scaled) : first(plain);
}

} // namespace

InstructionDescriptor decodeInstructionDescriptor(uint32_t bits, MatrixKind kind) {
  InstructionDescriptor made;
  made.isSparse = field(bits, 2, 1);
  made.k = depthOf(kind) << made.isSparse;
  made.n = field(bits, 17, 6) * 8;
  made.m = field(bits, 24, 5) * 16;
  made.negatesA = field(bits, 13, 1);
  made.negatesB = field(bits, 14, 1);
  made.transposesA = field(bits, 15, 1);
  made.transposesB = field(bits, 16, 1);
  made.problem = reserved(bits, kind);
  auto a = operandType(field(bits, 7, 3), kind), b = operandType(field(bits, 10, 3), kind);
  if (!a || !b)
    made.problem = "operand formats " + std::to_string(field(bits, 7, 3)) + " and " +
                   std::to_string(field(bits, 10, 3)) + " do not belong to the kind";
  else
    made.a = *a, made.b = *b;
  if (isBlockScaled(kind)) {
    made.scaleB = field(bits, 4, 2);
    made.scaleA = field(bits, 29, 2);
    made.scale = field(bits, 23, 1) ? Type::UE8M0 : Type::E4M3;
    if (field(bits, 31, 1))
      made.problem = kind == MatrixKind::MXF8F6F4 ? "reserved bit 31 is 1 when it should be 0"
                                                  : "a K of 96, which only sm_103a has";
    return made;
  }
  made.sparsitySelector = field(bits, 0, 2);
  made.saturates = field(bits, 3, 1);
  static constexpr uint32_t shifts[] = {0, 8, 16, 32};
  made.maximumShift = shifts[field(bits, 30, 2)];
  static constexpr Type accumulators[] = {Type::F16, Type::F32, Type::S32};
  uint32_t format = field(bits, 4, 2);
  bool isInteger = kind == MatrixKind::I8;
  bool needsF32 = kind == MatrixKind::TF32 || made.a == Type::BF16 || made.b == Type::BF16;
  bool belongs = isInteger ? format == 2 : format == 1 || (format == 0 && !needsF32);
  if (!belongs)
    made.problem = "accumulator format " + std::to_string(format) + " does not belong to the kind";
  else
    made.accumulator = accumulators[format];
  if (made.saturates && !isInteger)
    made.problem = "saturation is for integer types";
  return made;
}

} // namespace girih::sim
