// tile-lower-channels: channels become rings of shared memory and barriers.
//
//   %k = tile.wait %c; ...; tile.release %c
// becomes, with %n counting the tiles of this channel so far,
//   %slot = %n % depth; %parity = (%n / depth) & 1
//   tile.barrier_wait %full[%slot] parity(%parity)
//   %k = tile.slot %buffer[%slot]; ...
//   tile.barrier_arrive %empty[%slot]
#include "ClusterReduces.h"
#include "Rings.h"
#include "WiderLoop.h"
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Conversion/Lowering.h"
#include "girih/Target/Kernel.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILELOWERCHANNELSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// One role's program, channel by channel. Slot and parity come from a count of
/// the tiles so far, which loops carry.
class RoleLowering {
public:
  RoleLowering(tile::RoleOp role, llvm::MapVector<Value, Ring> &rings, Value staging)
      : role(role), rings(rings), staging(staging), cluster(ctasOfProgram(role)), rewriter(role.getContext()),
        named(role) {}

  LogicalResult run();

private:
  /// A ring by its RingName, and what the role does to it: a role may fill and read one.
  enum Side : unsigned { Fills, Reads };
  using Name = std::tuple<Value, int64_t, unsigned>;
  using Counts = llvm::MapVector<Name, Value>; ///< number of tiles so far

  /// A slot that was waited for or acquired, and what completes its use.
  struct Slot {
    Value number;
    Completion completion;
    bool isPublished = false; ///< threads write what other units read
  };
  using Held = llvm::MapVector<Name, SmallVector<Slot>>; ///< oldest first

  LogicalResult lower(Block *block, Counts &counts);
  LogicalResult lowerLoop(Operation *loop, Counts &counts);
  LogicalResult lowerAcquire(tile::AcquireOp op, Counts &counts, Held &held);
  LogicalResult lowerCommit(tile::CommitOp op, Held &held);
  LogicalResult lowerWait(tile::WaitOp op, Counts &counts, Held &held);
  LogicalResult lowerRelease(tile::ReleaseOp op, Held &held);
  LogicalResult lowerOwn(tile::OwnOp op);
  void awaitReleases(const Counts &counts);
  void signal(Location loc, Value barriers, const Waiters &waiters, const Slot &slot, bool isTensor, Value after = {},
              int64_t element = 0, bool isEarly = false);
  /// Whether a signal of the role goes to the leader, who waits for all CTAs, or from the leader to all.
  bool isToLeader(const Waiters &waiters) { return waiters.isLeader && !role.getLeader(); }
  bool isToAll(const Waiters &waiters) { return cluster > 1 && !waiters.isLeader && role.getLeader(); }
  LogicalResult lowerStore(tile::ToSharedOp op);
  FailureOr<SmallVector<Name>> ringsIn(Operation *op);

  static Name fillOf(const RingName &ring) { return {ring.channel, ring.copy, Fills}; }
  static Name readOf(const RingName &ring) { return {ring.channel, ring.copy, Reads}; }
  static RingName ringOf(const Name &name) { return {std::get<0>(name), std::get<1>(name)}; }

  /// The slot of the next tile, counted over all rings of the channel.
  Value slotOf(IndexBuilder &b, RingName name, Value count) {
    const Ring &ring = rings[name.channel];
    Value slot = b.rem(count, b.index(ring.depth));
    if (ring.copies == 1)
      return slot;
    Value copy = name.copy == RingName::kWorkers ? tile::WorkerOp::create(b).getResult() : b.index(name.copy);
    return b.add(b.mul(copy, b.index(ring.depth)), slot);
  }
  Value parityOf(IndexBuilder &b, Value count, int64_t depth, bool flipped) {
    Value round = b.div(count, b.index(depth));
    if (flipped)
      round = b.add(round, b.index(1));
    Value bit = arith::AndIOp::create(b, round, b.index(1));
    return arith::IndexCastOp::create(b, b.getI32Type(), bit);
  }
  Value barrierOfWorker(IndexBuilder &b, int64_t first) { return b.add(tile::WorkerOp::create(b), b.index(first)); }

  tile::RoleOp role;
  llvm::MapVector<Value, Ring> &rings;
  Value staging;
  int64_t cluster; ///< CTAs that share channels
  IRRewriter rewriter;
  NamedBarriers named;
  bool stores = false;
};

