// Tiles between registers and shared memory, a vector of neighbouring columns at a time,
// whatever the layout.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <map>

using namespace mlir;

namespace girih {
namespace {

/// The columns that a thread must hold side by side: a vector of 8 bytes of 32-bit
/// elements, a register of narrower ones.
int64_t leastColumns(Type element) {
  int64_t packed = elementsPerRegister(element);
  return packed == 1 ? 2 : packed;
}

/// The swizzle keeps 16 bytes together, as much as an instruction moves (PTX ISA, "st").
constexpr int64_t kUnitBytes = 16;

/// Where the vectors of a thread lie.
class SharedVectors {
public:
  /// `tile` in registers and where it lies in shared memory.
  SharedVectors(ImplicitLocOpBuilder &b, RankedTensorType tile, RankedTensorType shared, Value start)
      : b(b), layout(tile::fragmentEncoding(tile)), element(tile.getElementType()), start(start),
        swizzle(tile::sharedEncoding(shared).getSwizzle()), panelBytes(tile::panelBytes(shared)),
        columns(leastColumns(element)) {
    while (2 * columns * bytes() <= kUnitBytes && isSupported(layout, 2 * columns))
      columns *= 2;
  }

  /// Refuses a tile whose columns a thread does not hold side by side.
  static LogicalResult check(Operation *op, StringRef verb, RankedTensorType tile) {
    Type element = tile.getElementType();
    if (isByteFloat(element))
      return op->emitOpError() << "cannot " << verb << " " << tile
                               << ": of floats of 8 bits, only a left operand is read";
    int64_t width = leastColumns(element), bytes = element.getIntOrFloatBitWidth() / 8;
    if (isSupported(tile::Fragment(tile::fragmentEncoding(tile)), width) && bytes >= 1 && bytes <= 4)
      return success();
    return op->emitOpError() << "cannot " << verb << " " << tile << ": a thread must hold " << width
                             << " neighbouring columns of 8 to 32 bits side by side";
  }

  VectorType vectorType() const { return VectorType::get(columns, element); }
  int64_t alignment() const { return columns * bytes(); }

  /// Calls `visit` with the number of each vector's first element and with its address.
  void forEach(function_ref<void(int64_t, Value)> visit) {
    Value myRow = threadOffset(b, layout, 0), myByte = threadOffset(b, inBytes(), 1);
    std::map<int64_t, Row> rows;
    for (int64_t i = 0, e = layout.numRegisters(); i < e; i += columns) {
      tile::Fragment::Position position = layout.registerOffset(i);
      auto [row, isNew] = rows.try_emplace(position[0]);
      if (isNew)
        row->second = rowAt(plus(myRow, position[0]));
      Value byte = plus(myByte, position[1] * bytes());
      Value panel = b.createOrFold<arith::DivUIOp>(byte, constantI32(b, swizzle));
      Value inPanel = b.createOrFold<arith::RemUIOp>(byte, constantI32(b, swizzle));
      Value address = b.createOrFold<arith::AddIOp>(row->second.address, times(panel, panelBytes));
      address = b.createOrFold<arith::AddIOp>(address, b.createOrFold<arith::XOrIOp>(inPanel, row->second.flip));
      visit(i, sharedPointer(b, address));
    }
  }

private:
  /// Where a row starts in its first panel, and how it permutes its units.
  struct Row {
    Value address, flip;
  };

  /// Whether vectors are neighbours and never cut.
  static bool isSupported(const tile::Fragment &layout, int64_t width) {
    ArrayRef<tile::Mode> registers = layout.registerModes();
    if (layout.getRank() != 2 || registers.empty() || registers[0].size % width != 0 ||
        registers[0].steps != ArrayRef<int64_t>{0, 1})
      return false;
    auto keepsVectors = [&](const tile::Mode &mode) { return mode.steps[1] % width == 0; };
    return llvm::all_of(registers.drop_front(), keepsVectors) && llvm::all_of(layout.laneModes(), keepsVectors) &&
           llvm::all_of(layout.warpModes(), keepsVectors);
  }

  /// The swizzle flips the number of a 16-byte unit by address bits 7 and up (PTX ISA,
  /// "swizzling modes").
  Row rowAt(Value row) {
    Value rowBytes = times(row, swizzle);
    Value bits = b.createOrFold<arith::ShRUIOp>(rowBytes, constantI32(b, 7));
    Value unit = b.createOrFold<arith::AndIOp>(bits, constantI32(b, swizzle / 16 - 1));
    return {b.createOrFold<arith::AddIOp>(start, rowBytes), b.createOrFold<arith::ShLIOp>(unit, constantI32(b, 4))};
  }

  /// The layout with columns counted in bytes.
  tile::Fragment inBytes() const {
    auto scale = [&](ArrayRef<tile::Mode> modes) {
      SmallVector<tile::Mode> scaled(modes);
      for (tile::Mode &mode : scaled)
        mode.steps[1] *= bytes();
      return scaled;
    };
    return tile::Fragment(2, scale(layout.registerModes()), scale(layout.laneModes()), scale(layout.warpModes()));
  }

