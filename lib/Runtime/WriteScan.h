//===- WriteScan.h - Did a kernel write all of its output? ------*- C++ -*-===//
#ifndef GIRIH_LIB_RUNTIME_WRITESCAN_H
#define GIRIH_LIB_RUNTIME_WRITESCAN_H

#include "girih/Runtime/Verify.h"

namespace girih::runtime {

/// Whether the element at `index` may have this NaN or infinite value. Called
/// from several threads.
using NonFiniteAllowed = std::function<bool(const std::vector<int64_t> &index, float value)>;

/// Fails `verdict` when an element of the output still is poison, when one is
/// NaN or infinite without being allowed to, or when a gap between rows was
/// written.
void scanWrites(Verdict &verdict, const std::string &name, const HostTensor &tensor, const NonFiniteAllowed &allowed);

} // namespace girih::runtime

#endif // GIRIH_LIB_RUNTIME_WRITESCAN_H
