#ifndef GIRIH_LIB_RUNTIME_SCALEDATA_H
#define GIRIH_LIB_RUNTIME_SCALEDATA_H

#include "girih/Runtime/HostTensor.h"

namespace girih::runtime {

/// Scales of groups of elements, as makeProblemData has them, if the problem has such.
void fillScales(const Binding &binding, std::vector<HostTensor> &tensors, uint64_t seed, bool isExact);

} // namespace girih::runtime

#endif // GIRIH_LIB_RUNTIME_SCALEDATA_H
