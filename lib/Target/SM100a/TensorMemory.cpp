// Tensor memory: reserved, ordered, moved to and from registers (PTX ISA, "tensor memory").
#include "SM100a.h"
#include "girih/Conversion/Lowering.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;

namespace girih::sm100a {

std::string ofGroup(StringRef intrinsic, int64_t cluster) { return (intrinsic + ".cg" + Twine(cluster)).str(); }

void callIntrinsic(ImplicitLocOpBuilder &b, StringRef name, ValueRange operands) {
  LLVM::CallIntrinsicOp::create(b, b.getStringAttr(name), operands);
}

/// Others may reserve columns from here on: a kernel does so once.
void reserveColumns(ImplicitLocOpBuilder &b, Value sharedAddress, int64_t columns, int64_t cluster) {
  callIntrinsic(b, ofGroup("llvm.nvvm.tcgen05.alloc.shared", cluster),
                {sharedPointer(b, sharedAddress), constantI32(b, columns)});
  callIntrinsic(b, ofGroup("llvm.nvvm.tcgen05.relinq.alloc.permit", cluster), {});
}

void releaseColumns(ImplicitLocOpBuilder &b, Value address, int64_t columns, int64_t cluster) {
  Value pointer = LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext(), 6), address);
  callIntrinsic(b, ofGroup("llvm.nvvm.tcgen05.dealloc", cluster), {pointer, constantI32(b, columns)});
}

void fenceTensorMemory(ImplicitLocOpBuilder &b, Target::Fence fence) {
  callIntrinsic(b,
                fence == Target::Fence::BeforeSignal ? "llvm.nvvm.tcgen05.fence.before.thread.sync"
                                                     : "llvm.nvvm.tcgen05.fence.after.thread.sync",
                {});
}

/// PTX ISA, "tcgen05.ld", shape .32x32b: a lane of a warp has a row, a register a column.
tile::Fragment rowsOfLanes(int64_t columns) {
  return tile::Fragment(2, {{columns, {0, 1}}}, {{32, {1, 0}}}, {{4, {32, 0}}});
}

namespace {

/// Who takes part of a tile has few registers (tile-cut-columns), and gets it so many columns at a time.
constexpr int64_t kPartColumns = 32;

/// A move of a tile whose rows are the lanes of a worker's four warps.
class Move {
public:
  /// Refuses tiles in registers that lie otherwise.
  static LogicalResult check(Operation *op, RankedTensorType tile) {
    tile::FragmentAttr needed = rowsOfLanes(tile.getDimSize(1)).toAttr(op->getContext());
    if (tile.getDimSize(0) == kMma.rows && tile::fragmentEncoding(tile) == needed)
      return success();
    return op->emitOpError() << "moves " << tile << ", must be " << kMma.rows << " rows that lie as " << needed;
  }

  Move(ImplicitLocOpBuilder &b, RankedTensorType tile, Value address) : b(b), columns(tile::tensorColumns(tile)) {
    // Warp w of a worker reaches the lanes from 32 w on (PTX ISA, "tensor memory access").
    Value lane = arith::ShLIOp::create(b, warpInWorker(b), constantI32(b, 16 + 5));
    start = arith::AddIOp::create(b, address, lane);
  }

  /// A load and its wait are one string, so that nothing reads a register in between. Of at
  /// most `group` columns: what is made of one group may take its registers' place before the next.
  SmallVector<Value> load(Type type, int64_t group) {
    SmallVector<Value> values;
    for (int64_t first = 0; first < columns; first += group)
      loadGroup(type, first, std::min(group, columns - first), values);
    return values;
  }

