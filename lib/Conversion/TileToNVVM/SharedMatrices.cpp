// Tiles between registers and shared memory by matrices, where a thread's registers lie as
// ldmatrix and stmatrix want them: accumulators of 16 bits, left operands of 8 bits.
#include "Patterns.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;

namespace girih {
namespace {

constexpr int kBenefit = 2; // over vectors

/// Four matrices of 8 rows of 16 bytes a step: a warp's 16 rows of 32 bytes. Lane l gives the
/// address of row l % 8 of matrix l / 8, and has 4 bytes of row l / 4 of each, from byte
/// l % 4 times 4 on (PTX ISA, "ldmatrix", "stmatrix").
class SharedMatrices {
public:
  static constexpr int64_t kRegisters = 4, kUnitBytes = 16, kStepBytes = 32;

  /// `registers` says where a thread's registers are, `shared` where the tile is.
  static bool areSupported(RankedTensorType registers, RankedTensorType shared) {
    tile::SharedAttr encoding = tile::sharedEncoding(shared);
    int64_t bits = registers.getElementTypeBitWidth();
    if (!encoding || encoding.getInterleaved() || encoding.getSwizzle() < kStepBytes || registers.getRank() != 2 ||
        (bits != 8 && bits != 16))
      return false;
    tile::Fragment layout(tile::fragmentEncoding(registers));
    int64_t bytes = bits / 8, together = 4 / bytes;
    ArrayRef<tile::Mode> lanes = layout.laneModes(), warps = layout.warpModes();
    if (layout.numRegisters() % (kRegisters * together) != 0 || lanes.size() != 2 ||
        lanes[0] != tile::Mode{4, {0, together}} || lanes[1] != tile::Mode{8, {1, 0}} || warps.size() != 1 ||
        warps[0].steps[1] != 0)
      return false;
    // Matrices are rows 0 to 7 and 8 to 15 of the first 16 bytes, then of the others.
    return llvm::all_of(llvm::seq(layout.numRegisters()), [&](int64_t i) {
      int64_t step = i / together / kRegisters, matrix = i / together % kRegisters;
      int64_t byte = step * kStepBytes + matrix / 2 * kUnitBytes;
      return layout.registerOffset(i) == tile::Fragment::Position{matrix % 2 * 8, byte / bytes + i % together};
    });
  }

  SharedMatrices(ImplicitLocOpBuilder &b, RankedTensorType registers, RankedTensorType shared, Value start)
      : b(b), swizzle(tile::sharedEncoding(shared).getSwizzle()), panelBytes(tile::panelBytes(shared)) {
    tile::Fragment layout(tile::fragmentEncoding(registers));
    steps = layout.numRegisters() / elementsPerRegister(registers.getElementType()) / kRegisters;
    Value lane = laneId(b);
    Value row = arith::AddIOp::create(b, times(warpInWorker(b), layout.warpModes()[0].steps[0]), bits(lane, 15));
    Value rowBytes = times(row, swizzle);
    // The swizzle flips the unit number by address bits 7 and up (PTX ISA, "swizzling modes").
    Value flip = bits(shiftRight(rowBytes, 7), swizzle / kUnitBytes - 1);
    unit = times(arith::XOrIOp::create(b, shiftRight(lane, 4), flip), kUnitBytes);
    rowStart = arith::AddIOp::create(b, start, rowBytes);
  }

  /// Calls `visit` with the number of each step's first register and the lane's address.
  void forEachStep(function_ref<void(int64_t, Value)> visit) {
    for (int64_t step = 0; step < steps; ++step) {
      int64_t byte = step * kStepBytes;
      Value moved = b.createOrFold<arith::XOrIOp>(unit, constantI32(b, byte % swizzle));
      Value address = arith::AddIOp::create(b, rowStart, moved);
      address = b.createOrFold<arith::AddIOp>(address, constantI32(b, byte / swizzle * panelBytes));
      visit(step * kRegisters, sharedPointer(b, address));
    }
  }

private:
  Value times(Value x, int64_t y) { return b.createOrFold<arith::MulIOp>(x, constantI32(b, y)); }
  Value bits(Value x, int64_t mask) { return b.createOrFold<arith::AndIOp>(x, constantI32(b, mask)); }
  Value shiftRight(Value x, int64_t by) { return b.createOrFold<arith::ShRUIOp>(x, constantI32(b, by)); }

  ImplicitLocOpBuilder &b;
  int64_t swizzle, panelBytes, steps;
  Value unit, rowStart;
};

NVVM::LdStMatrixShapeAttr matrixShape(MLIRContext *context) { return NVVM::LdStMatrixShapeAttr::get(context, 8, 8); }

struct ConvertWriteMatrices : OpConversionPattern<tile::WriteSharedOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::WriteSharedOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getTile().getType(), dest = op.getDest().getType();
    if (!SharedMatrices::areSupported(type, dest))
      return rewriter.notifyMatchFailure(op, "not in the layout of matrices");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SharedMatrices matrices(b, type, dest, adaptor.getDest().front());
    matrices.forEachStep([&](int64_t first, Value address) {
      SmallVector<Value> sources;
      for (Value value : adaptor.getTile().slice(first, SharedMatrices::kRegisters))
        sources.push_back(b.createOrFold<LLVM::BitcastOp>(b.getI32Type(), value));
      NVVM::StMatrixOp::create(b, address, sources, NVVM::MMALayout::row, matrixShape(b.getContext()),
                               NVVM::LdStMatrixEltType::B16);
    });
    rewriter.eraseOp(op);
    return success();
  }
};

/// Floats of 8 bits only: tiles of 16 bits are read faster as vectors, whose loads ptxas puts
/// between other instructions (docs/attention.md, "What it costs").
struct ConvertReadMatrices : OpConversionPattern<tile::MoveOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MoveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType source = op.getTile().getType(), type = op.getResult().getType();
    if (!isByteFloat(type.getElementType()) || !SharedMatrices::areSupported(type, source))
      return rewriter.notifyMatchFailure(op, "not bytes in shared memory in the layout of matrices");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SharedMatrices matrices(b, type, source, adaptor.getTile().front());
    auto words =
        LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(SharedMatrices::kRegisters, b.getI32Type()));
    SmallVector<Value> registers;
    matrices.forEachStep([&](int64_t, Value address) {
      Value group =
          NVVM::LdMatrixOp::create(b, words, address, /*num=*/SharedMatrices::kRegisters, NVVM::MMALayout::row,
                                   matrixShape(b.getContext()), NVVM::LdStMatrixEltType::B16);
      for (int64_t i = 0; i < SharedMatrices::kRegisters; ++i)
        registers.push_back(LLVM::ExtractValueOp::create(b, group, i));
    });
    NVVM::SyncWarpOp::create(b, constantI32(b, -1)); // every lane has read before the first tells so
    rewriter.replaceOpWithMultiple(op, {registers});
    return success();
  }
};

} // namespace

void populateSharedMatrixPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertWriteMatrices, ConvertReadMatrices>(converter, patterns.getContext(), kBenefit);
}

} // namespace girih
