//===- Arithmetic.cpp - Integer add, mul, mad, div, min, ... --------------===//
#include "Elementwise.h"

#include <limits>

namespace girih::sim {
namespace {

template <class T>
using Wide =
    std::conditional_t<sizeof(T) == 8, std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>,
                       std::conditional_t<std::is_signed_v<T>, std::conditional_t<sizeof(T) == 4, int64_t, int32_t>,
                                          std::conditional_t<sizeof(T) == 4, uint64_t, uint32_t>>>;

template <class T> T wrapAdd(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return T(U(U(a) + U(b)));
}
template <class T> T wrapSub(T a, T b) {
  using U = std::make_unsigned_t<T>;
  return T(U(U(a) - U(b)));
}

/// Two 16-bit halves, each by f.
template <class T, class F> uint32_t halves(uint32_t a, uint32_t b, F f) {
  uint16_t low = uint16_t(f(T(a), T(b)));
  uint16_t high = uint16_t(f(T(a >> 16), T(b >> 16)));
  return low | uint32_t(high) << 16;
}

/// Addition and subtraction with carry in and out; a - b is a + ~b + 1, and
/// the carry of a subtraction is a borrow.
void decodeCarry(Decoder &d, Type type, bool isSubtraction, bool usesCarry) {
  bool setsCarry = d.has("cc");
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type);
    d.run([=](Step &s) {
      auto x = s.read<T>(a), y = s.read<T>(b);
      Lanes<T> r;
      LaneMask carry = 0;
      for (unsigned i = 0; i < warpSize; ++i) {
        unsigned __int128 in = usesCarry ? s.warp.carry >> i & 1 : 0;
        unsigned __int128 sum =
            isSubtraction ? (unsigned __int128)x[i] - y[i] - in : (unsigned __int128)x[i] + y[i] + in;
        r[i] = T(sum);
        carry |= LaneMask((sum >> (sizeof(T) * 8)) & 1) << i;
      }
      if (setsCarry)
        s.warp.carry = (s.warp.carry & ~s.mask) | (carry & s.mask);
      s.write(into, r);
      return Outcome::Next;
    });
  });
}

void decodeAddSub(Decoder &d, bool isSubtraction) {
  Type type = d.type();
  if (isFloat(type))
    return decodeFloatAdd(d, type, isSubtraction);
  if (d.instruction().opcode.find(".cc") != std::string::npos)
    return decodeCarry(d, type, isSubtraction, false);
  if (type == Type::U16x2 || type == Type::S16x2)
    return runBinary<uint32_t, uint32_t>(d, type, [=](uint32_t a, uint32_t b) {
      return halves<uint16_t>(a, b, [=](uint16_t x, uint16_t y) { return isSubtraction ? x - y : x + y; });
    });
  if (d.has("sat"))
    return runBinary<int32_t, int32_t>(d, type, [=](int32_t a, int32_t b) {
      int64_t r = isSubtraction ? int64_t(a) - b : int64_t(a) + b;
      return int32_t(std::clamp<int64_t>(r, INT32_MIN, INT32_MAX));
    });
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    if (isSubtraction)
      runBinary<T, T>(d, type, [](T a, T b) { return wrapSub(a, b); });
    else
      runBinary<T, T>(d, type, [](T a, T b) { return wrapAdd(a, b); });
  });
}

void decodeAdd(Decoder &d) { decodeAddSub(d, false); }
void decodeSub(Decoder &d) { decodeAddSub(d, true); }
void decodeAddc(Decoder &d) { decodeCarry(d, d.type(), false, true); }
void decodeSubc(Decoder &d) { decodeCarry(d, d.type(), true, true); }

void decodeMul(Decoder &d) {
  Type type = d.type();
  if (isFloat(type))
    return decodeFloatMul(d, type);
  std::string part = d.oneOf({"lo", "hi", "wide"});
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    if (part == "wide")
      runBinary<W, T>(d, type, [](T a, T b) { return W(W(a) * W(b)); });
    else if (part == "hi")
      runBinary<T, T>(d, type, [](T a, T b) { return T((W(a) * W(b)) >> (sizeof(T) * 8)); });
    else
      runBinary<T, T>(d, type, [](T a, T b) { return T(W(a) * W(b)); });
  });
}

Type widened(Type type) {
  switch (type) {
  case Type::U16:
    return Type::U32;
  case Type::S16:
    return Type::S32;
  case Type::U32:
    return Type::U64;
  case Type::S32:
    return Type::S64;
  default:
    return type;
  }
}

/// mad.lo and mad.hi with the condition code: the product part plus the
/// addend plus the carry.
void decodeMadCarry(Decoder &d, Type type, bool usesCarry) {
  bool isHigh = d.oneOf({"lo", "hi"}) == "hi", setsCarry = d.has("cc");
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    using U = std::make_unsigned_t<T>;
    Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type), c = d.source(3, type);
    d.run([=](Step &s) {
      auto x = s.read<T>(a), y = s.read<T>(b), z = s.read<T>(c);
      Lanes<T> r;
      LaneMask carry = 0;
      for (unsigned i = 0; i < warpSize; ++i) {
        Wide<T> product = Wide<T>(x[i]) * Wide<T>(y[i]);
        U part = U(isHigh ? product >> (sizeof(T) * 8) : product);
        unsigned __int128 sum = (unsigned __int128)part + U(z[i]) + (usesCarry ? s.warp.carry >> i & 1 : 0);
        r[i] = T(U(sum));
        carry |= LaneMask((sum >> (sizeof(T) * 8)) & 1) << i;
      }
      if (setsCarry)
        s.warp.carry = (s.warp.carry & ~s.mask) | (carry & s.mask);
      s.write(into, r);
      return Outcome::Next;
    });
  });
}

