//===- MatrixFragment.cpp - Products of what lanes hold -------------------===//
#include "MatrixFragment.h"

#include "../Numbers/Formats.h"

#include <algorithm>
#include <cmath>

namespace girih::sim {
namespace {

/// The elements of an operand, as numbers that a double holds exactly.
struct Matrix {
  uint32_t rows, columns;
  std::vector<double> values;
  std::vector<uint8_t> isDefined;

  Matrix(uint32_t count, uint32_t rows, uint32_t columns)
      : rows(rows), columns(columns), values(size_t(count) * rows * columns), isDefined(values.size(), 1) {}
  size_t at(uint32_t which, FragmentCell cell) const {
    return (size_t(which) * rows + cell.row) * columns + cell.column;
  }
};

uint32_t matrixOf(const MmaShape &shape, uint32_t lane) { return shape.isQuad() ? lane / 4 % 4 : 0; }

double valueOf(uint64_t code, Type type, uint32_t bits) {
  if (type == Type::F64)
    return __builtin_bit_cast(double, code);
  // PTX ISA, "mma": e2m1 lies in the middle of a byte.
  if (bits > typeBits(type))
    code >>= (bits - typeBits(type)) / 2;
  if (isFloat(type))
    return decodeElement(uint32_t(code), type);
  return isSigned(type) ? double(int64_t(code << (64 - bits)) >> (64 - bits)) : double(code);
}

template <class CellOf>
void gather(const Step &s, const MmaShape &shape, const std::vector<Operand> &registers, Type type, Matrix &into,
            CellOf cellOf) {
  uint32_t bits = shape.bitsOf(type), e = shape.perRegister(type);
  for (uint32_t r = 0; r < registers.size(); ++r) {
    auto x = s.read<uint64_t>(registers[r]);
    LaneMask known = s.definedLanes(registers[r]);
    for (uint32_t lane = 0; lane < warpSize; ++lane)
      for (uint32_t i = 0; i < e; ++i) {
        size_t at = into.at(matrixOf(shape, lane), cellOf(lane, r, i));
        into.values[at] = valueOf(bits == 64 ? x[lane] : x[lane] >> (bits * i) & ((1ull << bits) - 1), type, bits);
        into.isDefined[at] = known >> lane & 1;
      }
  }
}

/// The k elements of each row of a sparse A, of which half are stored.
Matrix expand(const Step &s, const MmaShape &shape, const Matrix &stored, const Operand &metadata) {
  MatrixTile tile;
  tile.rows = stored.rows;
  tile.columns = stored.columns;
  tile.values.assign(stored.values.begin(), stored.values.end());
  tile.isDefined.assign(stored.rows, 1);
  auto words = s.read<uint32_t>(metadata);
  LaneMask known = s.definedLanes(metadata);
  auto codeOf = [&](uint32_t row, uint32_t chunk) -> std::optional<uint32_t> {
    uint32_t lane = shape.metadata->laneOf(row, chunk);
    if (!(known >> lane & 1))
      return std::nullopt;
    return words[lane] >> FragmentMetadata::shiftOf(row, chunk) & 0xf;
  };
  CodeFaults faults;
  MatrixTile whole = expandSparse(tile, shape.sparsity(), codeOf, faults, shape.codes);
  std::string problem = faults.judged(s.cluster().device, s.line(), s.warp.describe());
  if (!problem.empty())
    s.misuse(problem);
  Matrix a(1, whole.rows, whole.columns);
  std::copy(whole.values.begin(), whole.values.end(), a.values.begin());
  for (uint32_t row = 0; row < a.rows; ++row) {
    bool isDefined = whole.isDefined[row];
    for (uint32_t k = 0; k < stored.columns; ++k)
      isDefined &= stored.isDefined[stored.at(0, {row, k})];
    for (uint32_t k = 0; k < a.columns; ++k)
      a.isDefined[a.at(0, {row, k})] = isDefined;
  }
  return a;
}

/// Every other pair of k: what the lower or the upper halves of registers hold.
MatrixTile halfOf(const MatrixTile &tile, unsigned half, bool isB) {
  MatrixTile part;
  part.rows = isB ? tile.rows / 2 : tile.rows;
  part.columns = isB ? tile.columns : tile.columns / 2;
  part.isDefined = tile.isDefined;
  for (uint32_t row = 0; row < tile.rows; ++row)
    for (uint32_t column = 0; column < tile.columns; ++column)
      if ((isB ? row : column) / 2 % 2 == half)
        part.values.push_back(tile.values[size_t(row) * tile.columns + column]);
  return part;
}

/// 8-bit floats have no mma.sync of their own on Hopper: ptxas converts them to
/// float16, multiplies the lower and then the upper halves of the registers,
/// and adds the accumulator last.
void multiplyAsHalves(const MatrixTile &a, const MatrixTile &b, Type accumulator, Accumulators &d) {
  std::vector<float> addend(d.floats.size(), 0.0f);
  std::swap(addend, d.floats);
  for (unsigned half = 0; half < 2; ++half)
    multiply(halfOf(a, half, false), halfOf(b, half, true), {Type::F16, Type::F16, accumulator, {}}, d);
  for (size_t i = 0; i < addend.size(); ++i)
    d.floats[i] += addend[i];
}

/// D = A B + D of float types with float32 or float16 sums.
void multiplyFloats(const MmaShape &shape, const Matrix &a, const Matrix &b, const BlockScales &scalesA,
                    const BlockScales &scalesB, uint32_t which, Matrix &d) {
  auto tileOf = [&](const Matrix &from, bool isB) {
    MatrixTile tile;
    tile.rows = from.rows;
    tile.columns = from.columns;
    size_t first = from.at(which, {0, 0});
    tile.values.assign(from.values.begin() + long(first), from.values.begin() + long(first + from.rows * from.columns));
    tile.isDefined.assign(isB ? from.columns : from.rows, 1);
    tile.scales = isB ? scalesB : scalesA;
    return tile;
  };
  Accumulators sum;
  sum.rows = shape.m;
  sum.columns = shape.n;
  auto begin = d.values.begin() + long(d.at(which, {0, 0}));
  sum.floats.assign(begin, begin + shape.m * shape.n);
  sum.isDefined.assign(sum.floats.size(), 1);
  if (typeBits(shape.a) == 8 && !shape.hasKind)
    multiplyAsHalves(tileOf(a, false), tileOf(b, true), shape.d, sum);
  else
    multiply(tileOf(a, false), tileOf(b, true), {shape.a, shape.b, shape.d, sumRule(shape.blocks)}, sum);
  std::copy(sum.floats.begin(), sum.floats.end(), begin);
}

/// One element of a product of integers, bits or f64.
double accumulate(const MmaShape &shape, const Matrix &a, const Matrix &b, FragmentCell cell, double c) {
  auto x = [&](uint32_t k) { return a.values[a.at(0, {cell.row, k})]; };
  auto y = [&](uint32_t k) { return b.values[b.at(0, {k, cell.column})]; };
  if (shape.d == Type::F64) {
    for (uint32_t k = 0; k < shape.k; ++k)
      c = std::fma(x(k), y(k), c);
    return c;
  }
  int64_t sum = int64_t(c);
  for (uint32_t k = 0; k < shape.k; ++k)
    sum += shape.bitOperation == "xor" ? x(k) != y(k) : int64_t(x(k)) * int64_t(y(k));
  return double(shape.saturates ? std::clamp<int64_t>(sum, INT32_MIN, INT32_MAX) : int32_t(uint32_t(sum)));
}

uint64_t codeOf(double value, Type type) {
  switch (type) {
  case Type::F64:
    return __builtin_bit_cast(uint64_t, value);
  case Type::F32:
    return __builtin_bit_cast(uint32_t, float(value));
  case Type::F16:
    return encodeFloat(value, formatOf(type), Rounding::NearestEven, false);
  default:
    return uint32_t(int32_t(value));
  }
}

} // namespace

Outcome runMma(Step &s, const MmaShape &shape, const MmaOperands &operands) {
  Matrix a(shape.count(), shape.m, shape.storedK()), b(shape.count(), shape.k, shape.n),
      c(shape.count(), shape.m, shape.n);
  gather(s, shape, operands.a, shape.a, a, [&](auto... at) { return shape.cellOfA(shape, at...); });
  gather(s, shape, operands.b, shape.b, b, [&](auto... at) { return shape.cellOfB(shape, at...); });
  gather(s, shape, operands.c, shape.c, c, [&](auto... at) { return shape.cellOfC(shape, shape.c, at...); });
  if (shape.metadata)
    a = expand(s, shape, a, operands.metadata);
  BlockScales scalesA, scalesB;
  if (shape.blocks) {
    std::vector<uint8_t> rows(shape.m, 1), columns(shape.n, 1);
    scalesA = readScales(s, shape, operands.scaleA, false, rows);
    scalesB = readScales(s, shape, operands.scaleB, true, columns);
    for (uint32_t row = 0; row < shape.m; ++row)
      for (uint32_t column = 0; column < shape.n; ++column)
        c.isDefined[c.at(0, {row, column})] &= rows[row] & columns[column];
  }
  bool sumsFloats = shape.d == Type::F32 || shape.d == Type::F16;
  for (uint32_t which = 0; which < shape.count(); ++which) {
    if (sumsFloats)
      multiplyFloats(shape, a, b, scalesA, scalesB, which, c);
    for (uint32_t row = 0; row < shape.m; ++row)
      for (uint32_t column = 0; column < shape.n; ++column) {
        size_t at = c.at(which, {row, column});
        if (!sumsFloats)
          c.values[at] = accumulate(shape, a, b, {row, column}, c.values[at]);
        for (uint32_t k = 0; k < shape.k; ++k)
          c.isDefined[at] &= a.isDefined[a.at(which, {row, k})] & b.isDefined[b.at(which, {k, column})];
      }
  }
  uint32_t e = shape.d == Type::F16 ? 2 : 1;
  for (uint32_t r = 0; r < operands.d.size(); ++r) {
    Lanes<uint64_t> values{};
    s.defined = allLanes;
    for (uint32_t lane = 0; lane < warpSize; ++lane)
      for (uint32_t i = 0; i < e; ++i) {
        size_t at = c.at(matrixOf(shape, lane), shape.cellOfC(shape, shape.d, lane, r, i));
        values[lane] |= codeOf(c.values[at], shape.d) << (16 * i);
        if (!c.isDefined[at])
          s.defined &= ~(1u << lane);
      }
    s.write(operands.d[r], values);
  }
  return Outcome::Next;
}

} // namespace girih::sim
