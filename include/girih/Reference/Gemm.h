//===- Gemm.h - Matrix product on the CPU -----------------------*- C++ -*-===//
#ifndef GIRIH_REFERENCE_GEMM_H
#define GIRIH_REFERENCE_GEMM_H

#include "girih/Support/ElementType.h"
#include <cstdint>
#include <vector>

namespace girih::reference {

/// A host matrix; `rowStride` in elements, the innermost stride is 1.
struct MatrixView {
  const void *data = nullptr;
  ElementType type = ElementType::F32;
  int64_t rows = 0, columns = 0, rowStride = 0;
};

struct GemmResult {
  int64_t columns = 0;
  std::vector<double> exact;  ///< [rows, columns] of A B in double
  std::vector<double> kernel; ///< in float, then rounded to the type of C
};

/// Elements of k that have one scale.
inline constexpr int64_t scaleGroup = 32;

/// The scales of an operand [rows, k] of a scaled product, powers of two: bytes 2^(byte - 127), 255 NaN. Blocks of
/// 512 bytes are for 128 rows and 128 elements of k, those of the same rows one after another, `blocks` of
/// them: of row r and element i, byte 16 (r mod 32) + 4 (r / 32) + i / 32.
struct BlockScales {
  const uint8_t *data = nullptr;
  int64_t blocks = 0;

  uint8_t at(int64_t row, int64_t k) const {
    return data[(row / 128 * blocks + k / 128) * 512 + row % 32 * 16 + row % 128 / 32 * 4 + k % 128 / scaleGroup];
  }
};

/// The operand [rows, columns] with its scales, as f32; transposed if told to.
std::vector<float> scaled(const MatrixView &operand, const BlockScales &scales, bool transposed);

/// The chosen rows of A [m, k] times B [k, n], in their order.
GemmResult gemm(const MatrixView &a, const MatrixView &b, ElementType outputType, const std::vector<int64_t> &rows);

/// All rows of `m` when they cost at most `multiplyAdds`, otherwise rows at
/// tile boundaries and random ones, sorted.
std::vector<int64_t> sampleGemmRows(int64_t m, int64_t n, int64_t k, double multiplyAdds, uint64_t seed);

} // namespace girih::reference

#endif // GIRIH_REFERENCE_GEMM_H
