//===- CutOff.cpp - What tensor cores lose of 8-bit products --------------===//

#include "girih/Reference/CutOff.h"
#include <algorithm>
#include <cmath>

namespace girih::reference {

/// The step of numbers with 13 bits after the first of `magnitude`.
static double stepBehind(double magnitude) {
  return std::isfinite(magnitude) && magnitude > 0 ? std::ldexp(1, std::ilogb(magnitude) - 13) : 0;
}

double cutOffError(const double *a, const double *b, int64_t size) {
  constexpr int64_t kTogether = 32;
  // What positive terms lose lowers the sum, what negative ones lose raises it.
  double sum = 0, lowered = 0, raised = 0;
  for (int64_t first = 0; first < size; first += kTogether) {
    int64_t count = std::min(size - first, kTogether);
    double products[kTogether], largest = std::fabs(sum) + std::max(lowered, raised);
    for (int64_t i = 0; i < count; ++i) {
      products[i] = a[first + i] * b[first + i];
      largest = std::max(largest, std::fabs(products[i]));
    }
    double step = stepBehind(largest), perStep = step > 0 ? 1 / step : 0;
    for (int64_t i = 0; i < count; ++i) {
      double lost = products[i] - std::trunc(products[i] * perStep) * step;
      lowered += std::max(lost, 0.0);
      raised += std::max(-lost, 0.0);
      sum += products[i];
    }
    double result = step + stepBehind(std::fabs(sum) + std::max(lowered, raised));
    lowered += result;
    raised += result;
  }
  return std::max(lowered, raised);
}

} // namespace girih::reference
