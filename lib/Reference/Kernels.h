//===- Kernels.h - Inner loops of the references ----------------*- C++ -*-===//
//
// Dot products and row updates, compiled for the baseline and for AVX2: the
// references run on whatever machine has the GPU.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_LIB_REFERENCE_KERNELS_H
#define GIRIH_LIB_REFERENCE_KERNELS_H

#include <cmath>
#include <cstdint>

namespace girih::reference {

/// sum_i a[i] * b[i].
double dot(const double *a, const double *b, int64_t size);
float dot(const float *a, const float *b, int64_t size);

/// sum_i |a[i] * b[i]|.
template <typename Real> double dotAbsolute(const Real *a, const Real *b, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < size; ++i)
    sum += std::fabs(double(a[i]) * double(b[i]));
  return sum;
}

/// y[i] += factor * x[i].
void accumulate(double factor, const double *x, double *y, int64_t size);
void accumulate(float factor, const float *x, float *y, int64_t size);

/// y[i] += factor * |x[i]|.
void accumulateAbsolute(double factor, const double *x, double *y, int64_t size);
void accumulateSquares(double factor, const double *x, double *y, int64_t size);

} // namespace girih::reference

#endif // GIRIH_LIB_REFERENCE_KERNELS_H
