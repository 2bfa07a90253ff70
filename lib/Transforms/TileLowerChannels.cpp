// tile-lower-channels: channels become rings of shared memory and barriers.
//
//   %k = tile.wait %c; ...; tile.release %c
// becomes, with %n counting the tiles of this channel so far,
//   %slot = %n % depth; %parity = (%n / depth) & 1
//   tile.barrier_wait %full[%slot] parity(%parity)
//   %k = tile.slot %buffer[%slot]; ...
//   tile.barrier_arrive %empty[%slot]
#include "IndexBuilder.h"
#include "SharedLayout.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILELOWERCHANNELSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

constexpr int64_t kThreadsPerWorker = 32 * tile::kWarpsPerWorker;

/// What a channel becomes.
struct Ring {
  Value buffer, full, empty;
  int64_t depth, bytes;
};

/// Hardware barriers by number; 0 is the whole CTA's (PTX ISA, "bar").
struct NamedBarriers {
  int64_t workers;
  int64_t staging() const { return 1; }        ///< one per worker
  int64_t turn() const { return 1 + workers; } ///< one per worker
};

/// One role's program, channel by channel. Slot and parity come from a count of
/// the tiles so far, which loops carry.
class RoleLowering {
public:
  RoleLowering(tile::RoleOp role, llvm::MapVector<Value, Ring> &rings, Value staging)
      : role(role), rings(rings), staging(staging), rewriter(role.getContext()),
        named{static_cast<int64_t>(role.getWorkers())} {}

  LogicalResult run();

private:
  using Counts = llvm::MapVector<Value, Value>;            ///< channel to number of tiles so far
  using Held = llvm::MapVector<Value, SmallVector<Value>>; ///< channel to slots waited for, oldest first

  LogicalResult lower(Block *block, Counts &counts);
  LogicalResult lowerLoop(scf::ForOp loop, Counts &counts);
  void lowerAcquire(tile::AcquireOp op, Counts &counts);
  void lowerWait(tile::WaitOp op, Counts &counts, Held &held);
  LogicalResult lowerStore(tile::ToSharedOp op);
  void lowerTurns();
  SmallVector<Value> channelsIn(Operation *op);

  Value slotOf(IndexBuilder &b, Value count, int64_t depth) { return b.rem(count, b.index(depth)); }
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
  IRRewriter rewriter;
  NamedBarriers named;
  bool stores = false;
};

SmallVector<Value> RoleLowering::channelsIn(Operation *op) {
  llvm::SetVector<Value> found;
  op->walk([&](Operation *inner) {
    if (isa<tile::AcquireOp, tile::WaitOp>(inner))
      found.insert(inner->getOperand(0));
  });
  return found.takeVector();
}

static bool usesChannels(Operation *op) {
  return op
      ->walk([](Operation *inner) {
        return isa<tile::AcquireOp, tile::CommitOp, tile::WaitOp, tile::ReleaseOp>(inner) ? WalkResult::interrupt()
                                                                                          : WalkResult::advance();
      })
      .wasInterrupted();
}

LogicalResult RoleLowering::run() {
  Counts counts;
  IndexBuilder b(role.getLoc(), OpBuilder::atBlockBegin(&role.getBody().front()));
  lowerTurns();
  for (Value channel : channelsIn(role)) {
    if (!rings.contains(channel))
      return role.emitError("a channel of this role is not made in the kernel's own block");
    counts[channel] = b.index(0);
  }
  if (failed(lower(&role.getBody().front(), counts)))
    return failure();
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
    if (auto acquire = dyn_cast<tile::AcquireOp>(op)) {
      lowerAcquire(acquire, counts);
    } else if (isa<tile::CommitOp>(op)) {
      op.erase(); // the copies themselves complete the phase
    } else if (auto wait = dyn_cast<tile::WaitOp>(op)) {
      lowerWait(wait, counts, held);
    } else if (auto release = dyn_cast<tile::ReleaseOp>(op)) {
      SmallVector<Value> &slots = held[release.getChannel()];
      if (slots.empty())
        return release.emitError("no tile of this channel was waited for in this block");
      tile::BarrierArriveOp::create(rewriter, op.getLoc(), rings[release.getChannel()].empty, slots.front(),
                                    release.getAfter(), release.getElement(), false);
      slots.erase(slots.begin());
      op.erase();
    } else if (auto toShared = dyn_cast<tile::ToSharedOp>(op)) {
      if (failed(lowerStore(toShared)))
        return failure();
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      if (failed(lowerLoop(loop, counts)))
        return failure();
    } else if (op.getNumRegions() > 0) {
      if (usesChannels(&op))
        return op.emitError("a channel cannot be used under a condition");
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          if (failed(lower(&inner, counts)))
            return failure();
    }
  }
  return success();
}

