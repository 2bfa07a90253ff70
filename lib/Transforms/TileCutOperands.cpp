// tile-cut-operands: hand a left operand over in two parts, so that its MMA starts on the first.
//
//   role "compute": %x = "work"; %p = tile.acquire %c; tile.write_tensor %x, %p; tile.commit %c
//   role "mma":     %p = tile.wait %c; tile.mma_into %o, %p, %v accumulate(%a); tile.release %c
// becomes
//   role "compute": %x0 = "work"; %p0 = tile.acquire %c; tile.write_tensor %x0, %p0; tile.commit %c
//                   %x1 = "work"; %p1 = tile.acquire %rest; tile.write_tensor %x1, %p1; tile.commit %rest
//   role "mma":     %p0 = tile.wait %c; tile.mma_into %o, %p0, %v[0] accumulate(%a)
//                   %p1 = tile.wait %rest; tile.mma_into %o, %p1, %v[1] accumulate(true); tile.release ...
#include "CutColumns.h"
#include "Rings.h"
#include "girih/Conversion/Lowering.h"
#include "girih/Target/Target.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILECUTOPERANDSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// The two parts of an inner dimension.
struct Parts {
  int64_t first, rest;
};

/// Threads write a tile of the channel: as a whole, and hand it on.
struct Writing {
  tile::AcquireOp acquire;
  tile::WriteTensorOp write;
  tile::CommitOp commit;
};

/// MMAs read a tile of the channel as their left operand.
struct Reading {
  tile::WaitOp wait;
  SmallVector<tile::MmaIntoOp, 1> mmas;
  tile::ReleaseOp release;
};

/// The next op of that kind on the ring of `op`, in its block.
template <typename OpTy, typename From> OpTy nextOn(From op) {
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode())
    if (auto found = dyn_cast<OpTy>(next);
        found && found.getChannel() == op.getChannel() && found.getCopy() == op.getCopy())
      return found;
  return {};
}

std::optional<Writing> findWriting(tile::AcquireOp acquire) {
  Writing found{acquire, {}, nextOn<tile::CommitOp>(acquire)};
  if (acquire->hasOneUse())
    found.write = dyn_cast<tile::WriteTensorOp>(*acquire->user_begin());
  bool isWhole = found.write && found.commit && found.write->getBlock() == acquire->getBlock() &&
                 found.write->isBeforeInBlock(found.commit);
  return isWhole ? std::optional(found) : std::nullopt;
}

/// Whether the inner dimension of a right operand can be cut there: a row of it is a row of a
/// panel, or a column of whole panels.
bool canCut(tile::MmaIntoOp mma, Parts parts) {
  RankedTensorType type = mma.getB().getType();
  if (!mma.getTransposeB())
    return true;
  int64_t panel = tile::sharedEncoding(type).getSwizzle() * 8 / type.getElementTypeBitWidth();
  return parts.first % panel == 0 && parts.rest % panel == 0;
}

