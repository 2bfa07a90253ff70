//===- Intervals.cpp - Operations of postfix notation on intervals --------===//

#include "Intervals.h"
#include <algorithm>
#include <cmath>

using namespace girih::reference;

namespace {

Interval known(bool value) { return {double(value), double(value)}; }
constexpr Interval either{0, 1};

/// Not anything for what could be a NaN.
Interval between(double low, double high) {
  return std::isnan(low) || std::isnan(high) ? Interval::anything() : Interval{low, high};
}

bool isTrue(Interval x) { return x.low > 0 || x.high < 0; }
bool isFalse(Interval x) { return x.low == 0 && x.high == 0; }

} // namespace

Interval intervals::add(const Interval *x) { return between(x[0].low + x[1].low, x[0].high + x[1].high); }
Interval intervals::sub(const Interval *x) { return between(x[0].low - x[1].high, x[0].high - x[1].low); }

Interval intervals::mul(const Interval *x) {
  Interval result{INFINITY, -INFINITY};
  for (double a : {x[0].low, x[0].high})
    for (double b : {x[1].low, x[1].high}) {
      if (std::isnan(a * b))
        return Interval::anything();
      result = {std::min(result.low, a * b), std::max(result.high, a * b)};
    }
  return result;
}

Interval intervals::idiv(const Interval *x) {
  double divisor = x[1].low;
  if (divisor != x[1].high || !(divisor > 0))
    return Interval::anything();
  return between(std::trunc(x[0].low / divisor), std::trunc(x[0].high / divisor));
}

Interval intervals::mod(const Interval *x) {
  double divisor = x[1].low;
  if (divisor != x[1].high || !(divisor > 0))
    return Interval::anything();
  bool isOneRound = std::trunc(x[0].low / divisor) == std::trunc(x[0].high / divisor);
  if (x[0].low >= 0 && isOneRound)
    return between(std::fmod(x[0].low, divisor), std::fmod(x[0].high, divisor));
  return {x[0].low >= 0 ? 0 : -divisor, divisor};
}

Interval intervals::min(const Interval *x) { return {std::min(x[0].low, x[1].low), std::min(x[0].high, x[1].high)}; }
Interval intervals::max(const Interval *x) { return {std::max(x[0].low, x[1].low), std::max(x[0].high, x[1].high)}; }
Interval intervals::neg(const Interval *x) { return {-x[0].high, -x[0].low}; }

Interval intervals::abs(const Interval *x) {
  double low = std::max({x[0].low, -x[0].high, 0.0});
  return {low, std::max(x[0].high, -x[0].low)};
}

Interval intervals::lt(const Interval *x) {
  return x[0].high < x[1].low ? known(true) : x[0].low >= x[1].high ? known(false) : either;
}
Interval intervals::le(const Interval *x) {
  return x[0].high <= x[1].low ? known(true) : x[0].low > x[1].high ? known(false) : either;
}
Interval intervals::eq(const Interval *x) {
  if (x[0].high < x[1].low || x[0].low > x[1].high)
    return known(false);
  bool isOne = x[0].low == x[0].high && x[1].low == x[1].high;
  return isOne ? known(true) : either;
}
Interval intervals::ne(const Interval *x) {
  Interval same = eq(x);
  return {1 - same.high, 1 - same.low};
}
Interval intervals::ge(const Interval *x) {
  Interval swapped[] = {x[1], x[0]};
  return le(swapped);
}
Interval intervals::gt(const Interval *x) {
  Interval swapped[] = {x[1], x[0]};
  return lt(swapped);
}

Interval intervals::all(const Interval *x) {
  if (isFalse(x[0]) || isFalse(x[1]))
    return known(false);
  return isTrue(x[0]) && isTrue(x[1]) ? known(true) : either;
}
Interval intervals::any(const Interval *x) {
  if (isTrue(x[0]) || isTrue(x[1]))
    return known(true);
  return isFalse(x[0]) && isFalse(x[1]) ? known(false) : either;
}
Interval intervals::opposite(const Interval *x) {
  return isTrue(*x) ? known(false) : isFalse(*x) ? known(true) : either;
}

Interval intervals::elements(const CapturedTensor &tensor, const Interval *indices) {
  constexpr int64_t mostElements = 1 << 20;
  size_t last = tensor.shape.size() - 1;
  double place[8];
  for (size_t dim = 0; dim < last; ++dim) {
    if (indices[dim].low != indices[dim].high || last > 7)
      return Interval::anything();
    place[dim] = indices[dim].low;
  }
  double end = double(tensor.shape[last] - 1);
  double low = std::clamp(indices[last].low, 0.0, end), high = std::clamp(indices[last].high, 0.0, end);
  if (!(high - low < double(mostElements)))
    return Interval::anything();
  Interval found{INFINITY, -INFINITY};
  for (place[last] = low; place[last] <= high; ++place[last]) {
    double value = tensor.at(place);
    if (std::isnan(value))
      return Interval::anything();
    found = {std::min(found.low, value), std::max(found.high, value)};
  }
  return found;
}

Interval intervals::select(const Interval *x) {
  if (isTrue(x[0]) || isFalse(x[0]))
    return isTrue(x[0]) ? x[1] : x[2];
  return {std::min(x[1].low, x[2].low), std::max(x[1].high, x[2].high)};
}
