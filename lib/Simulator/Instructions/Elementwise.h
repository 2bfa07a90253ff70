//===- Elementwise.h - Handlers of one function a lane ----------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_ELEMENTWISE_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_ELEMENTWISE_H

#include "../Machine/Step.h"
#include "../Numbers/Formats.h"
#include "../Numbers/MinMax.h"
#include "../Program/Decoder.h"

namespace girih::sim {

template <class R, class T, class F> void runUnary(Decoder &d, Type type, F f) {
  Operand into = d.destination(0), a = d.source(1, type);
  d.run([=](Step &s) {
    auto x = s.read<T>(a);
    Lanes<R> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = f(x[i]);
    s.write(into, r);
    return Outcome::Next;
  });
}

template <class R, class T, class F> void runBinary(Decoder &d, Type type, F f) {
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type);
  d.run([=](Step &s) {
    auto x = s.read<T>(a), y = s.read<T>(b);
    Lanes<R> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = f(x[i], y[i]);
    s.write(into, r);
    return Outcome::Next;
  });
}

/// The addend may be wider than the factors (mad.wide).
template <class R, class T, class C, class F> void runTernary(Decoder &d, Type type, Type addend, F f) {
  Operand into = d.destination(0), a = d.source(1, type), b = d.source(2, type), c = d.source(3, addend);
  d.run([=](Step &s) {
    auto x = s.read<T>(a), y = s.read<T>(b);
    auto z = s.read<C>(c);
    Lanes<R> r;
    for (unsigned i = 0; i < warpSize; ++i)
      r[i] = f(x[i], y[i], z[i]);
    s.write(into, r);
    return Outcome::Next;
  });
}

/// Calls f with a value of the C++ type of an integer type.
template <class F> void withInteger(Decoder &d, Type type, F f) {
  switch (type) {
  case Type::U8:
  case Type::B8:
    return f(uint8_t());
  case Type::S8:
    return f(int8_t());
  case Type::U16:
  case Type::B16:
    return f(uint16_t());
  case Type::S16:
    return f(int16_t());
  case Type::U32:
  case Type::B32:
    return f(uint32_t());
  case Type::S32:
    return f(int32_t());
  case Type::U64:
  case Type::B64:
    return f(uint64_t());
  case Type::S64:
    return f(int64_t());
  default:
    d.unsupported(std::string("type .") + typeName(type));
  }
}

/// Takes `.rn`, `.rz`, `.rm`, `.rp`, `.rna`.
inline Rounding takeRounding(Decoder &d) {
  std::string found = d.oneOf({"rn", "rna", "rz", "rm", "rp"});
  return found == "rz"    ? Rounding::Zero
         : found == "rm"  ? Rounding::Down
         : found == "rp"  ? Rounding::Up
         : found == "rna" ? Rounding::NearestAway
                          : Rounding::NearestEven;
}

/// Takes `.NaN`, `.abs` and `.xorsign` of min, max and redux.
inline MinMax takeMinMax(Decoder &d, bool isMax) {
  MinMax made;
  made.isMax = isMax;
  made.keepsNaN = d.has("NaN");
  made.isAbs = d.has("abs");
  made.isXorsign = d.has("xorsign");
  return made;
}

// Decoders of opcodes that integers and floats share; `type` has been taken.
void decodeFloatAdd(Decoder &d, Type type, bool isSubtraction);
void decodeFloatMul(Decoder &d, Type type);
void decodeFloatFma(Decoder &d, Type type);
void decodeFloatDiv(Decoder &d, Type type);
void decodeFloatMinMax(Decoder &d, Type type, bool isMax);
void decodeFloatSign(Decoder &d, Type type, bool isAbs);
bool isPackedFloat(Type type);
void decodePackedFloat(Decoder &d, Type type, const std::string &operation);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_ELEMENTWISE_H
