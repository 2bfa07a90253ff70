//===- MinMax.h - Minimum and maximum of floats -----------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_NUMBERS_MINMAX_H
#define GIRIH_SIMULATOR_NUMBERS_MINMAX_H

#include <cmath>
#include <limits>

namespace girih::sim {

/// PTX ISA, "min", "max": a NaN loses against a number, unless `.NaN`; -0 is
/// less than +0; `.abs` compares magnitudes, `.xorsign` then gives the result
/// the product of the signs, unless it is a NaN.
struct MinMax {
  bool isMax = false, keepsNaN = false, isAbs = false, isXorsign = false;

  template <class T> T operator()(T a, T b) const {
    bool isNegative = std::signbit(a) != std::signbit(b);
    if (isAbs)
      a = std::fabs(a), b = std::fabs(b);
    T result = pick(a, b);
    return isXorsign && !std::isnan(result) ? std::copysign(result, isNegative ? T(-1) : T(1)) : result;
  }

private:
  template <class T> T pick(T a, T b) const {
    if (std::isnan(a) || std::isnan(b)) {
      if (keepsNaN || (std::isnan(a) && std::isnan(b)))
        return std::numeric_limits<T>::quiet_NaN();
      return std::isnan(a) ? b : a;
    }
    if (a == b)
      return std::signbit(a) != isMax ? a : b;
    return (a < b) != isMax ? a : b;
  }
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_NUMBERS_MINMAX_H
