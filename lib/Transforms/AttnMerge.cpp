// With the logarithms L of two sums and their outputs O, divided by them, that of both is
// L = M + log2(2^(L1 - M) + 2^(L2 - M)) and O = O1 2^(L1 - L) + O2 2^(L2 - L), where M is the larger L.
#include "AttnMerge.h"

#include "AttnHeads.h"
#include "AttnSoftmax.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include <limits>
#include <numbers>

using namespace mlir;

namespace girih {

PartialAttention loadPartial(IndexBuilder &b, gpu::GPUFuncOp kernel, const WorkItem &item, int64_t rows,
                             int64_t columns, int64_t heads) {
  auto narrow = [&](Value index) -> Value { return arith::IndexCastOp::create(b, b.getI32Type(), index); };
  Value row = queriesOfRows(b, item.firstRow, heads, rows);
  if (item.firstQuery)
    row = arith::AddIOp::create(b, row, tile::SplatOp::create(b, row.getType(), narrow(item.firstQuery)));
  Value head = heads == 1 ? narrow(item.head) : headsOfRows(b, item.head, heads, rows);
  Value indices[] = {narrow(item.tensorBatch), head, row, narrow(b.index(0))};
  auto matrix = RankedTensorType::get({rows, columns}, b.getF32Type()), vector = matrix.clone({rows});
  Value output = tile::GatherOp::create(b, matrix, argumentOf(kernel, attn::kPartialOutput), indices,
                                        ArrayRef<int64_t>{0, 0, 0, 1});
  Value lse = tile::GatherOp::create(b, vector, argumentOf(kernel, attn::kPartialLse), ArrayRef(indices).drop_back(),
                                     ArrayRef<int64_t>{0, 0, 0});
  return {output, arith::MulFOp::create(b, lse, f32Constant(b, vector.getShape(), std::numbers::log2e))};
}

PartialAttention mergePartials(IndexBuilder &b, const PartialAttention &first, const PartialAttention &second) {
  auto rows = cast<RankedTensorType>(first.log2Sum.getType()), matrix = cast<RankedTensorType>(first.output.getType());
  Value zero = f32Constant(b, rows.getShape(), 0), one = f32Constant(b, rows.getShape(), 1);
  // Finite, so that two parts without keys weigh 0 and not NaN.
  Value most = arith::MaxNumFOp::create(b, arith::MaxNumFOp::create(b, first.log2Sum, second.log2Sum),
                                        f32Constant(b, rows.getShape(), std::numeric_limits<float>::lowest()));
  Value ofFirst = fastExp2(b, arith::SubFOp::create(b, first.log2Sum, most));
  Value ofSecond = fastExp2(b, arith::SubFOp::create(b, second.log2Sum, most));
  Value sum = arith::AddFOp::create(b, ofFirst, ofSecond);
  Value isNothing = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, sum, zero);
  Value inverse = arith::DivFOp::create(b, one, arith::SelectOp::create(b, isNothing, one, sum),
                                        arith::FastMathFlags::arcp | arith::FastMathFlags::afn);
  auto share = [&](Value weight) -> Value {
    return tile::BroadcastOp::create(b, matrix, arith::MulFOp::create(b, weight, inverse));
  };
  Value ofOther = share(ofSecond), nothing = f32Constant(b, matrix.getShape(), 0);
  Value isLeft = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, ofOther, nothing);
  Value other = arith::SelectOp::create(b, isLeft, nothing, second.output);
  Value mine = arith::MulFOp::create(b, first.output, share(ofFirst));
  return {math::FmaOp::create(b, other, ofOther, mine),
          arith::AddFOp::create(b, most, math::Log2Op::create(b, sum, arith::FastMathFlags::afn))};
}

} // namespace girih