void decodeMad(Decoder &d) {
  Type type = d.type();
  if (isFloat(type))
    return decodeFloatFma(d, type);
  if (d.instruction().opcode.find(".cc") != std::string::npos)
    return decodeMadCarry(d, type, false);
  std::string part = d.oneOf({"lo", "hi", "wide"});
  bool saturates = type == Type::S32 && part == "hi" && d.has("sat");
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    using W = Wide<T>;
    if (part == "wide") {
      if constexpr (sizeof(T) < 8)
        runTernary<W, T, W>(d, type, widened(type), [](T a, T b, W c) { return wrapAdd<W>(W(W(a) * W(b)), c); });
      else
        d.unsupported();
    } else if (part == "hi" && saturates) {
      runTernary<T, T, T>(d, type, type, [](T a, T b, T c) {
        return T(std::clamp<int64_t>(int64_t((W(a) * W(b)) >> (sizeof(T) * 8)) + int64_t(c), INT32_MIN, INT32_MAX));
      });
    } else if (part == "hi") {
      runTernary<T, T, T>(d, type, type,
                          [](T a, T b, T c) { return wrapAdd<T>(T((W(a) * W(b)) >> (sizeof(T) * 8)), c); });
    } else {
      runTernary<T, T, T>(d, type, type, [](T a, T b, T c) { return wrapAdd<T>(T(W(a) * W(b)), c); });
    }
  });
}

void decodeMadc(Decoder &d) { decodeMadCarry(d, d.type(), true); }

/// Division by zero gives an unspecified value; all ones is what is given
/// here, and the most negative number divided by -1 wraps.
void decodeDivRem(Decoder &d, bool isDivision) {
  Type type = d.type();
  if (isFloat(type))
    return decodeFloatDiv(d, type);
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    runBinary<T, T>(d, type, [=](T a, T b) {
      // Left open by the PTX ISA; an H200 gives all ones for both.
      if (b == 0)
        return T(~T(0));
      if constexpr (std::is_signed_v<T>)
        if (b == T(-1))
          return isDivision ? wrapSub(T(0), a) : T(0);
      return isDivision ? T(a / b) : T(a % b);
    });
  });
}

void decodeDiv(Decoder &d) { decodeDivRem(d, true); }
void decodeRem(Decoder &d) { decodeDivRem(d, false); }

void decodeMinMax(Decoder &d, bool isMax) {
  Type type = d.type();
  if (isFloat(type))
    return decodeFloatMinMax(d, type, isMax);
  bool isRelu = d.has("relu");
  if (type == Type::U16x2)
    return runBinary<uint32_t, uint32_t>(d, type, [=](uint32_t a, uint32_t b) {
      return halves<uint16_t>(a, b, [=](uint16_t x, uint16_t y) { return isMax ? std::max(x, y) : std::min(x, y); });
    });
  if (type == Type::S16x2)
    return runBinary<uint32_t, uint32_t>(d, type, [=](uint32_t a, uint32_t b) {
      return halves<int16_t>(a, b, [=](int16_t x, int16_t y) {
        int16_t r = isMax ? std::max(x, y) : std::min(x, y);
        return isRelu ? std::max<int16_t>(r, 0) : r;
      });
    });
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    runBinary<T, T>(d, type, [=](T a, T b) {
      T r = isMax ? std::max(a, b) : std::min(a, b);
      return isRelu ? std::max(r, T(0)) : r;
    });
  });
}

void decodeMin(Decoder &d) { decodeMinMax(d, false); }
void decodeMax(Decoder &d) { decodeMinMax(d, true); }

void decodeAbsNeg(Decoder &d, bool isAbs) {
  Type type = d.type();
  if (isFloat(type))
    return decodeFloatSign(d, type, isAbs);
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    runUnary<T, T>(d, type, [=](T a) { return isAbs && !(a < 0) ? a : wrapSub(T(0), a); });
  });
}

void decodeAbs(Decoder &d) { decodeAbsNeg(d, true); }
void decodeNeg(Decoder &d) { decodeAbsNeg(d, false); }

} // namespace

void registerArithmetic(DecodeTable &table) {
  table["add"] = decodeAdd;
  table["sub"] = decodeSub;
  table["addc"] = decodeAddc;
  table["subc"] = decodeSubc;
  table["mul"] = decodeMul;
  table["mad"] = decodeMad;
  table["madc"] = decodeMadc;
  table["div"] = decodeDiv;
  table["rem"] = decodeRem;
  table["min"] = decodeMin;
  table["max"] = decodeMax;
  table["abs"] = decodeAbs;
  table["neg"] = decodeNeg;
}

} // namespace girih::sim