std::optional<Reading> findReading(tile::WaitOp wait, Parts parts) {
  Reading found{wait, {}, nextOn<tile::ReleaseOp>(wait)};
  if (!found.release)
    return std::nullopt;
  for (Operation *user : wait->getUsers()) {
    auto mma = dyn_cast<tile::MmaIntoOp>(user);
    if (!mma || mma.getDest() == wait.getTile() || !mma.getScales().empty() || mma->getBlock() != wait->getBlock() ||
        !canCut(mma, parts))
      return std::nullopt;
    found.mmas.push_back(mma);
  }
  llvm::sort(found.mmas, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  return found.mmas.empty() ? std::nullopt : std::optional(found);
}

/// What is written, made in two parts.
class Maker {
public:
  explicit Maker(Writing writing) : writing(writing) { findLinks(); }

  void cut(Parts parts, Value first, Value rest);

private:
  void findLinks();
  bool findLater(tile::ReduceOp reduction);
  void handOver(OpBuilder &builder, Value part, Value channel);

  Block *block() { return writing.write->getBlock(); }

  Writing writing;
  llvm::SetVector<Operation *> needed;     ///< by what is written, in its block
  llvm::SetVector<Operation *> links;      ///< what is made in parts
  llvm::SetVector<Operation *> reductions; ///< of what is made in parts
  llvm::SetVector<Operation *> later;      ///< what uses reductions before the write
};

/// From the write up: ops that keep columns, and of which nobody needs the whole. A row may be
/// reduced part by part where what is written does not need the result.
void Maker::findLinks() {
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.filter = [&](Operation *op) { return op->getBlock() == block(); };
  (void)getBackwardSlice(writing.write.getTile(), &needed, options);
  if (Operation *maker = writing.write.getTile().getDefiningOp(); maker && maker->getBlock() == block())
    needed.insert(maker);
  SmallVector<Operation *> ops(needed.begin(), needed.end());
  llvm::sort(ops, [](Operation *a, Operation *b) { return b->isBeforeInBlock(a); });
  for (Operation *op : ops) {
    if (!keepsColumns(op) || isa<tile::SliceOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
      continue;
    bool isMade = llvm::all_of(op->getUsers(), [&](Operation *user) {
      if (user == writing.write || links.contains(user))
        return true;
      auto reduction = dyn_cast<tile::ReduceOp>(user);
      return reduction && findLater(reduction);
    });
    if (!isMade)
      continue;
    links.insert(op);
    for (Operation *user : op->getUsers())
      if (isa<tile::ReduceOp>(user))
        reductions.insert(user);
  }
}

/// Whether what uses the reduction can run after the write.
bool Maker::findLater(tile::ReduceOp reduction) {
  if (reduction->getBlock() != block() || needed.contains(reduction))
    return false;
  llvm::SetVector<Operation *> found;
  SmallVector<Operation *> worklist = {reduction};
  while (!worklist.empty())
    for (Operation *user : worklist.pop_back_val()->getUsers()) {
      Operation *inBlock = block()->findAncestorOpInBlock(*user);
      if (!inBlock || !inBlock->isBeforeInBlock(writing.write) || found.contains(inBlock))
        continue;
      if (!isMemoryEffectFree(inBlock) || inBlock->getNumRegions() > 0 || needed.contains(inBlock))
        return false;
      found.insert(inBlock);
      worklist.push_back(inBlock);
    }
  later.insert_range(found);
  return true;
}

void Maker::handOver(OpBuilder &builder, Value part, Value channel) {
  Location loc = writing.write.getLoc();
  RankedTensorType type = cast<tile::ChannelType>(channel.getType()).getTile();
  Value slot = tile::AcquireOp::create(builder, loc, type, channel, writing.acquire.getCopy());
  tile::WriteTensorOp::create(builder, loc, part, slot);
  tile::CommitOp::create(builder, loc, channel, writing.acquire.getCopy());
}

void Maker::cut(Parts parts, Value first, Value rest) {
  OpBuilder builder(writing.write);
  ColumnPiece piece(builder, links);
  llvm::DenseMap<Operation *, Value> sums;
  for (auto [from, count, channel] : {std::tuple(int64_t(0), parts.first, first), {parts.first, parts.rest, rest}}) {
    Value part = piece.of(writing.write.getTile(), from, count);
    handOver(builder, part, channel);
    if (channel == first)
      for (auto commit : block()->getOps<tile::CommitOp>())
        if (commit->isBeforeInBlock(writing.write))
          commit->setAttr(kEarlyAttr, builder.getUnitAttr());
    for (Operation *op : reductions) {
      auto reduction = cast<tile::ReduceOp>(op);
      Value sum = tile::ReduceOp::create(builder, op->getLoc(), reduction.getResult().getType(), reduction.getKind(),
                                         piece.of(reduction.getTile(), from, count));
      Value &all = sums[op];
      if (!all)
        all = sum;
      else if (reduction.getKind() == tile::ReduceKind::Add)
        all = arith::AddFOp::create(builder, op->getLoc(), all, sum);
      else
        all = arith::MaxNumFOp::create(builder, op->getLoc(), all, sum);
    }
  }
  SmallVector<Operation *> moved(later.begin(), later.end());
  llvm::sort(moved, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : moved)
    op->moveBefore(writing.write);
  for (Operation *op : reductions)
    op->getResult(0).replaceAllUsesWith(sums[op]);
  writing.commit.erase();
  writing.write.erase();
  writing.acquire.erase();
  llvm::for_each(reductions, [](Operation *op) { op->erase(); });
  eraseUnused(links.getArrayRef());
}

/// The MMAs start on the first part, and wait for the rest between.
void cutReading(Reading reading, Parts parts, Value first, Value rest) {
  auto typeOf = [](Value channel) { return cast<tile::ChannelType>(channel.getType()).getTile(); };
  auto wait = [&](OpBuilder &builder, Value channel) -> Value {
    return tile::WaitOp::create(builder, reading.wait.getLoc(), typeOf(channel), channel, reading.wait.getCopy());
  };
  OpBuilder before(reading.wait);
  Value left[] = {wait(before, first), {}};
  for (tile::MmaIntoOp mma : reading.mmas) {
    OpBuilder builder(mma);
    Location loc = mma.getLoc();
    for (auto [i, from, count] : {std::tuple(0, int64_t(0), parts.first), {1, parts.first, parts.rest}}) {
      if (!left[i])
        left[i] = wait(builder, rest);
      Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
      Value at = arith::ConstantIndexOp::create(builder, loc, from);
      RankedTensorType type = mma.getB().getType();
      bool isTransposed = mma.getTransposeB();
      SmallVector<int64_t> shape(type.getShape());
      shape[isTransposed] = count;
      SmallVector<Value> offsets = {at};
      if (isTransposed)
        offsets.insert(offsets.begin(), zero);
      Value right = tile::SliceOp::create(builder, loc, tile::sliceType(type, shape), mma.getB(), offsets);
      auto part = cast<tile::MmaIntoOp>(builder.clone(*mma));
      part.getAMutable().assign(left[i]);
      part.getBMutable().assign(right);
      if (i == 1)
        part.getAccumulateMutable().assign(
            arith::ConstantOp::create(builder, loc, builder.getBoolAttr(true)).getResult());
      part->moveBefore(mma);
    }
    mma.erase();
  }
  OpBuilder after(reading.release);
  for (Value channel : {first, rest})
    tile::ReleaseOp::create(after, reading.release.getLoc(), channel, reading.release.getCopy(), Value(), 0);
  reading.release.erase();
  reading.wait.erase();
}

/// Cuts the tiles of a channel, if all who use it can do with two parts.
void cutChannel(tile::ChannelOp channel, Parts parts) {
  SmallVector<Writing> writings;
  SmallVector<Reading> readings;
  for (Operation *user : channel.getChannel().getUsers()) {
    std::optional<Writing> writing;
    std::optional<Reading> reading;
    if (auto acquire = dyn_cast<tile::AcquireOp>(user)) {
      if (!(writing = findWriting(acquire)))
        return;
      writings.push_back(*writing);
    } else if (auto wait = dyn_cast<tile::WaitOp>(user)) {
      if (!(reading = findReading(wait, parts)))
        return;
      readings.push_back(*reading);
    } else if (!isa<tile::CommitOp, tile::ReleaseOp>(user)) {
      return;
    }
  }
  OpBuilder builder(channel);
  tile::ChannelType type = channel.getChannel().getType();
  auto make = [&](const Twine &name, int64_t columns) -> Value {
    RankedTensorType tile = tile::sliceType(type.getTile(), {type.getTile().getDimSize(0), columns});
    auto part = tile::ChannelType::get(builder.getContext(), type.getDepth(), tile, type.getCopies());
    return tile::ChannelOp::create(builder, channel.getLoc(), part, name.str(), Value());
  };
  Value first = make(channel.getName(), parts.first), rest = make(channel.getName() + "_rest", parts.rest);
  for (Writing writing : writings)
    Maker(writing).cut(parts, first, rest);
  for (Reading &reading : readings)
    cutReading(reading, parts, first, rest);
  channel.erase();
}

struct TileCutOperandsPass : impl::TileCutOperandsPassBase<TileCutOperandsPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Lowered, kernel)))
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    int64_t share = schedule.lastPart.value_or(0);
    if (share < 2)
      return;
    const Target *target = lookupTarget(kernel);
    if (!target)
      return signalPassFailure();
    SmallVector<tile::ChannelOp> channels(kernel.getBody().front().getOps<tile::ChannelOp>());
    for (tile::ChannelOp channel : channels) {
      RankedTensorType tile = channel.getChannel().getType().getTile();
      bool isPlain =
          !channel.getShares() && llvm::none_of(channel.getChannel().getUsers(), llvm::IsaPred<tile::ChannelOp>);
      if (!isPlain || !tile::isInTensorMemory(tile))
        continue;
      int64_t columns = tile.getDimSize(1);
      int64_t rest = llvm::alignDown(columns / share, target->innerStep(tile.getElementTypeBitWidth()));
      if (rest > 0)
        cutChannel(channel, {columns - rest, rest});
    }
  }
};

} // namespace
} // namespace girih
