//===- MatrixLoad.cpp - ldmatrix, stmatrix, movmatrix ---------------------===//
#include "../Numbers/Expansion.h"
#include "Elementwise.h"

namespace girih::sim {
namespace {

/// How rows of 16 bytes become fragments.
struct RowShape {
  /// Rows of a matrix; each needs the address that one lane gives.
  unsigned rows = 8, matrices = 1, registers = 1;
  bool transposes = false, hasBytes = false;
  /// Bits of an element in memory that becomes a byte; 8 is as it is.
  unsigned packedBits = 8;
};

/// Takes the modifiers from `.sync` to `.trans`.
RowShape takeShape(Decoder &d, std::initializer_list<std::string_view> shapes) {
  RowShape made;
  d.require("sync");
  d.require("aligned");
  std::string shape = d.oneOf(shapes), count = d.oneOf({"x1", "x2", "x4"});
  if (shape.empty() || count.empty() || (shape == "m16n16" && count == "x4"))
    d.unsupported("its shape");
  made.matrices = unsigned(count[1] - '0');
  made.rows = shape == "m16n16" ? 16 : 8;
  made.registers = made.matrices * made.rows / 8;
  made.transposes = d.has("trans");
  made.hasBytes = shape != "m8n8";
  d.instruction().isAligned = true;
  return made;
}

/// The byte of row and column that byte i of register r of a lane holds; the
/// row counts over all matrices.
struct BytePlace {
  unsigned row, column;
};

/// PTX ISA, figures of ldmatrix and stmatrix. Without transpose a lane holds
/// four consecutive bytes of row lane / 4. A transpose is by element: of 16
/// bits, or of bytes, where ldmatrix gives a lane four rows of column lane / 4
/// (and 8 more in odd registers) and stmatrix takes two rows of it and two of
/// column lane / 4 + 8.
BytePlace placeOf(const RowShape &shape, bool isStore, unsigned r, unsigned lane, unsigned i) {
  unsigned group = lane / 4, within = lane % 4;
  if (!shape.transposes)
    return {8 * r + group, 4 * within + i};
  if (!shape.hasBytes)
    return {8 * r + 2 * within + i / 2, 2 * group + i % 2};
  if (isStore)
    return {8 * r + 2 * within + i % 2, group + i / 2 * 8};
  return {16 * (r / 2) + 4 * within + i, group + r % 2 * 8};
}

void decodeLdmatrix(Decoder &d) {
  RowShape shape = takeShape(d, {"m8n8", "m16n16", "m8n16"});
  StateSpace space = d.stateSpace();
  if (!shape.hasBytes)
    d.require("b16");
  else if (d.has("b8x16"))
    shape.packedBits = d.has("b6x16_p32") ? 6 : 4;
  else
    d.require("b8");
  if (shape.packedBits == 4)
    d.require("b4x16_p64");
  if (shape.hasBytes && shape.transposes != (shape.rows == 16))
    d.unsupported("its shape with or without .trans");
  if (shape.hasBytes && shape.rows == 8 && shape.packedBits == 8)
    d.unsupported("m8n16 of whole bytes");
  auto into = d.destinations(0);
  AddressOperand address = d.address(1);
  if (into.size() != shape.registers)
    d.fail("has " + std::to_string(into.size()) + " destinations when " + std::to_string(shape.registers) +
           " are needed");
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    uint8_t rows[32][16];
    bool known[32];
    unsigned count = shape.matrices * shape.rows;
    for (unsigned row = 0; row < count; ++row) {
      s.judge(row);
      Place place = s.resolve(space, base[row] + uint64_t(address.offset), 16, false, 16);
      // Padding is not read.
      s.load(place, row, rows[row], shape.packedBits * 2, false, &known[row]);
      if (shape.packedBits < 8)
        expandElements(rows[row], shape.packedBits);
    }
    for (unsigned r = 0; r < shape.registers; ++r) {
      Lanes<uint32_t> value{};
      s.defined = allLanes;
      for (unsigned lane = 0; lane < warpSize; ++lane)
        for (unsigned i = 0; i < 4; ++i) {
          BytePlace place = placeOf(shape, false, r, lane, i);
          value[lane] |= uint32_t(rows[place.row][place.column]) << (8 * i);
          if (!known[place.row])
            s.defined &= ~(1u << lane);
        }
      s.write(into[r], value);
    }
    return Outcome::Next;
  });
}

void decodeStmatrix(Decoder &d) {
  RowShape shape = takeShape(d, {"m8n8", "m16n8"});
  StateSpace space = d.stateSpace();
  d.require(shape.hasBytes ? "b8" : "b16");
  if (shape.hasBytes && !shape.transposes)
    d.unsupported("m16n8 without .trans");
  AddressOperand address = d.address(0);
  auto from = d.sources(1, Type::B32);
  if (from.size() != shape.registers)
    d.fail("has " + std::to_string(from.size()) + " sources when " + std::to_string(shape.registers) + " are needed");
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    uint8_t rows[32][16];
    bool isDefined[32];
    std::fill_n(isDefined, 32, true);
    for (unsigned r = 0; r < shape.registers; ++r) {
      auto x = s.read<uint32_t>(from[r]);
      LaneMask known = s.definedLanes(from[r]);
      for (unsigned lane = 0; lane < warpSize; ++lane)
        for (unsigned i = 0; i < 4; ++i) {
          BytePlace place = placeOf(shape, true, r, lane, i);
          rows[place.row][place.column] = uint8_t(x[lane] >> (8 * i));
          isDefined[place.row] &= known >> lane & 1;
        }
    }
    for (unsigned row = 0; row < shape.matrices * shape.rows; ++row) {
      s.judge(row);
      Place place = s.resolve(space, base[row] + uint64_t(address.offset), 16, true, 16);
      s.store(place, row, rows[row], 16, false, isDefined[row]);
    }
    return Outcome::Next;
  });
}

/// movmatrix: the transpose of an 8x8 matrix held by the warp.
void decodeMovmatrix(Decoder &d) {
  d.require("sync");
  d.require("aligned");
  d.require("m8n8");
  d.require("trans");
  d.require("b16");
  Operand into = d.destination(0), a = d.source(1, Type::B32);
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    auto x = s.read<uint32_t>(a);
    Lanes<uint32_t> r;
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      r[lane] = 0;
      for (unsigned h = 0; h < 2; ++h) {
        unsigned row = lane % 4 * 2 + h, column = lane / 4;
        uint32_t word = x[row * 4 + column / 2];
        r[lane] |= (word >> (16 * (column & 1)) & 0xffff) << (16 * h);
      }
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

} // namespace

void registerMatrixLoad(DecodeTable &table) {
  table["ldmatrix"] = decodeLdmatrix;
  table["stmatrix"] = decodeStmatrix;
  table["movmatrix"] = decodeMovmatrix;
}

} // namespace girih::sim
