// Elementwise tiles: each thread does its own elements.
#include "Patterns.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace girih {
namespace {

RankedTensorType fragmentType(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  return tile && tile::fragmentEncoding(tile) ? tile : RankedTensorType();
}

/// arith and math ops on tiles become the same ops on scalars.
struct ConvertElementwise : ConversionPattern {
  ConvertElementwise(const TypeConverter &converter, MLIRContext *context)
      : ConversionPattern(converter, MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op, ArrayRef<ValueRange> operands,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op->hasTrait<OpTrait::Elementwise>() || op->getNumResults() != 1)
      return failure();
    RankedTensorType resultType = fragmentType(op->getResult(0).getType());
    auto isOfBytes = [](Type type) { return isByteFloat(getElementTypeOrSelf(type)); };
    if (!resultType || llvm::any_of(op->getOperandTypes(), isOfBytes) || isOfBytes(resultType))
      return failure();
    ImplicitLocOpBuilder b(op->getLoc(), rewriter);
    SmallVector<SmallVector<Value>> columns;
    for (auto [operand, registers] : llvm::zip(op->getOperands(), operands)) {
      RankedTensorType type = fragmentType(operand.getType());
      columns.push_back(type ? unpackRegisters(b, registers, type.getElementType()) : llvm::to_vector(registers));
    }
    SmallVector<Value> elements;
    for (int64_t i = 0, e = tile::Fragment(tile::fragmentEncoding(resultType)).numRegisters(); i < e; ++i) {
      SmallVector<Value> scalars;
      for (const SmallVector<Value> &column : columns)
        scalars.push_back(column.size() == 1 ? column[0] : column[i]);
      OperationState state(op->getLoc(), op->getName(), scalars, resultType.getElementType(), op->getAttrs());
      elements.push_back(rewriter.create(state)->getResult(0));
    }
    rewriter.replaceOpWithMultiple(op, {packRegisters(b, elements, resultType.getElementType())});
    return success();
  }
};

struct ConvertConstant : OpConversionPattern<arith::ConstantOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(arith::ConstantOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = fragmentType(op.getType());
    auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
    if (!isa<RankedTensorType>(op.getType()))
      return failure();
    if (!type || !splat)
      return op.emitOpError("must be a tile of one value with a layout in registers");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value scalar = arith::ConstantOp::create(b, cast<TypedAttr>(splat.getSplatValue<Attribute>()));
    SmallVector<Value> elements(tile::Fragment(tile::fragmentEncoding(type)).numRegisters(), scalar);
    rewriter.replaceOpWithMultiple(op, {packRegisters(b, elements, type.getElementType())});
    return success();
  }
};

struct ConvertSplat : OpConversionPattern<tile::SplatOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::SplatOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = fragmentType(op.getResult().getType());
    if (!type)
      return op.emitOpError("must have a layout in registers: run tile-place first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> elements(tile::Fragment(tile::fragmentEncoding(type)).numRegisters(), op.getScalar());
    rewriter.replaceOpWithMultiple(op, {packRegisters(b, elements, type.getElementType())});
    return success();
  }
};

