// Reductions along rows, and broadcasts back.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {

Value combine(ImplicitLocOpBuilder &b, tile::ReduceKind kind, Value x, Value y) {
  if (kind == tile::ReduceKind::Max)
    return arith::MaxNumFOp::create(b, x, y);
  return arith::AddFOp::create(b, x, y);
}

namespace {

/// Elements of a row that one thread holds are combined in this many chains, so
/// that each instruction need not wait for the one before.
constexpr size_t kChains = 2;

/// The register of `rows` at each row offset.
llvm::SmallDenseMap<int64_t, int64_t> registersByRow(const tile::Fragment &rows) {
  llvm::SmallDenseMap<int64_t, int64_t> result;
  for (int64_t i = 0; i < rows.numRegisters(); ++i)
    result[rows.registerOffset(i)[0]] = i;
  return result;
}

/// Adds up over the lanes that share a row: a butterfly over each lane mode that
/// moves along columns.
Value combineLanes(ImplicitLocOpBuilder &b, tile::ReduceKind kind, const tile::Fragment &source, Value value) {
  int64_t place = 1;
  for (const tile::Mode &mode : source.laneModes()) {
    if (mode.movesAlong(1))
      for (int64_t distance = 1; distance < mode.size; distance *= 2) {
        Value other =
            NVVM::ShflOp::create(b, b.getF32Type(), constantI32(b, -1), value, constantI32(b, distance * place),
                                 constantI32(b, 31), NVVM::ShflKind::bfly, UnitAttr());
        value = combine(b, kind, value, other);
      }
    place *= mode.size;
  }
  return value;
}

struct ConvertReduce : OpConversionPattern<tile::ReduceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::ReduceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    tile::FragmentAttr sourceAttr = tile::fragmentEncoding(op.getTile().getType());
    tile::FragmentAttr resultAttr = tile::fragmentEncoding(op.getResult().getType());
    if (!sourceAttr || !resultAttr || !op.getTile().getType().getElementType().isF32())
      return op.emitOpError("combines f32 tiles in registers only");
    tile::Fragment source(sourceAttr), result(resultAttr);
    for (const tile::Mode &mode : source.warpModes())
      if (mode.movesAlong(1))
        return op.emitOpError("cannot combine a row that is spread over warps");

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto target = registersByRow(result);
    SmallVector<SmallVector<Value>> rows(result.numRegisters());
    for (auto [i, value] : llvm::enumerate(adaptor.getTile()))
      rows[target[source.registerOffset(i)[0]]].push_back(value);
    SmallVector<Value> elements;
    for (const SmallVector<Value> &row : rows) {
      SmallVector<Value> chains(row.begin(), row.begin() + std::min(kChains, row.size()));
      for (size_t i = chains.size(); i < row.size(); ++i)
        chains[i % kChains] = combine(b, op.getKind(), chains[i % kChains], row[i]);
      Value value = chains[0];
      for (Value chain : ArrayRef(chains).drop_front())
        value = combine(b, op.getKind(), value, chain);
      elements.push_back(result.getRank() == 1 ? combineLanes(b, op.getKind(), source, value) : value);
    }
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

struct ConvertBroadcast : OpConversionPattern<tile::BroadcastOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::BroadcastOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    tile::FragmentAttr sourceAttr = tile::fragmentEncoding(op.getTile().getType());
    tile::FragmentAttr resultAttr = tile::fragmentEncoding(op.getResult().getType());
    if (!sourceAttr || !resultAttr || elementsPerRegister(op.getTile().getType().getElementType()) != 1)
      return op.emitOpError("repeats tiles of 32-bit elements in registers only");
    tile::Fragment result(resultAttr);
    auto source = registersByRow(tile::Fragment(sourceAttr));
    SmallVector<Value> elements;
    for (int64_t i = 0, e = result.numRegisters(); i < e; ++i)
      elements.push_back(adaptor.getTile()[source[result.registerOffset(i)[0]]]);
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

/// One vote of the warp on what each lane holds.
struct ConvertAny : OpConversionPattern<tile::AnyOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::AnyOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!tile::fragmentEncoding(op.getTile().getType()))
      return op.emitOpError("asks tiles in registers only");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ValueRange elements = adaptor.getTile();
    Value mine = elements.front();
    for (Value element : elements.drop_front())
      mine = arith::OrIOp::create(b, mine, element);
    rewriter.replaceOp(
        op, NVVM::VoteSyncOp::create(b, b.getI1Type(), constantI32(b, -1), mine, NVVM::VoteSyncKind::any).getResult());
    return success();
  }
};

} // namespace

void populateReductionPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertReduce, ConvertAny, ConvertBroadcast>(converter, patterns.getContext());
}

} // namespace girih
