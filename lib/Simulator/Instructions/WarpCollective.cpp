//===- WarpCollective.cpp - shfl, vote, match, redux, elect ---------------===//
#include "Elementwise.h"

#include <cmath>

namespace girih::sim {
namespace {

/// The member mask of a `.sync` instruction; every executing lane has to be in
/// its own, and all members have to get here. Lanes with different masks execute
/// it apart, as the tiles of a warp do: those go first whose members are here.
bool gather(Step &s, const Operand &members, LaneMask &mask, Outcome &outcome) {
  auto values = s.read<uint32_t>(members);
  for (LaneMask left = s.mask; left;) {
    mask = values[unsigned(__builtin_ctz(left))];
    LaneMask same = 0;
    for (unsigned lane = 0; lane < warpSize; ++lane)
      same |= LaneMask(s.mask >> lane & 1 && values[lane] == mask) << lane;
    if (same & ~mask)
      s.misuse("a lane executes '" + s.instruction.opcode + "' that is not in its member mask");
    left &= ~same;
    if (!s.isConverged(mask))
      continue;
    if (s.mask != same) {
      s.warp.split(s.group, s.mask & ~same, s.group.pc);
      s.mask = same;
    }
    return true;
  }
  outcome = s.waitForLanes(mask);
  return false;
}

/// PTX ISA, "shfl.sync": c holds the clamp value and the segment mask.
void decodeShfl(Decoder &d) {
  d.require("sync");
  std::string mode = d.oneOf({"up", "down", "bfly", "idx"});
  d.type();
  Operand into = d.destination(0), p = d.secondDestination(0), a = d.source(1, Type::B32), b = d.source(2, Type::B32),
          c = d.source(3, Type::B32), members = d.source(4, Type::B32);
  d.run([=](Step &s) {
    LaneMask mask;
    Outcome outcome;
    if (!gather(s, members, mask, outcome))
      return outcome;
    auto x = s.read<uint32_t>(a), y = s.read<uint32_t>(b), z = s.read<uint32_t>(c);
    Lanes<uint32_t> r;
    LaneMask inRange = 0, sourceDefined = s.definedLanes(a), known = 0;
    for (unsigned lane = 0; lane < warpSize; ++lane) {
      int clamp = z[lane] & 0x1f, segment = z[lane] >> 8 & 0x1f;
      int offset = y[lane] & 0x1f;
      int maxLane = (int(lane) & segment) | (clamp & ~segment);
      int minLane = int(lane) & segment;
      int from;
      bool ok;
      if (mode == "up") {
        from = int(lane) - offset;
        ok = from >= maxLane;
      } else if (mode == "down") {
        from = int(lane) + offset;
        ok = from <= maxLane;
      } else if (mode == "bfly") {
        from = int(lane) ^ offset;
        ok = from <= maxLane;
      } else {
        from = minLane | (offset & ~segment);
        ok = from <= maxLane;
      }
      if (!ok)
        from = int(lane);
      inRange |= LaneMask(ok) << lane;
      r[lane] = x[unsigned(from)];
      // An inactive source lane gives an unpredictable value.
      bool isKnown = (sourceDefined & s.mask) >> from & 1;
      known |= LaneMask(isKnown) << lane;
    }
    s.defined = known;
    s.write(into, r);
    s.defined = allLanes;
    s.writePredicate(p, inRange);
    return Outcome::Next;
  });
}

void decodeVote(Decoder &d) {
  d.require("sync");
  std::string mode = d.oneOf({"all", "any", "uni", "ballot"});
  d.type();
  Operand into = d.destination(0), a = d.predicate(1), members = d.source(2, Type::B32);
  d.run([=](Step &s) {
    LaneMask mask;
    Outcome outcome;
    if (!gather(s, members, mask, outcome))
      return outcome;
    LaneMask votes = s.readPredicate(a) & s.mask;
    if (mode == "ballot") {
      Lanes<uint32_t> r;
      for (unsigned i = 0; i < warpSize; ++i)
        r[i] = votes;
      s.write(into, r);
      return Outcome::Next;
    }
    bool result = mode == "all" ? votes == s.mask : mode == "any" ? votes != 0 : votes == 0 || votes == s.mask;
    s.writePredicate(into, result ? allLanes : 0);
    return Outcome::Next;
  });
}

void decodeMatch(Decoder &d) {
  bool isAll = d.oneOf({"any", "all"}) == "all";
  d.require("sync");
  Type type = d.type();
  Operand into = d.destination(0), p = isAll ? d.secondDestination(0) : Operand(), a = d.source(1, type),
          members = d.source(2, Type::B32);
  d.run([=](Step &s) {
    LaneMask mask;
    Outcome outcome;
    if (!gather(s, members, mask, outcome))
      return outcome;
    auto x = s.read<uint64_t>(a);
    Lanes<uint32_t> r;
    LaneMask same = 0;
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = 0;
      for (unsigned j = 0; j < warpSize; ++j)
        if (s.mask >> j & 1 && x[i] == x[j])
          r[i] |= 1u << j;
      if (r[i] == s.mask)
        same |= 1u << i;
      else if (isAll)
        r[i] = 0;
    }
    s.write(into, r);
    s.writePredicate(p, same);
    return Outcome::Next;
  });
}

template <class T, class F> T reduce(const Lanes<T> &x, LaneMask mask, F f) {
  T result{};
  bool isFirst = true;
  for (unsigned i = 0; i < warpSize; ++i)
    if (mask >> i & 1) {
      result = isFirst ? x[i] : f(result, x[i]);
      isFirst = false;
    }
  return result;
}

float reduceFloat(Lanes<float> values, LaneMask mask, const MinMax &pick) {
  if (pick.isAbs)
    for (float &v : values.v)
      v = std::fabs(v);
  float result = reduce(values, mask, pick);
  return std::isnan(result) ? __builtin_bit_cast(float, 0x7fffffffu) : result;
}

uint32_t reduceInteger(const Lanes<uint32_t> &x, LaneMask mask, const std::string &how, bool isSignedType) {
  return reduce(x, mask, [&](uint32_t a, uint32_t b) -> uint32_t {
    if (how == "add")
      return a + b;
    if (how == "and")
      return a & b;
    if (how == "or")
      return a | b;
    if (how == "xor")
      return a ^ b;
    bool isLess = isSignedType ? int32_t(a) < int32_t(b) : a < b;
    return isLess == (how == "min") ? a : b;
  });
}

void decodeRedux(Decoder &d) {
  d.require("sync");
  std::string how = d.oneOf({"add", "min", "max", "and", "or", "xor"});
  MinMax pick = takeMinMax(d, how == "max");
  Type type = d.type();
  Operand into = d.destination(0), a = d.source(1, type), members = d.source(2, Type::B32);
  d.run([=](Step &s) {
    LaneMask mask;
    Outcome outcome;
    if (!gather(s, members, mask, outcome))
      return outcome;
    uint32_t value = type == Type::F32 ? __builtin_bit_cast(uint32_t, reduceFloat(s.read<float>(a), s.mask, pick))
                                       : reduceInteger(s.read<uint32_t>(a), s.mask, how, isSigned(type));
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = value;
    s.write(into, r);
    return Outcome::Next;
  });
}

/// elect.sync chooses the lowest member; which one is unspecified.
void decodeElect(Decoder &d) {
  d.require("sync");
  Operand into = d.destination(0), p = d.secondDestination(0), members = d.source(1, Type::B32);
  d.run([=](Step &s) {
    LaneMask mask;
    Outcome outcome;
    if (!gather(s, members, mask, outcome))
      return outcome;
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = s.firstLane();
    s.write(into, r);
    s.writePredicate(p, 1u << s.firstLane());
    return Outcome::Next;
  });
}

void decodeActivemask(Decoder &d) {
  d.type();
  Operand into = d.destination(0);
  d.run([=](Step &s) {
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = s.mask;
    s.write(into, r);
    return Outcome::Next;
  });
}

} // namespace

void registerWarpCollective(DecodeTable &table) {
  table["shfl"] = decodeShfl;
  table["vote"] = decodeVote;
  table["match"] = decodeMatch;
  table["redux"] = decodeRedux;
  table["elect"] = decodeElect;
  table["activemask"] = decodeActivemask;
}

} // namespace girih::sim