LogicalResult RoleLowering::lowerLoop(scf::ForOp loop, Counts &counts) {
  SmallVector<Value> channels = channelsIn(loop), inits;
  if (channels.empty())
    return lower(loop.getBody(), counts);
  for (Value channel : channels)
    inits.push_back(counts[channel]);
  unsigned oldResults = loop.getNumResults();
  bool isUnsigned = loop.getUnsignedCmp();
  FailureOr<LoopLikeOpInterface> widened =
      loop.replaceWithAdditionalYields(rewriter, inits, /*replaceInitOperandUsesInLoop=*/false,
                                       [](OpBuilder &, Location, ArrayRef<BlockArgument> arguments) {
                                         return SmallVector<Value>(arguments.begin(), arguments.end());
                                       });
  if (failed(widened))
    return failure();
  auto newLoop = cast<scf::ForOp>(widened->getOperation());
  newLoop.setUnsignedCmp(isUnsigned);
  Counts inside = counts;
  for (auto [i, channel] : llvm::enumerate(channels))
    inside[channel] = newLoop.getRegionIterArg(oldResults + i);
  if (failed(lower(newLoop.getBody(), inside)))
    return failure();
  auto yield = cast<scf::YieldOp>(newLoop.getBody()->getTerminator());
  for (auto [i, channel] : llvm::enumerate(channels)) {
    yield->setOperand(oldResults + i, inside[channel]);
    counts[channel] = newLoop.getResult(oldResults + i);
  }
  return success();
}

void RoleLowering::lowerAcquire(tile::AcquireOp op, Counts &counts) {
  IndexBuilder b(op.getLoc(), rewriter);
  const Ring &ring = rings[op.getChannel()];
  Value &count = counts[op.getChannel()];
  Value slot = slotOf(b, count, ring.depth);
  // The phase before the first counts as complete, so the first round passes.
  tile::BarrierWaitOp::create(b, ring.empty, slot, parityOf(b, count, ring.depth, /*flipped=*/true), false);
  tile::BarrierExpectOp::create(b, ring.full, slot, ring.bytes);
  Value tile = tile::SlotOp::create(b, op.getSlot().getType(), ring.buffer, slot);
  for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
    if (auto copy = dyn_cast<tile::CopyOp>(user)) {
      copy.getBarriersMutable().assign(ring.full);
      copy.getBarrierMutable().assign(slot);
    }
  count = b.add(count, b.index(1));
  op.replaceAllUsesWith(tile);
  op.erase();
}

void RoleLowering::lowerWait(tile::WaitOp op, Counts &counts, Held &held) {
  IndexBuilder b(op.getLoc(), rewriter);
  const Ring &ring = rings[op.getChannel()];
  Value &count = counts[op.getChannel()];
  Value slot = slotOf(b, count, ring.depth);
  tile::BarrierWaitOp::create(b, ring.full, slot, parityOf(b, count, ring.depth, /*flipped=*/false), false);
  op.replaceAllUsesWith(tile::SlotOp::create(b, op.getTile().getType(), ring.buffer, slot).getResult());
  held[op.getChannel()].push_back(slot);
  count = b.add(count, b.index(1));
  op.erase();
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

/// Worker w waits on the turn barrier w, on which the worker before it arrives;
/// the last worker gives worker 0 its first turn.
void RoleLowering::lowerTurns() {
  SmallVector<Operation *> turns;
  role.walk([&](Operation *op) {
    if (isa<tile::TakeTurnOp, tile::PassTurnOp>(op))
      turns.push_back(op);
  });
  if (turns.empty())
    return;
  auto threads = [&](IndexBuilder &b) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(2 * kThreadsPerWorker));
  };
  auto id = [&](IndexBuilder &b, Value worker) -> Value {
    return arith::IndexCastOp::create(b, b.getI32Type(), b.add(worker, b.index(named.turn())));
  };
  for (Operation *op : turns) {
    IndexBuilder b(op->getLoc(), op);
    Value worker = tile::WorkerOp::create(b);
    if (isa<tile::TakeTurnOp>(op)) {
      tile::SyncOp::create(b, id(b, worker), threads(b));
    } else {
      Value next = b.add(worker, b.index(1));
      Value last = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, next, b.index(named.workers));
      next = arith::SelectOp::create(b, last, b.index(0), next);
      NVVM::BarrierArriveOp::create(b, id(b, next), threads(b));
    }
    op->erase();
  }
  IndexBuilder b(role.getLoc(), OpBuilder::atBlockBegin(&role.getBody().front()));
  Value isLast =
      arith::CmpIOp::create(b, arith::CmpIPredicate::eq, tile::WorkerOp::create(b), b.index(named.workers - 1));
  auto start = scf::IfOp::create(b, isLast, /*withElseRegion=*/false);
  b.setInsertionPointToStart(start.thenBlock());
  NVVM::BarrierArriveOp::create(b, id(b, b.index(0)), threads(b));
}

