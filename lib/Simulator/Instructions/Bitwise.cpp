//===- Bitwise.cpp - and, or, xor, not, lop3, shifts, prmt ----------------===//
#include "Elementwise.h"
#include "Halves.h"

namespace girih::sim {
namespace {

enum class Logic { And, Or, Xor };

/// The halves that an `and` with a number clears, whatever they held.
DefinedLanes clearedBy(const Operand &operand, unsigned bits) {
  if (operand.kind != Operand::Kind::Immediate)
    return {};
  uint64_t low = (1ull << bits / 2) - 1;
  return {operand.value & low ? 0 : allLanes, operand.value & low << bits / 2 ? 0 : allLanes};
}

template <Logic logic> void decodeLogic(Decoder &d) {
  Type type = d.type();
  if (type == Type::Pred) {
    Operand into = d.destination(0), a = d.predicate(1), b = d.predicate(2);
    d.run([=](Step &s) {
      LaneMask x = s.readPredicate(a), y = s.readPredicate(b);
      s.writePredicate(into, logic == Logic::And ? x & y : logic == Logic::Or ? x | y : x ^ y);
      return Outcome::Next;
    });
    return;
  }
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type);
    keepHalves(d, {a, b});
    if (unsigned bits = typeBits(type); logic == Logic::And && bits >= 32)
      d.instruction().defined = [=, clearedInA = clearedBy(b, bits), clearedInB = clearedBy(a, bits)](const Step &s) {
        return (s.definedHalves(a) | clearedInA) & (s.definedHalves(b) | clearedInB);
      };
    d.run([=](Step &s) {
      auto x = s.read<T>(a), y = s.read<T>(b);
      Lanes<T> r;
      for (unsigned i = 0; i < warpSize; ++i)
        r[i] = T(logic == Logic::And ? x[i] & y[i] : logic == Logic::Or ? x[i] | y[i] : x[i] ^ y[i]);
      s.write(into, r);
      return Outcome::Next;
    });
  });
}

/// not, and cnot (1 where the operand is zero).
void decodeNot(Decoder &d) {
  Type type = d.type();
  if (type == Type::Pred) {
    Operand into = d.destination(0), a = d.predicate(1);
    d.run([=](Step &s) {
      s.writePredicate(into, ~s.readPredicate(a));
      return Outcome::Next;
    });
    return;
  }
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    runUnary<T, T>(d, type, [](T a) { return T(~a); });
    keepHalves(d, d.instruction().reads);
  });
}

void decodeCnot(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    runUnary<T, T>(d, type, [](T a) { return T(a == 0); });
  });
}

/// `lop3.BoolOp d|p, a, b, c, table, q`: p is (d != 0) combined with q.
void decodeLop3(Decoder &d) {
  std::string combine = d.oneOf({"and", "or"});
  d.type();
  Operand into = d.destination(0), a = d.source(1, Type::B32), b = d.source(2, Type::B32), c = d.source(3, Type::B32),
          p, q;
  if (!combine.empty()) {
    p = d.secondDestination(0);
    q = d.predicate(5);
  }
  uint32_t table = uint32_t(d.literal(4));
  keepHalves(d, {a, b, c});
  d.run([=](Step &s) {
    auto x = s.read<uint32_t>(a), y = s.read<uint32_t>(b), z = s.read<uint32_t>(c);
    Lanes<uint32_t> r;
    LaneMask isNonzero = 0;
    for (unsigned i = 0; i < warpSize; ++i) {
      uint32_t value = 0;
      for (unsigned entry = 0; entry < 8; ++entry)
        if (table >> entry & 1)
          value |= (entry & 4 ? x[i] : ~x[i]) & (entry & 2 ? y[i] : ~y[i]) & (entry & 1 ? z[i] : ~z[i]);
      r[i] = value;
      isNonzero |= LaneMask(value != 0) << i;
    }
    LaneMask with = s.readPredicate(q);
    s.write(into, r);
    s.writePredicate(p, combine == "and" ? isNonzero & with : isNonzero | with);
    return Outcome::Next;
  });
}

