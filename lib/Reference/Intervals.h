//===- Intervals.h - Operations of postfix notation on intervals -*- C++ -*-===//
#ifndef GIRIH_LIB_REFERENCE_INTERVALS_H
#define GIRIH_LIB_REFERENCE_INTERVALS_H

#include "girih/Reference/Score.h"

namespace girih::reference::intervals {

/// Each gives an interval that holds the results for all operands in those of `x`.
Interval add(const Interval *x);
Interval sub(const Interval *x);
Interval mul(const Interval *x);
Interval idiv(const Interval *x);
Interval mod(const Interval *x);
Interval min(const Interval *x);
Interval max(const Interval *x);
Interval neg(const Interval *x);
Interval abs(const Interval *x);
Interval lt(const Interval *x);
Interval le(const Interval *x);
Interval eq(const Interval *x);
Interval ne(const Interval *x);
Interval ge(const Interval *x);
Interval gt(const Interval *x);
Interval all(const Interval *x);
Interval any(const Interval *x);
Interval opposite(const Interval *x);
Interval select(const Interval *x);
/// Elements of a tensor, if all indices but the last are known.
Interval elements(const CapturedTensor &tensor, const Interval *indices);

} // namespace girih::reference::intervals

#endif // GIRIH_LIB_REFERENCE_INTERVALS_H
