//===- MatrixSync.cpp - mma.sync and mma.sp -------------------------------===//
#include "Elementwise.h"
#include "SparseTile.h"

#include <cmath>

namespace girih::sim {
namespace {

struct MmaShape {
  uint32_t m = 16, n = 8, k = 0;
  Type a, b, c, d;
  bool isRowA = true, isRowB = false;
  bool saturates = false;
  /// How `.b1` elements combine before they are counted: "xor" or "and".
  std::string bitOperation;
  /// Of A, whose registers then hold k / 2 elements of a row.
  std::optional<FragmentMetadata> metadata;
  Codes codes = Codes::AnyOrder;

  uint32_t storedK() const { return metadata ? k / 2 : k; }

  /// m8n8k4 of f16 is four products, each by the lanes 4q to 4q + 3 and the
  /// same of the upper half of the warp.
  bool isQuad() const { return m == 8 && a == Type::F16; }
  uint32_t count() const { return isQuad() ? 4 : 1; }
  static uint32_t elementsOf(Type type) { return std::max(1u, 32 / typeBits(type)); }
  uint32_t registersOf(Type type, uint32_t elements) const {
    return count() * elements / (warpSize * elementsOf(type));
  }
};

/// The shapes of PTX ISA, "mma", by the type of A.
struct MmaForm {
  Type type;
  uint32_t m, k;
};
constexpr MmaForm forms[] = {
    {Type::F16, 8, 4},   {Type::F16, 16, 8},   {Type::F16, 16, 16},  {Type::BF16, 16, 8},  {Type::BF16, 16, 16},
    {Type::TF32, 16, 4}, {Type::TF32, 16, 8},  {Type::F64, 8, 4},    {Type::F64, 16, 4},   {Type::F64, 16, 8},
    {Type::F64, 16, 16}, {Type::E4M3, 16, 16}, {Type::E4M3, 16, 32}, {Type::E5M2, 16, 16}, {Type::E5M2, 16, 32},
    {Type::U8, 8, 16},   {Type::U8, 16, 16},   {Type::U8, 16, 32},   {Type::S8, 8, 16},    {Type::S8, 16, 16},
    {Type::S8, 16, 32},  {Type::U4, 8, 32},    {Type::U4, 16, 32},   {Type::U4, 16, 64},   {Type::S4, 8, 32},
    {Type::S4, 16, 32},  {Type::S4, 16, 64},   {Type::B1, 8, 128},   {Type::B1, 16, 128},  {Type::B1, 16, 256},
};

struct Cell {
  uint32_t row, column;
};

/// PTX ISA, "Matrix Fragments for mma": of an operand with e elements a
/// register, register r of lane l holds row l / 4 (and 8 more in odd registers
/// of a 16-row A), k = (l % 4) e + i, and 4e more in the upper registers.
Cell cellOfA(const MmaShape &shape, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t e = MmaShape::elementsOf(shape.a), high = lane < 16 ? 0 : 4;
  if (shape.isQuad())
    return shape.isRowA ? Cell{lane % 4 + high, 2 * r + i} : Cell{2 * r + i + high, lane % 4};
  if (shape.m == 8)
    return {lane / 4, lane % 4 * e + i};
  return {lane / 4 + 8 * (r & 1), lane % 4 * e + i + 4 * e * (r >> 1)};
}

Cell cellOfB(const MmaShape &shape, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t e = MmaShape::elementsOf(shape.b), high = lane < 16 ? 0 : 4;
  if (shape.isQuad())
    return shape.isRowB ? Cell{lane % 4, 2 * r + i + high} : Cell{2 * r + i, lane % 4 + high};
  return {lane % 4 * e + i + 4 * e * r, lane / 4};
}

Cell cellOfC(const MmaShape &shape, Type type, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t high = lane < 16 ? 0 : 4;
  if (shape.isQuad())
    return type == Type::F16 ? Cell{lane % 4 + high, 2 * r + i}
                             : Cell{(lane & 1) + (r & 2) + high, (r & 4) + (lane & 2) + (r & 1)};
  if (type == Type::F16)
    return {lane / 4 + 8 * r, lane % 4 * 2 + i};
  return {lane / 4 + 8 * (r >> 1), lane % 4 * 2 + (r & 1)};
}

/// The elements of an operand, as numbers that a double holds exactly.
struct Matrix {
  uint32_t rows, columns;
  std::vector<double> values;
  std::vector<uint8_t> isDefined;

