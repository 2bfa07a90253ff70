// Dropout: each weight has a random number of 16 bits, and is left out where that is below a threshold.
//
// The number is a function of the launch's seed and offset, of batch, head, query and key, and of
// nothing else, so neither tiles nor workers nor the chip change it, and whoever knows the five can make it
// again. The key of the generator is the seed plus the offset times an odd constant, so that
// offsets of one seed have different keys; the counter is (calls of the row, query, head, batch).
#include "AttnDropout.h"
#include "AttnHeads.h"

using namespace mlir;

namespace girih {

/// 2^64 divided by the golden ratio, rounded to an odd number.
static constexpr uint64_t kOffsetFactor = 0x9e3779b97f4a7c15;

std::optional<RandomKey> loadRandomKey(IndexBuilder &b, attn::ForwardOp op, gpu::GPUFuncOp kernel) {
  if (!op.getDropoutState())
    return std::nullopt;
  Value state = argumentOf(kernel, attn::kDropoutState);
  Type i32 = b.getI32Type(), i64 = b.getI64Type();
  auto constant = [&](uint64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(static_cast<int64_t>(value)));
  };
  auto word = [&](int64_t number) -> Value {
    Value index = arith::ConstantOp::create(b, b.getI32IntegerAttr(number));
    return arith::ExtUIOp::create(b, i64, tile::GatherOp::create(b, i32, state, index, int64_t(0)));
  };
  auto pair = [&](int64_t first) -> Value {
    return arith::OrIOp::create(b, word(first), arith::ShLIOp::create(b, word(first + 1), constant(32)));
  };
  Value ofOffset = arith::MulIOp::create(b, pair(2), constant(kOffsetFactor));
  Value key = arith::AddIOp::create(b, pair(0), ofOffset);
  return RandomKey{arith::TruncIOp::create(b, i32, key),
                   arith::TruncIOp::create(b, i32, arith::ShRUIOp::create(b, key, constant(32)))};
}

Value dropWeights(IndexBuilder &b, attn::ForwardOp op, const RandomKey &key, const ScoreTile &tile, int64_t heads,
                  Value weights) {
  // A call gives 8 numbers; tiles begin at whole blocks of 32, which have 4 calls.
  constexpr int64_t kNumbersOfCall = 8;
  auto shape = cast<RankedTensorType>(weights.getType()).getShape();
  auto numbers = RankedTensorType::get(shape, b.getI32Type());
  auto narrow = [&](Value index) -> Value { return arith::IndexCastOp::create(b, b.getI32Type(), index); };
  auto all = [&](Value scalar) -> Value { return tile::SplatOp::create(b, numbers, scalar); };
  auto ofRows = [&](Value vector) -> Value { return tile::BroadcastOp::create(b, numbers, vector); };
  Value query = ofRows(queriesOfRows(b, tile.firstQuery, heads, shape[0]));
  Value head = heads == 1 ? all(narrow(tile.head)) : ofRows(headsOfRows(b, tile.head, heads, shape[0]));
  Value call = narrow(b.div(tile.firstKey, b.index(kNumbersOfCall)));
  Value random = tile::RandomOp::create(b, numbers,
                                        ValueRange{all(key.low), all(key.high), all(call), query, head,
                                                   all(narrow(tile.batch)), tile::IotaOp::create(b, numbers, 1)});
  Value threshold = arith::ConstantOp::create(
      b, DenseElementsAttr::get(numbers, b.getI32IntegerAttr(static_cast<int32_t>(op.getDropoutThreshold()))));
  Value stays = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, random, threshold);
  auto type = cast<RankedTensorType>(weights.getType());
  Value none = arith::ConstantOp::create(b, DenseElementsAttr::get(type, b.getF32FloatAttr(0.0f)));
  return arith::SelectOp::create(b, stays, weights, none);
}

} // namespace girih
