//===- Rounded.cpp - Arithmetic under directed rounding -------------------===//
//
// Built with -frounding-math, so that the compiler keeps each operation
// between the changes of the rounding mode.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"

#include <cfenv>
#include <cmath>

namespace girih::sim {
namespace {

class RoundingScope {
public:
  explicit RoundingScope(Rounding rounding) : saved(std::fegetround()) {
    std::fesetround(rounding == Rounding::Zero   ? FE_TOWARDZERO
                    : rounding == Rounding::Down ? FE_DOWNWARD
                    : rounding == Rounding::Up   ? FE_UPWARD
                                                 : FE_TONEAREST);
  }
  ~RoundingScope() { std::fesetround(saved); }

private:
  int saved;
};

} // namespace

template <class T> T addRounded(T a, T b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile T x = a, y = b, result = x + y;
  return result;
}

template <class T> T mulRounded(T a, T b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile T x = a, y = b, result = x * y;
  return result;
}

template <class T> T fmaRounded(T a, T b, T c, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile T x = a, y = b, z = c, result = std::fma(x, y, z);
  return result;
}

template <class T> T divRounded(T a, T b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile T x = a, y = b, result = x / y;
  return result;
}

template <class T> T sqrtRounded(T a, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile T x = a, result = std::sqrt(x);
  return result;
}

template float addRounded(float, float, Rounding);
template float mulRounded(float, float, Rounding);
template float fmaRounded(float, float, float, Rounding);
template float divRounded(float, float, Rounding);
template float sqrtRounded(float, Rounding);
template double addRounded(double, double, Rounding);
template double mulRounded(double, double, Rounding);
template double fmaRounded(double, double, double, Rounding);
template double divRounded(double, double, Rounding);
template double sqrtRounded(double, Rounding);

float narrow(double value, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = value;
  volatile float result = static_cast<float>(x);
  return result;
}

} // namespace girih::sim
