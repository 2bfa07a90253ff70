//===- MatrixSync.cpp - mma.sync ------------------------------------------===//
#include "Elementwise.h"
#include "MatrixTile.h"

namespace girih::sim {
namespace {

/// PTX ISA, "Matrix Fragments for mma": of an operand with e elements a
/// register, register r of lane l holds row l / 4 (and 8 more in odd registers
/// of A), k = (l % 4) e + i, and 4e more in the upper registers.
struct MmaShape {
  uint32_t n = 8, k = 0;
  Type a, b, c, d;
};

MatrixTile gatherA(const Step &s, const std::vector<Operand> &registers, const MmaShape &shape) {
  unsigned bits = typeBits(shape.a), e = 32 / bits;
  MatrixTile tile;
  tile.rows = 16;
  tile.columns = shape.k;
  tile.values.resize(16 * shape.k);
  tile.isDefined.assign(16, 1);
  for (unsigned r = 0; r < registers.size(); ++r) {
    auto x = s.read<uint32_t>(registers[r]);
    LaneMask known = s.definedLanes(registers[r]);
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      unsigned row = lane / 4 + 8 * (r & 1);
      if (!(known >> lane & 1))
        tile.isDefined[row] = 0;
      for (unsigned i = 0; i < e; ++i) {
        unsigned k = lane % 4 * e + i + 4 * e * (r >> 1);
        uint32_t code = bits == 32 ? x[lane] : x[lane] >> (bits * i) & ((1u << bits) - 1);
        tile.values[row * shape.k + k] = decodeElement(code, shape.a);
      }
    }
  }
  return tile;
}

MatrixTile gatherB(const Step &s, const std::vector<Operand> &registers, const MmaShape &shape) {
  unsigned bits = typeBits(shape.b), e = 32 / bits;
  MatrixTile tile;
  tile.rows = shape.k;
  tile.columns = shape.n;
  tile.values.resize(shape.k * shape.n);
  tile.isDefined.assign(shape.n, 1);
  for (unsigned r = 0; r < registers.size(); ++r) {
    auto x = s.read<uint32_t>(registers[r]);
    LaneMask known = s.definedLanes(registers[r]);
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      unsigned column = lane / 4;
      if (!(known >> lane & 1))
        tile.isDefined[column] = 0;
      for (unsigned i = 0; i < e; ++i) {
        unsigned k = lane % 4 * e + i + 4 * e * r;
        uint32_t code = bits == 32 ? x[lane] : x[lane] >> (bits * i) & ((1u << bits) - 1);
        tile.values[k * shape.n + column] = decodeElement(code, shape.b);
      }
    }
  }
  return tile;
}

/// The place of element h of accumulator register i.
void placeOf(Type type, unsigned lane, unsigned i, unsigned h, unsigned &row, unsigned &column) {
  if (type == Type::F16) {
    row = lane / 4 + 8 * i;
    column = lane % 4 * 2 + h;
  } else {
    row = lane / 4 + 8 * (i >> 1);
    column = lane % 4 * 2 + (i & 1);
  }
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

void decodeMma(Decoder &d) {
  d.require("sync");
  d.require("aligned");
  MmaShape shape;
  std::string text = d.startingWith("m16n8k");
  if (text.empty())
    d.unsupported("its shape");
  shape.k = uint32_t(std::atoi(text.c_str() + 6));
  d.require("row");
  d.require("col");
  if (d.has("satfinite"))
    d.unsupported("saturating accumulation");
  d.has("kind::f8f6f4");
  shape.d = d.type();
  shape.a = d.type();
  shape.b = d.type();
  shape.c = d.type();
  bool isInteger = shape.d == Type::S32;
  unsigned bits = typeBits(shape.a);
  if (bits < 8 || bits > 32 || bits != typeBits(shape.b) || shape.c != shape.d)
    d.unsupported("its operand types");
  auto into = d.destinations(0);
  auto a = d.sources(1, Type::B32), b = d.sources(2, Type::B32), c = d.sources(3, Type::B32);
  size_t wantedA = 16 * shape.k * bits / 1024, wantedB = wantedA / 2;
  if (a.size() != wantedA || b.size() != wantedB || into.size() != c.size())
    d.unsupported("its registers");
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    Accumulators sum;
    sum.rows = 16;
    sum.columns = 8;
    sum.floats.assign(128, 0);
    sum.integers.assign(128, 0);
    sum.isDefined.assign(128, 1);
    unsigned halves = shape.d == Type::F16 ? 2 : 1;
    for (unsigned i = 0; i < c.size(); ++i) {
      auto x = s.read<uint32_t>(c[i]);
      LaneMask known = s.definedLanes(c[i]);
      for (unsigned lane = 0; lane < warpSize; ++lane)
        for (unsigned h = 0; h < halves; ++h) {
          unsigned row, column;
          placeOf(shape.d, lane, i, h, row, column);
          sum.isDefined[row * 8 + column] = known >> lane & 1;
          if (isInteger)
            sum.integers[row * 8 + column] = int32_t(x[lane]);
          else
            sum.floats[row * 8 + column] = decodeElement(x[lane] >> (16 * h), shape.d);
        }
    }
    MatrixTile tileA = gatherA(s, a, shape), tileB = gatherB(s, b, shape);
    if (bits == 8 && !isInteger)
      multiplyAsHalves(tileA, tileB, shape.d, sum);
    else
      multiply(tileA, tileB, {shape.a, shape.b, shape.d, {}}, sum);
    for (unsigned i = 0; i < into.size(); ++i) {
      Lanes<uint32_t> r;
      s.defined = allLanes;
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        r[lane] = 0;
        for (unsigned h = 0; h < halves; ++h) {
          unsigned row, column;
          placeOf(shape.d, lane, i, h, row, column);
          size_t at = row * 8 + column;
          uint32_t code = isInteger     ? uint32_t(sum.integers[at])
                          : halves == 2 ? encodeFloat(sum.floats[at], formatOf(Type::F16), Rounding::NearestEven, false)
                                        : __builtin_bit_cast(uint32_t, sum.floats[at]);
          r[lane] |= code << (16 * h);
          if (!sum.isDefined[at])
            s.defined &= ~(1u << lane);
        }
      }
      s.write(into[i], r);
    }
    return Outcome::Next;
  });
}

} // namespace

void registerMatrixSync(DecodeTable &table) { table["mma"] = decodeMma; }

} // namespace girih::sim
