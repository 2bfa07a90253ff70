// Blackwell's heuristics for attention: none yet.
#include "SM100a.h"

using namespace mlir;

namespace girih::sm100a {

FailureOr<tile::Schedule> completeSchedule(attn::ForwardOp op, const tile::Schedule &) {
  return op.emitError("attention has no schedule on sm_100a yet; kernels in the tile dialect are compiled");
}

} // namespace girih::sm100a