  int64_t bytes() const { return element.getIntOrFloatBitWidth() / 8; }
  Value plus(Value x, int64_t y) { return b.createOrFold<arith::AddIOp>(x, constantI32(b, y)); }
  Value times(Value x, int64_t y) { return b.createOrFold<arith::MulIOp>(x, constantI32(b, y)); }

  ImplicitLocOpBuilder &b;
  tile::Fragment layout;
  Type element;
  Value start;
  int64_t swizzle, panelBytes, columns;
};

/// Calls `visit` with the number and the address of each element that a thread holds of a
/// vector whose slot starts there.
void forEachElement(ImplicitLocOpBuilder &b, RankedTensorType vector, Value start,
                    function_ref<void(int64_t, Value)> visit) {
  tile::Fragment layout(tile::fragmentEncoding(vector));
  int64_t bytes = vector.getElementTypeBitWidth() / 8;
  Value mine = arith::MulIOp::create(b, threadOffset(b, layout, 0), constantI32(b, bytes));
  mine = arith::AddIOp::create(b, start, mine);
  for (int64_t i = 0, e = layout.numRegisters(); i < e; ++i) {
    Value offset = constantI32(b, layout.registerOffset(i)[0] * bytes);
    visit(i, sharedPointer(b, b.createOrFold<arith::AddIOp>(mine, offset)));
  }
}

LogicalResult checkVector(Operation *op, StringRef verb, RankedTensorType vector) {
  if (vector.getElementTypeBitWidth() == 32)
    return success();
  return op->emitOpError() << "cannot " << verb << " " << vector << ": elements of a vector have 32 bits";
}

/// Lanes that hold copies write the same. All have written before the first tells so.
struct ConvertWriteVector : OpConversionPattern<tile::WriteSharedOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::WriteSharedOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getTile().getType();
    if (type.getRank() != 1)
      return rewriter.notifyMatchFailure(op, "no vector");
    if (failed(checkVector(op, "write", type)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    forEachElement(b, type, adaptor.getDest().front(),
                   [&](int64_t i, Value address) { LLVM::StoreOp::create(b, adaptor.getTile()[i], address); });
    NVVM::SyncWarpOp::create(b, constantI32(b, -1));
    rewriter.eraseOp(op);
    return success();
  }
};

/// Every lane has read before the first tells so.
struct ConvertReadVector : OpConversionPattern<tile::MoveOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MoveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getResult().getType();
    if (type.getRank() != 1 || !tile::sharedEncoding(op.getTile().getType()))
      return rewriter.notifyMatchFailure(op, "no vector in shared memory");
    if (failed(checkVector(op, "read", type)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> elements;
    forEachElement(b, type, adaptor.getTile().front(), [&](int64_t, Value address) {
      elements.push_back(LLVM::LoadOp::create(b, type.getElementType(), address));
    });
    NVVM::SyncWarpOp::create(b, constantI32(b, -1));
    rewriter.replaceOpWithMultiple(op, {elements});
    return success();
  }
};

struct ConvertWriteVectors : OpConversionPattern<tile::WriteSharedOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::WriteSharedOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getTile().getType();
    if (failed(SharedVectors::check(op, "write", type)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> elements = unpackRegisters(b, adaptor.getTile(), type.getElementType());
    SharedVectors vectors(b, type, op.getDest().getType(), adaptor.getDest().front());
    vectors.forEach([&](int64_t first, Value address) {
      ValueRange part = ValueRange(elements).slice(first, vectors.vectorType().getNumElements());
      Value vector = vector::FromElementsOp::create(b, vectors.vectorType(), part);
      LLVM::StoreOp::create(b, vector, address, vectors.alignment());
    });
    rewriter.eraseOp(op);
    return success();
  }
};

/// Every lane has read before the first tells so.
struct ConvertReadVectors : OpConversionPattern<tile::MoveOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MoveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getResult().getType();
    if (!tile::sharedEncoding(op.getTile().getType()))
      return rewriter.notifyMatchFailure(op, "not from shared memory");
    if (failed(SharedVectors::check(op, "read", type)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> elements;
    SharedVectors vectors(b, type, op.getTile().getType(), adaptor.getTile().front());
    vectors.forEach([&](int64_t, Value address) {
      Value vector = LLVM::LoadOp::create(b, vectors.vectorType(), address, vectors.alignment());
      llvm::append_range(elements, vector::ToElementsOp::create(b, vector).getResults());
    });
    NVVM::SyncWarpOp::create(b, constantI32(b, -1));
    rewriter.replaceOpWithMultiple(op, {packRegisters(b, elements, type.getElementType())});
    return success();
  }
};

} // namespace

void populateSharedVectorPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertWriteVectors, ConvertReadVectors>(converter, patterns.getContext(), /*benefit=*/0);
  patterns.add<ConvertWriteVector, ConvertReadVector>(converter, patterns.getContext(), /*benefit=*/3);
}

} // namespace girih
