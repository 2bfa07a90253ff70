//===- MatrixLoad.cpp - ldmatrix, stmatrix, movmatrix ---------------------===//
#include "Elementwise.h"

namespace girih::sim {
namespace {

unsigned takeCount(Decoder &d) {
  d.require("sync");
  d.require("aligned");
  d.require("m8n8");
  std::string found = d.oneOf({"x1", "x2", "x4"});
  if (found.empty())
    d.unsupported();
  return unsigned(found[1] - '0');
}

/// Lane 8m + r gives the address of row r of matrix m; lane l holds elements
/// 2 (l % 4) and the next of row l / 4.
void decodeLdmatrix(Decoder &d) {
  unsigned count = takeCount(d);
  bool transposes = d.has("trans");
  StateSpace space = d.stateSpace();
  d.require("b16");
  auto into = d.destinations(0);
  AddressOperand address = d.address(1);
  if (into.size() != count)
    d.fail("has " + std::to_string(into.size()) + " destinations for x" + std::to_string(count));
  d.instruction().isAligned = true;
  d.instruction().passesUndefined = false;
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    for (unsigned m = 0; m < count; ++m) {
      uint16_t rows[8][8];
      bool known[8];
      for (unsigned r = 0; r < 8; ++r) {
        unsigned lane = 8 * m + r;
        Place place = s.resolve(space, base[lane] + uint64_t(address.offset), 16, false, 16);
        s.load(place, lane, rows[r], 16, false, &known[r]);
      }
      Lanes<uint32_t> r;
      s.defined = 0;
      for (unsigned lane = 0; lane < warpSize; ++lane) {
        unsigned row = lane / 4, column = lane % 4 * 2;
        uint32_t low = transposes ? rows[column][row] : rows[row][column];
        uint32_t high = transposes ? rows[column + 1][row] : rows[row][column + 1];
        r[lane] = low | high << 16;
        bool isDefined = transposes ? known[column] && known[column + 1] : known[row];
        s.defined |= LaneMask(isDefined) << lane;
      }
      s.write(into[m], r);
    }
    return Outcome::Next;
  });
}

void decodeStmatrix(Decoder &d) {
  unsigned count = takeCount(d);
  bool transposes = d.has("trans");
  StateSpace space = d.stateSpace();
  d.require("b16");
  AddressOperand address = d.address(0);
  auto from = d.sources(1, Type::B32);
  if (from.size() != count)
    d.fail("has " + std::to_string(from.size()) + " sources for x" + std::to_string(count));
  d.instruction().isAligned = true;
  d.run([=](Step &s) {
    auto base = s.read<uint64_t>(address.base);
    for (unsigned m = 0; m < count; ++m) {
      auto x = s.read<uint32_t>(from[m]);
      LaneMask known = s.definedLanes(from[m]);
      uint16_t rows[8][8];
      bool isDefined[8];
      std::fill_n(isDefined, 8, true);
      for (unsigned lane = 0; lane < warpSize; ++lane)
        for (unsigned h = 0; h < 2; ++h) {
          unsigned row = lane / 4, column = lane % 4 * 2 + h;
          if (transposes)
            std::swap(row, column);
          rows[row][column] = uint16_t(x[lane] >> (16 * h));
          isDefined[row] &= known >> lane & 1;
        }
      for (unsigned r = 0; r < 8; ++r) {
        unsigned lane = 8 * m + r;
        Place place = s.resolve(space, base[lane] + uint64_t(address.offset), 16, true, 16);
        s.store(place, lane, rows[r], 16, false, isDefined[r]);
      }
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
