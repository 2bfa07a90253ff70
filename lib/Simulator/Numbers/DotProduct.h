//===- DotProduct.h - How matrix units add products -------------*- C++ -*-===//
//
// NVIDIA does not publish the arithmetic of its matrix units. What is modelled
// here was first described by Xie et al., "MMA-Sim" (arXiv 2511.10909), and
// Khattak and Mikaitis, "Accurate Models of NVIDIA Tensor Cores" (arXiv
// 2512.07004): the products of one instruction and the accumulator are aligned
// to the largest of their exponents, cut off some bits below it, added
// exactly, and the sum is cut off to the bits of the result.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_NUMBERS_DOTPRODUCT_H
#define GIRIH_SIMULATOR_NUMBERS_DOTPRODUCT_H

#include "Formats.h"

#include <vector>

namespace girih::sim {

/// Where one kind of instruction cuts off.
struct DotProductRule {
  /// Bits kept below the largest exponent of the terms.
  unsigned alignedBits = 25;
  /// Fraction bits of a float32 result.
  unsigned resultBits = 23;
};

/// Scales of blocks along K, [row of A or column of B][block].
struct BlockScales {
  uint32_t blocks = 0;
  Type type = Type::UE8M0;
  std::vector<float> values;
};

/// One operand: A as [row][k] or B as [k][column].
struct DotOperand {
  const std::vector<float> &values;
  Type type;
  const BlockScales &scales;
};

/// d[column] += sum over k of a[row][k] b[k][column], as one instruction does
/// it, for one row at a time.
class DotProduct {
public:
  DotProduct(const DotProductRule &rule, DotOperand a, DotOperand b, Type accumulator, uint32_t columns);
  void addRow(uint32_t row, float *d);

private:
  /// Finite numbers as significand 2^(exponent - fractionBits). A subnormal
  /// number has the smallest exponent of its format: operands are not
  /// normalised. Zero has an exponent below all others.
  struct Significands {
    unsigned fractionBits = 0;
    std::vector<int32_t> significands, exponents;
    /// There are infinities or NaNs, whose significands are zero.
    bool hasSpecials = false;
  };
  static Significands decompose(const std::vector<float> &values, Format format);

  void alignAccumulators(const Significands &c);
  void addProducts(uint32_t row);
  void addScaledBlocks(uint32_t row);
  float resultOf(uint32_t column) const;
  double plainSum(uint32_t row, uint32_t column, float c) const;

  DotProductRule rule;
  DotOperand a, b;
  Type accumulator;
  uint32_t k, columns;
  Significands numbersA, numbersB, scalesA, scalesB;
  /// Of each column: the largest exponent of its terms, and their sum as a
  /// multiple of 2^(largest - alignedBits).
  std::vector<int32_t> largest;
  std::vector<int64_t> sums;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_NUMBERS_DOTPRODUCT_H
