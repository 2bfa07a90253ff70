// tile-cut-columns: move wide tiles out of tensor memory a few columns at a time.
//
//   %v = tile.move %sum; %w = arith.mulf %v, %f; tile.write_tensor %w, %sum
// becomes
//   %s0 = tile.slice %sum[0, 0]; %v0 = tile.move %s0; %w0 = arith.mulf %v0, %f0; tile.write_tensor %w0, %s0
//   %s1 = tile.slice %sum[0, 32]; ...
//
// so that a thread holds the registers of one piece and not of the whole row. What is gathered from global memory and
// goes to shared memory with a tile, wherever that is, is gathered in pieces too.
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
  /// What is written and made of something that is gathered.
  static std::optional<Chain> from(tile::WriteSharedOp write);

  void cut();

private:
  explicit Chain(tile::MoveOp move = {}) : move(move) {}

  bool follow(Value value);
  bool trace(Value value);
  bool traceGathered(Value value);
  bool isUndisturbed(Operation *sink);

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

std::optional<Chain> Chain::from(tile::WriteSharedOp write) {
  Chain chain;
  chain.sinks.insert(write);
  bool isCut = isMatrix(write.getTile()) && pieceOf(write) >= kLeastPieceColumns;
  return isCut && chain.traceGathered(write.getTile()) ? std::optional(std::move(chain)) : std::nullopt;
}

/// Whether a value has something gathered in it. Of what else it has, registers are taken.
bool Chain::traceGathered(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != sinks.front()->getBlock() || !(isGathered(value) || keepsColumns(op)))
    return false;
  if (!links.insert(op))
    return true;
  bool found = isGathered(value);
  for (Value operand : op->getOperands())
    found |= traceGathered(operand);
  return found;
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
  if (move)
    links.insert(move);
  for (Operation *sink : sinks) {
    OpBuilder builder(sink);
    ColumnPiece piece(builder, links);
    Value tile = sink->getOperand(0), dest = sink->getOperand(1);
    int64_t columns = pieceOf(sink);
    for (int64_t first = 0; first < typeOf(tile).getDimSize(1); first += columns) {
      Value part = piece.of(tile, first, columns);
      Operation *made = builder.clone(*sink);
      made->setOperands({part, piece.slice(dest, first, columns)});
      made->moveBefore(sink);
    }
    sink->erase();
  }
  eraseUnused(links.getArrayRef());
}

struct TileCutColumnsPass : impl::TileCutColumnsPassBase<TileCutColumnsPass> {
  void runOnOperation() override {
    cutAll<tile::MoveOp>();
    cutAll<tile::WriteTensorOp>();
    cutAll<tile::WriteSharedOp>();
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
