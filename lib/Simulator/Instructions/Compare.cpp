//===- Compare.cpp - setp, set, selp, slct --------------------------------===//
#include "Elementwise.h"

#include <cmath>

namespace girih::sim {
namespace {

/// A comparison operator; the unordered ones hold when an operand is NaN.
struct Comparison {
  std::string name;
  bool isUnordered = false;

  template <class T> bool operator()(T a, T b) const {
    if constexpr (std::is_floating_point_v<T>) {
      bool hasNaN = std::isnan(a) || std::isnan(b);
      if (name == "num")
        return !hasNaN;
      if (name == "nan")
        return hasNaN;
      if (hasNaN)
        return isUnordered;
    }
    switch (name[0]) {
    case 'e':
      return a == b;
    case 'n':
      return a != b;
    case 'l':
      return name[1] == 't' || name[1] == 'o' ? a < b : a <= b;
    default:
      return name[1] == 't' || name[1] == 'i' ? a > b : a >= b;
    }
  }
};

Comparison takeComparison(Decoder &d) {
  Comparison made;
  made.name = d.oneOf({"equ", "neu", "ltu", "leu", "gtu", "geu"});
  made.isUnordered = !made.name.empty();
  if (made.name.empty())
    made.name = d.oneOf({"eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "num", "nan"});
  if (made.name.empty())
    d.unsupported("it has no comparison");
  return made;
}

/// Reads both operands as the type and compares lane by lane.
using CompareFunction = std::function<LaneMask(Step &)>;

template <class T> CompareFunction compareAs(Operand a, Operand b, Comparison compare, bool flushes) {
  return [=](Step &s) {
    auto x = s.read<T>(a), y = s.read<T>(b);
    LaneMask result = 0;
    for (unsigned i = 0; i < warpSize; ++i) {
      if constexpr (std::is_same_v<T, float>)
        if (flushes)
          x[i] = flush(x[i]), y[i] = flush(y[i]);
      result |= LaneMask(compare(x[i], y[i])) << i;
    }
    return result;
  };
}

/// The 16-bit elements in the low (or only) or in the high half compared.
CompareFunction compareHalves(Operand a, Operand b, Comparison compare, Type type, unsigned element, bool flushes) {
  Format format = formatOf(type);
  auto valueOf = [=](uint32_t bits) { return decodeFlushed(bits >> (16 * element) & 0xffff, format, flushes); };
  return [=](Step &s) {
    auto x = s.read<uint32_t>(a), y = s.read<uint32_t>(b);
    LaneMask result = 0;
    for (unsigned i = 0; i < warpSize; ++i)
      result |= LaneMask(compare(valueOf(x[i]), valueOf(y[i]))) << i;
    return result;
  };
}

CompareFunction compareFunction(Decoder &d, Type type, size_t first, const Comparison &compare, bool flushes) {
  Operand a = d.source(first, type), b = d.source(first + 1, type);
  if (type == Type::F32)
    return compareAs<float>(a, b, compare, flushes);
  if (type == Type::F64)
    return compareAs<double>(a, b, compare, flushes);
  if (isPackedFloat(type))
    return compareHalves(a, b, compare, type, 0, flushes);
  CompareFunction made;
  withInteger(d, type, [&](auto zero) { made = compareAs<decltype(zero)>(a, b, compare, flushes); });
  return made;
}

LaneMask combine(const std::string &how, LaneMask a, LaneMask b) {
  return how == "and" ? a & b : how == "or" ? a | b : how == "xor" ? a ^ b : a;
}

/// `setp p|q, a, b[, c]`: p is the comparison combined with c, q its negation
/// combined with c; of packed types, p is the low and q the high element.
void decodeSetp(Decoder &d) {
  Comparison compare = takeComparison(d);
  std::string how = d.oneOf({"and", "or", "xor"});
  bool flushes = d.has("ftz");
  Type type = d.type();
  Operand p = d.destination(0), q = d.secondDestination(0);
  auto function = compareFunction(d, type, 1, compare, flushes);
  bool isPair = type == Type::F16x2 || type == Type::BF16x2;
  CompareFunction high;
  if (isPair)
    high = compareHalves(d.source(1, type), d.source(2, type), compare, type, 1, flushes);
  Operand c = how.empty() ? Operand() : d.predicate(3);
  d.run([=](Step &s) {
    LaneMask found = function(s), other = isPair ? high(s) : ~found;
    LaneMask with = s.readPredicate(c);
    s.writePredicate(p, combine(how, found, with));
    s.writePredicate(q, combine(how, other, with));
    return Outcome::Next;
  });
}

/// All ones, or 1.0 of a float type.
uint32_t trueOf(Type type) {
  switch (type) {
  case Type::F32:
    return 0x3f800000u;
  case Type::F16:
  case Type::F16x2:
    return 0x3c00u;
  case Type::BF16:
  case Type::BF16x2:
    return 0x3f80u;
  default:
    return typeBits(type) == 16 ? 0xffffu : ~0u;
  }
}

/// `set.cmp.dtype.stype d, a, b`: all ones or 1.0 where the comparison holds,
/// of packed types in each half.
void decodeSet(Decoder &d) {
  Comparison compare = takeComparison(d);
  std::string how = d.oneOf({"and", "or", "xor"});
  bool flushes = d.has("ftz");
  Type into = d.type(), type = d.type();
  bool isPair = type == Type::F16x2 || type == Type::BF16x2;
  Operand dst = d.destination(0);
  auto function = compareFunction(d, type, 1, compare, flushes);
  CompareFunction high;
  if (isPair)
    high = compareHalves(d.source(1, type), d.source(2, type), compare, type, 1, flushes);
  Operand c = how.empty() ? Operand() : d.predicate(3);
  uint32_t yes = isPair ? trueOf(into) & 0xffff : trueOf(into);
  d.run([=](Step &s) {
    LaneMask with = s.readPredicate(c), found = combine(how, function(s), with);
    LaneMask above = isPair ? combine(how, high(s), with) : 0;
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = (found >> i & 1 ? yes : 0) | (above >> i & 1 ? yes << 16 : 0);
    s.write(dst, r);
    return Outcome::Next;
  });
}

/// Only the chosen operand has to be defined.
void decodeSelp(Decoder &d) {
  Type type = d.type();
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type), p = d.predicate(3);
  d.run([=](Step &s) {
    LaneMask choice = s.readPredicate(p);
    auto x = s.read<uint64_t>(a), y = s.read<uint64_t>(b);
    Lanes<uint64_t> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = choice >> i & 1 ? x[i] : y[i];
    s.defined = s.definedLanes(p) & ((choice & s.definedHalves(a)) | (~choice & s.definedHalves(b)));
    s.write(into, r);
    return Outcome::Next;
  });
}

/// slct: a where c is not negative, else b.
void decodeSlct(Decoder &d) {
  bool flushes = d.has("ftz");
  Type type = d.type(), by = d.type();
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type), c = d.source(3, by);
  d.run([=](Step &s) {
    auto x = s.read<uint64_t>(a), y = s.read<uint64_t>(b);
    auto z = s.read<uint32_t>(c);
    Lanes<uint64_t> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      float f = __builtin_bit_cast(float, z[i]);
      bool isFirst = by == Type::F32 ? (flushes ? flush(f) : f) >= 0 : int32_t(z[i]) >= 0;
      r[i] = isFirst ? x[i] : y[i];
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

} // namespace

void registerCompare(DecodeTable &table) {
  table["setp"] = decodeSetp;
  table["set"] = decodeSet;
  table["selp"] = decodeSelp;
  table["slct"] = decodeSlct;
}

} // namespace girih::sim
