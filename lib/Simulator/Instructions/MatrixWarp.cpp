//===- MatrixWarp.cpp - wmma.load, wmma.mma, wmma.store -------------------===//
//
// PTX ISA, "Matrix Fragments for WMMA": which lane holds which element is the
// target's own. Here, lane after lane holds stretches of rows of A, of columns
// of B and of rows of C; where a fragment has more room than that, the stretch
// again.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"
#include "MatrixFragment.h"

#include <cstdio>

namespace girih::sim {
namespace {

/// The shapes of PTX ISA, "wmma.mma", by the type of A and B, and the registers
/// of their fragments.
struct WmmaForm {
  Type type;
  uint32_t m, n, k, a, b;
};
constexpr WmmaForm wmmaForms[] = {
    {Type::F16, 16, 16, 16, 8, 8},  {Type::F16, 8, 32, 16, 8, 8},  {Type::F16, 32, 8, 16, 8, 8},
    {Type::BF16, 16, 16, 16, 4, 4}, {Type::BF16, 8, 32, 16, 2, 8}, {Type::BF16, 32, 8, 16, 8, 2},
    {Type::U8, 16, 16, 16, 2, 2},   {Type::U8, 8, 32, 16, 1, 4},   {Type::U8, 32, 8, 16, 4, 1},
    {Type::S8, 16, 16, 16, 2, 2},   {Type::S8, 8, 32, 16, 1, 4},   {Type::S8, 32, 8, 16, 4, 1},
    {Type::TF32, 16, 16, 8, 4, 4},  {Type::F64, 8, 8, 4, 1, 1},    {Type::U4, 8, 8, 32, 1, 1},
    {Type::S4, 8, 8, 32, 1, 1},     {Type::B1, 8, 8, 128, 1, 1},
};

/// Element i of register r of a lane, in a matrix whose lines follow each other.
uint32_t elementAt(Type type, uint32_t elements, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t own = elements / warpSize;
  return lane * own + (r * MmaShape::elementsOf(type) + i) % own;
}

FragmentCell cellOfA(const MmaShape &shape, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t at = elementAt(shape.a, shape.m * shape.k, lane, r, i);
  return {at / shape.k, at % shape.k};
}

FragmentCell cellOfB(const MmaShape &shape, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t at = elementAt(shape.b, shape.k * shape.n, lane, r, i);
  return {at % shape.k, at / shape.k};
}

FragmentCell cellOfC(const MmaShape &shape, Type type, uint32_t lane, uint32_t r, uint32_t i) {
  uint32_t at = elementAt(type, shape.m * shape.n, lane, r, i);
  return {at / shape.n, at % shape.n};
}

MmaShape takeShape(Decoder &d) {
  MmaShape shape;
  std::string text = d.oneOf({"m16n16k16", "m8n32k16", "m32n8k16", "m16n16k8", "m8n8k4", "m8n8k32", "m8n8k128"});
  if (std::sscanf(text.c_str(), "m%un%uk%u", &shape.m, &shape.n, &shape.k) != 3)
    d.unsupported("its shape");
  shape.cellOfA = cellOfA;
  shape.cellOfB = cellOfB;
  shape.cellOfC = cellOfC;
  return shape;
}

const WmmaForm &formOf(const Decoder &d, const MmaShape &shape, Type type) {
  for (const WmmaForm &form : wmmaForms)
    if (form.type == type && form.m == shape.m && form.n == shape.n && form.k == shape.k)
      return form;
  d.unsupported("its shape with elements of type ." + std::string(typeName(type)));
}

/// What accumulates products of elements of a type.
bool isAccumulator(Type type, Type element) {
  if (!isFloat(element))
    return type == Type::S32;
  if (element == Type::F64)
    return type == Type::F64;
  return type == Type::F32 || (type == Type::F16 && element == Type::F16);
}

bool isAccumulator(Type type, const MmaShape &shape) {
  for (const WmmaForm &form : wmmaForms)
    if (form.m == shape.m && form.n == shape.n && form.k == shape.k && isAccumulator(type, form.type))
      return true;
  return false;
}

uint32_t accumulatorRegisters(const MmaShape &shape, Type type) {
  return shape.m * shape.n / (warpSize * MmaShape::elementsOf(type));
}

void requireCount(const Decoder &d, const char *what, size_t count, size_t wanted) {
  if (count != wanted)
    d.fail(std::string("the fragment of ") + what + " has " + std::to_string(count) + " registers when " +
           std::to_string(wanted) + " are needed");
}

/// A fragment in memory: lines of `length` elements that follow each other or
/// are `stride` elements apart.
struct Stored {
  Type type = Type::F16;
  uint32_t lines = 0, length = 0, registers = 0;
  /// Neighbours in memory are neighbours in a lane.
  bool isAlong = true;
  StateSpace space = StateSpace::Generic;
  AddressOperand address;
  Operand stride;

