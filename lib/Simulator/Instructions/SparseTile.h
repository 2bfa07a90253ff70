//===- SparseTile.h - Structured sparse operands ----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_SPARSETILE_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_SPARSETILE_H

#include "MatrixTile.h"

#include <functional>
#include <optional>

namespace girih::sim {

/// PTX ISA, "Sparse Matrices": which elements of a chunk are stored.
enum class Sparsity : uint8_t {
  OneOfTwo,    ///< 32-bit elements
  TwoOfFour,   ///< elements of 8 and 16 bits, and those in containers of 8
  PairsOfEight ///< two pairs of 4-bit elements
};

/// Elements of a chunk, each of which has a code of 4 bits.
inline uint32_t chunkSize(Sparsity sparsity) {
  return sparsity == Sparsity::OneOfTwo ? 2 : sparsity == Sparsity::TwoOfFour ? 4 : 8;
}

/// Which codes of two places in a chunk mean something: those of "Sparse matrix
/// storage" in the sections of tcgen05, of wgmma and mma.sp, and of
/// mma.sp::ordered_metadata.
enum class Codes : uint8_t { Tensor, AnyOrder, Rising };

/// The code of a chunk of a row; unset when it is undefined.
using MetadataReader = std::function<std::optional<uint32_t>(uint32_t row, uint32_t chunk)>;

/// The first code of a tile without a meaning, where numbers are stored for it
/// and where zeros are, which leave the product the same in every place.
struct CodeFaults {
  std::string ofNumbers, ofZeros;

  /// What a run judges of them; empty when it is nothing.
  std::string judged(Device &device, unsigned line, const std::string &agent) const;
};

/// Places the k / 2 stored elements of each row among zeros.
MatrixTile expandSparse(const MatrixTile &stored, Sparsity sparsity, const MetadataReader &codeOf, CodeFaults &faults,
                        Codes codes = Codes::Tensor);

/// PTX ISA, "Matrix fragments for multiply-accumulate operation with sparse
/// matrix A": who of a warp holds the codes of its 16 rows. Four chunks of a row
/// are in half a word; a group of four threads has two rows, 8 apart, and one,
/// two or four of them hold their codes: those that the selector names.
struct FragmentMetadata {
  uint32_t threads = 1, selector = 0;

  /// Of products with so many elements of A in a row.
  FragmentMetadata(Sparsity sparsity, uint32_t k, uint32_t selector)
      : threads(k / chunkSize(sparsity) / 4), selector(selector) {}
  uint32_t selectors() const { return 4 / threads; }
  uint32_t laneOf(uint32_t row, uint32_t chunk) const { return row % 8 * 4 + selector * threads + chunk / 4; }
  static uint32_t shiftOf(uint32_t row, uint32_t chunk) { return row / 8 * 16 + chunk % 4 * 4; }
};

/// How an element type of mma.sp or wgmma is stored.
Sparsity sparsityOf(Type type);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_SPARSETILE_H
