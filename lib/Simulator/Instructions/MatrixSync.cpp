//===- MatrixSync.cpp - mma.sync and mma.sp -------------------------------===//
#include "Elementwise.h"
#include "MatrixFragment.h"
#include "MatrixKind.h"

namespace girih::sim {
namespace {

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

/// PTX ISA, "Matrix Fragments for mma": of an operand with e elements a
/// register, register r of lane l holds row l / 4 (and 8 more in odd registers
/// of a 16-row A), k = (l % 4) e + i, and 4e more in the upper registers.
FragmentCell cellOfA(const MmaShape &shape, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t e = shape.perRegister(shape.a), high = lane < 16 ? 0 : 4;
  if (shape.isQuad())
    return shape.isRowA ? FragmentCell{lane % 4 + high, 2 * r + i} : FragmentCell{2 * r + i + high, lane % 4};
  if (shape.m == 8)
    return {lane / 4, lane % 4 * e + i};
  return {lane / 4 + 8 * (r & 1), lane % 4 * e + i + 4 * e * (r >> 1)};
}

FragmentCell cellOfB(const MmaShape &shape, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t e = shape.perRegister(shape.b), high = lane < 16 ? 0 : 4;
  if (shape.isQuad())
    return shape.isRowB ? FragmentCell{lane % 4, 2 * r + i + high} : FragmentCell{2 * r + i, lane % 4 + high};
  return {lane % 4 * e + i + 4 * e * r, lane / 4};
}

FragmentCell cellOfC(const MmaShape &shape, Type type, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t high = lane < 16 ? 0 : 4;
  if (shape.isQuad())
    return type == Type::F16 ? FragmentCell{lane % 4 + high, 2 * r + i}
                             : FragmentCell{(lane & 1) + (r & 2) + high, (r & 4) + (lane & 2) + (r & 1)};
  if (type == Type::F16)
    return {lane / 4 + 8 * r, lane % 4 * 2 + i};
  return {lane / 4 + 8 * (r >> 1), lane % 4 * 2 + (r & 1)};
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

/// PTX ISA, "Alternate floating point type with block scaling" and the form of
/// `.kind::f8f6f4`, sparse ones with twice the k.
void requireKind(Decoder &d, const MmaShape &shape) {
  auto isElement = [&](Type type) {
    bool isNarrow = type == Type::E4M3 || type == Type::E5M2 || type == Type::E3M2 || type == Type::E2M3;
    return type == Type::E2M1 || (shape.isPadded && isNarrow);
  };
  if (shape.m != 16 || shape.storedK() != (shape.isPadded ? 32 : 64))
    d.unsupported("its shape with its kind");
  bool mayBeHalf = !shape.blocks;
  if (!isElement(shape.a) || !isElement(shape.b) || shape.c != shape.d ||
      !(shape.d == Type::F32 || (mayBeHalf && shape.d == Type::F16)))
    d.unsupported("its operand types with its kind");
}

void requireForm(Decoder &d, const MmaShape &shape) {
  if (shape.hasKind)
    return requireKind(d, shape);
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
  if (shape.hasKind && !isRising)
    d.fail("a sparse A of its kind has .sp::ordered_metadata");
  Sparsity sparsity = shape.sparsity();
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

/// `.kind`, `.block_scale` and the size of the scale vector.
void takeKind(Decoder &d, MmaShape &shape) {
  auto kind = takeMatrixKind(d);
  if (!kind)
    return;
  if (*kind != MatrixKind::F8F6F4 && !isBlockScaled(*kind))
    d.unsupported("its kind");
  shape.hasKind = true;
  shape.isPadded = *kind == MatrixKind::F8F6F4 || *kind == MatrixKind::MXF8F6F4;
  shape.blocks = takeScaleVector(d, *kind, false);
  if (!shape.blocks)
    return;
  bool isE4M3 = d.has("ue4m3");
  if (isE4M3 && shape.blocks != 4)
    d.fail("the scale type is ue4m3, which only .scale_vec::4X has");
  if (!isE4M3)
    d.require("ue8m0");
  shape.scale = isE4M3 ? Type::E4M3 : Type::UE8M0;
}

ScaleOperand takeScale(Decoder &d, size_t at) {
  auto data = d.sources(at, Type::B32), selectors = d.sources(at + 1, Type::U16);
  if (data.size() != 1)
    d.fail("operand " + std::to_string(at + 1) + " has " + std::to_string(data.size()) +
           " registers when scales are in 1");
  if (selectors.size() != 2)
    d.fail("operand " + std::to_string(at + 2) + " has " + std::to_string(selectors.size()) +
           " selectors when scales have 2, a byte and a thread");
  return {data[0], selectors[0], selectors[1]};
}

void decodeMma(Decoder &d) {
  d.require("sync");
  d.require("aligned");
  MmaShape shape;
  shape.cellOfA = cellOfA;
  shape.cellOfB = cellOfB;
  shape.cellOfC = cellOfC;
  bool isRising = d.has("sp::ordered_metadata"), isSparse = isRising || d.has("sp");
  takeShape(d, shape);
  takeKind(d, shape);
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
  MmaOperands operands{
      d.destinations(0), d.sources(1, shape.a), d.sources(2, shape.b), d.sources(3, shape.c), {}, {}, {}};
  auto requireCount = [&](size_t index, size_t count, size_t wanted) {
    if (count != wanted)
      d.fail("operand " + std::to_string(index) + " has " + std::to_string(count) + " registers when " +
             std::to_string(wanted) + " are needed");
  };
  requireCount(1, operands.d.size(), shape.registersOf(shape.d, shape.m * shape.n));
  requireCount(2, operands.a.size(), shape.registersOf(shape.a, shape.m * shape.storedK()));
  requireCount(3, operands.b.size(), shape.registersOf(shape.b, shape.k * shape.n));
  requireCount(4, operands.c.size(), shape.registersOf(shape.c, shape.m * shape.n));
  d.instruction().isAligned = true;
  if (isSparse)
    operands.metadata = d.source(4, Type::B32);
  if (shape.blocks) {
    size_t at = isSparse ? 6 : 4;
    operands.scaleA = takeScale(d, at);
    operands.scaleB = takeScale(d, at + 2);
  }
  d.run([=](Step &s) { return runMma(s, shape, operands); });
}

} // namespace

void registerMatrixSync(DecodeTable &table) { table["mma"] = decodeMma; }

} // namespace girih::sim