/// Shift amounts beyond the width clamp to it.
template <bool isLeft> void decodeShift(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = std::conditional_t<isLeft, std::make_unsigned_t<decltype(zero)>, decltype(zero)>;
    Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, Type::U32);
    constexpr unsigned bits = sizeof(T) * 8;
    // One half moves to the other's place and leaves constant bits behind.
    if (b.kind == Operand::Kind::Immediate && b.value >= bits / 2 && bits >= 32)
      d.instruction().defined = [=](const Step &s) {
        DefinedLanes halves = s.definedHalves(a);
        if (isLeft)
          return DefinedLanes(allLanes, halves.low);
        return DefinedLanes(halves.high, std::is_signed_v<T> ? halves.high : allLanes);
      };
    d.run([=](Step &s) {
      auto x = s.read<T>(a);
      auto y = s.read<uint32_t>(b);
      Lanes<T> r;
      for (unsigned i = 0; i < warpSize; ++i) {
        if constexpr (isLeft)
          r[i] = y[i] >= bits ? T(0) : T(x[i] << y[i]);
        else if constexpr (std::is_signed_v<T>)
          r[i] = T(x[i] >> std::min(y[i], bits - 1));
        else
          r[i] = y[i] >= bits ? T(0) : T(x[i] >> y[i]);
      }
      s.write(into, r);
      return Outcome::Next;
    });
  });
}

void decodeFunnel(Decoder &d) {
  bool isLeft = d.oneOf({"l", "r"}) == "l";
  bool wraps = d.oneOf({"clamp", "wrap"}) == "wrap";
  d.type();
  runTernary<uint32_t, uint32_t, uint32_t>(d, Type::B32, Type::U32, [=](uint32_t low, uint32_t high, uint32_t c) {
    uint32_t n = wraps ? c & 31 : std::min(c, 32u);
    uint64_t both = uint64_t(high) << 32 | low;
    return isLeft ? uint32_t(both << n >> 32) : uint32_t(both >> n);
  });
}

/// PTX ISA, "prmt": which of the eight bytes of {b, a} each selector names.
uint32_t permute(uint32_t a, uint32_t b, uint32_t selector, const std::string &mode) {
  uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  unsigned c = selector & 3;
  for (unsigned i = 0; i < 4; ++i) {
    unsigned which = selector >> (4 * i) & 7;
    bool isSignFill = mode.empty() && (selector >> (4 * i + 3) & 1);
    if (mode == "f4e")
      which = c + i;
    else if (mode == "b4e")
      which = (c + 8 - i) & 7;
    else if (mode == "rc8")
      which = c;
    else if (mode == "ecl")
      which = std::max(c, i);
    else if (mode == "ecr")
      which = std::min(c, i);
    else if (mode == "rc16")
      which = (c & 1) * 2 + (i & 1);
    uint32_t byte = bytes >> (8 * which) & 0xff;
    if (isSignFill)
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}

void decodePrmt(Decoder &d) {
  d.require("b32");
  std::string mode = d.oneOf({"f4e", "b4e", "rc8", "ecl", "ecr", "rc16"});
  if (const SyntaxOperand &selector = d.raw(3); mode.empty() && selector.kind == SyntaxOperand::Kind::Integer) {
    Operand a = d.source(1, Type::B32), b = d.source(2, Type::B32);
    d.instruction().defined = [=, selector = uint32_t(selector.value)](const Step &s) {
      DefinedLanes first = s.definedHalves(a), second = s.definedHalves(b);
      const LaneMask sources[] = {first.low, first.high, second.low, second.high};
      auto byte = [&](unsigned i) { return sources[(selector >> (4 * i) & 7) / 2]; };
      return DefinedLanes(byte(0) & byte(1), byte(2) & byte(3));
    };
  }
  runTernary<uint32_t, uint32_t, uint32_t>(d, Type::B32, Type::B32,
                                           [=](uint32_t a, uint32_t b, uint32_t c) { return permute(a, b, c, mode); });
}

} // namespace

void registerBitwise(DecodeTable &table) {
  table["and"] = decodeLogic<Logic::And>;
  table["or"] = decodeLogic<Logic::Or>;
  table["xor"] = decodeLogic<Logic::Xor>;
  table["not"] = decodeNot;
  table["cnot"] = decodeCnot;
  table["lop3"] = decodeLop3;
  table["shl"] = decodeShift<true>;
  table["shr"] = decodeShift<false>;
  table["shf"] = decodeFunnel;
  table["prmt"] = decodePrmt;
}

} // namespace girih::sim
