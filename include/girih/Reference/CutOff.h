//===- CutOff.h - What tensor cores lose of 8-bit products ------*- C++ -*-===//
#ifndef GIRIH_REFERENCE_CUTOFF_H
#define GIRIH_REFERENCE_CUTOFF_H

#include <cstdint>

namespace girih::reference {

/// The most that sum_i a[i] * b[i] of numbers of 8 bits can be off on tensor cores before Blackwell,
/// which add 32 products and the sum so far at a time and cut all of them, and the result, towards
/// zero at 13 bits after the first of the largest (DeepSeek-V3, arXiv:2412.19437, 3.5.2).
double cutOffError(const double *a, const double *b, int64_t size);

} // namespace girih::reference

#endif // GIRIH_REFERENCE_CUTOFF_H
