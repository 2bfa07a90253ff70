//===- IntegerExtras.cpp - sad, dp4a, mul24, bit fields, ... --------------===//
#include "Elementwise.h"

#include <bit>

namespace girih::sim {
namespace {

void decodeSad(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    using U = std::make_unsigned_t<T>;
    runTernary<T, T, T>(d, type, type, [](T a, T b, T c) {
      U distance = a < b ? U(U(b) - U(a)) : U(U(a) - U(b));
      return T(U(U(c) + distance));
    });
  });
}

/// mul24 and mad24: the product of the low 24 bits.
template <class T> int64_t product24(T a, T b) {
  if constexpr (std::is_signed_v<T>)
    return int64_t(int32_t(uint32_t(a) << 8) >> 8) * (int32_t(uint32_t(b) << 8) >> 8);
  else
    return int64_t(uint64_t(a & 0xffffff) * (b & 0xffffff));
}

void decodeMul24(Decoder &d, bool isMad) {
  Type type = d.type();
  bool isHigh = d.oneOf({"lo", "hi"}) == "hi", saturates = isMad && isHigh && type == Type::S32 && d.has("sat");
  auto part = [=](int64_t product) { return uint32_t(isHigh ? product >> 16 : product); };
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    if constexpr (sizeof(T) == 4) {
      if (isMad)
        runTernary<uint32_t, T, uint32_t>(d, type, type, [=](T a, T b, uint32_t c) {
          uint32_t high = part(product24(a, b));
          return saturates ? uint32_t(std::clamp<int64_t>(int64_t(int32_t(high)) + int32_t(c), INT32_MIN, INT32_MAX))
                           : high + c;
        });
      else
        runBinary<uint32_t, T>(d, type, [=](T a, T b) { return part(product24(a, b)); });
    } else {
      d.unsupported();
    }
  });
}
void decodeMul24Only(Decoder &d) { decodeMul24(d, false); }
void decodeMad24(Decoder &d) { decodeMul24(d, true); }

int32_t element(uint32_t word, unsigned index, unsigned bits, bool isSigned) {
  uint32_t shifted = word << (32 - bits * (index + 1));
  return isSigned ? int32_t(shifted) >> (32 - bits) : int32_t(shifted >> (32 - bits));
}

void decodeDp4a(Decoder &d) {
  Type a = d.type(), b = d.type();
  bool sa = isSigned(a), sb = isSigned(b);
  runTernary<uint32_t, uint32_t, uint32_t>(d, Type::B32, Type::B32, [=](uint32_t x, uint32_t y, uint32_t c) {
    for (unsigned i = 0; i < 4; ++i)
      c += uint32_t(element(x, i, 8, sa) * element(y, i, 8, sb));
    return c;
  });
}

void decodeDp2a(Decoder &d) {
  Type a = d.type(), b = d.type();
  bool sa = isSigned(a), sb = isSigned(b);
  unsigned first = d.oneOf({"lo", "hi"}) == "hi" ? 2 : 0;
  runTernary<uint32_t, uint32_t, uint32_t>(d, Type::B32, Type::B32, [=](uint32_t x, uint32_t y, uint32_t c) {
    for (unsigned i = 0; i < 2; ++i)
      c += uint32_t(element(x, i, 16, sa) * element(y, first + i, 8, sb));
    return c;
  });
}

void decodePopc(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    runUnary<uint32_t, T>(d, type, [](T a) { return uint32_t(std::popcount(a)); });
  });
}

void decodeClz(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    runUnary<uint32_t, T>(d, type, [](T a) { return uint32_t(std::countl_zero(a)); });
  });
}

/// The place of the highest bit that differs from the sign, or all ones.
void decodeBfind(Decoder &d) {
  Type type = d.type();
  bool isShift = d.has("shiftamt");
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    using U = std::make_unsigned_t<T>;
    runUnary<uint32_t, T>(d, type, [=](T a) {
      U bits = a < 0 ? U(~a) : U(a);
      if (!bits)
        return ~0u;
      uint32_t zeros = uint32_t(std::countl_zero(bits));
      return isShift ? zeros : uint32_t(sizeof(T) * 8 - 1) - zeros;
    });
  });
}

void decodeBrev(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    runUnary<T, T>(d, type, [](T a) {
      T r = 0;
      for (unsigned i = 0; i < sizeof(T) * 8; ++i)
        r = T(r << 1 | (a >> i & 1));
      return r;
    });
  });
}

