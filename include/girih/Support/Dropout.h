//===- Dropout.h - What dropout rounds its probability to -------*- C++ -*-===//
//
// Weights are left out where a random number of 16 bits is below a threshold: the next one to the
// probability, so that what is left out is as often as was asked for, to 2^-17.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SUPPORT_DROPOUT_H
#define GIRIH_SUPPORT_DROPOUT_H

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace girih {

/// Numbers of which a weight has one.
constexpr int64_t kDropoutNumbers = 1 << 16;
/// Of 32 bits: those of a seed and those of an offset, the lower one first.
constexpr int64_t kDropoutStateWords = 4;

/// How many of the numbers mean that a weight is left out, by the probability, from 0 to below 1.
inline int64_t dropoutThreshold(double probability) {
  return std::min<int64_t>(std::lround(probability * double(kDropoutNumbers)), kDropoutNumbers - 1);
}

/// What the weights that stay are multiplied by.
inline double dropoutScale(int64_t threshold) { return double(kDropoutNumbers) / double(kDropoutNumbers - threshold); }

} // namespace girih

#endif // GIRIH_SUPPORT_DROPOUT_H