  uint32_t elements() const { return lines * length; }
  uint32_t own() const { return elements() / warpSize; }
};

/// Takes the address and the stride; the shape says the lines of the lanes.
void takeMemory(Decoder &d, Stored &stored, uint32_t lines, uint32_t length, size_t at) {
  stored.lines = stored.isAlong ? lines : length;
  stored.length = stored.isAlong ? length : lines;
  if (typeBits(stored.type) < 8 && !stored.isAlong)
    d.unsupported("its layout; elements of less than a byte have .row for A and .col for B");
  stored.address = d.address(at);
  size_t last = at == 0 ? 2 : at + 1;
  if (d.count() > last)
    stored.stride = d.source(last, Type::U32);
}

/// The same address and stride in all lanes. PTX ISA, "Matrix Storage for WMMA":
/// each line begins at a multiple of the fragment's size.
std::pair<uint64_t, uint64_t> placeOf(const Step &s, const Stored &stored) {
  auto base = s.read<uint64_t>(stored.address.base);
  uint32_t bits = typeBits(stored.type);
  uint64_t stride = stored.length;
  auto requireSame = [&](auto &values, const char *what) {
    s.forLanes([&](unsigned lane) {
      if (values[lane] != values[s.firstLane()])
        s.misuse(std::string("the ") + what + " is " + std::to_string(values[lane]) + " in lane " +
                 std::to_string(lane) + " when it is " + std::to_string(values[s.firstLane()]) + " in lane " +
                 std::to_string(s.firstLane()));
    });
  };
  requireSame(base, "address");
  if (stored.stride) {
    auto given = s.read<uint32_t>(stored.stride);
    requireSame(given, "stride");
    stride = given[s.firstLane()];
  }
  uint64_t address = base[s.firstLane()] + uint64_t(stored.address.offset);
  uint64_t bytes = uint64_t(stored.registers) * (bits == 64 ? 8 : 4);
  if (address % bytes)
    s.misuse(Fault::Alignment, "address " + std::to_string(address) + " is not a multiple of the fragment's " +
                                   std::to_string(bytes) + " bytes");
  uint64_t apart = stride * bits / 8;
  // Lines that are shorter than the fragment follow each other by default.
  uint64_t wanted = std::min<uint64_t>(bytes, stored.length * bits / 8), least = std::min<uint64_t>(wanted, 16);
  if (stride * bits % 8 || apart % least)
    s.misuse("lines are " + std::to_string(stride) + " elements apart, " + std::to_string(stride * bits) +
             " bits, when they should be a multiple of " + std::to_string(least) + " bytes");
  if (apart % wanted && !s.cluster().device.tolerates(Rule::MatrixStride, s.line(), s.warp.describe()))
    s.misuse("lines are " + std::to_string(apart) + " bytes apart when they should be a multiple of the fragment's " +
             std::to_string(wanted) + " bytes");
  return {address, stride};
}

/// Calls f for each piece of memory that a lane holds: its address and bytes, and
/// the first of the lane's elements in it.
template <class F> void forPieces(const Stored &stored, uint64_t address, uint64_t stride, unsigned lane, F f) {
  uint32_t bits = typeBits(stored.type), own = stored.own(), first = lane * own;
  if (stored.isAlong)
    return f(address + (first / stored.length * stride + first % stored.length) * bits / 8, own * bits / 8, 0u);
  // Lines run across the lanes' stretches.
  for (uint32_t e = 0; e < own; ++e) {
    uint32_t at = first + e, across = at / stored.lines, line = at % stored.lines;
    f(address + (line * stride + across) * bits / 8, bits / 8, e);
  }
}

/// Of the registers of a fragment.
constexpr uint32_t mostBytes = 32;

/// Takes `.a`, `.row`, the shape and the type; the matrix is of these lines.
std::pair<uint32_t, uint32_t> takeMatrix(Decoder &d, const MmaShape &shape, const std::string &which, bool isRow,
                                         Stored &stored) {
  stored.space = d.stateSpace();
  stored.type = d.type();
  if (which == "c" || which == "d") {
    if (!isAccumulator(stored.type, shape))
      d.unsupported("its shape with accumulators of type ." + std::string(typeName(stored.type)));
    stored.registers = accumulatorRegisters(shape, stored.type);
    stored.isAlong = isRow;
    return {shape.m, shape.n};
  }
  const WmmaForm &form = formOf(d, shape, stored.type);
  stored.registers = which == "a" ? form.a : form.b;
  stored.isAlong = isRow == (which == "a");
  return {which == "a" ? shape.m : shape.n, shape.k};
}

void decodeLoad(Decoder &d) {
  std::string which = d.oneOf({"a", "b", "c"});
  d.require("sync");
  d.require("aligned");
  bool isRow = d.has("row");
  if (!isRow)
    d.require("col");
  MmaShape shape = takeShape(d);
  Stored stored;
  auto [lines, length] = takeMatrix(d, shape, which, isRow, stored);
  auto into = d.destinations(0);
  requireCount(d, which == "a" ? "A" : which == "b" ? "B" : "C", into.size(), stored.registers);
  takeMemory(d, stored, lines, length, 1);
  d.instruction().isAligned = true;
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto [address, stride] = placeOf(s, stored);
    uint8_t bytes[warpSize][mostBytes];
    LaneMask known = allLanes;
    uint32_t bits = typeBits(stored.type), held = stored.own() * bits / 8;
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      s.judge(lane);
      forPieces(stored, address, stride, lane, [&](uint64_t at, uint32_t size, uint32_t first) {
        Place place = s.resolve(stored.space, at, size, false, bits < 8 ? size : bits / 8);
        bool isDefined;
        s.load(place, lane, bytes[lane] + first * bits / 8, size, false, &isDefined);
        if (!isDefined)
          known &= ~(1u << lane);
      });
    }
    s.defined = known;
    uint32_t width = bits == 64 ? 8 : 4;
    for (uint32_t r = 0; r < stored.registers; ++r) {
      Lanes<uint64_t> values{};
      for (unsigned lane = 0; lane < warpSize; ++lane)
        std::memcpy(&values[lane], bytes[lane] + r * width % held, width);
      s.write(into[r], values);
    }
    return Outcome::Next;
  });
}

