//===- Kernels.h - Inner loops of the references ----------------*- C++ -*-===//
//
// Dot products and row updates, compiled for the baseline and for AVX2: the
// references run on whatever machine has the GPU.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_LIB_REFERENCE_KERNELS_H
#define GIRIH_LIB_REFERENCE_KERNELS_H

#include <cstdint>

namespace girih::reference {

/// sum_i a[i] * b[i].
double dot(const double *a, const double *b, int64_t size);
float dot(const float *a, const float *b, int64_t size);

/// y[i] += factor * x[i].
void accumulate(double factor, const double *x, double *y, int64_t size);
void accumulate(float factor, const float *x, float *y, int64_t size);

/// y[i] += factor * |x[i]|.
void accumulateAbsolute(double factor, const double *x, double *y, int64_t size);
void accumulateSquares(double factor, const double *x, double *y, int64_t size);

} // namespace girih::reference

#endif // GIRIH_LIB_REFERENCE_KERNELS_H
