// tile-specialize: accumulators in tensor memory, which one role's MMAs write and
// another role reads.
//
//   %sum = scf.for %i = %lower ... iter_args(%acc = %zero) { ... tile.mma_async %a, %b, %acc ... }
//   %values = tile.move %sum
// becomes
//   %slot = tile.acquire %c
//   scf.for %i = %lower ... { tile.mma_into %slot, %a, %b accumulate(%i != %lower) }
//   tile.commit %c
// in one role and
//   %slot = tile.wait %c; %values = tile.move %slot; tile.release %c
// in the other.
#include "Roles.h"
#include "TileTies.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {

RankedTensorType Accumulator::getType() const {
  return cast<tile::AsyncType>(tile::MmaAsyncOp(mmas.front())->getResult(0).getType()).getTile();
}

//===----------------------------------------------------------------------===//
// Finding them
//===----------------------------------------------------------------------===//

/// All tiles that lie where `start` does.
static Accumulator accumulatorOf(Value start) {
  Accumulator result;
  SmallVector<Value> worklist;
  auto add = [&](Value value) {
    if (value && tile::isInTensorMemory(value.getType()) && result.tiles.insert(value))
      worklist.push_back(value);
  };
  add(start);
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    forEachTied(value, add);
    auto visit = [&](Operation *op) {
      if (auto await = dyn_cast<tile::AwaitOp>(op)) {
        add(await.getValue());
        add(await.getResult());
      } else if (auto mma = dyn_cast<tile::MmaAsyncOp>(op); mma && value != mma.getA()) {
        add(mma.getResult());
        add(mma.getAcc());
      }
    };
    if (Operation *definition = value.getDefiningOp())
      visit(definition);
    for (Operation *user : value.getUsers())
      visit(user);
  }
  return result;
}

/// The innermost block that holds all of the ops.
static Block *commonBlock(ArrayRef<Operation *> ops) {
  Block *block = ops.front()->getBlock();
  while (!llvm::all_of(ops, [&](Operation *op) { return block->findAncestorOpInBlock(*op); }))
    block = block->getParentOp()->getBlock();
  return block;
}

/// One role writes it, and only then others read it.
static LogicalResult check(Accumulator &accumulator) {
  SmallVector<Operation *> accesses;
  StringRef producer = roleOf(accumulator.mmas.front());
  for (tile::MmaAsyncOp mma : accumulator.mmas) {
    if (roleOf(mma) != producer)
      return mma.emitError() << "role \"" << roleOf(mma) << "\" adds to what role \"" << producer << "\" accumulates";
    accesses.push_back(mma);
  }
  for (Value value : accumulator.tiles)
    if (auto move = value.getDefiningOp<tile::MoveOp>())
      return move.emitError("a tile that is moved to tensor memory cannot be handed to another role yet");
  for (tile::MoveOp read : accumulator.reads)
    accesses.push_back(read);
  if (accumulator.reads.empty())
    return accumulator.mmas.front().emitError("nothing reads what this MMA accumulates");
  accumulator.scope = commonBlock(accesses);
  for (tile::MmaAsyncOp mma : accumulator.mmas)
    for (tile::MoveOp read : accumulator.reads) {
      Operation *write = accumulator.scope->findAncestorOpInBlock(*mma);
      if (write->isBeforeInBlock(accumulator.scope->findAncestorOpInBlock(*read)))
        continue;
      InFlightDiagnostic error = read.emitError("reads an accumulator before all its MMAs have started: it cannot "
                                                "change hands twice");
      error.attachNote(mma.getLoc()) << "an MMA is here";
      return error;
    }
  return success();
}

