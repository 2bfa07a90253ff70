//===- TensorMatrix.cpp - tcgen05.mma -------------------------------------===//
#include "TensorMatrix.h"

#include "../Numbers/Formats.h"

namespace girih::sim {
namespace {

/// The scale of a block of a row of A or column of B: row r lies in lane
/// r % 32, column r / 32, one byte a block (PTX ISA, "Scale Factor A ID"). All
/// quarters of the lanes from `first` on hold the same.
float readScale(const TensorIssue &op, Cta &cta, uint32_t address, uint32_t id, uint32_t row, uint32_t block,
                uint32_t firstQuarter, uint32_t quarters, uint8_t &isDefined, const TensorTurn &turn) {
  Type type = op.descriptor.scale;
  uint32_t code = 0;
  for (uint32_t q = 0; q < quarters; ++q) {
    uint32_t lane = (address >> 16) + (firstQuarter + q) * 32 + row % 32, column = (address & 0xffff) + row / 32;
    bool isWritten;
    uint32_t word = readTensor(cta, lane, column, turn.tensorRead, *turn.knowledge, &isWritten);
    uint32_t found = word >> (8 * (id + block)) & 0xff;
    isDefined &= isWritten;
    if (q && isDefined && found != code)
      stopTensor(cta, turn.tensorRead,
                 "scale factors differ: " + std::to_string(found) + " in tensor memory lane " + std::to_string(lane) +
                     " and " + std::to_string(code) + " in lane " + std::to_string(lane - 32) + " of column " +
                     std::to_string(column) + "; each quarter of the lanes needs the same");
    code = found;
  }
  // ue4m3 has no sign.
  return float(decodeFloat(type == Type::E4M3 ? code & 0x7f : code, formatOf(type)));
}

/// The scales of A, and of B as one part of the lanes sees it: with two parts,
/// each has those of its own columns in its own quarters.
BlockScales readScales(const TensorIssue &op, Cta &cta, bool isB, uint32_t part, std::vector<uint8_t> &isDefined,
                       const TensorTurn &turn) {
  uint32_t quarters = isB ? 4 / op.parts() : 4, first = isB ? part * quarters : 0;
  BlockScales scales{op.form.scaleVector, op.descriptor.scale, {}};
  for (uint32_t row = 0; row < isDefined.size(); ++row)
    for (uint32_t block = 0; block < scales.blocks; ++block)
      scales.values.push_back(readScale(op, cta, isB ? op.scalesB : op.scalesA,
                                        isB ? op.descriptor.scaleB : op.descriptor.scaleA, row, block, first, quarters,
                                        isDefined[row], turn));
  return scales;
}

MatrixTile columnsOf(const MatrixTile &whole, uint32_t first, uint32_t count) {
  if (count == whole.columns)
    return whole;
  MatrixTile tile;
  tile.rows = whole.rows;
  tile.columns = count;
  for (uint32_t k = 0; k < whole.rows; ++k) {
    auto from = whole.values.begin() + long(k) * whole.columns + first;
    tile.values.insert(tile.values.end(), from, from + count);
  }
  tile.isDefined.assign(whole.isDefined.begin() + first, whole.isDefined.begin() + first + count);
  return tile;
}

void readAccumulator(const TensorIssue &op, Cta &cta, uint32_t part, Accumulators &sum, const TensorTurn &turn) {
  Type type = op.descriptor.accumulator;
  float scale = __builtin_ldexpf(1.0f, -int(op.scaleInput));
  for (uint32_t m = 0; m < sum.rows; ++m)
    for (uint32_t n = 0; n < sum.columns; ++n) {
      bool isDefined;
      uint32_t lane = (op.d >> 16) + op.laneOf(m) + part * sum.rows;
      uint32_t bits = readTensor(cta, lane, (op.d & 0xffff) + n, turn.tensorRead, *turn.knowledge, &isDefined);
      size_t at = size_t(m) * sum.columns + n;
      sum.isDefined[at] = isDefined;
      if (type == Type::S32)
        sum.integers[at] = int32_t(bits);
      else
        sum.floats[at] = decodeElement(type == Type::F16 ? bits & 0xffff : bits, type) * scale;
    }
}

void writeAccumulator(const TensorIssue &op, Cta &cta, uint32_t half, uint32_t part, const Accumulators &sum,
                      const TensorTurn &turn) {
  Type type = op.descriptor.accumulator;
  for (uint32_t m = 0; m < sum.rows; ++m) {
    uint32_t lane = (op.d >> 16) + op.laneOf(m) + part * sum.rows;
    if (op.disabled[half * 4 + lane / 32 % 4] >> (lane % 32) & 1)
      continue;
    for (uint32_t n = 0; n < sum.columns; ++n) {
      size_t at = size_t(m) * sum.columns + n;
      uint32_t bits = type == Type::S32   ? uint32_t(sum.integers[at])
                      : type == Type::F16 ? encodeFloat(sum.floats[at], formatOf(type), Rounding::NearestEven, false)
                                          : __builtin_bit_cast(uint32_t, sum.floats[at]);
      writeTensor(cta, lane, (op.d & 0xffff) + n, bits, turn.tensorWrite, *turn.knowledge, sum.isDefined[at]);
    }
  }
}

/// The product of one CTA's rows with the columns of one part of its lanes.
void runPart(const TensorIssue &op, Cta &cta, uint32_t half, uint32_t part, MatrixTile a, MatrixTile b,
             const TensorTurn &turn) {
  const InstructionDescriptor &d = op.descriptor;
  if (op.form.scaleVector) {
    a.scales = readScales(op, cta, false, part, a.isDefined, turn);
    b.scales = readScales(op, cta, true, part, b.isDefined, turn);
  }
  if (d.negatesA != d.negatesB)
    for (float &value : a.values)
      value = -value;
  Accumulators sum;
  sum.rows = a.rows;
  sum.columns = b.columns;
  size_t size = size_t(sum.rows) * sum.columns;
  sum.isDefined.assign(size, 1);
  sum.floats.assign(size, 0.0f);
  sum.integers.assign(size, 0);
  if (op.accumulates)
    readAccumulator(op, cta, part, sum, turn);
  if (d.saturates)
    multiplySaturated(a, b, sum);
  else
    multiply(a, b, {d.a, d.b, d.accumulator, sumRule(op.form.scaleVector)}, sum);
  writeAccumulator(op, cta, half, part, sum, turn);
}

} // namespace

void runTensorMatrix(const TensorIssue &op, const TensorTurn &turn) {
  MatrixTile b = readTensorB(op, turn);
  uint32_t width = op.partWidth();
  for (uint32_t c = 0; c < turn.ctas.size(); ++c)
    for (uint32_t part = 0; part < op.parts(); ++part)
      runPart(op, *turn.ctas[c], c, part, readTensorA(op, *turn.ctas[c], part, turn), columnsOf(b, part * width, width),
              turn);
}

} // namespace girih::sim
