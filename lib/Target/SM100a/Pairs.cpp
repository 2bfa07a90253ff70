// Two f32 registers to an instruction (PTX ISA, "add.f32x2", "mul.f32x2", "fma.f32x2"). An
// operand is two neighbouring registers, so registers 2 i and 2 i + 1 of a tile go together:
// they lie so wherever a tile was loaded.
#include "SM100a.h"
#include "girih/Conversion/Lowering.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace girih::sm100a {
namespace {

constexpr int kBenefit = 2; // over the shared patterns

Value makePair(ImplicitLocOpBuilder &b, Value low, Value high) {
  return vector::FromElementsOp::create(b, VectorType::get(2, b.getF32Type()), ValueRange{low, high});
}

void appendHalves(ImplicitLocOpBuilder &b, Value pair, SmallVectorImpl<Value> &elements) {
  for (int64_t i = 0; i < 2; ++i)
    elements.push_back(vector::ExtractOp::create(b, pair, i));
}

/// An op on tiles of f32 for which there is an instruction on pairs.
template <typename Op> struct ConvertInPairs : OpConversionPattern<Op> {
  ConvertInPairs(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern<Op>(converter, context, kBenefit) {}

  LogicalResult matchAndRewrite(Op op, typename Op::template GenericAdaptor<ArrayRef<ValueRange>> adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    if (!tile::fragmentEncoding(op.getType()) || !type.getElementType().isF32())
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ArrayRef<ValueRange> operands = adaptor.getOperands();
    auto apply = [&](ArrayRef<Value> values) {
      return Op::create(b, values.front().getType(), values, op->getAttrs());
    };
    auto gather = [&](function_ref<Value(ValueRange)> take) { return llvm::map_to_vector(operands, take); };
    SmallVector<Value> elements;
    for (size_t i = 0, e = operands.front().size(); i < e; i += 2) {
      // Equal halves, as of what was broadcast, are one number.
      bool isPair = i + 1 < e && llvm::any_of(operands, [&](ValueRange tile) { return tile[i] != tile[i + 1]; });
      if (isPair)
        appendHalves(b, apply(gather([&](ValueRange tile) { return makePair(b, tile[i], tile[i + 1]); })), elements);
      else
        for (size_t j = i; j < std::min(i + 2, e); ++j)
          elements.push_back(apply(gather([&](ValueRange tile) { return tile[j]; })));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

/// The sum of a row that one thread holds: that of the elements with even numbers and that
/// of the others, and then of both, as the shared pattern has it.
struct ConvertSum : OpConversionPattern<tile::ReduceOp> {
  ConvertSum(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, kBenefit) {}

  LogicalResult matchAndRewrite(tile::ReduceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getTile().getType();
    ValueRange row = adaptor.getTile();
    if (op.getKind() != tile::ReduceKind::Add || !type.getElementType().isF32() || row.size() < 4 ||
        row.size() % 2 != 0 || tile::fragmentEncoding(type) != rowsOfLanes(row.size()).toAttr(op.getContext()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value sum = makePair(b, row[0], row[1]);
    for (size_t i = 2; i < row.size(); i += 2)
      sum = arith::AddFOp::create(b, sum, makePair(b, row[i], row[i + 1]));
    SmallVector<Value> halves;
    appendHalves(b, sum, halves);
    rewriter.replaceOpWithMultiple(op, {{arith::AddFOp::create(b, halves[0], halves[1]).getResult()}});
    return success();
  }
};

} // namespace

void populatePairPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertInPairs<arith::AddFOp>, ConvertInPairs<arith::SubFOp>, ConvertInPairs<arith::MulFOp>,
               ConvertInPairs<math::FmaOp>, ConvertSum>(converter, patterns.getContext());
}

} // namespace girih::sm100a
