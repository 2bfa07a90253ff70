//===- TensorMatrix.cpp - tcgen05.mma -------------------------------------===//
#include "TensorMatrix.h"

#include "../Numbers/Formats.h"
#include "TensorMemory.h"

namespace girih::sim {
namespace {

/// Where row m (within one CTA) and column n of an accumulator lie.
struct TensorCell {
  uint32_t lane, column;
};

/// PTX ISA, "Data Path Layout Organization": how rows spread over the lanes.
TensorCell accumulatorCell(const TensorIssue &op, uint32_t rows, uint32_t m, uint32_t n) {
  uint32_t all = op.descriptor.n;
  if (op.isWeightStationary || (op.ctaGroup == 2 && rows == 64)) {
    // The columns are split over groups of lanes.
    uint32_t parts = 128 / rows, width = all / parts;
    return {m + rows * (n / width), n % width};
  }
  if (rows == 64)
    return {m % 16 + 32 * (m / 16), n};
  return {m, n};
}

MatrixTile readA(const TensorIssue &op, Cta &cta, uint32_t rows, const TensorRun &run) {
  const InstructionDescriptor &d = op.descriptor;
  if (!op.fromTensor)
    return readTile(cta, decodeMatrixDescriptor100(op.a), rows, d.k, d.a, d.transposesA, false, {{run.sharedRead}},
                    *run.knowledge, op.packing);
  // A in tensor memory: elements packed along the columns, rows as lanes.
  uint32_t bits = std::max(8u, typeBits(d.a)), perColumn = 32 / bits;
  MatrixTile tile;
  tile.rows = rows;
  tile.columns = d.k;
  tile.values.resize(size_t(rows) * d.k);
  tile.isDefined.assign(rows, 1);
  uint32_t base = uint32_t(op.a);
  for (uint32_t m = 0; m < rows; ++m) {
    uint32_t lane = (base >> 16) + (rows == 64 && op.ctaGroup == 1 ? m % 16 + 32 * (m / 16) : m);
    for (uint32_t k = 0; k < d.k; ++k) {
      bool isDefined;
      uint32_t word =
          readTensor(cta, lane, (base & 0xffff) + k / perColumn, run.tensorRead, *run.knowledge, &isDefined);
      uint32_t code = bits == 32 ? word : word >> (bits * (k % perColumn)) & ((1u << bits) - 1);
      tile.values[size_t(m) * d.k + k] = decodeElement(code, d.a);
      tile.isDefined[m] &= isDefined;
    }
  }
  return tile;
}

/// B: with a pair of CTAs each holds half of the columns.
MatrixTile readB(const TensorIssue &op, const std::vector<Cta *> &ctas, const TensorRun &run) {
  const InstructionDescriptor &d = op.descriptor;
  MatrixDescriptor descriptor = decodeMatrixDescriptor100(op.b);
  uint32_t share = d.n / uint32_t(ctas.size());
  MatrixTile whole;
  whole.rows = d.k;
  whole.columns = d.n;
  whole.values.resize(size_t(d.k) * d.n);
  for (uint32_t c = 0; c < ctas.size(); ++c) {
    MatrixTile part = readTile(*ctas[c], descriptor, share, d.k, d.b, d.transposesB, true, {{run.sharedRead}},
                               *run.knowledge, op.packing);
    for (uint32_t k = 0; k < d.k; ++k)
      std::copy_n(part.values.begin() + long(k) * share, share, whole.values.begin() + long(k) * d.n + c * share);
    whole.isDefined.insert(whole.isDefined.end(), part.isDefined.begin(), part.isDefined.end());
  }
  return whole;
}

/// Scales of row r lie in lane r % 32, column r / 32, one byte a block (PTX
/// ISA, "Scale Factor").
BlockScales readScales(const TensorIssue &op, Cta &cta, uint32_t address, uint32_t id, MatrixTile &tile, uint32_t count,
                       const TensorRun &run) {
  Type type = op.descriptor.scale;
  BlockScales scales{op.scaleVector, type, {}};
  for (uint32_t row = 0; row < count; ++row)
    for (uint32_t block = 0; block < scales.blocks; ++block) {
      bool isDefined;
      uint32_t word = readTensor(cta, (address >> 16) + row % 32, (address & 0xffff) + row / 32, run.tensorRead,
                                 *run.knowledge, &isDefined);
      uint32_t code = word >> (8 * ((id + block) & 3)) & 0xff;
      scales.values.push_back(float(decodeFloat(type == Type::E4M3 ? code & 0x7f : code, formatOf(type))));
      tile.isDefined[row] &= isDefined;
    }
  return scales;
}

void readAccumulator(const TensorIssue &op, Cta &cta, Accumulators &sum, const TensorRun &run) {
  Type type = op.descriptor.accumulator;
  float scale = __builtin_ldexpf(1.0f, -int(op.scaleInput));
  for (uint32_t m = 0; m < sum.rows; ++m)
    for (uint32_t n = 0; n < sum.columns; ++n) {
      TensorCell cell = accumulatorCell(op, sum.rows, m, n);
      bool isDefined;
      uint32_t bits = readTensor(cta, (op.d >> 16) + cell.lane, (op.d & 0xffff) + cell.column, run.tensorRead,
                                 *run.knowledge, &isDefined);
      size_t at = size_t(m) * sum.columns + n;
      sum.isDefined[at] = isDefined;
      if (type == Type::S32)
        sum.integers[at] = int32_t(bits);
      else
        sum.floats[at] = decodeElement(type == Type::F16 ? bits & 0xffff : bits, type) * scale;
    }
}

void writeAccumulator(const TensorIssue &op, Cta &cta, const Accumulators &sum, uint32_t half, const TensorRun &run) {
  Type type = op.descriptor.accumulator;
  for (uint32_t m = 0; m < sum.rows; ++m)
    for (uint32_t n = 0; n < sum.columns; ++n) {
      TensorCell cell = accumulatorCell(op, sum.rows, m, n);
      uint32_t lane = (op.d >> 16) + cell.lane;
      if (op.disabled[half * 4 + cell.lane / 32 % 4] >> (cell.lane % 32) & 1)
        continue;
      size_t at = size_t(m) * sum.columns + n;
      uint32_t bits = type == Type::S32   ? uint32_t(sum.integers[at])
                      : type == Type::F16 ? encodeFloat(sum.floats[at], formatOf(type), Rounding::NearestEven, false)
                                          : __builtin_bit_cast(uint32_t, sum.floats[at]);
      writeTensor(cta, lane, (op.d & 0xffff) + cell.column, bits, run.tensorWrite, *run.knowledge, sum.isDefined[at]);
    }
}

} // namespace

void runTensorMatrix(const TensorIssue &op, const std::vector<Cta *> &ctas, const TensorRun &run) {
  const InstructionDescriptor &d = op.descriptor;
  MatrixTile plainB = readB(op, ctas, run);
  uint32_t rows = d.m / uint32_t(ctas.size());
  for (uint32_t c = 0; c < ctas.size(); ++c) {
    MatrixTile a = readA(op, *ctas[c], rows, run), b = plainB;
    if (op.scaleVector) {
      a.scales = readScales(op, *ctas[c], op.scalesA, d.scaleA, a, rows, run);
      b.scales = readScales(op, *ctas[c], op.scalesB, d.scaleB, b, d.n, run);
    }
    if (d.negatesA != d.negatesB)
      for (float &value : a.values)
        value = -value;
    Accumulators sum;
    sum.rows = rows;
    sum.columns = d.n;
    size_t size = size_t(rows) * d.n;
    sum.isDefined.assign(size, 1);
    sum.floats.assign(size, 0.0f);
    sum.integers.assign(size, 0);
    if (op.accumulates)
      readAccumulator(op, *ctas[c], sum, run);
    // Products of a block of 4-bit numbers are summed before they are scaled.
    DotProductRule rule = op.scaleVector > 1 ? DotProductRule{35, 23} : DotProductRule{};
    multiply(a, b, {d.a, d.b, d.accumulator, rule}, sum);
    writeAccumulator(op, *ctas[c], sum, c, run);
  }
}

} // namespace girih::sim
