//===- ConvertPacked.cpp - cvt of pairs and quads, cvt.pack ---------------===//
#include "Convert.h"
#include "girih/Support/Float.h"

#include <cmath>

namespace girih::sim {

bool isPackedType(Type type) {
  return type == Type::F16x2 || type == Type::BF16x2 || (type >= Type::E4M3x2 && type <= Type::UE8M0x2);
}

/// `cvt.d.f32 d, a, b` packs two floats (a in the upper half); the source may
/// also be one packed register.
void decodePackedConvert(Decoder &d, Type into, Type from, const ConvertMode &mode) {
  Operand dst = d.destination(0), a = d.source(1, from);
  Format format = formatOf(into);
  unsigned bits = typeBits(into) / 2;
  if (from == Type::F32 && d.count() == 3) {
    Operand b = d.source(2, from);
    if (bits == 16)
      d.instruction().defined = [=](const Step &s) { return DefinedLanes(s.definedLanes(b), s.definedLanes(a)); };
    if (into == Type::BF16x2 && mode.rounding == Rounding::NearestEven && !mode.satfinite && !mode.isRelu) {
      d.run([=](Step &s) {
        auto x = s.read<float>(a), y = s.read<float>(b);
        Lanes<uint32_t> r;
        auto convert = [](float v) -> uint32_t { return std::isnan(v) ? 0x7fff : floatToBfloat16(v); };
        for (unsigned i = 0; i < warpSize; ++i)
          r[i] = convert(x[i]) << 16 | convert(y[i]);
        s.write(dst, r);
        return Outcome::Next;
      });
      return;
    }
    d.run([=](Step &s) {
      auto x = s.read<float>(a), y = s.read<float>(b);
      Lanes<uint32_t> r;
      for (unsigned i = 0; i < warpSize; ++i)
        r[i] = uint32_t(fromDouble(x[i], into, mode)) << bits | uint32_t(fromDouble(y[i], into, mode));
      s.write(dst, r);
      return Outcome::Next;
    });
    return;
  }
  if (!isPackedType(from))
    d.unsupported();
  Format source = formatOf(from);
  unsigned sourceBits = typeBits(from) / 2;
  d.run([=](Step &s) {
    auto x = s.read<uint32_t>(a);
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = 0;
      for (unsigned e = 0; e < 2; ++e) {
        uint32_t code = x[i] >> (sourceBits * e) & ((1u << sourceBits) - 1);
        double value = decodeFloat(code, source);
        if (mode.isRelu)
          value = relu(value);
        r[i] |= encodeFloat(value, format, mode.rounding, mode.satfinite) << (bits * e);
      }
    }
    s.write(dst, r);
    return Outcome::Next;
  });
}

/// PTX ISA, "cvt", figures of the random bits: pairs take 16 bits each, of
/// which .f16 uses the low 13. Of quads {a, b, e, f}, a and b share the upper
/// and e and f the lower 16 bits; .e2m1 takes from each half the upper byte for
/// a and b and the lower byte for e and f, the first of the two from the upper
/// half.
static uint32_t randomOf(uint32_t bits, unsigned element, unsigned elements, Type into) {
  if (into == Type::E2M1x4)
    return bits >> (16 * (1 - element % 2) + 8 * (1 - element / 2)) & 0xff;
  uint32_t half = bits >> (element < elements / 2 ? 16 : 0) & 0xffff;
  return into == Type::F16x2 ? half & 0x1fff : half;
}

/// `cvt.rs d, a, b, rbits` and `cvt.rs d, {a, b, e, f}, rbits`; the first
/// source goes to the uppermost element.
void decodeStochasticConvert(Decoder &d, Type into, Type from, const ConvertMode &mode) {
  bool isQuad = into >= Type::E4M3x4 && into <= Type::E2M1x4, isPair = into == Type::F16x2 || into == Type::BF16x2;
  if (from != Type::F32 || (!isQuad && !isPair))
    d.unsupported("stochastic rounding from ." + std::string(typeName(from)) + " to ." + typeName(into));
  Operand dst = d.destination(0);
  std::vector<Operand> sources =
      isQuad ? d.sources(1, from) : std::vector<Operand>{d.source(1, from), d.source(2, from)};
  Operand random = d.source(isQuad ? 2 : 3, Type::B32);
  unsigned elements = isQuad ? 4 : 2, bits = typeBits(into) / elements;
  if (sources.size() != elements)
    d.fail("has " + std::to_string(sources.size()) + " sources for " + std::to_string(elements) + " elements");
  unsigned randomBits = into == Type::E2M1x4 ? 8 : into == Type::F16x2 ? 13 : 16;
  Format format = formatOf(into);
  d.run([=](Step &s) {
    auto draws = s.read<uint32_t>(random);
    Lanes<uint32_t> r{};
    for (unsigned e = 0; e < elements; ++e) {
      auto x = s.read<float>(sources[e]);
      for (unsigned i = 0; i < warpSize; ++i) {
        double value = mode.isRelu ? relu(x[i]) : double(x[i]);
        uint32_t code =
            encodeStochastic(value, format, randomOf(draws[i], e, elements, into), randomBits, mode.satfinite);
        r[i] |= code << (bits * (elements - 1 - e));
      }
    }
    s.write(dst, r);
    return Outcome::Next;
  });
}

/// PTX ISA, "cvt.pack": a above b in the low bits; above them the low bits of
/// c.
void decodeIntegerPack(Decoder &d) {
  d.require("sat");
  std::string name = d.oneOf({"u16", "s16", "u8", "s8", "u4", "s4", "u2", "s2"});
  d.require("s32");
  if (name.empty())
    d.unsupported("it names no type to convert to");
  bool isSignedType = name[0] == 's';
  int bits = std::atoi(name.c_str() + 1);
  bool hasRest = bits < 16;
  if (hasRest)
    d.require("b32");
  int32_t low = isSignedType ? -(1 << (bits - 1)) : 0;
  int32_t high = isSignedType ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  Operand into = d.destination(0), a = d.source(1, Type::S32), b = d.source(2, Type::S32),
          c = hasRest ? d.source(3, Type::B32) : Operand();
  uint32_t mask = (1u << bits) - 1;
  d.run([=](Step &s) {
    auto x = s.read<int32_t>(a), y = s.read<int32_t>(b);
    auto z = s.read<uint32_t>(c);
    Lanes<uint32_t> r;
    for (unsigned i = 0; i < warpSize; ++i) {
      r[i] = (uint32_t(std::clamp(x[i], low, high)) & mask) << bits | (uint32_t(std::clamp(y[i], low, high)) & mask);
      if (hasRest)
        r[i] |= z[i] << (2 * bits);
    }
    s.write(into, r);
    return Outcome::Next;
  });
}

} // namespace girih::sim