void decodeStore(Decoder &d) {
  d.require("d");
  d.require("sync");
  d.require("aligned");
  bool isRow = d.has("row");
  if (!isRow)
    d.require("col");
  MmaShape shape = takeShape(d);
  Stored stored;
  auto [lines, length] = takeMatrix(d, shape, "d", isRow, stored);
  auto from = d.sources(1, stored.type);
  requireCount(d, "D", from.size(), stored.registers);
  takeMemory(d, stored, lines, length, 0);
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    if (s.mask & ~(s.definedLanes(stored.address.base) & s.definedLanes(stored.stride)))
      s.stop(VerdictKind::Uninitialised, "stores to an undefined address");
    auto [address, stride] = placeOf(s, stored);
    uint8_t bytes[warpSize][mostBytes];
    LaneMask known = allLanes;
    uint32_t bits = typeBits(stored.type), width = bits == 64 ? 8 : 4;
    for (uint32_t r = 0; r < stored.registers; ++r) {
      auto values = s.read<uint64_t>(from[r]);
      known &= s.definedLanes(from[r]);
      for (unsigned lane = 0; lane < warpSize; ++lane)
        std::memcpy(bytes[lane] + r * width, &values[lane], width);
    }
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      s.judge(lane);
      forPieces(stored, address, stride, lane, [&](uint64_t at, uint32_t size, uint32_t first) {
        Place place = s.resolve(stored.space, at, size, true, bits / 8);
        s.store(place, lane, bytes[lane] + first * bits / 8, size, false, known >> lane & 1);
      });
    }
    return Outcome::Next;
  });
}