struct TileLowerChannelsPass : impl::TileLowerChannelsPassBase<TileLowerChannelsPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Lowered, kernel)))
      return signalPassFailure();
    llvm::MapVector<Value, Ring> rings;
    Value staging = allocate(kernel, rings);
    for (tile::RoleOp role : llvm::make_early_inc_range(kernel.getBody().front().getOps<tile::RoleOp>()))
      if (failed(RoleLowering(role, rings, staging).run()))
        return signalPassFailure();
    for (auto &ring : rings) {
      Operation *channel = ring.first.getDefiningOp();
      if (!channel->use_empty()) {
        channel->emitError("a channel can only be used in roles");
        return signalPassFailure();
      }
      channel->erase();
    }
  }

  Value allocate(gpu::GPUFuncOp kernel, llvm::MapVector<Value, Ring> &rings);
};

/// Lays out shared memory: tiles first, each at a multiple of the swizzle's
/// period, then the barriers. Returns the staging buffer, if stores need one.
Value TileLowerChannelsPass::allocate(gpu::GPUFuncOp kernel, llvm::MapVector<Value, Ring> &rings) {
  OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
  SharedLayout layout;
  int64_t consumers = 0;
  auto makeBuffer = [&](Location loc, StringRef name, int64_t count, RankedTensorType type) -> Value {
    return tile::AllocOp::create(builder, loc, tile::BufferType::get(&getContext(), count, type), name,
                                 layout.addTiles(count, type));
  };
  for (auto channel : kernel.getBody().front().getOps<tile::ChannelOp>()) {
    tile::ChannelType type = channel.getChannel().getType();
    rings[channel.getChannel()] = {makeBuffer(channel.getLoc(), channel.getName(), type.getDepth(), type.getTile()),
                                   {},
                                   {},
                                   type.getDepth(),
                                   tile::sharedBytes(type.getTile())};
  }
  Value staging;
  for (auto role : kernel.getBody().front().getOps<tile::RoleOp>()) {
    if (!role.getOneThread())
      consumers += role.getWorkers();
    role.walk([&](tile::ToSharedOp op) {
      if (!staging)
        staging = makeBuffer(op.getLoc(), "staging", role.getWorkers(), op.getResult().getType());
    });
  }
  for (auto &[channel, ring] : rings) {
    auto makeBarriers = [&](StringRef suffix, int64_t arrivals) -> Value {
      auto op = channel.getDefiningOp<tile::ChannelOp>();
      auto type = tile::BarriersType::get(&getContext(), ring.depth, arrivals);
      return tile::BarriersOp::create(builder, op.getLoc(), type, (op.getName() + suffix).str(),
                                      layout.addBarriers(ring.depth));
    };
    ring.full = makeBarriers("_full", 1);
    // A kernel in which no worker consumes is refused where it uses the channel, or by the proof.
    ring.empty = makeBarriers("_empty", std::max<int64_t>(tile::kWarpsPerWorker * consumers, 1));
  }
  kernel->setAttr(tile::kSharedBytesAttr, builder.getI64IntegerAttr(layout.getBytes()));
  return staging;
}

} // namespace
} // namespace girih
