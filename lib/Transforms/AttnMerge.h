// Attention to some keys goes on where attention to others has ended.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNMERGE_H
#define GIRIH_LIB_TRANSFORMS_ATTNMERGE_H

#include "AttnSequence.h"

namespace girih {

/// A part of softmax's sum over keys, of the rows of a work item: output that is divided by its sum, and the
/// logarithm of the sum in base 2.
struct PartialAttention {
  mlir::Value output, log2Sum;
};

/// What the launch brings for the item's rows, whose tile has so many columns.
PartialAttention loadPartial(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel, const WorkItem &item, int64_t rows,
                             int64_t columns, int64_t heads);

/// Both together. A part without keys has a logarithm of -inf, and any output if it is the second one.
PartialAttention mergePartials(IndexBuilder &b, const PartialAttention &first, const PartialAttention &second);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNMERGE_H
