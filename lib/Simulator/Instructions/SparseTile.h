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

/// The code of a chunk of a row; unset when it is undefined.
using MetadataReader = std::function<std::optional<uint32_t>(uint32_t row, uint32_t chunk)>;

/// Places the k / 2 stored elements of each row among zeros. `problem` says
/// which code has no meaning, when one has none.
MatrixTile expandSparse(const MatrixTile &stored, Sparsity sparsity, const MetadataReader &codeOf,
                        std::string &problem);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_SPARSETILE_H
