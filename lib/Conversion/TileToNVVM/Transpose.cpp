// Tiles of 8 bits, transposed from shared memory to shared memory.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {
namespace {

/// A step of a warp takes 32 rows and 16 columns. ldmatrix transposes pairs of columns: of an
/// 8x8 matrix of 16 bits, lane 4 g + t gets columns 2 g and 2 g + 1 of rows 2 t and 2 t + 1.
/// Bytes of two matrices are put together so that a register has one column, of rows 2 t and
/// 2 t + 1 of both: of the result, row 2 g or 2 g + 1, four columns, which stmatrix writes as
/// they are, so that they lie interleaved. Lanes 16 to 31 write the odd row where the others
/// write the even one, and the other way round: eight consecutive rows, whose units the
/// swizzle spreads over all banks, are then written at once.
class Transposer {
public:
  static constexpr int64_t kStepRows = 32, kStepColumns = 16, kUnitBytes = 16, kBatch = 2;

  Transposer(ImplicitLocOpBuilder &b, RankedTensorType source, RankedTensorType dest, Value from, Value into)
      : b(b), source(source), dest(dest) {
    Value lane = laneId(b), warp = warpInWorker(b);
    auto flipOf = [&](Value rowBytes, const Side &side) { return bits(shiftRight(rowBytes, 7), side.units() - 1); };

    // Lane l gives the address of row l of the step.
    Value rowBytes = times(lane, this->source.swizzle);
    Value unit = arith::XOrIOp::create(b, warp, flipOf(rowBytes, this->source));
    read = arith::AddIOp::create(b, from, rowBytes);
    readUnit = times(unit, kUnitBytes);

    // Lane l gives the address of row l % 8 of matrix l / 8: the matrices are the even or odd
    // rows of the first 16 columns, and those of the others.
    Value row = bits(lane, 7), parity = arith::XOrIOp::create(b, bits(shiftRight(lane, 3), 1), shiftRight(row, 2));
    Value column = arith::AddIOp::create(b, times(row, 2), parity);
    Value half = shiftRight(lane, 4);
    Value columnBytes = times(column, this->dest.swizzle);
    writeUnit = times(arith::XOrIOp::create(b, half, flipOf(columnBytes, this->dest)), kUnitBytes);
    write = arith::AddIOp::create(b, into, columnBytes);
    write = arith::AddIOp::create(b, write, times(warp, kStepColumns * this->dest.swizzle));

    Value isLower = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, lane, constantI32(b, 16));
    first = arith::SelectOp::create(b, isLower, constantI32(b, kEvenBytes), constantI32(b, kOddBytes));
    second = arith::SelectOp::create(b, isLower, constantI32(b, kOddBytes), constantI32(b, kEvenBytes));
  }

  /// The warps share the columns. Reads go before the writes of as many steps.
  void run() {
    for (int64_t column = 0; column < source.tile.getDimSize(1); column += kWarpsPerWorker * kStepColumns)
      for (int64_t row = 0; row < source.tile.getDimSize(0); row += kBatch * kStepRows) {
        SmallVector<SmallVector<Value>> steps;
        int64_t end = std::min(row + kBatch * kStepRows, source.tile.getDimSize(0));
        for (int64_t at = row; at < end; at += kStepRows)
          steps.push_back(readStep(at, column));
        for (auto [i, registers] : llvm::enumerate(steps))
          writeStep(row + static_cast<int64_t>(i) * kStepRows, column, registers);
      }
  }

private:
  static constexpr int64_t kEvenBytes = 0x6420, kOddBytes = 0x7531; ///< of a pair of registers

  struct Side {
    explicit Side(RankedTensorType tile) : tile(tile), swizzle(tile::sharedEncoding(tile).getSwizzle()) {}
    int64_t units() const { return swizzle / kUnitBytes; }
    /// Of the unit with that number in a row, the offset of its panel.
    int64_t panelOffset(int64_t unit) const { return unit / units() * tile::panelBytes(tile); }

    RankedTensorType tile;
    int64_t swizzle;
  };

  SmallVector<Value> readStep(int64_t row, int64_t column) {
    int64_t unit = column / kUnitBytes; // of the first warp; the others follow
    Value address = addressOf(read, row * source.swizzle + source.panelOffset(unit), readUnit, unit % source.units());
    Type word = b.getI32Type();
    auto type = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(4, word));
    Value group =
        NVVM::LdMatrixOp::create(b, type, sharedPointer(b, address), /*num=*/4, NVVM::MMALayout::col,
                                 NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
    SmallVector<Value> registers;
    for (int64_t i = 0; i < 4; ++i)
      registers.push_back(LLVM::ExtractValueOp::create(b, group, i));
    return registers;
  }

  void writeStep(int64_t row, int64_t column, ValueRange registers) {
    int64_t unit = row / kUnitBytes;
    Value address = addressOf(write, column * dest.swizzle + dest.panelOffset(unit), writeUnit, unit % dest.units());
    SmallVector<Value> sources;
    for (int64_t half = 0; half < 2; ++half)
      for (Value selector : {first, second}) {
        Value pair[] = {registers[2 * half], registers[2 * half + 1], selector};
        sources.push_back(
            LLVM::CallIntrinsicOp::create(b, b.getI32Type(), b.getStringAttr("llvm.nvvm.prmt"), pair).getResult(0));
      }
    NVVM::StMatrixOp::create(b, sharedPointer(b, address), sources, NVVM::MMALayout::row,
                             NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
  }

  /// The swizzled unit of a lane, moved by a constant number of units that has other bits than
  /// what lanes and warps add.
  Value addressOf(Value base, int64_t offset, Value unit, int64_t units) {
    Value moved = b.createOrFold<arith::XOrIOp>(unit, constantI32(b, units * kUnitBytes));
    Value address = arith::AddIOp::create(b, base, moved);
    return b.createOrFold<arith::AddIOp>(address, constantI32(b, offset));
  }

  Value times(Value x, int64_t y) { return b.createOrFold<arith::MulIOp>(x, constantI32(b, y)); }
  Value bits(Value x, int64_t mask) { return b.createOrFold<arith::AndIOp>(x, constantI32(b, mask)); }
  Value shiftRight(Value x, int64_t by) { return b.createOrFold<arith::ShRUIOp>(x, constantI32(b, by)); }

  ImplicitLocOpBuilder &b;
  Side source, dest;
  Value read, readUnit, write, writeUnit, first, second;
};

struct ConvertTransposeInto : OpConversionPattern<tile::TransposeIntoOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::TransposeIntoOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType source = op.getTile().getType(), dest = op.getDest().getType();
    constexpr int64_t kColumns = kWarpsPerWorker * Transposer::kStepColumns;
    if (source.getElementTypeBitWidth() != 8 || source.getDimSize(0) % Transposer::kStepRows != 0 ||
        source.getDimSize(1) % kColumns != 0 || tile::sharedEncoding(source).getSwizzle() < kColumns)
      return op.emitOpError() << "of " << source << " has no code; of multiples of " << Transposer::kStepRows
                              << " rows and " << kColumns << " columns of 8 bits it has";
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Transposer(b, source, dest, adaptor.getTile(), adaptor.getDest()).run();
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void populateTransposePatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertTransposeInto>(converter, patterns.getContext());
}

} // namespace girih