FailureOr<SmallVector<RoleLowering::Name>> RoleLowering::ringsIn(Operation *op) {
  llvm::SetVector<Name> found;
  WalkResult result = op->walk([&](Operation *inner) {
    if (!isa<tile::AcquireOp, tile::WaitOp>(inner))
      return WalkResult::advance();
    Value copy = inner->getNumOperands() > 1 ? inner->getOperand(1) : Value();
    FailureOr<RingName> name = RingName::of(inner, inner->getOperand(0), copy);
    if (failed(name))
      return WalkResult::interrupt();
    found.insert(isa<tile::AcquireOp>(inner) ? fillOf(*name) : readOf(*name));
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return SmallVector<Name>(found.begin(), found.end());
}

static bool usesChannels(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isa<tile::AcquireOp, tile::CommitOp, tile::WaitOp, tile::ReleaseOp, tile::OwnOp>(inner)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult RoleLowering::run() {
  Counts counts;
  IndexBuilder b(role.getLoc(), OpBuilder::atBlockBegin(&role.getBody().front()));
  lowerTurns(role);
  FailureOr<SmallVector<Name>> names = ringsIn(role);
  if (failed(names))
    return failure();
  for (const Name &name : *names) {
    if (!rings.contains(ringOf(name).channel))
      return role.emitError("a channel of this role is not made in the kernel's own block");
    counts[name] = b.index(0);
  }
  if (failed(lower(&role.getBody().front(), counts)))
    return failure();
  awaitReleases(counts);
  if (stores) {
    b.setInsertionPointToEnd(&role.getBody().front());
    tile::DrainStoresOp::create(b, Value(), /*completed=*/true);
  }
  return success();
}

LogicalResult RoleLowering::lower(Block *block, Counts &counts) {
  Held held;
  for (Operation &op : llvm::make_early_inc_range(*block)) {
    rewriter.setInsertionPoint(&op);
    LogicalResult lowered = success();
    if (auto acquire = dyn_cast<tile::AcquireOp>(op)) {
      lowered = lowerAcquire(acquire, counts, held);
    } else if (auto commit = dyn_cast<tile::CommitOp>(op)) {
      lowered = lowerCommit(commit, held);
    } else if (auto wait = dyn_cast<tile::WaitOp>(op)) {
      lowered = lowerWait(wait, counts, held);
    } else if (auto release = dyn_cast<tile::ReleaseOp>(op)) {
      lowered = lowerRelease(release, held);
    } else if (auto own = dyn_cast<tile::OwnOp>(op)) {
      lowered = lowerOwn(own);
    } else if (auto toShared = dyn_cast<tile::ToSharedOp>(op)) {
      lowered = lowerStore(toShared);
    } else if (isa<scf::ForOp, scf::WhileOp>(op)) {
      lowered = lowerLoop(&op, counts);
    } else if (op.getNumRegions() > 0) {
      if (usesChannels(&op))
        return op.emitError("a channel cannot be used under a condition");
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          if (failed(lower(&inner, counts)))
            return failure();
    }
    if (failed(lowered))
      return failure();
  }
  return success();
}

LogicalResult RoleLowering::lowerLoop(Operation *loop, Counts &counts) {
  FailureOr<SmallVector<Name>> names = ringsIn(loop);
  if (failed(names))
    return failure();
  SmallVector<Value> inits, next;
  for (const Name &name : *names)
    inits.push_back(counts[name]);
  WiderLoop wider(rewriter, loop, inits);
  Counts inside = counts;
  for (auto [name, count] : llvm::zip(*names, wider.getInside()))
    inside[name] = count;
  if (failed(lower(wider.getBody(), inside)))
    return failure();
  for (auto [name, result] : llvm::zip(*names, wider.getResults())) {
    next.push_back(inside[name]);
    counts[name] = result;
  }
  wider.yield(next);
  return success();
}

LogicalResult RoleLowering::lowerAcquire(tile::AcquireOp op, Counts &counts, Held &held) {
  IndexBuilder b(op.getLoc(), rewriter);
  FailureOr<RingName> name = RingName::of(op, op.getChannel(), op.getCopy());
  if (failed(name))
    return failure();
  const Ring &ring = rings[name->channel];
  if (ring.isExchanged)
    return op.emitError("a slot that goes to and fro is taken with a wait, not acquired");
  Value &count = counts[fillOf(*name)];
  Value slot = slotOf(b, *name, count);
  // The phase before the first counts as complete, so the first round passes.
  if (ring.empty)
    tile::BarrierWaitOp::create(b, ring.empty, slot, parityOf(b, count, ring.depth, /*flipped=*/true), ring.isTensor(),
                                ring.freed.hearsThreads);
  Completion completion = writeCompletion(op.getSlot());
  bool isToLeader = this->isToLeader(ring.filled), isToAll = this->isToAll(ring.filled);
  if (completion == Completion::Bytes)
    tile::BarrierExpectOp::create(b, ring.full, slot,
                                  tile::sharedBytes(op.getSlot().getType()) * (isToLeader ? cluster : 1), isToLeader,
                                  /*pair=*/false);
  else if (completion == Completion::Answer)
    tile::BarrierExpectOp::create(b, ring.full, slot, tile::kAnswerBytes, /*leader=*/false, isToAll);
  Value tile = tile::SlotOp::create(b, op.getSlot().getType(), ring.buffer, slot);
  for (tile::CopyOp copy : copiesInto(op.getSlot())) {
    copy.getBarriersMutable().assign(ring.full);
    copy.getBarrierMutable().assign(slot);
    copy.setLeader(isToLeader);
  }
  for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
    if (auto request = dyn_cast<tile::RequestWorkOp>(user)) {
      request.getBarriersMutable().assign(ring.full);
      request.getBarrierMutable().assign(slot);
      request.setPair(isToAll);
    }
  bool isPublished = llvm::any_of(op->getUsers(), [](Operation *user) { return isa<tile::TransposeIntoOp>(user); });
  held[fillOf(*name)].push_back({slot, completion, isPublished});
  count = b.add(count, b.index(1));
  op.replaceAllUsesWith(tile);
  op.erase();
  return success();
}

/// The role is done with the slot. Copies complete their phase by themselves.
void RoleLowering::signal(Location loc, Value barriers, const Waiters &waiters, const Slot &slot, bool isTensor,
                          Value after, int64_t element, bool isEarly) {
  if (slot.completion == Completion::Mma)
    tile::MmaCommitOp::create(rewriter, loc, barriers, slot.number, isToAll(waiters));
  if (slot.isPublished) {
    IndexBuilder b(loc, rewriter);
    tile::PublishOp::create(b, b.index(NamedBarriers::kTransposition));
  }
  if (slot.completion != Completion::Threads)
    return;
  auto arrive = tile::BarrierArriveOp::create(rewriter, loc, barriers, slot.number, after, element, isTensor,
                                              isToLeader(waiters), waiters.isOfEach);
  if (isEarly)
    arrive->setAttr(kEarlyAttr, rewriter.getUnitAttr());
}

/// The commits of MMAs arrive by themselves, and must have done so before the kernel ends:
/// who fills a ring waits until all of its slots are free again.
void RoleLowering::awaitReleases(const Counts &counts) {
  IndexBuilder b(role.getLoc(), role.getContext());
  b.setInsertionPointToEnd(&role.getBody().front());
  for (const auto &[name, count] : counts) {
    const Ring &ring = rings[ringOf(name).channel];
    if (std::get<2>(name) != Fills || !ring.freedByMma || !ring.empty)
      continue;
    for (int64_t i = 0; i < ring.depth; ++i) {
      Value next = b.add(count, b.index(i));
      tile::BarrierWaitOp::create(b, ring.empty, slotOf(b, ringOf(name), next),
                                  parityOf(b, next, ring.depth, /*flipped=*/true), ring.isTensor(),
                                  ring.freed.hearsThreads);
    }
  }
}

LogicalResult RoleLowering::lowerCommit(tile::CommitOp op, Held &held) {
  FailureOr<RingName> name = RingName::of(op, op.getChannel(), op.getCopy());
  if (failed(name))
    return failure();
  const Ring &ring = rings[name->channel];
  SmallVector<Slot> &slots = held[fillOf(*name)];
  if (!slots.empty()) {
    signal(op.getLoc(), ring.full, ring.filled, slots.front(), ring.isTensor(), /*after=*/{}, /*element=*/0,
           op->hasAttr(kEarlyAttr));
    slots.erase(slots.begin());
  } else if (ring.isExchanged) {
    IndexBuilder b(op.getLoc(), rewriter);
    signal(op.getLoc(), ring.full, ring.filled, {slotOf(b, *name, b.index(0)), exchangeCompletion(role)},
           ring.isTensor());
  } else {
    return op.emitError("no tile of this channel was acquired in this block");
  }
  op.erase();
  return success();
}

LogicalResult RoleLowering::lowerOwn(tile::OwnOp op) {
  IndexBuilder b(op.getLoc(), rewriter);
  FailureOr<RingName> name = RingName::of(op, op.getChannel(), op.getCopy());
  if (failed(name))
    return failure();
  Value slot = slotOf(b, *name, b.index(0));
  op.replaceAllUsesWith(tile::SlotOp::create(b, op.getSlot().getType(), rings[name->channel].buffer, slot).getResult());
  op.erase();
  return success();
}

LogicalResult RoleLowering::lowerWait(tile::WaitOp op, Counts &counts, Held &held) {
  IndexBuilder b(op.getLoc(), rewriter);
  FailureOr<RingName> name = RingName::of(op, op.getChannel(), op.getCopy());
  if (failed(name))
    return failure();
  const Ring &ring = rings[name->channel];
  Value &count = counts[readOf(*name)];
  Value slot = slotOf(b, *name, count);
  tile::BarrierWaitOp::create(b, ring.full, slot, parityOf(b, count, ring.depth, /*flipped=*/false), ring.isTensor(),
                              ring.filled.hearsThreads);
  held[readOf(*name)].push_back({slot, readCompletion(op.getTile())});
  op.replaceAllUsesWith(tile::SlotOp::create(b, op.getTile().getType(), ring.buffer, slot).getResult());
  count = b.add(count, b.index(1));
  op.erase();
  return success();
}

LogicalResult RoleLowering::lowerRelease(tile::ReleaseOp op, Held &held) {
  FailureOr<RingName> name = RingName::of(op, op.getChannel(), op.getCopy());
  if (failed(name))
    return failure();
  SmallVector<Slot> &slots = held[readOf(*name)];
  if (slots.empty())
    return op.emitError("no tile of this channel was waited for in this block");
  if (rings[name->channel].isExchanged)
    return op.emitError("a slot that goes to and fro is handed on by a commit, not released");
  const Ring &ring = rings[name->channel];
  if (!ring.released)
    return op.emitError("this tile's slot is handed on with another tile, not released");
  signal(op.getLoc(), ring.released, ring.freed, slots.front(), ring.isTensor(), op.getAfter(), op.getElement());
  slots.erase(slots.begin());
  op.erase();
  return success();
}

/// A worker's stores are staged in its own buffer, which the store before must
/// have read.
LogicalResult RoleLowering::lowerStore(tile::ToSharedOp op) {
  IndexBuilder b(op.getLoc(), rewriter);
  stores = true;
  RankedTensorType staged = cast<tile::BufferType>(staging.getType()).getTile();
  if (op.getResult().getType() != staged)
    return op.emitError() << "stages another tile than an earlier store, " << staged;
  Value barrier = barrierOfWorker(b, named.staging());
  tile::DrainStoresOp::create(b, barrier, /*completed=*/false);
  Value slot = tile::SlotOp::create(b, op.getResult().getType(), staging, tile::WorkerOp::create(b));
  tile::WriteSharedOp::create(b, op.getTile(), slot);
  tile::PublishOp::create(b, barrier);
  op.replaceAllUsesWith(slot);
  op.erase();
  return success();
}

struct TileLowerChannelsPass : impl::TileLowerChannelsPassBase<TileLowerChannelsPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Lowered, kernel)))
      return signalPassFailure();
    llvm::MapVector<Value, Ring> rings;
    FailureOr<Value> staging = allocateRings(kernel, rings);
    if (failed(staging) || failed(lowerClusterReduces(kernel)))
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    bool hearsOthers = llvm::any_of(
        rings, [](const auto &ring) { return ring.second.filled.hearsThreads || ring.second.freed.hearsThreads; });
    if (hearsOthers && !schedule.strict.value_or(0))
      addAssumption(kernel, tile::kRemoteScope);
    for (tile::RoleOp role : llvm::make_early_inc_range(kernel.getBody().front().getOps<tile::RoleOp>()))
      if (failed(RoleLowering(role, rings, *staging).run()))
        return signalPassFailure();
    for (auto &ring : llvm::reverse(rings)) {
      Operation *channel = ring.first.getDefiningOp();
      if (!channel->use_empty()) {
        channel->emitError("a channel can only be used in roles");
        return signalPassFailure();
      }
      channel->erase();
    }
  }
};

} // namespace
} // namespace girih
