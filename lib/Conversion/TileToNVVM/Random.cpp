// Random numbers: each thread makes its own, and calls the generator once for those of its registers
// that one call gives.
#include "Patterns.h"

#include <map>

using namespace mlir;

namespace girih {
namespace {

constexpr int64_t kWords = 4;

/// Where number n of a stream comes from.
struct Source {
  explicit Source(int64_t n) : call(n / 32 * 4 + n % 8 / 2), word(n / 8 % 4), half(n % 2) {}
  int64_t call, word, half;
};
/// The bits of n that say nothing but the call.
constexpr int64_t kCallBits = ~int64_t(31) | 6;

/// Philox 4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
class Philox {
public:
  using Block = std::array<Value, kWords>;

  explicit Philox(ImplicitLocOpBuilder &b) : b(b) {}

  Block call(ArrayRef<Value> key, Block counter) {
    constexpr int kRounds = 10;
    constexpr uint32_t kMultipliers[] = {0xd2511f53, 0xcd9e8d57}, kSteps[] = {0x9e3779b9, 0xbb67ae85};
    for (uint32_t round = 0; round < kRounds; ++round) {
      auto [high0, low0] = multiply(counter[0], kMultipliers[0]);
      auto [high1, low1] = multiply(counter[2], kMultipliers[1]);
      Value key0 = add(key[0], round * kSteps[0]), key1 = add(key[1], round * kSteps[1]);
      counter = {exclusiveOr(exclusiveOr(high1, counter[1]), key0), low1,
                 exclusiveOr(exclusiveOr(high0, counter[3]), key1), low0};
    }
    return counter;
  }

  Value add(Value a, uint32_t constant) {
    return constant == 0 ? a : b.createOrFold<arith::AddIOp>(a, constantI32(b, int32_t(constant)));
  }

private:
  Value exclusiveOr(Value a, Value c) { return arith::XOrIOp::create(b, a, c); }
  /// The upper and the lower word of the product.
  std::pair<Value, Value> multiply(Value a, uint32_t constant) {
    Type i64 = b.getI64Type(), i32 = b.getI32Type();
    Value wide = arith::MulIOp::create(b, arith::ExtUIOp::create(b, i64, a),
                                       arith::ConstantOp::create(b, b.getI64IntegerAttr(constant)));
    Value high = arith::ShRUIOp::create(b, wide, arith::ConstantOp::create(b, b.getI64IntegerAttr(32)));
    return {arith::TruncIOp::create(b, i32, high), arith::TruncIOp::create(b, i32, wide)};
  }

  ImplicitLocOpBuilder &b;
};

/// The column at which a tile of column numbers begins, if it is one.
std::optional<int64_t> firstColumn(Value index) {
  int64_t first = 0;
  while (auto slice = index.getDefiningOp<tile::SliceOp>()) {
    if (slice.getOffsets().size() == 2) {
      std::optional<int64_t> offset = getConstantIntValue(slice.getOffsets()[1]);
      if (!offset)
        return std::nullopt;
      first += *offset;
    }
    index = slice.getTile();
  }
  auto iota = index.getDefiningOp<tile::IotaOp>();
  return iota && iota.getDimension() == 1 ? std::optional(first) : std::nullopt;
}

/// Whether a register has the same word and half of a call in all threads.
bool isSameInThreads(const tile::Fragment &layout, int64_t first) {
  int64_t ofThreads = 0;
  for (int64_t lane = 0; lane < layout.numLanes(); ++lane)
    ofThreads |= layout.laneOffset(lane)[1];
  for (int64_t warp = 0; warp < layout.numWarps(); ++warp)
    ofThreads |= layout.warpOffset(warp)[1];
  for (int64_t i = 0; i < layout.numRegisters(); ++i)
    if ((layout.registerOffset(i)[1] + first) & ofThreads)
      return false;
  return (ofThreads & ~kCallBits) == 0;
}

struct ConvertRandom : OpConversionPattern<tile::RandomOp> {
  ConvertRandom(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(tile::RandomOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    tile::FragmentAttr encoding = tile::fragmentEncoding(op.getType());
    if (!encoding)
      return op.emitOpError("must have a layout in registers: run tile-place first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    tile::Fragment layout(encoding);
    std::optional<int64_t> first = layout.getRank() == 2 ? firstColumn(op.getIndex()) : std::nullopt;
    bool isKnown = first && isSameInThreads(layout, *first);
    auto shiftRight = [&](Value x, Value bits) { return b.createOrFold<arith::ShRUIOp>(x, bits); };
    auto mask = [&](Value x, int64_t bits) { return b.createOrFold<arith::AndIOp>(x, constantI32(b, bits)); };
    auto callOf = [&](Value n) {
      Value block = arith::ShLIOp::create(b, shiftRight(n, constantI32(b, 5)), constantI32(b, 2));
      return b.createOrFold<arith::AddIOp>(block, mask(shiftRight(n, constantI32(b, 1)), 3));
    };
    Philox philox(b);
    Value ofThread = isKnown ? callOf(threadOffset(b, layout, 1)) : Value();
    std::map<std::vector<const void *>, Philox::Block> made;
    SmallVector<Value> elements;
    for (int64_t i = 0, e = layout.numRegisters(); i < e; ++i) {
      Value key[] = {adaptor.getKey0()[i], adaptor.getKey1()[i]};
      Philox::Block counter = {adaptor.getCounter0()[i], adaptor.getCounter1()[i], adaptor.getCounter2()[i],
                               adaptor.getCounter3()[i]};
      Value index = adaptor.getIndex()[i];
      Source source(isKnown ? layout.registerOffset(i)[1] + *first : 0);
      std::vector<const void *> name;
      for (Value value : {key[0], key[1], counter[0], counter[1], counter[2], counter[3], isKnown ? Value() : index})
        name.push_back(value.getAsOpaquePointer());
      name.push_back(reinterpret_cast<const void *>(source.call));
      auto [found, isNew] = made.try_emplace(name);
      if (isNew) {
        Value call = isKnown ? philox.add(ofThread, uint32_t(source.call)) : callOf(index);
        counter[0] = b.createOrFold<arith::AddIOp>(counter[0], call);
        found->second = philox.call(key, counter);
      }
      Value word = found->second[source.word], half = constantI32(b, 16 * source.half);
      if (!isKnown) {
        Value number = mask(shiftRight(index, constantI32(b, 3)), 3);
        for (int64_t w = 1; w < kWords; ++w) {
          Value isIt = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, number, constantI32(b, w));
          word = arith::SelectOp::create(b, isIt, found->second[w], word);
        }
        half = arith::ShLIOp::create(b, mask(index, 1), constantI32(b, 4));
      }
      elements.push_back(isKnown && source.half ? shiftRight(word, half) : mask(shiftRight(word, half), 0xffff));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

} // namespace

void populateRandomPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertRandom>(converter, patterns.getContext());
}

} // namespace girih
