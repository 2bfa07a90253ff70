#ifndef GIRIH_LIB_RUNTIME_BLOCKDATA_H
#define GIRIH_LIB_RUNTIME_BLOCKDATA_H

#include "girih/Runtime/HostTensor.h"

namespace girih::runtime {

/// Lists of blocks, as makeProblemData has them.
void fillBlocks(const Binding &binding, std::vector<HostTensor> &tensors, uint64_t seed);

} // namespace girih::runtime

#endif // GIRIH_LIB_RUNTIME_BLOCKDATA_H
