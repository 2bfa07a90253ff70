//===- TensorOperands.cpp - Reading A and B of tcgen05.mma ----------------===//
#include "SparseTile.h"
#include "TensorMatrix.h"

namespace girih::sim {
namespace {

/// A in tensor memory: elements packed along the columns, rows as lanes, a copy
/// for each part.
MatrixTile readLanes(const TensorIssue &op, Cta &cta, uint32_t part, uint32_t k, const TensorTurn &turn) {
  const InstructionDescriptor &d = op.descriptor;
  uint32_t bits = op.packing == Packing::Dense ? 4 : std::max(8u, typeBits(d.a)), perColumn = 32 / bits;
  // PTX ISA, "Packing format used for matrix A": a 4-bit element lies in the
  // middle of its byte.
  uint32_t padding = bits == 8 && d.a == Type::E2M1 ? 2 : 0;
  MatrixTile tile;
  tile.rows = op.rows();
  tile.columns = k;
  tile.values.resize(size_t(tile.rows) * k);
  tile.isDefined.assign(tile.rows, 1);
  uint32_t base = uint32_t(op.a);
  for (uint32_t m = 0; m < tile.rows; ++m) {
    // .ashift does for the operand what tcgen05.shift does in place: each lane
    // of a quarter takes the row of the next one, and the last keeps its own.
    uint32_t row = op.shiftsA && m % 32 != 31 ? m + 1 : m;
    uint32_t lane = (base >> 16) + op.laneOf(row) + part * tile.rows;
    for (uint32_t at = 0; at < k; at += perColumn) {
      bool isDefined;
      uint32_t word =
          readTensor(cta, lane, (base & 0xffff) + at / perColumn, turn.tensorRead, *turn.knowledge, &isDefined);
      tile.isDefined[m] &= isDefined;
      for (uint32_t e = 0; e < perColumn; ++e) {
        uint32_t code = bits == 32 ? word : word >> (bits * e) & ((1u << bits) - 1);
        tile.values[size_t(m) * k + at + e] = decodeElement(code >> padding, d.a);
      }
    }
  }
  return tile;
}

Sparsity sparsityOf(const TensorIssue &op) {
  return op.packing == Packing::Dense      ? Sparsity::PairsOfEight
         : typeBits(op.descriptor.a) == 32 ? Sparsity::OneOfTwo
                                           : Sparsity::TwoOfFour;
}

/// PTX ISA, "Sparsity selector": where the code of a chunk lies. Elements of 16
/// and 32 bits have one column, that of the selector, in which the lanes of 16
/// rows hold their codes, eight lanes for each half of k; narrower ones have two
/// columns and a lane a row. With half of the lanes, these are the rows' own, as
/// "Alignment restriction" has it.
std::optional<uint32_t> readCode(const TensorIssue &op, Cta &cta, uint32_t part, uint32_t row, uint32_t chunk,
                                 const TensorTurn &turn) {
  uint32_t lane, column, code;
  if (typeBits(op.descriptor.a) >= 16) {
    lane = op.laneOf(row / 16 * 16) + row % 8 + chunk / 4 * 8;
    column = op.descriptor.sparsitySelector;
    code = row / 8 % 2 * 4 + chunk % 4;
  } else {
    lane = op.laneOf(row);
    column = chunk / 8;
    code = chunk % 8;
  }
  bool isDefined;
  uint32_t word = readTensor(cta, (op.metadata >> 16) + lane + part * op.rows(), (op.metadata & 0xffff) + column,
                             turn.tensorRead, *turn.knowledge, &isDefined);
  if (!isDefined)
    return std::nullopt;
  return word >> (4 * code) & 15;
}

} // namespace

MatrixTile readTensorA(const TensorIssue &op, Cta &cta, uint32_t part, const TensorTurn &turn) {
  const InstructionDescriptor &d = op.descriptor;
  uint32_t k = d.isSparse ? d.k / 2 : d.k;
  MatrixTile stored = op.fromTensor ? readLanes(op, cta, part, k, turn)
                                    : readTile(cta, decodeMatrixDescriptor100(op.a), op.rows(), k, d.a, d.transposesA,
                                               false, turn.sharedRead, *turn.knowledge, op.packing);
  if (!d.isSparse)
    return stored;
  CodeFaults faults;
  MatrixTile tile = expandSparse(
      stored, sparsityOf(op), [&](uint32_t row, uint32_t chunk) { return readCode(op, cta, part, row, chunk, turn); },
      faults);
  std::string problem = faults.judged(cta.cluster.device, turn.tensorRead.line, agentOf(cta, turn.tensorRead));
  if (!problem.empty())
    stopTensor(cta, turn.tensorRead, problem);
  return tile;
}

MatrixTile readTensorB(const TensorIssue &op, const TensorTurn &turn) {
  const InstructionDescriptor &d = op.descriptor;
  MatrixDescriptor descriptor = decodeMatrixDescriptor100(op.b);
  // With a pair of CTAs each holds half of the columns.
  uint32_t share = d.n / uint32_t(turn.ctas.size());
  MatrixTile whole;
  whole.rows = d.k;
  whole.columns = d.n;
  whole.values.resize(size_t(d.k) * d.n);
  for (uint32_t c = 0; c < turn.ctas.size(); ++c) {
    MatrixTile part = readTile(*turn.ctas[c], descriptor, share, d.k, d.b, d.transposesB, true, turn.sharedRead,
                               *turn.knowledge, op.packing, op.columns.shift);
    for (uint32_t k = 0; k < d.k; ++k)
      std::copy_n(part.values.begin() + long(k) * share, share, whole.values.begin() + long(k) * d.n + c * share);
    whole.isDefined.insert(whole.isDefined.end(), part.isDefined.begin(), part.isDefined.end());
  }
  for (uint32_t n = 0; n < op.columns.isZero.size(); ++n)
    if (op.columns.isZero[n]) {
      whole.isDefined[n] = 1;
      for (uint32_t k = 0; k < d.k; ++k)
        whole.values[size_t(k) * d.n + n] = 0.0f;
    }
  return whole;
}

} // namespace girih::sim
