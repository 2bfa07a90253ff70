// Shared-memory tiles and the copies between them and global memory.
#include "Patterns.h"
#include "girih/Target/Kernel.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <map>

using namespace mlir;

namespace girih {

Value sharedAddress(ImplicitLocOpBuilder &b, int64_t offset) {
  auto pointer = LLVM::LLVMPointerType::get(b.getContext(), 3);
  Value start = LLVM::AddressOfOp::create(b, pointer, kSharedSymbol);
  Value address = LLVM::PtrToIntOp::create(b, b.getI32Type(), start);
  return b.createOrFold<arith::AddIOp>(address, constantI32(b, offset));
}

namespace {

template <typename OpTy> struct ConvertAllocation : OpConversionPattern<OpTy> {
  using OpConversionPattern<OpTy>::OpConversionPattern;

  LogicalResult matchAndRewrite(OpTy op, typename OpTy::Adaptor, ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, sharedAddress(b, op.getOffset()));
    return success();
  }
};

struct ConvertSlot : OpConversionPattern<tile::SlotOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::SlotOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value index = arith::IndexCastOp::create(b, b.getI32Type(), op.getIndex());
    RankedTensorType tile = op.getTile().getType();
    Value size = constantI32(b, tile::isInTensorMemory(tile) ? op.getBuffer().getType().getColumnsApart()
                                                             : tile::sharedBytes(tile));
    rewriter.replaceOpWithNewOp<arith::AddIOp>(op, adaptor.getBuffer(), arith::MulIOp::create(b, index, size));
    return success();
  }
};

/// The registers that hold a part of the columns of a tile, in the order of the part's.
FailureOr<SmallVector<Value>> partOfRegisters(tile::SliceOp op, ValueRange registers) {
  RankedTensorType type = op.getResult().getType();
  tile::Fragment whole(tile::fragmentEncoding(op.getTile().getType())), part(tile::fragmentEncoding(type));
  std::optional<int64_t> column =
      op.getOffsets().size() < 2 ? std::optional<int64_t>(0) : getConstantIntValue(op.getOffsets()[1]);
  if (!column)
    return op.emitOpError("takes columns of registers at an offset that is not constant");
  std::map<tile::Fragment::Position, int64_t> numbers;
  for (int64_t i = 0; i < whole.numRegisters(); ++i)
    numbers[whole.registerOffset(i)] = i;
  int64_t together = elementsPerRegister(type.getElementType());
  SmallVector<Value> chosen;
  for (int64_t i = 0; i < part.numRegisters(); i += together) {
    int64_t first = -1;
    for (int64_t j = 0; j < together; ++j) {
      tile::Fragment::Position position = part.registerOffset(i + j);
      position[1] += *column;
      int64_t number = numbers.at(position);
      first = j == 0 ? number : first;
      if (number != first + j || first % together != 0)
        return op.emitOpError("takes columns that share registers with others");
    }
    chosen.push_back(registers[first / together]);
  }
  return chosen;
}

/// In shared memory, row r of a panel starts r rows further, column c in panel c / width.
/// In tensor memory all rows are there, and elements follow each other in 32-bit columns.
struct ConvertSlice : OpConversionPattern<tile::SliceOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::SliceOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType tile = op.getTile().getType();
    tile::SharedAttr encoding = tile::sharedEncoding(tile);
    if (!tile.getEncoding())
      return op.emitOpError("takes a part of a tile that has no memory yet");
    if (failed(op.checkOffsets()))
      return failure();
    if (tile::fragmentEncoding(tile)) {
      FailureOr<SmallVector<Value>> part = partOfRegisters(op, adaptor.getTile());
      if (failed(part))
        return failure();
      rewriter.replaceOpWithMultiple(op, {*part});
      return success();
    }
    int64_t unitBits = encoding ? encoding.getSwizzle() * 8 : 32;
    int64_t steps[] = {encoding ? encoding.getSwizzle() : 0, encoding ? tile::panelBytes(tile) : 1};
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value address = adaptor.getTile().front();
    for (auto [dim, index] : llvm::enumerate(op.getOffsets())) {
      Value offset = arith::IndexCastOp::create(b, b.getI32Type(), index);
      if (dim == 1)
        offset = arith::DivUIOp::create(b, offset, constantI32(b, unitBits / tile.getElementTypeBitWidth()));
      address = arith::AddIOp::create(b, address, arith::MulIOp::create(b, offset, constantI32(b, steps[dim])));
    }
    rewriter.replaceOp(op, address);
    return success();
  }
};

