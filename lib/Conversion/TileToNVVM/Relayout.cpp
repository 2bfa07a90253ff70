// Tiles of 8 bits that move from one layout in registers to another.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include <map>

using namespace mlir;

namespace girih {
namespace {

constexpr int64_t kTogether = 4; ///< elements of a register

/// PTX ISA, "prmt": byte i of the result is that of the pair {a, c} which nibble i numbers.
Value permuteBytes(ImplicitLocOpBuilder &b, Value a, Value c, Value selector) {
  return LLVM::CallIntrinsicOp::create(b, b.getI32Type(), b.getStringAttr("llvm.nvvm.prmt"), {a, c, selector})
      .getResult(0);
}

/// The same where bytes stay in pairs, in a form that LLVM combines with what makes them.
Value permuteHalves(ImplicitLocOpBuilder &b, Value a, Value c, int64_t selector) {
  auto halves = VectorType::get(2, b.getI16Type());
  Value result = LLVM::PoisonOp::create(b, halves);
  for (int64_t i = 0; i < 2; ++i) {
    int64_t half = (selector >> (8 * i) & 0xf) / 2;
    Value from = LLVM::BitcastOp::create(b, halves, half < 2 ? a : c);
    Value element = LLVM::ExtractElementOp::create(b, from, constantI32(b, half % 2));
    result = LLVM::InsertElementOp::create(b, result, element, constantI32(b, i));
  }
  return LLVM::BitcastOp::create(b, b.getI32Type(), result);
}

bool keepsPairs(int64_t selector) {
  return llvm::all_of(ArrayRef<int64_t>{0, 8}, [&](int64_t at) {
    int64_t low = selector >> at & 0xf, high = selector >> (at + 4) & 0xf;
    return low % 2 == 0 && high == low + 1;
  });
}

/// The registers of `result` out of those of `source`, each lane's own; none where one
/// would take bytes of more than two.
std::optional<SmallVector<Value>> reorder(ImplicitLocOpBuilder &b, const tile::Fragment &source,
                                          const tile::Fragment &result, ValueRange registers) {
  std::map<tile::Fragment::Position, int64_t> numbers;
  for (int64_t i = 0; i < source.numRegisters(); ++i)
    numbers[source.registerOffset(i)] = i;
  SmallVector<Value> reordered;
  for (int64_t first = 0; first < result.numRegisters(); first += kTogether) {
    SmallVector<int64_t> words;
    int64_t selector = 0;
    for (int64_t i = 0; i < kTogether; ++i) {
      auto found = numbers.find(result.registerOffset(first + i));
      if (found == numbers.end())
        return std::nullopt;
      int64_t word = found->second / kTogether;
      if (!llvm::is_contained(words, word))
        words.push_back(word);
      if (words.size() > 2)
        return std::nullopt;
      int64_t byte = found->second % kTogether + (word == words[0] ? 0 : kTogether);
      selector |= byte << (4 * i);
    }
    constexpr int64_t kInOrder = 0x3210;
    Value a = registers[words.front()], c = registers[words.back()];
    reordered.push_back(selector == kInOrder   ? a
                        : keepsPairs(selector) ? permuteHalves(b, a, c, selector)
                                               : permuteBytes(b, a, c, constantI32(b, selector)));
  }
  return reordered;
}

/// From the accumulator, of which lane t of four holds columns 2 t and 2 t + 1 of every 8, to
/// the left operand, of which it holds columns 4 t to 4 t + 3 of every 16: two shuffles for
/// the two registers of 16 columns, which hold two rows.
class QuadExchange {
public:
  /// Whether these are the layouts.
  static bool isBetween(const tile::Fragment &source, const tile::Fragment &result) {
    using tile::Mode;
    auto isLanes = [](const tile::Fragment &layout, int64_t step) {
      return layout.laneModes().size() == 2 && layout.laneModes()[0] == Mode{4, {0, step}} &&
             layout.laneModes()[1] == Mode{8, {1, 0}};
    };
    int64_t columns = source.numRegisters() * 2; // of two rows and four lanes
    tile::Fragment::Modes from = {{2, {0, 1}}, {2, {8, 0}}, {columns / 8, {0, 8}}};
    tile::Fragment::Modes to = {{2, {0, 1}}, {2, {0, 2}}, {2, {8, 0}}, {2, {0, 16}}, {columns / 32, {0, 32}}};
    return columns % 32 == 0 && isLanes(source, 2) && isLanes(result, 4) && source.warpModes() == result.warpModes() &&
           source.registerModes() == from && result.registerModes() == to;
  }

