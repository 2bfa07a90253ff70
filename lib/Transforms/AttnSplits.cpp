// Parts are combined as iterations are: o = sum of o_i 2^(m_i - m), where m is the largest of m_i.
#include "AttnSplits.h"
#include "AttnSoftmax.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include <limits>

using namespace mlir;

namespace girih {

/// Iterations are counted from the part's first, so that it can be seen to be masked, as buildKeyRange has it.
KeyPart splitKeys(IndexBuilder &b, const KeyRange &all, int64_t splits) {
  Value cta = gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x), one = b.index(1);
  Value length = b.ceilDiv(all.count, splits), begin = b.mul(cta, length);
  KeyPart part = {all, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, begin, all.count)};
  begin = b.minimum(begin, b.sub(all.count, one));
  part.range.end = b.sub(all.end, begin);
  part.range.count = b.minimum(length, b.sub(all.count, begin));
  if (all.maskedBefore == all.count)
    part.range.maskedBefore = part.range.count;
  else if (!matchPattern(all.maskedBefore, m_Zero()))
    part.range.maskedBefore = b.maximum(b.sub(all.maskedBefore, begin), one);
  for (Value *iteration : {&part.range.maskedFrom, &part.range.gapAt})
    if (*iteration)
      *iteration = b.sub(*iteration, begin);
  return part;
}

SoftmaxState combineParts(IndexBuilder &b, const KeyPart &part, const SoftmaxState &state, Value filled) {
  auto rows = cast<RankedTensorType>(state.maximum.getType()), matrix = cast<RankedTensorType>(state.output.getType());
  auto number = [&](float value) { return arith::ConstantOp::create(b, b.getF32FloatAttr(value)); };
  // The maximum of nothing; a finite one is what rows have that see no key.
  Value nothing = arith::SelectOp::create(b, part.isBeyond, number(-std::numeric_limits<float>::infinity()), number(0));
  Value mine = arith::AddFOp::create(b, state.maximum, tile::SplatOp::create(b, rows, nothing));
  SoftmaxState all;
  all.maximum = tile::ClusterReduceOp::create(b, tile::ReduceKind::Max, mine, /*leader=*/false, filled);
  Value weight = fastExp2(b, arith::SubFOp::create(b, mine, all.maximum));
  Value sum = arith::MulFOp::create(b, state.sum, weight);
  all.sum = tile::ClusterReduceOp::create(b, tile::ReduceKind::Add, sum, /*leader=*/true, filled);
  Value output = arith::MulFOp::create(b, state.output, tile::BroadcastOp::create(b, matrix, weight));
  all.output = tile::ClusterReduceOp::create(b, tile::ReduceKind::Add, output, /*leader=*/true, filled);
  return all;
}

scf::ForOp buildLeaderOnly(IndexBuilder &b) {
  Value cta = gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x), zero = b.index(0), one = b.index(1);
  Value isLeader = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, cta, zero);
  return scf::ForOp::create(b, zero, arith::SelectOp::create(b, isLeader, one, zero), one);
}

} // namespace girih