/// Calls `emit` for each TMA operation that moves the tile: with the byte offset
/// in shared memory and the coordinates, innermost first (docs/manifest.md).
void forEachBox(ImplicitLocOpBuilder &b, tile::TensorMapType map, RankedTensorType tile, ValueRange indices,
                function_ref<void(int64_t, ArrayRef<Value>)> emit) {
  SmallVector<Value> index;
  for (Value value : indices)
    index.push_back(arith::IndexCastOp::create(b, b.getI32Type(), value));
  size_t last = index.size() - 1;
  int64_t panelBytes = tile::panelBytes(tile);
  if (map.getFolded()) {
    SmallVector<Value> coordinates = {constantI32(b, 0)};
    if (last > 0)
      coordinates.push_back(index[last - 1]);
    // Signed: a tile may start before the tensor, which reads as zero there.
    coordinates.push_back(b.createOrFold<arith::DivSIOp>(index[last], constantI32(b, map.getPanel())));
    for (size_t dim = last; dim-- > 1;)
      coordinates.push_back(index[dim - 1]);
    return emit(0, coordinates);
  }
  int64_t rows = ShapedType::getNumElements(map.getBox().drop_back()); // outer sizes are 1, or of rows too
  for (int64_t panel = 0; panel * map.getPanel() < tile.getDimSize(1); ++panel)
    for (int64_t row = 0; row < tile.getDimSize(0); row += rows) {
      SmallVector<Value> coordinates(llvm::reverse(index));
      coordinates[0] = b.createOrFold<arith::AddIOp>(index[last], constantI32(b, panel * map.getPanel()));
      coordinates[1] = b.createOrFold<arith::AddIOp>(index[last - 1], constantI32(b, row));
      emit(panel * panelBytes + row * map.getSwizzle(), coordinates);
    }
}

struct ConvertCopy : OpConversionPattern<tile::CopyOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::CopyOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto map = dyn_cast<tile::TensorMapType>(op.getSource().getType());
    if (!map || !op.getBarriers())
      return op.emitOpError("has no tensor map or no barrier: run tile-lower-channels and tile-bind-arguments first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value barrier = barrierAddress(b, adaptor.getBarriers(), op.getBarrier());
    bool isOfPair = op.getLeader() && clusterOf(op) > 1;
    NVVM::CTAGroupKindAttr group;
    if (isOfPair) { // the barrier may be the other CTA's (PTX ISA, "cp.async.bulk.tensor", .cta_group::2)
      barrier = inLeader(b, barrier);
      group = NVVM::CTAGroupKindAttr::get(op.getContext(), NVVM::CTAGroupKind::CTA_2);
    }
    Value ctas;
    if (op.getMulticast() && clusterOf(op) > 1)
      ctas = arith::ConstantOp::create(b, b.getI16IntegerAttr((1 << clusterOf(op)) - 1));
    bool isToOthers = isOfPair || ctas;
    forEachBox(b, map, op.getDest().getType(), op.getIndices(), [&](int64_t offset, ArrayRef<Value> coordinates) {
      Value dest = b.createOrFold<arith::AddIOp>(adaptor.getDest(), constantI32(b, offset));
      NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
          b, isToOthers ? clusterPointer(b, dest) : sharedPointer(b, dest), adaptor.getSource(), coordinates,
          sharedPointer(b, barrier), /*im2colOffsets=*/ValueRange(), ctas, /*l2CacheHint=*/Value(),
          NVVM::TMALoadMode::TILE, /*isCTAOnly=*/!isToOthers, group, /*predicate=*/Value());
    });
    rewriter.eraseOp(op);
    return success();
  }
};

/// Runs `body` in one thread of the worker.
void inOneThread(ImplicitLocOpBuilder &b, function_ref<void()> body) {
  Value firstWarp = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, warpInWorker(b), constantI32(b, 0));
  auto inWarp = scf::IfOp::create(b, firstWarp, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(inWarp.thenBlock());
  auto inThread = scf::IfOp::create(b, NVVM::ElectSyncOp::create(b, b.getI1Type(), Value()), false);
  b.setInsertionPointToStart(inThread.thenBlock());
  body();
}

struct ConvertStore : OpConversionPattern<tile::StoreOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::StoreOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto map = dyn_cast<tile::TensorMapType>(op.getDest().getType());
    if (!map)
      return op.emitOpError("has no tensor map: run tile-bind-arguments first");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    inOneThread(b, [&] {
      forEachBox(b, map, op.getTile().getType(), op.getIndices(), [&](int64_t offset, ArrayRef<Value> coordinates) {
        Value source = b.createOrFold<arith::AddIOp>(adaptor.getTile(), constantI32(b, offset));
        NVVM::CpAsyncBulkTensorSharedCTAToGlobalOp::create(b, adaptor.getDest(), sharedPointer(b, source), coordinates,
                                                           /*l2CacheHint=*/Value(), NVVM::TMAStoreMode::TILE,
                                                           /*predicate=*/Value());
      });
      NVVM::CpAsyncBulkCommitGroupOp::create(b);
    });
    rewriter.eraseOp(op);
    return success();
  }
};