/// PTX ISA, "bfe": bits beyond the operand are the sign, or zero.
void decodeBfe(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = decltype(zero);
    Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, Type::U32), c = d.source(3, Type::U32);
    d.run([=](Step &s) {
      auto x = s.read<T>(a);
      auto y = s.read<uint32_t>(b), z = s.read<uint32_t>(c);
      Lanes<T> r;
      constexpr unsigned top = sizeof(T) * 8 - 1;
      for (unsigned i = 0; i < warpSize; ++i) {
        unsigned position = y[i] & 0xff, length = z[i] & 0xff;
        bool sign = std::is_signed_v<T> && length && (x[i] >> std::min(position + length - 1, top) & 1);
        T value = 0;
        for (unsigned bit = 0; bit <= top; ++bit) {
          bool set = bit < length && position + bit <= top ? x[i] >> (position + bit) & 1 : sign;
          value = T(value | T(set) << bit);
        }
        r[i] = value;
      }
      s.write(into, r);
      return Outcome::Next;
    });
  });
}

void decodeBfi(Decoder &d) {
  Type type = d.type();
  withInteger(d, type, [&](auto zero) {
    using T = std::make_unsigned_t<decltype(zero)>;
    Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type), c = d.source(3, Type::U32),
            e = d.source(4, Type::U32);
    d.run([=](Step &s) {
      auto x = s.read<T>(a), y = s.read<T>(b);
      auto p = s.read<uint32_t>(c), n = s.read<uint32_t>(e);
      Lanes<T> r;
      constexpr unsigned bits = sizeof(T) * 8;
      for (unsigned i = 0; i < warpSize; ++i) {
        unsigned position = p[i] & 0xff, length = n[i] & 0xff;
        T value = y[i];
        for (unsigned k = 0; k < length && position + k < bits; ++k) {
          T bit = T(1) << (position + k);
          value = x[i] >> k & 1 ? value | bit : value & T(~bit);
        }
        r[i] = value;
      }
      s.write(into, r);
      return Outcome::Next;
    });
  });
}

void decodeBmsk(Decoder &d) {
  bool wraps = d.oneOf({"clamp", "wrap"}) == "wrap";
  d.type();
  runBinary<uint32_t, uint32_t>(d, Type::B32, [=](uint32_t a, uint32_t b) {
    unsigned first = wraps ? a & 31 : std::min(a, 32u);
    unsigned length = wraps ? b & 31 : std::min(b, 32u);
    uint64_t ones = ((1ull << length) - 1) << first;
    return uint32_t(ones);
  });
}

/// szext: sign or zero extension from bit b.
void decodeSzext(Decoder &d) {
  bool wraps = d.oneOf({"clamp", "wrap"}) == "wrap";
  bool isSignedType = isSigned(d.type());
  runBinary<uint32_t, uint32_t>(d, Type::B32, [=](uint32_t a, uint32_t b) {
    unsigned n = wraps ? b & 31 : std::min(b, 32u);
    if (n == 0 || n == 32)
      return n ? a : 0u;
    uint32_t shifted = a << (32 - n);
    return isSignedType ? uint32_t(int32_t(shifted) >> (32 - n)) : shifted >> (32 - n);
  });
}

/// fns: the place of the n-th set bit from a base.
void decodeFns(Decoder &d) {
  d.type();
  runTernary<uint32_t, uint32_t, uint32_t>(d, Type::B32, Type::S32, [](uint32_t mask, uint32_t base, uint32_t off) {
    int32_t wanted = int32_t(off), step = wanted < 0 ? -1 : 1;
    if (wanted == 0)
      return mask >> (base & 31) & 1 ? base : ~0u;
    for (int32_t at = int32_t(base); at >= 0 && at < 32; at += step)
      if (mask >> at & 1 && (wanted -= step) == 0)
        return uint32_t(at);
    return ~0u;
  });
}

} // namespace

void registerIntegerExtras(DecodeTable &table) {
  table["sad"] = decodeSad;
  table["mul24"] = decodeMul24Only;
  table["mad24"] = decodeMad24;
  table["dp4a"] = decodeDp4a;
  table["dp2a"] = decodeDp2a;
  table["popc"] = decodePopc;
  table["clz"] = decodeClz;
  table["bfind"] = decodeBfind;
  table["brev"] = decodeBrev;
  table["bfe"] = decodeBfe;
  table["bfi"] = decodeBfi;
  table["bmsk"] = decodeBmsk;
  table["szext"] = decodeSzext;
  table["fns"] = decodeFns;
}

} // namespace girih::sim
