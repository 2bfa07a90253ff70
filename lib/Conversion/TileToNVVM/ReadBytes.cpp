// Tiles of 8 bits from shared memory into registers, as MMAs read a left operand there.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {
namespace {

constexpr int kBenefit = 2; // over vectors
constexpr int64_t kUnitBytes = 16, kStepColumns = 32;

/// Whether lane t of four holds columns 4 t to 4 t + 3 of every 16, of two rows.
bool isLeftOfBytes(const tile::Fragment &layout) {
  using tile::Mode;
  ArrayRef<Mode> registers = layout.registerModes(), lanes = layout.laneModes(), warps = layout.warpModes();
  if (registers.size() != 5 || lanes.size() != 2 || warps.size() != 1 || warps[0].steps[1] != 0)
    return false;
  Mode steps = {registers[4].size, {0, kStepColumns}};
  Mode expected[] = {{2, {0, 1}}, {2, {0, 2}}, {2, {8, 0}}, {2, {0, 16}}, steps};
  return registers == ArrayRef(expected) && lanes[0] == Mode{4, {0, 4}} && lanes[1] == Mode{8, {1, 0}};
}

/// Four 8x8 matrices of 16-bit pairs a step: a warp's 16 rows, 32 columns. Lane l gives the
/// address of row l % 8 of matrix l / 8 (PTX ISA, "ldmatrix"), and gets four columns of one
/// row of each.
struct ConvertReadBytes : OpConversionPattern<tile::MoveOp> {
  ConvertReadBytes(const TypeConverter &converter, MLIRContext *context)
      : OpConversionPattern(converter, context, kBenefit) {}

  LogicalResult matchAndRewrite(tile::MoveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType source = op.getTile().getType(), type = op.getResult().getType();
    tile::SharedAttr shared = tile::sharedEncoding(source);
    if (!shared || shared.getInterleaved() || !isByteFloat(type.getElementType()))
      return rewriter.notifyMatchFailure(op, "not bytes in shared memory");
    tile::Fragment layout(tile::fragmentEncoding(type));
    if (!isLeftOfBytes(layout))
      return rewriter.notifyMatchFailure(op, "not into the registers of a left operand");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto times = [&](Value x, int64_t y) { return b.createOrFold<arith::MulIOp>(x, constantI32(b, y)); };
    auto bits = [&](Value x, int64_t mask) { return b.createOrFold<arith::AndIOp>(x, constantI32(b, mask)); };
    auto shiftRight = [&](Value x, int64_t by) { return b.createOrFold<arith::ShRUIOp>(x, constantI32(b, by)); };
    int64_t swizzle = shared.getSwizzle(), unitsPerPanel = swizzle / kUnitBytes;
    // Matrices are rows 0 to 7 and 8 to 15 of the first 16 columns, then of the others.
    Value lane = laneId(b);
    Value row = arith::AddIOp::create(b, times(warpInWorker(b), layout.warpModes()[0].steps[0]), bits(lane, 15));
    Value rowBytes = times(row, swizzle);
    // The swizzle flips the unit number by address bits 7 and up (PTX ISA, "swizzling modes").
    Value flip = bits(shiftRight(rowBytes, 7), unitsPerPanel - 1);
    Value unit = times(arith::XOrIOp::create(b, shiftRight(lane, 4), flip), kUnitBytes);
    Value start = arith::AddIOp::create(b, adaptor.getTile().front(), rowBytes);
    auto words = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(4, b.getI32Type()));
    SmallVector<Value> registers;
    for (int64_t column = 0; column < type.getDimSize(1); column += kStepColumns) {
      int64_t first = column / kUnitBytes, panel = first / unitsPerPanel * tile::panelBytes(source);
      Value moved = b.createOrFold<arith::XOrIOp>(unit, constantI32(b, first % unitsPerPanel * kUnitBytes));
      Value address = arith::AddIOp::create(b, start, moved);
      address = b.createOrFold<arith::AddIOp>(address, constantI32(b, panel));
      Value group =
          NVVM::LdMatrixOp::create(b, words, sharedPointer(b, address), /*num=*/4, NVVM::MMALayout::row,
                                   NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
      for (int64_t i = 0; i < 4; ++i)
        registers.push_back(LLVM::ExtractValueOp::create(b, group, i));
    }
    NVVM::SyncWarpOp::create(b, constantI32(b, -1)); // every lane has read before the first tells so
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

} // namespace

void populateReadBytesPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertReadBytes>(converter, patterns.getContext());
}

} // namespace girih
