//===- MatrixFragment.h - Products of what lanes hold -----------*- C++ -*-===//
//
// mma.sync and wmma.mma multiply matrices whose elements lie in the registers of
// a warp; each says by its own formula where.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXFRAGMENT_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXFRAGMENT_H

#include "SparseTile.h"

#include "../Machine/Step.h"

namespace girih::sim {

struct FragmentCell {
  uint32_t row, column;
};

struct MmaShape {
  uint32_t m = 16, n = 8, k = 0;
  Type a = Type::F16, b = Type::F16, c = Type::F32, d = Type::F32;
  bool isRowA = true, isRowB = false;
  bool saturates = false;
  /// How `.b1` elements combine before they are counted: "xor" or "and".
  std::string bitOperation;
  /// Of A, whose registers then hold k / 2 elements of a row.
  std::optional<FragmentMetadata> metadata;
  Codes codes = Codes::AnyOrder;
  /// Of a `.kind`, which has a rule of sums of its own: elements of A and B lie
  /// in bytes each, and scales of a row of A or a column of B, if any.
  bool hasKind = false, isPadded = false;
  uint32_t blocks = 0;
  Type scale = Type::UE8M0;

  /// The element i of register r of a lane; of C and D, by the type of either.
  FragmentCell (*cellOfA)(const MmaShape &, uint32_t lane, uint32_t r, uint32_t i) = nullptr;
  FragmentCell (*cellOfB)(const MmaShape &, uint32_t lane, uint32_t r, uint32_t i) = nullptr;
  FragmentCell (*cellOfC)(const MmaShape &, Type type, uint32_t lane, uint32_t r, uint32_t i) = nullptr;

  uint32_t storedK() const { return metadata ? k / 2 : k; }

  /// m8n8k4 of f16 is four products, each by the lanes 4q to 4q + 3 and the
  /// same of the upper half of the warp.
  bool isQuad() const { return m == 8 && k == 4 && a == Type::F16; }
  uint32_t count() const { return isQuad() ? 4 : 1; }
  static uint32_t elementsOf(Type type) { return std::max(1u, 32 / typeBits(type)); }
  /// Bits that an element of A or B takes, of another the type's own.
  uint32_t bitsOf(Type type) const { return isPadded && typeBits(type) < 8 ? 8 : typeBits(type); }
  uint32_t perRegister(Type type) const { return std::max(1u, 32 / bitsOf(type)); }
  uint32_t registersOf(Type type, uint32_t elements) const {
    return count() * elements / (warpSize * perRegister(type));
  }
  Sparsity sparsity() const { return isPadded ? Sparsity::TwoOfFour : sparsityOf(a); }
};

/// `scale-data, {byte-id, thread-id}`.
struct ScaleOperand {
  Operand data, byte, thread;
};

/// The registers of D, A, B, C, what says where the elements of a sparse A
/// are, and scales.
struct MmaOperands {
  std::vector<Operand> d, a, b, c;
  Operand metadata;
  ScaleOperand scaleA, scaleB;
};

/// The scales of rows of A or columns of B, and which of these have all.
BlockScales readScales(const Step &s, const MmaShape &shape, const ScaleOperand &operand, bool isB,
                       std::vector<uint8_t> &isDefined);

Outcome runMma(Step &s, const MmaShape &shape, const MmaOperands &operands);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXFRAGMENT_H