/// The types of wmma.mma: D and C alone for f16, else D, A, B, C.
void takeTypes(Decoder &d, MmaShape &shape) {
  shape.d = d.type();
  Type second = d.type();
  bool isHalf =
      shape.k == 16 && (shape.d == Type::F16 || shape.d == Type::F32) && (second == Type::F16 || second == Type::F32);
  shape.a = isHalf ? Type::F16 : second;
  shape.b = isHalf ? Type::F16 : d.type();
  shape.c = isHalf ? second : d.type();
  if (shape.a != shape.b || !isAccumulator(shape.c, shape.a) || !isAccumulator(shape.d, shape.a))
    d.unsupported("its operand types");
}

void decodeProduct(Decoder &d) {
  MmaShape shape;
  std::string bits = d.oneOf({"xor", "and"});
  if (!bits.empty())
    d.require("popc");
  d.require("sync");
  d.require("aligned");
  // Of A, then of B; what wmma.load has made of them is the same here.
  const std::string &opcode = d.instruction().opcode;
  bool isRowA = opcode.find(".row") < opcode.find(".col");
  d.require(isRowA ? "row" : "col");
  bool isRowB = d.has("row");
  if (!isRowB)
    d.require("col");
  shape = takeShape(d);
  shape.bitOperation = bits;
  if (shape.k == 4 && !d.has("rn") && !d.oneOf({"rz", "rm", "rp"}).empty())
    d.unsupported("a rounding other than .rn");
  takeTypes(d, shape);
  const WmmaForm &form = formOf(d, shape, shape.a);
  if ((shape.a == Type::B1) == bits.empty())
    d.unsupported("its operand types");
  if (typeBits(shape.a) < 8 && (!isRowA || isRowB))
    d.unsupported("its layout; elements of less than a byte have .row.col");
  if (shape.d == Type::S32 && shape.a != Type::B1)
    shape.saturates = d.has("satfinite");
  MmaOperands operands{
      d.destinations(0), d.sources(1, shape.a), d.sources(2, shape.b), d.sources(3, shape.c), {}, {}, {}};
  requireCount(d, "D", operands.d.size(), accumulatorRegisters(shape, shape.d));
  requireCount(d, "A", operands.a.size(), form.a);
  requireCount(d, "B", operands.b.size(), form.b);
  requireCount(d, "C", operands.c.size(), accumulatorRegisters(shape, shape.c));
  d.instruction().isAligned = true;
  d.run([=](Step &s) { return runMma(s, shape, operands); });
}

void decodeWmma(Decoder &d) {
  std::string what = d.oneOf({"load", "store", "mma"});
  if (what == "load")
    return decodeLoad(d);
  if (what == "store")
    return decodeStore(d);
  if (what == "mma")
    return decodeProduct(d);
  d.unsupported();
}

} // namespace

void registerMatrixWarp(DecodeTable &table) { table["wmma"] = decodeWmma; }

} // namespace girih::sim