/// The index is a constant per register plus the thread's own offset.
struct ConvertIota : OpConversionPattern<tile::IotaOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::IotaOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = fragmentType(op.getResult().getType());
    if (!type)
      return op.emitOpError("must have a layout in registers: run tile-place first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    tile::Fragment layout(tile::fragmentEncoding(type));
    unsigned dim = op.getDimension();
    Value mine = threadOffset(b, layout, dim);
    SmallVector<Value> elements;
    for (int64_t i = 0, e = layout.numRegisters(); i < e; ++i)
      elements.push_back(b.createOrFold<arith::AddIOp>(mine, constantI32(b, layout.registerOffset(i)[dim])));
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

/// Whether all columns of a tile are the same.
bool isOfRow(Value tile) {
  return isa_and_nonnull<tile::BroadcastOp, tile::SplatOp, arith::ConstantOp>(tile.getDefiningOp());
}

/// An index tile against a limit of its row: the thread's own offset goes to the limit,
/// and the constants into the comparisons. Otherwise each column's index would hold a
/// register through the loop, for all rows that are compared with it.
struct ConvertIndexComparison : OpConversionPattern<arith::CmpIOp> {
  ConvertIndexComparison(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, /*benefit=*/2) {}

  LogicalResult matchAndRewrite(arith::CmpIOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto index = op.getLhs().getDefiningOp<tile::IotaOp>();
    RankedTensorType type = fragmentType(op.getLhs().getType());
    bool isSigned = op.getPredicate() < arith::CmpIPredicate::ult;
    if (!index || !type || !isSigned || !isOfRow(op.getRhs()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    tile::Fragment layout(tile::fragmentEncoding(type));
    Value mine = threadOffset(b, layout, index.getDimension());
    SmallVector<Value> elements;
    for (auto [i, limit] : llvm::enumerate(adaptor.getRhs())) {
      // No index is below 0, so that a limit of -1 stands for all that are: none wraps around.
      Value known = b.createOrFold<arith::MaxSIOp>(limit, constantI32(b, -1));
      Value constant = constantI32(b, layout.registerOffset(i)[index.getDimension()]);
      elements.push_back(
          arith::CmpIOp::create(b, op.getPredicate(), constant, b.createOrFold<arith::SubIOp>(known, mine)));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

/// The dimension of which a tile of floats is the index, if it is.
std::optional<unsigned> indexedDimension(Value tile) {
  auto conversion = tile.getDefiningOp<arith::SIToFPOp>();
  auto index = conversion ? conversion.getIn().getDefiningOp<tile::IotaOp>() : tile::IotaOp();
  if (!index || !fragmentType(tile.getType()) || !getElementTypeOrSelf(tile.getType()).isF32())
    return std::nullopt;
  return index.getDimension();
}

/// An index as a float, times a number of the row and with one added: the thread's own
/// offset goes to the number of the row, and the constants of the registers into the sums or
/// multiply-adds. Otherwise each index would be converted.
struct IndexTerms {
  IndexTerms(ImplicitLocOpBuilder &b, RankedTensorType type, unsigned dimension)
      : b(b), dimension(dimension), layout(tile::fragmentEncoding(type)),
        mine(arith::SIToFPOp::create(b, b.getF32Type(), threadOffset(b, layout, dimension))) {}

  Value constant(size_t i) const {
    auto offset = static_cast<float>(layout.registerOffset(i)[dimension]);
    return arith::ConstantOp::create(b, b.getF32FloatAttr(offset));
  }

  ImplicitLocOpBuilder &b;
  unsigned dimension;
  tile::Fragment layout;
  Value mine;
};

struct ConvertIndexSum : OpConversionPattern<arith::AddFOp> {
  ConvertIndexSum(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, /*benefit=*/3) {}

  LogicalResult matchAndRewrite(arith::AddFOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    std::optional<unsigned> dimension = indexedDimension(op.getLhs());
    if (!dimension || !isOfRow(op.getRhs()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    IndexTerms terms(b, cast<RankedTensorType>(op.getType()), *dimension);
    SmallVector<Value> elements;
    for (auto [i, term] : llvm::enumerate(adaptor.getRhs())) {
      Value first = arith::AddFOp::create(b, terms.mine, term);
      elements.push_back(arith::AddFOp::create(b, terms.constant(i), first));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

struct ConvertIndexProduct : OpConversionPattern<math::FmaOp> {
  ConvertIndexProduct(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, /*benefit=*/3) {}

  LogicalResult matchAndRewrite(math::FmaOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    std::optional<unsigned> dimension = indexedDimension(op.getA());
    if (!dimension || !isOfRow(op.getB()) || !isOfRow(op.getC()))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    IndexTerms terms(b, cast<RankedTensorType>(op.getType()), *dimension);
    SmallVector<Value> elements;
    for (auto [i, step, term] : llvm::enumerate(adaptor.getB(), adaptor.getC())) {
      Value first = math::FmaOp::create(b, terms.mine, step, term);
      elements.push_back(math::FmaOp::create(b, terms.constant(i), step, first));
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

} // namespace

void populateElementwisePatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertElementwise, ConvertConstant, ConvertSplat, ConvertIota, ConvertIndexComparison, ConvertIndexSum,
               ConvertIndexProduct>(converter, patterns.getContext());
}

} // namespace girih
