// tile-cut-columns: move wide tiles out of tensor memory a few columns at a time.
//
//   %v = tile.move %sum; %w = arith.mulf %v, %f; tile.write_tensor %w, %sum
// becomes
//   %s0 = tile.slice %sum[0, 0]; %v0 = tile.move %s0; %w0 = arith.mulf %v0, %f0; tile.write_tensor %w0, %s0
//   %s1 = tile.slice %sum[0, 32]; ...
//
// so that a thread holds the registers of one piece and not of the whole row.
#include "girih/Transforms/Passes.h"

#include "CutColumns.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"
#include <numeric>

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILECUTCOLUMNSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

bool isMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2;
}

/// Whether an op makes each column of its result of one column of each operand.
bool keepsColumns(Operation *op) {
  if (op->getNumResults() != 1 || !isMemoryEffectFree(op) || !isMatrix(op->getResult(0)))
    return false;
  if (auto slice = dyn_cast<tile::SliceOp>(op))
    return llvm::all_of(slice.getOffsets(), [](Value offset) { return getConstantIntValue(offset).has_value(); });
  return OpTrait::hasElementwiseMappableTraits(op) && op->getNumRegions() == 0;
}

/// Whether a tile in tensor memory may be another after the op. One in shared memory may: that
/// is not what is moved.
bool handsOver(Operation *op) {
  return !isMemoryEffectFree(op) &&
         !isa<tile::MoveOp, tile::WriteSharedOp, tile::PublishOp, tile::DrainStoresOp, tile::StoreOp, tile::SyncOp>(op);
}

/// A tile that is moved to registers, what is made of it column by column, and the ops that write that.
class Chain {
public:
  /// Nothing where the tile has other uses, or a piece is no less than the whole.
  static std::optional<Chain> from(tile::MoveOp move);
  /// What is written and made of constants and vectors alone.
  static std::optional<Chain> from(tile::WriteTensorOp write);

  void cut();

private:
  explicit Chain(tile::MoveOp move = {}) : move(move) {}

  bool follow(Value value);
  bool trace(Value value);
  bool isUndisturbed(Operation *sink);
  Value columnsOf(OpBuilder &builder, Value value, int64_t first, int64_t count);
  Value slice(OpBuilder &builder, Value tile, int64_t first, int64_t count);

  tile::MoveOp move;
  llvm::SetVector<Operation *> sinks;
  llvm::SetVector<Operation *> links; ///< between the move and the sinks
};

/// How many columns of what a sink writes are a piece: of shared memory whole panels.
int64_t pieceOf(Operation *sink) {
  RankedTensorType tile = typeOf(sink->getOperand(0));
  int64_t panel = kPieceColumns;
  if (tile::SharedAttr shared = tile::sharedEncoding(sink->getOperand(1).getType()))
    panel = std::max(panel, shared.getSwizzle() * 8 / tile.getElementTypeBitWidth());
  return std::gcd(tile.getDimSize(1), panel);
}

std::optional<Chain> Chain::from(tile::MoveOp move) {
  if (!tile::isInTensorMemory(move.getTile().getType()) || !isMatrix(move.getResult()))
    return std::nullopt;
  Chain chain(move);
  if (!chain.follow(move.getResult()) || chain.sinks.empty())
    return std::nullopt;
  bool isOneWhole = chain.sinks.size() == 1 && pieceOf(chain.sinks.front()) >= typeOf(move.getResult()).getDimSize(1);
  if (isOneWhole || llvm::any_of(chain.sinks, [](Operation *sink) { return pieceOf(sink) < kLeastPieceColumns; }))
    return std::nullopt;
  auto isPossible = [&](Operation *sink) { return chain.isUndisturbed(sink); };
  return llvm::all_of(chain.sinks, isPossible) ? std::optional(std::move(chain)) : std::nullopt;
}

std::optional<Chain> Chain::from(tile::WriteTensorOp write) {
  Chain chain;
  chain.sinks.insert(write);
  int64_t piece = pieceOf(write);
  bool isCut =
      isMatrix(write.getTile()) && piece >= kLeastPieceColumns && piece < typeOf(write.getTile()).getDimSize(1);
  return isCut && chain.trace(write.getTile()) ? std::optional(std::move(chain)) : std::nullopt;
}

/// False where a value is in registers as a whole.
bool Chain::trace(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || isa<tile::BroadcastOp>(op) || matchPattern(op, m_Constant()))
    return op;
  bool isMade = keepsColumns(op) && !isa<tile::SliceOp>(op) && op->getBlock() == sinks.front()->getBlock();
  return isMade &&
         (!links.insert(op) || llvm::all_of(op->getOperands(), [&](Value operand) { return trace(operand); }));
}

