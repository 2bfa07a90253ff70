// wgmma: mma_async and await (PTX ISA, "asynchronous warpgroup-level matrix instructions").
#include "../Common/SharedOperand.h"
#include "SM90a.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace girih::sm90a {
namespace {

/// The matrix descriptor (PTX ISA, "matrix descriptor format"): above the lower half the
/// stride offset in units of 16 bytes, and the swizzle mode in bits 62 and 63: 1 is 128 bytes,
/// 2 is 64, 3 is 32.
Value makeDescriptor(ImplicitLocOpBuilder &b, const SharedOperand &operand) {
  Value wide = arith::ExtUIOp::create(b, b.getI64Type(), operand.low);
  uint64_t mode = 8 - llvm::Log2_64(operand.swizzle);
  auto high = static_cast<int64_t>((uint64_t(operand.groupBytes() >> 4) << 32) | (mode << 62));
  return arith::OrIOp::create(b, wide, arith::ConstantOp::create(b, b.getI64IntegerAttr(high)));
}

/// One assembly string per MMA: fence, every step along the inner dimension,
/// commit. Accumulators are tied to the results, so LLVM keeps them in place.
struct ConvertMma : OpConversionPattern<tile::MmaAsyncOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MmaAsyncOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto aType = cast<RankedTensorType>(op.getA().getType()), bType = cast<RankedTensorType>(op.getB().getType());
    RankedTensorType resultType = op.getResult().getType().getTile();
    if (failed(getSM90aTarget()->checkMma(op, aType, bType, resultType, op.getTransposeB())) ||
        !isPlaced(op, resultType) || !tile::sharedEncoding(bType) ||
        !(tile::sharedEncoding(aType) || isLeftPlaced(op, aType)))
      return op.emitOpError("has operands or a result that do not lie where the MMA has them: run tile-place first");
    int64_t bits = aType.getElementTypeBitWidth(), depth = kMma.depthOf(bits), steps = aType.getDimSize(1) / depth;
    int64_t results = tile::Fragment(tile::fragmentEncoding(resultType)).numRegisters();
    bool transposed = op.getTransposeB(), accumulates = static_cast<bool>(op.getAcc());
    bool aInRegisters = static_cast<bool>(tile::fragmentEncoding(aType));

    SmallVector<Value> operands;
    std::string constraints, body;
    auto addOperand = [&](Value value, StringRef constraint) {
      constraints += ("," + constraint).str();
      operands.push_back(value);
      return results + static_cast<int64_t>(operands.size()) - 1;
    };
    for (int64_t i = 0; i < results; ++i)
      constraints += i ? ",=f" : "=f";

    SharedOperand left, right = transposed ? SharedOperand::innerContiguous(b, adaptor.getB().front(), bType)
                                           : SharedOperand::outerContiguous(b, adaptor.getB().front(), bType);
    Value rightDescriptor = makeDescriptor(b, right);
    int64_t leftIndex = 0;
    if (aInRegisters) {
      leftIndex = results;
      for (Value value : adaptor.getA())
        addOperand(value.getType().isInteger(32) ? value : LLVM::BitcastOp::create(b, b.getI32Type(), value), "r");
    } else {
      left = SharedOperand::innerContiguous(b, adaptor.getA().front(), aType);
      leftIndex = addOperand(makeDescriptor(b, left), "l");
    }
    int64_t rightIndex = addOperand(rightDescriptor, "l");
    if (accumulates)
      for (auto [i, value] : llvm::enumerate(adaptor.getAcc()))
        addOperand(value, std::to_string(i));

    std::string accumulator = list(0, results);
    StringRef leftName = operandName(aType.getElementType()), rightName = operandName(bType.getElementType());
    // Only operands of 16 bits can be transposed.
    std::string transposition = bits != 16 ? "" : (aInRegisters ? ", " : ", 0, ") + std::string(transposed ? "0" : "1");
    for (int64_t step = 0; step < steps; ++step) {
      std::string leftText = "a";
      if (aInRegisters)
        leftText = "{" + list(leftIndex + 4 * step, 4) + "}";
      else
        body += llvm::formatv("add.s64 a, ${0}, {1}; ", leftIndex, left.steps[step]);
      body += llvm::formatv("add.s64 b, ${0}, {1}; setp.ne.b32 p, {2}, 0; ", rightIndex, right.steps[step],
                            accumulates || step > 0 ? 1 : 0);
      body += llvm::formatv("wgmma.mma_async.sync.aligned.m64n{0}k{1}.f32.{2}.{3} {{{4}}, {5}, b, p, 1, 1{6}; ",
                            resultType.getDimSize(1), depth, leftName, rightName, accumulator, leftText, transposition);
    }
    std::string ptx =
        "{ .reg .pred p; .reg .b64 a, b; wgmma.fence.sync.aligned; " + body + "wgmma.commit_group.sync.aligned; }";
    SmallVector<Type> types(results, b.getF32Type());
    Value group = emitPtx(b, types, ptx, constraints, operands).getRes();
    rewriter.replaceOpWithMultiple(op, {extractAll(b, group, results)});
    return success();
  }

  /// Whether the tile lies in registers as the MMA reads and writes them.
  static bool isPlaced(tile::MmaAsyncOp op, RankedTensorType tile) {
    FailureOr<tile::Fragment> layout = getSM90aTarget()->accumulatorLayout(op, tile.getDimSize(0), tile.getDimSize(1));
    return succeeded(layout) && tile::fragmentEncoding(tile) == layout->toAttr(op.getContext());
  }

  static bool isLeftPlaced(tile::MmaAsyncOp op, RankedTensorType tile) {
    bool interleaved = tile::sharedEncoding(op.getB().getType()).getInterleaved();
    FailureOr<tile::Fragment> layout = getSM90aTarget()->leftLayout(op, tile.getDimSize(0), tile.getDimSize(1),
                                                                    tile.getElementTypeBitWidth(), interleaved);
    return succeeded(layout) && tile::fragmentEncoding(tile) == layout->toAttr(op.getContext());
  }

  /// "$from, $from+1, ..."
  static std::string list(int64_t from, int64_t count) {
    std::string text;
    for (int64_t i = 0; i < count; ++i)
      text += (i ? ", $" : "$") + std::to_string(from + i);
    return text;
  }

  static SmallVector<Value> extractAll(ImplicitLocOpBuilder &b, Value group, int64_t count) {
    SmallVector<Value> values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(LLVM::ExtractValueOp::create(b, group, i));
    return values;
  }
};

/// The wait takes the accumulators in and gives them back, so that LLVM cannot
/// read them before it.
struct ConvertAwait : OpConversionPattern<tile::AwaitOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::AwaitOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ValueRange values = adaptor.getValue();
    std::string constraints;
    for (size_t i = 0; i < values.size(); ++i)
      constraints += i ? ",=f" : "=f";
    for (size_t i = 0; i < values.size(); ++i)
      constraints += "," + std::to_string(i);
    // PTX ISA, "wgmma.wait_group": up to 7 groups may be pending; fewer is stricter.
    int64_t pending = std::min<int64_t>(op.getInFlight(), 7);
    std::string ptx = llvm::formatv("wgmma.wait_group.sync.aligned {0};", pending);
    SmallVector<Type> types(values.getTypes());
    Value group = emitPtx(b, types, ptx, constraints, values).getRes();
    rewriter.replaceOpWithMultiple(op, {ConvertMma::extractAll(b, group, values.size())});
    return success();
  }
};

} // namespace

void populateMmaPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertMma, ConvertAwait>(converter, patterns.getContext());
}

} // namespace girih::sm90a
