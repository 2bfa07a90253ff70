// The sequence that a work item is of: how many queries and keys it has, and where they are.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNSEQUENCE_H
#define GIRIH_LIB_TRANSFORMS_ATTNSEQUENCE_H

#include "dialects/Attn/Attn.h"
#include "dialects/Tile/IndexBuilder.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// One block of queries of one head.
struct WorkItem {
  mlir::Value batch, head, keyHead; ///< of packed sequences, the batch is the sequence; head may be a group
  mlir::Value block, firstRow;
  mlir::Value queries, keys;   ///< of its sequence
  mlir::Value firstQuery;      ///< of its sequence in the tensors; null if it is the first
  mlir::Value tensorBatch;     ///< index of the tensors
  mlir::Value q, k, v, o, lse; ///< the tensors, as far as it has rows of them
  /// What Q K^T and O are multiplied by beside the scales of the problem; null if nothing.
  mlir::Value scoreFactor, outputFactor;
};

/// A kernel's argument by its name.
mlir::BlockArgument argumentOf(mlir::gpu::GPUFuncOp kernel, llvm::StringRef name);

/// A tensor's size, of a kernel's argument.
mlir::Value sizeOf(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel, unsigned argument, unsigned dim);

/// How many starts there are of packed sequences.
mlir::Value countStarts(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel);

/// Fills in the item's sequence by its batch, or by its block of `rows` rows.
void findSequence(IndexBuilder &b, attn::ForwardOp op, mlir::gpu::GPUFuncOp kernel, WorkItem &item, int64_t rows);

/// The head's score beside those of keys, in base 2 as the maximum is; of several heads, that of each row.
mlir::Value loadSink(IndexBuilder &b, mlir::gpu::GPUFuncOp kernel, const WorkItem &item, int64_t rows, int64_t heads);

/// Fills in the item's factors.
void loadDescales(IndexBuilder &b, attn::ForwardOp op, mlir::gpu::GPUFuncOp kernel, WorkItem &item);

/// Whether the item has rows; null if each item has some.
mlir::Value isInSequence(IndexBuilder &b, attn::ForwardOp op, const WorkItem &item);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNSEQUENCE_H