  explicit QuadExchange(ImplicitLocOpBuilder &b) : b(b) {
    Value lane = laneId(b), one = constantI32(b, 1);
    Value low = arith::AndIOp::create(b, lane, one);
    Value high = arith::AndIOp::create(b, arith::ShRUIOp::create(b, lane, one), one);
    isOdd = isSet(low);
    // Each lane of four reads another one: those of the lower 8 columns give to the lanes 0
    // and 1, the even ones first, then the odd ones; those of the upper 8 to the lanes 2 and 3.
    first = arith::OrIOp::create(b, arith::ShLIOp::create(b, low, one), high);
    second = arith::XOrIOp::create(b, first, one);
    Value isUpper = isSet(high);
    auto choose = [&](int64_t upper, int64_t lower) {
      return arith::SelectOp::create(b, isUpper, constantI32(b, upper), constantI32(b, lower));
    };
    upperRow = choose(0x1054, 0x5410);
    lowerRow = choose(0x3276, 0x7632);
  }

  SmallVector<Value> exchange(ValueRange registers) {
    SmallVector<Value> result;
    for (size_t i = 0; i < registers.size(); i += 2) {
      Value x = shuffle(arith::SelectOp::create(b, isOdd, registers[i + 1], registers[i]), first);
      Value y = shuffle(arith::SelectOp::create(b, isOdd, registers[i], registers[i + 1]), second);
      result.push_back(permuteBytes(b, x, y, upperRow));
      result.push_back(permuteBytes(b, x, y, lowerRow));
    }
    return result;
  }

private:
  Value isSet(Value bit) { return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bit, constantI32(b, 0)); }

  /// The value of that lane of four (PTX ISA, "shfl.sync": lanes in segments of four).
  Value shuffle(Value value, Value lane) {
    constexpr int64_t kSegmentsOfFour = 0x1c1f;
    return NVVM::ShflOp::create(b, b.getI32Type(), constantI32(b, -1), value, lane, constantI32(b, kSegmentsOfFour),
                                NVVM::ShflKind::idx, UnitAttr());
  }

  ImplicitLocOpBuilder &b;
  Value isOdd, first, second, upperRow, lowerRow;
};

struct ConvertRelayout : OpConversionPattern<tile::RelayoutOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::RelayoutOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getResult().getType();
    tile::Fragment source(tile::fragmentEncoding(op.getTile().getType())), result(tile::fragmentEncoding(type));
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ValueRange registers = adaptor.getTile();
    if (isByteFloat(type.getElementType()) && QuadExchange::isBetween(source, result)) {
      rewriter.replaceOpWithMultiple(op, {QuadExchange(b).exchange(registers)});
      return success();
    }
    bool staysInLane = source.laneModes() == result.laneModes() && source.warpModes() == result.warpModes();
    if (isByteFloat(type.getElementType()) && staysInLane)
      if (std::optional<SmallVector<Value>> reordered = reorder(b, source, result, registers)) {
        rewriter.replaceOpWithMultiple(op, {*reordered});
        return success();
      }
    return op.emitOpError("moves elements that are not of 8 bits, or in a way that has no code");
  }
};

} // namespace

void populateRelayoutPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertRelayout>(converter, patterns.getContext());
}

} // namespace girih
