// tile-specialize: tiles in tensor memory, which MMAs of one role and threads of another
// write and read.
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

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace girih {
namespace {

/// One role's side of the places of a program.
class PlaceConnector {
public:
  explicit PlaceConnector(const PlaceChannels &channels) : channels(channels) {}

  void makeAccumulatedReader(const TensorPlace &place);
  LogicalResult makeAccumulatedWriter(const TensorPlace &place);
  void makeOperandWriter(const TensorPlace &place);
  void makeOperandReader(const TensorPlace &place);
  void makeExchangeOfThreads(const TensorPlace &place);
  void makeExchangeOfMmas(const TensorPlace &place);

private:
  /// The ring of this worker, where there is more than one.
  Value ringOf(ImplicitLocOpBuilder &b, Value channel) {
    bool isOne = cast<tile::ChannelType>(channel.getType()).getCopies() == 1;
    return isOne ? Value() : tile::WorkerOp::create(b).getResult();
  }
  /// What is made for an op belongs to its run.
  static void tie(Operation *made, Operation *op) {
    if (Attribute run = op->getAttr(tile::kRunAttr))
      made->setAttr(tile::kRunAttr, run);
  }
  Value acquire(ImplicitLocOpBuilder &b, const TensorPlace &place, Operation *user) {
    auto made = tile::AcquireOp::create(b, place.getType(), channels.forth, ringOf(b, channels.forth));
    tie(made, user);
    return made;
  }
  Value wait(ImplicitLocOpBuilder &b, const TensorPlace &place, Value channel, Operation *user) {
    auto made = tile::WaitOp::create(b, place.getType(), channel, ringOf(b, channel));
    tie(made, user);
    return made;
  }
  void commit(ImplicitLocOpBuilder &b, Value channel, Operation *user) {
    tie(tile::CommitOp::create(b, channel, ringOf(b, channel)), user);
  }
  void release(ImplicitLocOpBuilder &b, Operation *user) {
    tie(tile::ReleaseOp::create(b, channels.forth, ringOf(b, channels.forth), Value(), 0), user);
  }
  static ImplicitLocOpBuilder before(Operation *op) { return ImplicitLocOpBuilder(op->getLoc(), op); }
  static ImplicitLocOpBuilder after(Operation *op) {
    ImplicitLocOpBuilder b(op->getLoc(), op->getContext());
    b.setInsertionPointAfter(op);
    return b;
  }
  void startInto(tile::MmaAsyncOp mma, Value slot, Value accumulate) {
    ImplicitLocOpBuilder b = before(mma);
    SmallVector<Value> scales = copyScales(b, mma);
    auto into = tile::MmaIntoOp::create(b, slot, mma.getA(), mma.getB(), accumulate, scales, mma.getSecondHalf(),
                                        mma.getTransposeB(), mma.getPair());
    into->setAttr(tile::kRoleAttr, mma->getAttr(tile::kRoleAttr));
    tie(into, mma);
  }
  /// The thread that starts the MMA copies its scales to columns that no other role uses: what one thread starts
  /// there is ordered.
  SmallVector<Value> copyScales(ImplicitLocOpBuilder &b, tile::MmaAsyncOp mma) {
    SmallVector<Value> slots;
    for (auto [scales, channel] : llvm::zip(mma.getScales(), channels.scales)) {
      slots.push_back(
          tile::OwnOp::create(b, tile::scalesSlot(cast<RankedTensorType>(scales.getType())), channel, Value()));
      auto copy = tile::CopyScalesOp::create(b, scales, slots.back());
      copy->setAttr(tile::kRoleAttr, mma->getAttr(tile::kRoleAttr));
      tie(copy, mma);
    }
    return slots;
  }
  void moveInto(tile::MoveOp move, Value slot) {
    ImplicitLocOpBuilder b = before(move);
    auto into = tile::WriteTensorOp::create(b, move.getTile(), slot);
    into->setAttr(tile::kRoleAttr, move->getAttr(tile::kRoleAttr));
  }

  PlaceChannels channels;
};

LogicalResult PlaceConnector::makeAccumulatedWriter(const TensorPlace &place) {
  Operation *first = place.scope->findAncestorOpInBlock(*place.mmas.front());
  Operation *last = place.scope->findAncestorOpInBlock(*place.mmas.back());
  ImplicitLocOpBuilder b = before(first);
  Value slot = acquire(b, place, first);
  for (tile::MoveOp read : place.reads)
    if (failed(checkWritten(read)))
      return failure();
  for (tile::MmaAsyncOp mma : place.mmas) {
    FailureOr<Value> flag = accumulateFlag(mma);
    if (failed(flag))
      return failure();
    startInto(mma, slot, *flag);
  }
  b = after(last);
  commit(b, channels.forth, last);
  return success();
}

void PlaceConnector::makeAccumulatedReader(const TensorPlace &place) {
  Operation *first = place.scope->findAncestorOpInBlock(*place.reads.front());
  Operation *last = place.scope->findAncestorOpInBlock(*place.reads.back());
  ImplicitLocOpBuilder b = before(waitPoint(first));
  Value slot = wait(b, place, channels.forth, first);
  for (tile::MoveOp read : place.reads)
    read.getTileMutable().assign(slot);
  b = after(last);
  release(b, last);
}

/// Every tile that threads write is one tile of the channel.
void PlaceConnector::makeOperandWriter(const TensorPlace &place) {
  for (tile::MoveOp write : place.writes) {
    ImplicitLocOpBuilder b = before(write);
    moveInto(write, acquire(b, place, write));
    commit(b, channels.forth, write);
  }
}

/// A tile that several MMAs read is waited for by the first and released after the last.
void PlaceConnector::makeOperandReader(const TensorPlace &place) {
  llvm::MapVector<std::pair<Block *, Value>, SmallVector<tile::MmaAsyncOp, 1>> readers;
  for (tile::MmaAsyncOp reader : place.readers)
    readers[{reader->getBlock(), reader.getA()}].push_back(reader);
  for (auto &[tile, mmas] : readers) {
    ImplicitLocOpBuilder b = before(mmas.front());
    Value slot = wait(b, place, channels.forth, mmas.front());
    for (tile::MmaAsyncOp mma : mmas)
      mma.getAMutable().assign(slot);
    b = after(mmas.back());
    release(b, mmas.back());
  }
}

/// The op itself, or the outermost choice around it: whichever way that goes, the place
/// changes hands.
static Operation *outOfChoices(Operation *op) {
  while (auto choice = dyn_cast<scf::IfOp>(op->getParentOp()))
    op = choice;
  return op;
}

/// Threads begin with the place; what they have written goes to the MMAs, what they read
/// comes from there.
void PlaceConnector::makeExchangeOfThreads(const TensorPlace &place) {
  struct Uses {
    SmallVector<tile::MoveOp, 1> reads, writes;
  };
  llvm::MapVector<Operation *, Uses> turns;
  for (tile::MoveOp read : place.reads)
    turns[outOfChoices(read)].reads.push_back(read);
  for (tile::MoveOp write : place.writes)
    turns[outOfChoices(write)].writes.push_back(write);
  for (auto &[op, uses] : turns) {
    ImplicitLocOpBuilder b = before(op);
    Value slot = uses.reads.empty()
                     ? tile::OwnOp::create(b, place.getType(), channels.forth, ringOf(b, channels.forth)).getResult()
                     : wait(b, place, channels.forth, op);
    for (tile::MoveOp read : uses.reads)
      read.getTileMutable().assign(slot);
    for (tile::MoveOp write : uses.writes)
      moveInto(write, slot);
    if (uses.writes.empty())
      continue;
    b = after(op);
    commit(b, channels.back, op);
  }
}

void PlaceConnector::makeExchangeOfMmas(const TensorPlace &place) {
  for (tile::MmaAsyncOp mma : place.mmas) {
    ImplicitLocOpBuilder b = before(mma);
    Value slot = wait(b, place, channels.back, mma);
    startInto(mma, slot, arith::ConstantOp::create(b, b.getBoolAttr(true)));
    commit(b, channels.forth, mma);
  }
}

} // namespace

LogicalResult connectPlace(StringRef role, const TensorPlace &place, const PlaceChannels &channels) {
  PlaceConnector connector(channels);
  bool isOfMmas = role == place.mmaRole(), isOfThreads = role == place.threadRole();
  LogicalResult result = success();
  switch (place.kind) {
  case TensorPlace::Accumulated:
    if (isOfMmas)
      result = connector.makeAccumulatedWriter(place);
    if (isOfThreads)
      connector.makeAccumulatedReader(place);
    break;
  case TensorPlace::Operand:
    if (isOfMmas)
      connector.makeOperandReader(place);
    if (isOfThreads)
      connector.makeOperandWriter(place);
    break;
  case TensorPlace::Exchanged:
    if (isOfMmas)
      connector.makeExchangeOfMmas(place);
    if (isOfThreads)
      connector.makeExchangeOfThreads(place);
    break;
  }
  return result;
}

/// A choice between tiles of a place only says which way it goes: nothing needs its result.
static void dropResults(scf::IfOp choice, const llvm::SetVector<Value> &tiles) {
  SmallVector<unsigned> kept;
  for (OpResult result : choice.getResults())
    if (!tiles.contains(result))
      kept.push_back(result.getResultNumber());
  if (kept.size() == choice.getNumResults())
    return;
  OpBuilder builder(choice);
  SmallVector<Type> types;
  for (unsigned i : kept)
    types.push_back(choice.getResult(i).getType());
  auto smaller = scf::IfOp::create(builder, choice.getLoc(), types, choice.getCondition(), /*withElseRegion=*/true);
  for (auto [from, into] : llvm::zip(choice->getRegions(), smaller->getRegions())) {
    Operation *yield = from.front().getTerminator();
    SmallVector<Value> values;
    for (unsigned i : kept)
      values.push_back(yield->getOperand(i));
    yield->setOperands(values);
    into.takeBody(from);
  }
  for (auto [i, result] : llvm::zip(kept, smaller.getResults()))
    choice.getResult(i).replaceAllUsesWith(result);
  for (OpResult result : choice.getResults())
    result.dropAllUses();
  choice.erase();
}

void forgetValues(ArrayRef<TensorPlace> places) {
  llvm::SetVector<Value> tiles;
  for (const TensorPlace &place : places)
    tiles.insert_range(place.tiles);
  llvm::SmallSetVector<Operation *, 4> choices;
  for (Value tile : tiles) {
    Operation *op = tile.getDefiningOp();
    if (isa_and_nonnull<scf::IfOp>(op))
      choices.insert(op);
    else if (isa_and_nonnull<tile::MmaAsyncOp, tile::AwaitOp, tile::MoveOp>(op))
      op->removeAttr(tile::kRoleAttr);
  }
  for (Operation *choice : choices)
    dropResults(cast<scf::IfOp>(choice), tiles);
}

} // namespace girih
