//===- MatrixTile.h - Operand tiles of matrix instructions ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXTILE_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXTILE_H

#include "../Descriptors/MatrixDescriptor.h"
#include "../Machine/Cluster.h"
#include "../Numbers/DotProduct.h"

namespace girih::sim {

/// An operand decoded to numbers. Integers up to 8 bits are exact in float.
struct MatrixTile {
  uint32_t rows = 0, columns = 0;
  /// Row-major values, and whether every element of a row (for A) or column
  /// (for B) is defined.
  std::vector<float> values;
  std::vector<uint8_t> isDefined;
  BlockScales scales;
};

/// Accumulators of a matrix instruction, row-major, as float or as int32.
struct Accumulators {
  uint32_t rows = 0, columns = 0;
  std::vector<float> floats;
  std::vector<int32_t> integers;
  std::vector<uint8_t> isDefined;
};

/// The value of one element; the code is in the low bits.
float decodeElement(uint32_t code, Type type);

/// How elements narrower than a byte lie in 16 bytes of shared memory.
enum class Packing : uint8_t {
  /// 16 elements of 4 or 6 bits, then padding (.b4x16_p64, .b6x16_p32).
  Padded,
  /// 32 elements of 4 bits.
  Dense,
};

/// Reads A [mn = rows][k] or, with `transposes`, B as [k][mn] from shared
/// memory through a descriptor, from row or column `first` on.
MatrixTile readTile(Cta &cta, const MatrixDescriptor &descriptor, uint32_t mn, uint32_t k, Type type, bool isMnMajor,
                    bool transposes, const Access &read, const Knowledge &knowledge, Packing packing = Packing::Padded,
                    uint32_t first = 0);

/// Products of a block of 4-bit numbers, which alone have several blocks, are
/// summed before they are scaled.
inline DotProductRule sumRule(uint32_t blocks) { return blocks > 1 ? DotProductRule{35, 23} : DotProductRule{}; }

/// What is multiplied, and how it is summed.
struct ProductTypes {
  Type a, b, accumulator;
  DotProductRule rule;
};

/// D = A B (+ D). `a` is [m][k], `b` is [k][n].
void multiply(const MatrixTile &a, const MatrixTile &b, const ProductTypes &types, Accumulators &d);

/// The same of integers whose sums stay at the ends of the range (saturation).
void multiplySaturated(const MatrixTile &a, const MatrixTile &b, Accumulators &d);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_MATRIXTILE_H