void workerBarrier(ImplicitLocOpBuilder &b, Value index) {
  Value id = arith::IndexCastOp::create(b, b.getI32Type(), index);
  syncThreads(b, id, constantI32(b, kThreadsPerWorker));
}

struct ConvertDrain : OpConversionPattern<tile::DrainStoresOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::DrainStoresOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    // Waiting is free for the threads that store nothing, and needs no branch.
    NVVM::CpAsyncBulkWaitGroupOp::create(b, b.getI32IntegerAttr(0), op.getCompleted() ? UnitAttr() : b.getUnitAttr());
    if (op.getBarrier())
      workerBarrier(b, op.getBarrier());
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertPublish : OpConversionPattern<tile::PublishOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::PublishOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    NVVM::FenceProxyOp::create(b, NVVM::ProxyKindAttr::get(b.getContext(), NVVM::ProxyKind::async_shared),
                               NVVM::SharedSpaceAttr::get(b.getContext(), NVVM::SharedSpace::shared_cta));
    workerBarrier(b, op.getBarrier());
    rewriter.eraseOp(op);
    return success();
  }
};

/// Each element that one thread holds, if inside the limits; of lanes that hold
/// copies, the first writes.
struct ConvertScatter : OpConversionPattern<tile::ScatterOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::ScatterOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType type = op.getTile().getType();
    if (!tile::fragmentEncoding(type))
      return op.emitOpError("writes tiles in registers only");
    if (isByteFloat(type.getElementType()))
      return op.emitOpError("writes no floats of 8 bits");
    tile::Fragment layout(tile::fragmentEncoding(type));
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Value> mine;
    for (unsigned dim = 0; dim < layout.getRank(); ++dim)
      mine.push_back(threadOffset(b, layout, dim));
    Value first = isFirstCopy(b, layout);
    SmallVector<Value> elements = unpackRegisters(b, adaptor.getTile(), type.getElementType());
    Value count = constantI32(b, op.getInterleaved());
    for (auto [i, element] : llvm::enumerate(elements)) {
      Value inside = first, offset = op.getOffset();
      SmallVector<Value> indices;
      for (unsigned dim = 0; dim < layout.getRank(); ++dim)
        indices.push_back(b.createOrFold<arith::AddIOp>(mine[dim], constantI32(b, layout.registerOffset(i)[dim])));
      if (op.getInterleaved() > 1) {
        indices.insert(indices.begin(), b.createOrFold<arith::RemUIOp>(indices[0], count));
        indices[1] = b.createOrFold<arith::DivUIOp>(indices[1], count);
      }
      for (auto [dim, index] : llvm::enumerate(indices)) {
        Value limit = arith::IndexCastOp::create(b, b.getI32Type(), op.getLimits()[dim]);
        Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, index, limit);
        inside = b.createOrFold<arith::AndIOp>(inside, fits);
        Value wide = arith::ExtUIOp::create(b, b.getI64Type(), index);
        offset = arith::AddIOp::create(b, offset, arith::MulIOp::create(b, wide, op.getStrides()[dim]));
      }
      auto guarded = scf::IfOp::create(b, inside, /*withElseRegion=*/false);
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(guarded.thenBlock());
      Value address = LLVM::GEPOp::create(b, adaptor.getDest().front().getType(), type.getElementType(),
                                          adaptor.getDest().front(), ValueRange{offset});
      LLVM::StoreOp::create(b, element, address);
    }
    rewriter.eraseOp(op);
    return success();
  }

  static Value isFirstCopy(ImplicitLocOpBuilder &b, const tile::Fragment &layout) {
    Value first = arith::ConstantOp::create(b, b.getBoolAttr(true));
    int64_t place = 1;
    for (const tile::Mode &mode : layout.laneModes()) {
      if (llvm::all_of(mode.steps, [](int64_t step) { return step == 0; })) {
        Value digit = arith::RemUIOp::create(b, arith::DivUIOp::create(b, laneId(b), constantI32(b, place)),
                                             constantI32(b, mode.size));
        Value isZero = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, digit, constantI32(b, 0));
        first = b.createOrFold<arith::AndIOp>(first, isZero);
      }
      place *= mode.size;
    }
    return first;
  }
};

} // namespace

void populateMemoryPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertAllocation<tile::AllocOp>, ConvertAllocation<tile::BarriersOp>, ConvertSlot, ConvertSlice,
               ConvertCopy, ConvertStore, ConvertDrain, ConvertPublish, ConvertScatter>(converter,
                                                                                        patterns.getContext());
}

} // namespace girih
