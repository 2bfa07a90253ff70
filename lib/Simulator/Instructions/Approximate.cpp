//===- Approximate.cpp - ex2, lg2, rsqrt, sin, cos, tanh ------------------===//
//
// The hardware's approximations are within a few ulp of the exact function;
// here the exact value is rounded to nearest. Comparisons with hardware have
// to allow for that.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"

#include <cmath>

namespace girih::sim {

// PackedFloat.cpp.
void decodeExp16(Decoder &d, Type type);
void decodeTanh16(Decoder &d, Type type);

namespace {

double inverseSqrt(double x) { return 1.0 / std::sqrt(x); }

template <double (*function)(double)> void decodeFunction(Decoder &d, Type type) {
  d.has("approx");
  bool flushes = d.has("ftz");
  if (type == Type::F64)
    return runUnary<double, double>(d, type, [](double a) { return function(a); });
  runUnary<float, float>(d, type, [=](float a) {
    float r = float(function(flushes ? flush(a) : a));
    return flushes ? flush(r) : r;
  });
}

void decodeEx2(Decoder &d) {
  Type type = d.type();
  isPackedFloat(type) ? decodeExp16(d, type) : decodeFunction<std::exp2>(d, type);
}

void decodeTanh(Decoder &d) {
  Type type = d.type();
  isPackedFloat(type) ? decodeTanh16(d, type) : decodeFunction<std::tanh>(d, type);
}

void decodeLg2(Decoder &d) { decodeFunction<std::log2>(d, d.type()); }
void decodeSin(Decoder &d) { decodeFunction<std::sin>(d, d.type()); }
void decodeCos(Decoder &d) { decodeFunction<std::cos>(d, d.type()); }
void decodeRsqrt(Decoder &d) { decodeFunction<inverseSqrt>(d, d.type()); }

} // namespace

void registerApproximate(DecodeTable &table) {
  table["ex2"] = decodeEx2;
  table["lg2"] = decodeLg2;
  table["sin"] = decodeSin;
  table["cos"] = decodeCos;
  table["tanh"] = decodeTanh;
  table["rsqrt"] = decodeRsqrt;
}

} // namespace girih::sim
