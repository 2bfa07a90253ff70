// Tiles written from registers to shared memory: a vector of neighbouring columns
// at a time, whatever the layout.
#include "Patterns.h"

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

/// The swizzle keeps 16 bytes together, as much as an instruction writes (PTX ISA, "st").
constexpr int64_t kUnitBytes = 16;

struct ConvertWriteVectors : OpConversionPattern<tile::WriteSharedOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::WriteSharedOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getTile().getType();
    Type element = type.getElementType();
    tile::Fragment layout(tile::fragmentEncoding(type));
    int64_t width = leastColumns(element), bytes = element.getIntOrFloatBitWidth() / 8;
    if (!isSupported(layout, width) || bytes < 1 || bytes > 4)
      return op.emitOpError() << "cannot write " << type << ": a thread must hold " << width
                              << " neighbouring columns of 8 to 32 bits side by side";
    while (2 * width * bytes <= kUnitBytes && isSupported(layout, 2 * width))
      width *= 2;
    int64_t swizzle = tile::sharedEncoding(op.getDest().getType()).getSwizzle();
    int64_t panelBytes = tile::panelBytes(op.getDest().getType());

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> elements = unpackRegisters(b, adaptor.getTile(), element);
    Value start = adaptor.getDest().front(), myRow = threadOffset(b, layout, 0);
    Value myByte = times(b, threadOffset(b, layout, 1), bytes);
    std::map<int64_t, Row> rows;
    for (int64_t i = 0, e = layout.numRegisters(); i < e; i += width) {
      tile::Fragment::Position position = layout.registerOffset(i);
      auto [row, isNew] = rows.try_emplace(position[0]);
      if (isNew)
        row->second = rowAt(b, plus(b, myRow, position[0]), start, swizzle);
      Value byte = plus(b, myByte, position[1] * bytes);
      Value panel = b.createOrFold<arith::DivUIOp>(byte, constantI32(b, swizzle));
      Value inPanel = b.createOrFold<arith::RemUIOp>(byte, constantI32(b, swizzle));
      Value address = b.createOrFold<arith::AddIOp>(row->second.address, times(b, panel, panelBytes));
      address = b.createOrFold<arith::AddIOp>(address, b.createOrFold<arith::XOrIOp>(inPanel, row->second.flip));
      Value vector =
          vector::FromElementsOp::create(b, VectorType::get(width, element), ValueRange(elements).slice(i, width));
      LLVM::StoreOp::create(b, vector, sharedPointer(b, address), /*alignment=*/width * bytes);
    }
    rewriter.eraseOp(op);
    return success();
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
  static Row rowAt(ImplicitLocOpBuilder &b, Value row, Value start, int64_t swizzle) {
    Value rowBytes = times(b, row, swizzle);
    Value bits = b.createOrFold<arith::ShRUIOp>(rowBytes, constantI32(b, 7));
    Value unit = b.createOrFold<arith::AndIOp>(bits, constantI32(b, swizzle / 16 - 1));
    return {b.createOrFold<arith::AddIOp>(start, rowBytes), b.createOrFold<arith::ShLIOp>(unit, constantI32(b, 4))};
  }

  static Value plus(ImplicitLocOpBuilder &b, Value x, int64_t y) {
    return b.createOrFold<arith::AddIOp>(x, constantI32(b, y));
  }
  static Value times(ImplicitLocOpBuilder &b, Value x, int64_t y) {
    return b.createOrFold<arith::MulIOp>(x, constantI32(b, y));
  }
};

} // namespace

void populateWriteSharedPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertWriteVectors>(converter, patterns.getContext(), /*benefit=*/0);
}

} // namespace girih