FailureOr<SmallVector<Accumulator>> findAccumulators(Block *program) {
  SmallVector<Accumulator> found;
  llvm::DenseSet<Value> known;
  program->walk([&](tile::MmaAsyncOp mma) {
    if (!tile::isInTensorMemory(mma.getResult().getType()) || known.contains(mma.getResult()))
      return;
    found.push_back(accumulatorOf(mma.getResult()));
    known.insert_range(found.back().tiles);
  });
  for (Accumulator &accumulator : found) {
    program->walk([&](Operation *op) {
      if (auto mma = dyn_cast<tile::MmaAsyncOp>(op); mma && accumulator.tiles.contains(mma.getResult()))
        accumulator.mmas.push_back(mma);
      if (auto move = dyn_cast<tile::MoveOp>(op); move && accumulator.tiles.contains(move.getTile()))
        accumulator.reads.push_back(move);
    });
    if (failed(check(accumulator)))
      return failure();
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Whether an MMA adds to what is there
//===----------------------------------------------------------------------===//

namespace {
/// What a tile in tensor memory holds: zeros, what an MMA has written, or zeros in the
/// first round of a loop and then what an MMA has written. A tile that is only what a
/// loop hands on to itself says nothing.
struct Content {
  enum Kind { Nothing, Zero, Written, ZeroAtFirst } kind;
  scf::ForOp loop = {};
};

class Contents {
public:
  FailureOr<Content> of(Value tile);

private:
  /// Of what `loop` carries, inside it or after it.
  FailureOr<Content> ofCarried(Value tile, scf::ForOp loop, Value init, Value yielded);

  llvm::DenseSet<Value> open; ///< asked for already, further out
};
} // namespace

FailureOr<Content> Contents::of(Value tile) {
  if (matchPattern(tile, m_AnyZeroFloat()))
    return Content{Content::Zero};
  if (tile.getDefiningOp<tile::MmaAsyncOp>() || tile.getDefiningOp<tile::AwaitOp>())
    return Content{Content::Written};
  if (!open.insert(tile).second)
    return Content{Content::Nothing};
  if (auto argument = dyn_cast<BlockArgument>(tile)) {
    auto loop = dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp());
    if (loop && argument != loop.getInductionVar())
      return ofCarried(tile, loop, loop.getTiedLoopInit(argument)->get(),
                       loop.getTiedLoopYieldedValue(argument)->get());
  } else if (auto loop = tile.getDefiningOp<scf::ForOp>()) {
    unsigned index = cast<OpResult>(tile).getResultNumber();
    return ofCarried(tile, loop, loop.getInitArgs()[index], loop.getYieldedValues()[index]);
  }
  return emitError(tile.getLoc(), "an accumulator in tensor memory starts as zero or as the result of an MMA");
}

FailureOr<Content> Contents::ofCarried(Value tile, scf::ForOp loop, Value init, Value yielded) {
  FailureOr<Content> before = of(init), after = of(yielded);
  if (failed(before) || failed(after))
    return failure();
  if (after->kind == Content::Nothing || (before->kind == after->kind && before->kind != Content::ZeroAtFirst))
    return before;
  if (before->kind == Content::Nothing)
    return after;
  if (before->kind != Content::Zero || after->kind != Content::Written)
    return loop.emitError("carries an accumulator that is zero in some rounds only");
  if (isa<BlockArgument>(tile))
    return Content{Content::ZeroAtFirst, loop};
  if (loop->hasAttr(tile::kNonEmptyAttr))
    return after;
  return loop.emitError() << "a loop that starts an accumulator in tensor memory must run: mark it "
                          << tile::kNonEmptyAttr;
}

/// Whether the MMA adds to what its accumulator holds, at the MMA.
static FailureOr<Value> accumulateFlag(tile::MmaAsyncOp mma) {
  ImplicitLocOpBuilder b(mma.getLoc(), mma);
  auto constant = [&](bool value) -> Value { return arith::ConstantOp::create(b, b.getBoolAttr(value)); };
  if (!mma.getAcc())
    return constant(false);
  FailureOr<Content> content = Contents().of(mma.getAcc());
  if (failed(content))
    return failure();
  if (content->kind != Content::ZeroAtFirst)
    return constant(content->kind == Content::Written);
  return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, content->loop.getInductionVar(),
                               content->loop.getLowerBound())
      .getResult();
}

//===----------------------------------------------------------------------===//
// Both sides of the channel
//===----------------------------------------------------------------------===//

/// The ring of this worker, where there is more than one.
static Value ringOf(ImplicitLocOpBuilder &b, Value channel) {
  bool isOne = cast<tile::ChannelType>(channel.getType()).getCopies() == 1;
  return isOne ? Value() : tile::WorkerOp::create(b).getResult();
}

LogicalResult makeAccumulatorProducer(const Accumulator &accumulator, Value channel) {
  Operation *first = accumulator.scope->findAncestorOpInBlock(*accumulator.mmas.front());
  Operation *last = accumulator.scope->findAncestorOpInBlock(*accumulator.mmas.back());
  ImplicitLocOpBuilder b(first->getLoc(), first);
  Value slot = tile::AcquireOp::create(b, accumulator.getType(), channel, ringOf(b, channel));
  for (tile::MmaAsyncOp mma : accumulator.mmas) {
    FailureOr<Value> flag = accumulateFlag(mma);
    if (failed(flag))
      return failure();
    b.setLoc(mma.getLoc());
    b.setInsertionPoint(mma);
    auto into = tile::MmaIntoOp::create(b, slot, mma.getA(), mma.getB(), *flag, mma.getTransposeB());
    into->setAttr(tile::kRoleAttr, mma->getAttr(tile::kRoleAttr));
  }
  b.setLoc(last->getLoc());
  b.setInsertionPointAfter(last);
  tile::CommitOp::create(b, channel, ringOf(b, channel));
  // The values are gone: what still names them goes with them.
  for (Value tile : accumulator.tiles)
    if (Operation *op = tile.getDefiningOp(); op && isa<tile::MmaAsyncOp, tile::AwaitOp>(op))
      op->removeAttr(tile::kRoleAttr);
  return success();
}

void makeAccumulatorConsumer(const Accumulator &accumulator, Value channel) {
  Operation *first = accumulator.scope->findAncestorOpInBlock(*accumulator.reads.front());
  Operation *last = accumulator.scope->findAncestorOpInBlock(*accumulator.reads.back());
  ImplicitLocOpBuilder b(first->getLoc(), waitPoint(first));
  Value slot = tile::WaitOp::create(b, accumulator.getType(), channel, ringOf(b, channel));
  for (tile::MoveOp read : accumulator.reads)
    read.getTileMutable().assign(slot);
  b.setLoc(last->getLoc());
  b.setInsertionPointAfter(last);
  tile::ReleaseOp::create(b, channel, ringOf(b, channel), Value(), 0);
}

} // namespace girih
