//===- Kernels.cpp - Inner loops of the references ------------------------===//

#include "Kernels.h"
#include <cmath>

#if defined(__x86_64__)
#define GIRIH_CLONES __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define GIRIH_CLONES
#endif

namespace girih::reference {
namespace {

// Eight partial sums: the compiler may not reorder a floating-point sum, so the
// lanes of a vector have to be spelled out.
template <typename Real> [[gnu::always_inline]] inline Real dotLanes(const Real *a, const Real *b, int64_t size) {
  Real lanes[8] = {};
  int64_t i = 0;
  for (; i + 8 <= size; i += 8)
    for (int lane = 0; lane < 8; ++lane)
      lanes[lane] += a[i + lane] * b[i + lane];
  Real sum = 0;
  for (; i < size; ++i)
    sum += a[i] * b[i];
  for (Real lane : lanes)
    sum += lane;
  return sum;
}

} // namespace

GIRIH_CLONES double dot(const double *a, const double *b, int64_t size) { return dotLanes(a, b, size); }

GIRIH_CLONES float dot(const float *a, const float *b, int64_t size) { return dotLanes(a, b, size); }

GIRIH_CLONES void accumulate(double factor, const double *x, double *y, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    y[i] += factor * x[i];
}

GIRIH_CLONES void accumulate(float factor, const float *x, float *y, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    y[i] += factor * x[i];
}

GIRIH_CLONES void accumulateAbsolute(double factor, const double *x, double *y, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    y[i] += factor * std::fabs(x[i]);
}

GIRIH_CLONES void accumulateSquares(double factor, const double *x, double *y, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    y[i] += factor * x[i] * factor * x[i];
}

} // namespace girih::reference
