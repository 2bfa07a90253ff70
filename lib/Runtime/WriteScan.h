//===- WriteScan.h - Did a kernel write all of its output? ------*- C++ -*-===//
#ifndef GIRIH_LIB_RUNTIME_WRITESCAN_H
#define GIRIH_LIB_RUNTIME_WRITESCAN_H

#include "girih/Runtime/Verify.h"

namespace girih::runtime {

/// Whether the element at `index` may have this NaN or infinite value. Called
/// from several threads.
using NonFiniteAllowed = std::function<bool(const std::vector<int64_t> &index, float value)>;

/// Whether the kernel leaves an element as it was, by its number in the order of the dimensions.
/// Called from several threads.
using ElementLeft = std::function<bool(int64_t element)>;

/// Fails `verdict` when an element of the output still is poison, when one is
/// NaN or infinite without being allowed to, or when a gap between rows was
/// written, or an element that is left as it was.
void scanWrites(Verdict &verdict, const std::string &name, const HostTensor &tensor, const NonFiniteAllowed &allowed,
                const ElementLeft &isLeft = nullptr);

} // namespace girih::runtime

#endif // GIRIH_LIB_RUNTIME_WRITESCAN_H