  /// Waits at the end, if told to.
  void store(ValueRange values, bool waits) {
    std::string ptx, constraints = "r";
    forEachPart(columns, [&](int64_t at, int64_t count) {
      ptx +=
          llvm::formatv("tcgen05.st.sync.aligned.32x32b.x{0}.b32 [$0+{1}], {{{2}}; ", count, at, list(at + 1, count));
    });
    SmallVector<Value> operands = {start};
    for (Value value : values) {
      bool isFloat = value.getType().isF32(), isWord = isFloat || value.getType().isInteger(32);
      constraints += isFloat ? ",f" : ",r";
      operands.push_back(isWord ? value : LLVM::BitcastOp::create(b, b.getI32Type(), value).getResult());
    }
    emitPtx(b, {}, waits ? ptx + "tcgen05.wait::st.sync.aligned;" : ptx, constraints, operands);
  }

private:
  void loadGroup(Type type, int64_t first, int64_t size, SmallVectorImpl<Value> &values) {
    std::string ptx, constraints;
    forEachPart(size, [&](int64_t at, int64_t count) {
      ptx += llvm::formatv("tcgen05.ld.sync.aligned.32x32b.x{0}.b32 {{{1}}, [${2}+{3}]; ", count, list(at, count), size,
                           first + at);
    });
    for (int64_t i = 0; i < size; ++i)
      constraints += type.isF32() ? "=f," : "=r,";
    Type scalar = type.isF32() ? type : b.getI32Type();
    Value group =
        emitPtx(b, SmallVector<Type>(size, scalar), ptx + "tcgen05.wait::ld.sync.aligned;", constraints + "r", start)
            .getRes();
    for (int64_t i = 0; i < size; ++i) {
      Value value = size == 1 ? group : LLVM::ExtractValueOp::create(b, group, i).getResult();
      values.push_back(type == scalar ? value : LLVM::BitcastOp::create(b, type, value).getResult());
    }
  }

  /// Calls `emit` with the first column and the number of columns of each instruction: a
  /// power of two (PTX ISA, "tcgen05.ld", .num).
  static void forEachPart(int64_t columns, function_ref<void(int64_t, int64_t)> emit) {
    for (int64_t at = 0, count; at < columns; at += count) {
      count = std::min<int64_t>(llvm::bit_floor(uint64_t(columns - at)), kMaxMoveColumns);
      emit(at, count);
    }
  }

  /// "$from, $from+1, ..."
  static std::string list(int64_t from, int64_t count) {
    std::string text;
    for (int64_t i = 0; i < count; ++i)
      text += (i ? ", $" : "$") + std::to_string(from + i);
    return text;
  }

  ImplicitLocOpBuilder &b;
  int64_t columns;
  Value start;
};

struct ConvertMove : OpConversionPattern<tile::MoveOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::MoveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType result = op.getResult().getType();
    if (tile::sharedEncoding(op.getTile().getType()))
      return rewriter.notifyMatchFailure(op, "from shared memory");
    if (tile::isInTensorMemory(result))
      return op.emitOpError("moves to columns that are not known: run tile-lower-channels first");
    if (failed(Move::check(op, result)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    SmallVector<Type> types;
    if (failed(getTypeConverter()->convertType(result, types)))
      return failure();
    bool isPart = static_cast<bool>(op.getTile().getDefiningOp<tile::SliceOp>());
    int64_t group = isPart ? kPartColumns : result.getDimSize(1);
    SmallVector<Value> values = Move(b, result, adaptor.getTile().front()).load(types.front(), group);
    rewriter.replaceOpWithMultiple(op, {values});
    return success();
  }
};

/// Whether the worker's next access to memory but for reads of other columns is a write to
/// tensor memory: a wait there is one for both.
bool isWaitedForLater(tile::WriteTensorOp op) {
  auto columnOf = [](tile::SliceOp part) {
    return part.getOffsets().size() < 2 ? std::nullopt : getConstantIntValue(part.getOffsets()[1]);
  };
  auto mine = op.getDest().getDefiningOp<tile::SliceOp>();
  auto isElsewhere = [&](tile::MoveOp move) {
    auto other = move.getTile().getDefiningOp<tile::SliceOp>();
    return mine && other && mine.getTile() == other.getTile() && mine.getType() == other.getType() && columnOf(mine) &&
           columnOf(other) && columnOf(mine) != columnOf(other);
  };
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode()) {
    if (auto write = dyn_cast<tile::WriteTensorOp>(next))
      return true;
    auto move = dyn_cast<tile::MoveOp>(next);
    if (move ? !isElsewhere(move) : !isMemoryEffectFree(next))
      return false;
  }
  return false;
}

struct ConvertWrite : OpConversionPattern<tile::WriteTensorOp> {
  using OpConversionPattern::OpConversionPattern;

  LogicalResult matchAndRewrite(tile::WriteTensorOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    RankedTensorType tile = op.getTile().getType();
    if (failed(Move::check(op, tile)))
      return failure();
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Move(b, tile, adaptor.getDest().front()).store(adaptor.getTile(), /*waits=*/!isWaitedForLater(op));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void populateTensorMemoryPatterns(const TypeConverter &converter, RewritePatternSet &patterns) {
  patterns.add<ConvertMove, ConvertWrite>(converter, patterns.getContext());
}

} // namespace girih::sm100a