/// False where a use needs the whole tile.
bool Chain::follow(Value value) {
  return llvm::all_of(value.getUsers(), [&](Operation *user) {
    if (user->getBlock() != move->getBlock())
      return false;
    if (isa<tile::WriteTensorOp, tile::WriteSharedOp>(user)) {
      sinks.insert(user);
      return user->getOperand(0) == value;
    }
    return keepsColumns(user) && (!links.insert(user) || follow(user->getResult(0)));
  });
}

/// Whether the tile is still there when the sink runs: pieces of it are moved then. What goes
/// to tensor memory replaces the tile, piece by piece; elsewhere it might lie in columns that
/// are still to be moved.
bool Chain::isUndisturbed(Operation *sink) {
  for (Operation *op = move->getNextNode(); op != sink; op = op->getNextNode())
    if (handsOver(op))
      return false;
  auto write = dyn_cast<tile::WriteTensorOp>(sink);
  return !write || (sinks.size() == 1 && write.getDest() == move.getTile() &&
                    typeOf(write.getTile()) == typeOf(move.getResult()));
}

void Chain::cut() {
  for (Operation *sink : sinks) {
    OpBuilder builder(sink);
    Value tile = sink->getOperand(0), dest = sink->getOperand(1);
    int64_t piece = pieceOf(sink);
    for (int64_t first = 0; first < typeOf(tile).getDimSize(1); first += piece) {
      Value part = columnsOf(builder, tile, first, piece);
      Operation *made = builder.clone(*sink);
      made->setOperands({part, slice(builder, dest, first, piece)});
      made->moveBefore(sink);
    }
    sink->erase();
  }
  llvm::SmallVector<Operation *> dead = links.takeVector();
  llvm::sort(dead, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  if (move)
    dead.push_back(move);
  for (Operation *op : dead)
    if (op->use_empty())
      op->erase();
}

Value Chain::slice(OpBuilder &builder, Value tile, int64_t first, int64_t count) {
  RankedTensorType type = typeOf(tile);
  if (count == type.getDimSize(1))
    return tile;
  Location loc = tile.getLoc();
  Value offsets[] = {arith::ConstantIndexOp::create(builder, loc, 0),
                     arith::ConstantIndexOp::create(builder, loc, first)};
  return tile::SliceOp::create(builder, loc, tile::sliceType(type, {type.getDimSize(0), count}), tile, offsets);
}

/// Those columns of a value, made here.
Value Chain::columnsOf(OpBuilder &builder, Value value, int64_t first, int64_t count) {
  if (!isMatrix(value))
    return value;
  Operation *op = value.getDefiningOp();
  RankedTensorType whole = typeOf(value);
  RankedTensorType part = tile::sliceType(whole, {whole.getDimSize(0), count});
  if (auto splat = op ? dyn_cast<arith::ConstantOp>(op) : nullptr)
    if (auto dense = dyn_cast<SplatElementsAttr>(splat.getValue()))
      return arith::ConstantOp::create(builder, op->getLoc(), dense.resizeSplat(part));
  if (op && op == move) {
    Value source = slice(builder, move.getTile(), first, count);
    return tile::MoveOp::create(builder, op->getLoc(), part, source);
  }
  if (auto taken = op && links.contains(op) ? dyn_cast<tile::SliceOp>(op) : nullptr) {
    int64_t column = taken.getOffsets().size() < 2 ? 0 : *getConstantIntValue(taken.getOffsets()[1]);
    return columnsOf(builder, taken.getTile(), column + first, count);
  }
  if (auto rows = op ? dyn_cast<tile::BroadcastOp>(op) : nullptr)
    return tile::BroadcastOp::create(builder, op->getLoc(), part, rows.getTile());
  if (!links.contains(op))
    return slice(builder, value, first, count);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(columnsOf(builder, operand, first, count));
  Operation *made = Operation::create(op->getLoc(), op->getName(), part, operands, op->getDiscardableAttrDictionary(),
                                      op->getPropertiesStorage(), BlockRange(), /*numRegions=*/0);
  return builder.insert(made)->getResult(0);
}

struct TileCutColumnsPass : impl::TileCutColumnsPassBase<TileCutColumnsPass> {
  void runOnOperation() override {
    cutAll<tile::MoveOp>();
    cutAll<tile::WriteTensorOp>();
  }

  template <typename Op> void cutAll() {
    SmallVector<Op> ops;
    getOperation().walk([&](Op op) { ops.push_back(op); });
    for (Op op : ops)
      if (std::optional<Chain> chain = Chain::from(op))
        chain->cut();
  }
};

} // namespace
} // namespace girih
