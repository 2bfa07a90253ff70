//===- SparseTile.cpp - Structured sparse operands ------------------------===//
#include "SparseTile.h"

#include <algorithm>

namespace girih::sim {

/// A code has the places of the two stored parts of a chunk, in quarters; for
/// OneOfTwo the parts are the halves of one element.
static bool isMeaningful(uint32_t code, Sparsity sparsity, Codes codes) {
  if (sparsity == Sparsity::OneOfTwo)
    return code == 0b0100 || code == 0b1110;
  uint32_t first = code & 3, second = code >> 2;
  if (codes == Codes::Rising)
    return first < second;
  if (codes == Codes::AnyOrder)
    return first != second;
  for (uint32_t known : {0b0100u, 0b1000u, 0b1100u, 0b1001u, 0b1101u, 0b0110u, 0b1110u})
    if (code == known)
      return true;
  return false;
}

std::string CodeFaults::judged(Device &device, unsigned line, const std::string &agent) const {
  bool isTolerated = ofNumbers.empty() && !ofZeros.empty() && device.tolerates(Rule::SparseZeros, line, agent);
  return !ofNumbers.empty() ? ofNumbers : isTolerated ? "" : ofZeros;
}

MatrixTile expandSparse(const MatrixTile &stored, Sparsity sparsity, const MetadataReader &codeOf, CodeFaults &faults,
                        Codes codes) {
  MatrixTile tile;
  tile.rows = stored.rows;
  tile.columns = 2 * stored.columns;
  tile.values.assign(size_t(tile.rows) * tile.columns, 0.0f);
  tile.isDefined = stored.isDefined;
  uint32_t size = chunkSize(sparsity);
  for (uint32_t row = 0; row < tile.rows; ++row)
    for (uint32_t chunk = 0; chunk < tile.columns / size; ++chunk) {
      auto code = codeOf(row, chunk);
      if (!code) {
        tile.isDefined[row] = 0;
        continue;
      }
      const float *from = stored.values.data() + size_t(row) * stored.columns + chunk * size / 2;
      if (!isMeaningful(*code, sparsity, codes)) {
        bool isZero = std::all_of(from, from + size / 2, [](float value) { return value == 0.0f; });
        std::string &fault = isZero ? faults.ofZeros : faults.ofNumbers;
        if (fault.empty())
          fault = "sparse metadata of row " + std::to_string(row) + " and k = " + std::to_string(chunk * size) +
                  " is " + std::to_string(*code) + ", which selects nothing";
        continue;
      }
      float *to = tile.values.data() + size_t(row) * tile.columns + chunk * size;
      if (sparsity == Sparsity::OneOfTwo) {
        to[*code == 0b1110] = *from;
        continue;
      }
      uint32_t part = size / 4;
      for (uint32_t i = 0; i < 2; ++i)
        std::copy_n(from + i * part, part, to + (*code >> (2 * i) & 3) * part);
    }
  return tile;
}

Sparsity sparsityOf(Type type) {
  unsigned bits = typeBits(type);
  return bits == 32 ? Sparsity::OneOfTwo : bits == 4 ? Sparsity::PairsOfEight : Sparsity::TwoOfFour;
}

} // namespace girih::sim
