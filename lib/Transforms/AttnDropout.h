// Weights of attention that are left out by chance.
#ifndef GIRIH_LIB_TRANSFORMS_ATTNDROPOUT_H
#define GIRIH_LIB_TRANSFORMS_ATTNDROPOUT_H

#include "AttnScore.h"
#include "girih/Support/Dropout.h"

namespace girih {

/// The words of the key of the launch's random numbers, as i32.
struct RandomKey {
  mlir::Value low, high;
};
/// None without dropout.
std::optional<RandomKey> loadRandomKey(IndexBuilder &b, attn::ForwardOp op, mlir::gpu::GPUFuncOp kernel);

/// 0 in place of the weights of `tile` that are left out, in which rows of so many heads take turns.
/// The others stay as they are: their factor is that of the whole output.
mlir::Value dropWeights(IndexBuilder &b, attn::ForwardOp op, const RandomKey &key, const ScoreTile &tile, int64_t heads,
                        mlir::Value weights);

} // namespace girih

#endif // GIRIH_LIB_TRANSFORMS_ATTNDROPOUT_H
