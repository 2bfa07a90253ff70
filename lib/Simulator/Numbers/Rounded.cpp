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

float addRounded(float a, float b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile float x = a, y = b, result = x + y;
  return result;
}

float mulRounded(float a, float b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile float x = a, y = b, result = x * y;
  return result;
}

float fmaRounded(float a, float b, float c, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile float x = a, y = b, z = c, result = std::fma(x, y, z);
  return result;
}

float divRounded(float a, float b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile float x = a, y = b, result = x / y;
  return result;
}

float sqrtRounded(float a, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile float x = a, result = std::sqrt(x);
  return result;
}

double addRounded(double a, double b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = a, y = b, result = x + y;
  return result;
}

double mulRounded(double a, double b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = a, y = b, result = x * y;
  return result;
}

double fmaRounded(double a, double b, double c, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = a, y = b, z = c, result = std::fma(x, y, z);
  return result;
}

double divRounded(double a, double b, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = a, y = b, result = x / y;
  return result;
}

double sqrtRounded(double a, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = a, result = std::sqrt(x);
  return result;
}

float narrow(double value, Rounding rounding) {
  RoundingScope scope(rounding);
  volatile double x = value;
  volatile float result = static_cast<float>(x);
  return result;
}

} // namespace girih::sim