  Matrix(uint32_t count, uint32_t rows, uint32_t columns)
      : rows(rows), columns(columns), values(size_t(count) * rows * columns), isDefined(values.size(), 1) {}
  size_t at(uint32_t which, Cell cell) const { return (size_t(which) * rows + cell.row) * columns + cell.column; }
};

uint32_t matrixOf(const MmaShape &shape, uint32_t lane) { return shape.isQuad() ? lane / 4 % 4 : 0; }

double valueOf(uint64_t code, Type type) {
  if (type == Type::F64)
    return __builtin_bit_cast(double, code);
  if (isFloat(type))
    return decodeElement(uint32_t(code), type);
  unsigned bits = typeBits(type);
  return isSigned(type) ? double(int64_t(code << (64 - bits)) >> (64 - bits)) : double(code);
}

template <class CellOf>
void gather(const Step &s, const MmaShape &shape, const std::vector<Operand> &registers, Type type, Matrix &into,
            CellOf cellOf) {
  uint32_t bits = typeBits(type), e = MmaShape::elementsOf(type);
  for (uint32_t r = 0; r < registers.size(); ++r) {
    auto x = s.read<uint64_t>(registers[r]);
    LaneMask known = s.definedLanes(registers[r]);
    for (uint32_t lane = 0; lane < warpSize; ++lane)
      for (uint32_t i = 0; i < e; ++i) {
        size_t at = into.at(matrixOf(shape, lane), cellOf(lane, r, i));
        into.values[at] = valueOf(bits == 64 ? x[lane] : x[lane] >> (bits * i) & ((1ull << bits) - 1), type);
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
  std::string problem;
  MatrixTile whole = expandSparse(tile, sparsityOf(shape.a), codeOf, problem, shape.codes);
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
void multiplyFloats(const MmaShape &shape, const Matrix &a, const Matrix &b, uint32_t which, Matrix &d) {
  auto tileOf = [&](const Matrix &from, bool isB) {
    MatrixTile tile;
    tile.rows = from.rows;
    tile.columns = from.columns;
    size_t first = from.at(which, {0, 0});
    tile.values.assign(from.values.begin() + long(first), from.values.begin() + long(first + from.rows * from.columns));
    tile.isDefined.assign(isB ? from.columns : from.rows, 1);
    return tile;
  };
  Accumulators sum;
  sum.rows = shape.m;
  sum.columns = shape.n;
  auto begin = d.values.begin() + long(d.at(which, {0, 0}));
  sum.floats.assign(begin, begin + shape.m * shape.n);
  sum.isDefined.assign(sum.floats.size(), 1);
  if (typeBits(shape.a) == 8)
    multiplyAsHalves(tileOf(a, false), tileOf(b, true), shape.d, sum);
  else
    multiply(tileOf(a, false), tileOf(b, true), {shape.a, shape.b, shape.d, {}}, sum);
  std::copy(sum.floats.begin(), sum.floats.end(), begin);
}

/// One element of a product of integers, bits or f64.
double accumulate(const MmaShape &shape, const Matrix &a, const Matrix &b, Cell cell, double c) {
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

Outcome runMma(Step &s, const MmaShape &shape, const std::vector<Operand> &into, const std::vector<Operand> &fromA,
               const std::vector<Operand> &fromB, const std::vector<Operand> &fromC, const Operand &metadata) {
  Matrix a(shape.count(), shape.m, shape.storedK()), b(shape.count(), shape.k, shape.n),
      c(shape.count(), shape.m, shape.n);
  gather(s, shape, fromA, shape.a, a, [&](auto... at) { return cellOfA(shape, at...); });
  gather(s, shape, fromB, shape.b, b, [&](auto... at) { return cellOfB(shape, at...); });
  gather(s, shape, fromC, shape.c, c, [&](auto... at) { return cellOfC(shape, shape.c, at...); });
  if (shape.metadata)
    a = expand(s, shape, a, metadata);
  bool sumsFloats = shape.d == Type::F32 || shape.d == Type::F16;
  for (uint32_t which = 0; which < shape.count(); ++which) {
    if (sumsFloats)
      multiplyFloats(shape, a, b, which, c);
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
  for (uint32_t r = 0; r < into.size(); ++r) {
    Lanes<uint64_t> values{};
    s.defined = allLanes;
    for (uint32_t lane = 0; lane < warpSize; ++lane)
      for (uint32_t i = 0; i < e; ++i) {
        size_t at = c.at(matrixOf(shape, lane), cellOfC(shape, shape.d, lane, r, i));
        values[lane] |= codeOf(c.values[at], shape.d) << (16 * i);
        if (!c.isDefined[at])
          s.defined &= ~(1u << lane);
      }
    s.write(into[r], values);
  }
  return Outcome::Next;
}

/// `.row` or `.col` of A, then of B, in the order of the text.
void takeLayouts(Decoder &d, MmaShape &shape) {
  const std::string &opcode = d.instruction().opcode;
  shape.isRowA = opcode.find(".row") < opcode.find(".col");
  d.require(shape.isRowA ? "row" : "col");
  shape.isRowB = d.has("row");
  if (!shape.isRowB)
    d.require("col");
  if (!shape.isQuad() && (!shape.isRowA || shape.isRowB))
    d.unsupported("its layout; this shape has .row.col");
}

/// Takes `.mMn8kK`.
void takeShape(Decoder &d, MmaShape &shape) {
  std::string text = d.startingWith("m8n8k");
  shape.m = text.empty() ? 16 : 8;
  if (text.empty())
    text = d.startingWith("m16n8k");
  if (text.empty())
    d.unsupported("its shape");
  shape.k = uint32_t(std::atoi(text.c_str() + text.find('k') + 1));
}

void requireForm(Decoder &d, const MmaShape &shape) {
  bool isKnown = false, isSparse = shape.metadata.has_value();
  for (const MmaForm &form : forms)
    isKnown |= form.type == shape.a && form.m == shape.m && form.k == shape.storedK();
  // PTX ISA, "mma.sp": 16 rows, each with twice the k of a form above.
  if (isSparse)
    isKnown &= shape.m == 16 && shape.a != Type::F64 && shape.a != Type::B1 && (shape.a != Type::BF16 || shape.k > 8) &&
               (!isFloat(shape.a) || typeBits(shape.a) != 8 || (shape.k == 64 && shape.d == Type::F32));
  if (!isKnown)
    d.unsupported("its shape with A of type ." + std::string(typeName(shape.a)));
  bool isInteger = !isFloat(shape.a), isDouble = shape.a == Type::F64;
  bool hasMixedFactors = typeBits(shape.a) == 8 || typeBits(shape.a) == 4;
  bool hasFactors = shape.a == shape.b ||
                    (hasMixedFactors && typeBits(shape.a) == typeBits(shape.b) && isFloat(shape.a) == isFloat(shape.b));
  auto isAccumulator = [&](Type type) {
    if (isInteger || isDouble)
      return type == (isInteger ? Type::S32 : Type::F64);
    bool mayBeHalf = shape.a == Type::F16 || typeBits(shape.a) == 8;
    return type == Type::F32 || (type == Type::F16 && mayBeHalf);
  };
  bool hasAccumulators = isAccumulator(shape.c) && isAccumulator(shape.d) &&
                         (shape.c == shape.d || (shape.isQuad() && shape.d == Type::F32));
  if (!hasFactors || !hasAccumulators)
    d.unsupported("its operand types");
}

/// The last operand of mma.sp says who holds the codes.
void takeMetadata(Decoder &d, MmaShape &shape, bool isRising) {
  Sparsity sparsity = sparsityOf(shape.a);
  uint32_t chunks = shape.k / chunkSize(sparsity);
  if (chunks != 4 && chunks != 8 && chunks != 16)
    d.unsupported("its shape with A of type ." + std::string(typeName(shape.a)));
  FragmentMetadata metadata(sparsity, shape.k, uint32_t(d.literal(5)));
  if (metadata.selector >= metadata.selectors())
    d.fail("the sparsity selector is " + std::to_string(metadata.selector) + " when it should be below " +
           std::to_string(metadata.selectors()));
  shape.metadata = metadata;
  shape.codes = isRising ? Codes::Rising : Codes::AnyOrder;
}

void decodeMma(Decoder &d) {
  for (const char *kind : {"kind::", "block_scale"})
    if (!d.startingWith(kind).empty())
      d.unsupported("narrow and block-scaled products of mma.sync, which sm_120a has");
  d.require("sync");
  d.require("aligned");
  MmaShape shape;
  bool isRising = d.has("sp::ordered_metadata"), isSparse = isRising || d.has("sp");
  takeShape(d, shape);
  shape.d = d.type();
  shape.a = d.type();
  if (isSparse)
    takeMetadata(d, shape, isRising);
  shape.b = d.type();
  shape.c = d.type();
  takeLayouts(d, shape);
  requireForm(d, shape);
  if (shape.a == Type::B1) {
    shape.bitOperation = d.oneOf({"xor", "and"});
    d.require("popc");
  } else if (shape.d == Type::S32) {
    shape.saturates = d.has("satfinite");
  }
  auto into = d.destinations(0), a = d.sources(1, shape.a), b = d.sources(2, shape.b), c = d.sources(3, shape.c);
  auto requireCount = [&](size_t index, size_t count, size_t wanted) {
    if (count != wanted)
      d.fail("operand " + std::to_string(index) + " has " + std::to_string(count) + " registers when " +
             std::to_string(wanted) + " are needed");
  };
  requireCount(1, into.size(), shape.registersOf(shape.d, shape.m * shape.n));
  requireCount(2, a.size(), shape.registersOf(shape.a, shape.m * shape.storedK()));
  requireCount(3, b.size(), shape.registersOf(shape.b, shape.k * shape.n));
  requireCount(4, c.size(), shape.registersOf(shape.c, shape.m * shape.n));
  d.instruction().isAligned = true;
  Operand metadata = isSparse ? d.source(4, Type::B32) : Operand();
  d.run([=](Step &s) { return runMma(s, shape, into, a, b, c, metadata); });
}

} // namespace

void registerMatrixSync(DecodeTable &table) { table["mma"] = decodeMma; }

} // namespace girih::sim
