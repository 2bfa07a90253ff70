// Where channels lie in shared and tensor memory, and who completes and frees a slot.
#include "Rings.h"
#include "SharedLayout.h"
#include "girih/Target/Kernel.h"
#include "girih/Target/Target.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace girih {

constexpr int64_t kMinTensorColumns = 32; // PTX ISA, "tcgen05.alloc"

FailureOr<RingName> RingName::of(Operation *op, Value channel, Value copy) {
  if (!copy)
    return RingName{channel, 0};
  if (std::optional<int64_t> number = getConstantIntValue(copy))
    return RingName{channel, *number};
  if (copy.getDefiningOp<tile::WorkerOp>())
    return RingName{channel, kWorkers};
  return op->emitError("a ring of a channel is named by a number or by tile.worker");
}

NamedBarriers::NamedBarriers(tile::RoleOp role) : workers(role.getWorkers()), first(1) {
  for (auto other : role->getBlock()->getOps<tile::RoleOp>()) {
    if (other == role)
      break;
    if (!other.getOneThread())
      first += 2 * other.getWorkers();
  }
}

/// Whether an MMA that one thread starts reads the tile, through slices.
static bool isReadByMma(Value tile) {
  return llvm::any_of(tile.getUsers(), [&](Operation *user) {
    if (auto slice = dyn_cast<tile::SliceOp>(user))
      return isReadByMma(slice.getResult());
    auto mma = dyn_cast<tile::MmaIntoOp>(user);
    return isa<tile::CopyScalesOp>(user) || (mma && mma.getDest() != tile);
  });
}

SmallVector<tile::CopyOp> copiesInto(Value slot) {
  SmallVector<tile::CopyOp> copies;
  for (Operation *user : slot.getUsers())
    if (auto slice = dyn_cast<tile::SliceOp>(user))
      copies.append(copiesInto(slice.getResult()));
    else if (auto copy = dyn_cast<tile::CopyOp>(user); copy && copy.getDest() == slot)
      copies.push_back(copy);
  return copies;
}

Completion writeCompletion(Value slot) {
  for (Operation *user : slot.getUsers()) {
    if (isa<tile::MmaIntoOp>(user))
      return Completion::Mma;
    if (isa<tile::RequestWorkOp>(user))
      return Completion::Answer;
    if (isa<tile::WriteTensorOp, tile::WriteSharedOp, tile::WriteNumberOp, tile::TransposeIntoOp>(user))
      return Completion::Threads;
  }
  return Completion::Bytes;
}

Completion readCompletion(Value tile) { return isReadByMma(tile) ? Completion::Mma : Completion::Threads; }

Completion exchangeCompletion(tile::RoleOp role) { return role.getOneThread() ? Completion::Mma : Completion::Threads; }

/// Arrivals of one role that complete a phase of the channel: one, or one of each warp of
/// the workers that use the ring.
static int64_t arrivalsOf(tile::ChannelOp channel, tile::RoleOp role, Completion completion) {
  if (completion != Completion::Threads || role.getOneThread())
    return 1;
  return tile::kWarpsPerWorker * (channel.getChannel().getType().getCopies() > 1 ? 1 : role.getWorkers());
}

/// The users of one kind, one of each role.
template <typename OpTy> static SmallVector<std::pair<OpTy, tile::RoleOp>> usersByRole(tile::ChannelOp channel) {
  llvm::SmallDenseSet<Operation *> counted;
  SmallVector<std::pair<OpTy, tile::RoleOp>> result;
  for (Operation *user : channel.getChannel().getUsers())
    if (auto op = dyn_cast<OpTy>(user))
      if (auto role = op->template getParentOfType<tile::RoleOp>(); role && counted.insert(role).second)
        result.push_back({op, role});
  return result;
}

/// One role's part in the barriers of a channel, and how it completes its use of a slot.
struct Part {
  tile::RoleOp role;
  Completion completion;
};

/// Who fills a slot of the channel: the one role that acquires and commits, or commits what it
/// has changed in place. Nobody may, which the proof refuses.
static SmallVector<Part> fillersOf(tile::ChannelOp channel) {
  for (auto [acquire, role] : usersByRole<tile::AcquireOp>(channel))
    return {{role, writeCompletion(acquire.getSlot())}};
  for (auto [commit, role] : usersByRole<tile::CommitOp>(channel))
    return {{role, exchangeCompletion(role)}};
  return {};
}

/// Who reads a slot of the channel, and frees it.
static SmallVector<Part> readersOf(tile::ChannelOp channel) {
  SmallVector<Part> readers;
  for (auto [wait, role] : usersByRole<tile::WaitOp>(channel))
    readers.push_back({role, readCompletion(wait.getTile())});
  return readers;
}

/// Who waits for what the signallers do, where `cluster` CTAs share work items. What one CTA waits
/// for all others do too, or it alone; a signal goes to those who wait for it. The leader's roles may be
/// among those of all CTAs where the leader alone signals: what it tells all it tells itself.
static FailureOr<Waiters> waitersOf(tile::ChannelOp channel, ArrayRef<Part> waiting, ArrayRef<Part> signalling,
                                    int64_t cluster) {
  Waiters waiters;
  if (cluster == 1 || waiting.empty())
    return waiters;
  auto isOfLeader = [](Part part) { return part.role.getLeader(); };
  bool areMixed = llvm::any_of(waiting, isOfLeader) && !llvm::all_of(waiting, isOfLeader);
  bool tellsAll = areMixed && llvm::all_of(signalling, isOfLeader);
  waiters.isLeader = !tellsAll && isOfLeader(waiting.front());
  auto refuse = [&](Part part, const Twine &text) {
    InFlightDiagnostic error = channel.emitError() << "role \"" << part.role.getName() << "\" " << text;
    error.attachNote(part.role.getLoc()) << "the role is here";
    return error;
  };
  for (Part part : waiting)
    if (!tellsAll && part.role.getLeader() != waiters.isLeader)
      return refuse(part,
                    "waits for this channel " + Twine(waiters.isLeader ? "in all CTAs of a cluster, another "
                                                                         "role in the leader only"
                                                                       : "in the leader only, another role in all "
                                                                         "CTAs of a cluster"));
  for (Part part : signalling) {
    bool toOthers = part.role.getLeader() != waiters.isLeader;
    bool tellsPair = part.completion == Completion::Mma || part.completion == Completion::Answer;
    bool hasCode = tellsPair ? part.role.getLeader() : waiters.isLeader;
    if (toOthers && !hasCode)
      return refuse(part, "of " + Twine(part.role.getLeader() ? "the leader" : "all CTAs of a cluster") +
                              " cannot tell " + (waiters.isLeader ? "the leader" : "all CTAs") + " of this channel: " +
                              (tellsPair ? "MMAs of the leader tell all, and the answers that it asks for"
                                         : "threads and copies tell the leader"));
    // A thread arrives for the answer that it expects.
    waiters.hearsThreads |=
        toOthers && (part.completion == Completion::Threads || part.completion == Completion::Answer);
  }
  return waiters;
}

/// Whether copies of each CTA fill the slots of all: the n-th slot is free when all have read theirs.
static FailureOr<bool> isMulticast(tile::ChannelOp channel) {
  tile::CopyOp all, own;
  for (auto [acquire, role] : usersByRole<tile::AcquireOp>(channel))
    role.walk([&](tile::AcquireOp op) {
      if (op.getChannel() == channel.getChannel())
        for (tile::CopyOp copy : copiesInto(op.getSlot()))
          (copy.getMulticast() ? all : own) = copy;
    });
  if (!all || !own)
    return static_cast<bool>(all);
  InFlightDiagnostic error = channel.emitError("is filled by copies for all CTAs of a cluster and by copies for one");
  error.attachNote(all.getLoc()) << "one for all is here";
  error.attachNote(own.getLoc()) << "one for its own is here";
  return failure();
}

/// Each CTA waits for the readers of all.
static LogicalResult waitForAll(tile::ChannelOp channel, ArrayRef<Part> readers, Waiters &freed) {
  for (Part part : readers)
    if (part.completion != Completion::Threads || part.role.getLeader()) {
      InFlightDiagnostic error =
          channel.emitError() << "role \"" << part.role.getName()
                              << "\" cannot tell all CTAs of a cluster, whose copies fill this channel: only threads "
                                 "that read its slots themselves can";
      error.attachNote(part.role.getLoc()) << "the role is here";
      return error;
    }
  freed.isOfEach = freed.hearsThreads = true;
  return success();
}

/// Arrivals that complete a phase of a barrier.
static int64_t countArrivals(tile::ChannelOp channel, ArrayRef<Part> signalling, const Waiters &waiters,
                             int64_t cluster) {
  int64_t arrivals = 0;
  for (Part part : signalling) {
    bool isFromAll =
        (waiters.isLeader || waiters.isOfEach) && !part.role.getLeader() && part.completion == Completion::Threads;
    arrivals += arrivalsOf(channel, part.role, part.completion) * (isFromAll ? cluster : 1);
  }
  // A kernel in which nobody reads is refused where it uses the channel, or by the proof.
  return std::max<int64_t>(arrivals, 1);
}

/// Whether the channel carries other tiles in the slots that it shares.
static bool isGuest(tile::ChannelOp channel) {
  return channel.getShares() && channel.getShares().getType() != channel.getChannel().getType();
}

/// The guests in the slots of a channel; the first is one that is released, if any is.
static SmallVector<tile::ChannelOp> findGuests(tile::ChannelOp channel) {
  SmallVector<tile::ChannelOp> guests;
  for (Operation *user : channel.getChannel().getUsers())
    if (auto guest = dyn_cast<tile::ChannelOp>(user); guest && isGuest(guest))
      guests.push_back(guest);
  std::stable_partition(guests.begin(), guests.end(),
                        [](tile::ChannelOp guest) { return !usersByRole<tile::ReleaseOp>(guest).empty(); });
  return guests;
}

/// The columns of tensor memory that the kernel's channels have, if the chip has them.
static FailureOr<int64_t> checkColumns(gpu::GPUFuncOp kernel) {
  int64_t columns = 0;
  tile::ChannelOp last;
  for (auto channel : kernel.getBody().front().getOps<tile::ChannelOp>()) {
    tile::ChannelType type = channel.getChannel().getType();
    if (channel.getShares() || !tile::isInTensorMemory(type.getTile()))
      continue;
    columns += type.getDepth() * type.getCopies() * tile::tensorColumns(type.getTile());
    last = channel;
  }
  const Target *target = findTarget(kernel);
  int64_t most = target ? target->limitsOf(kernel).tensorColumns : tile::kMaxTensorColumns;
  if (columns <= most)
    return columns;
  return last.emitError() << "tiles need " << columns << " columns of tensor memory, there are " << most
                          << (target ? target->limitsOf(kernel).share() : "")
                          << " (knobs columns, workers and accumulators)";
}

FailureOr<Value> allocateRings(gpu::GPUFuncOp kernel, llvm::MapVector<Value, Ring> &rings) {
  MLIRContext *context = kernel.getContext();
  OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
  SharedLayout layout;
  FailureOr<int64_t> columns = checkColumns(kernel);
  if (failed(columns))
    return failure();
  int64_t column = 0;
  auto makeBuffer = [&](Location loc, StringRef name, int64_t count, RankedTensorType type) -> Value {
    bool isTensor = tile::isInTensorMemory(type);
    int64_t offset = isTensor ? column : layout.addTiles(count, type);
    if (isTensor)
      column += count * tile::tensorColumns(type);
    return tile::AllocOp::create(builder, loc, tile::BufferType::get(context, count, type, /*apart=*/0), name, offset);
  };
  auto makeGuestBuffer = [&](tile::ChannelOp channel, const Ring &host) -> Value {
    auto alloc = host.buffer.getDefiningOp<tile::AllocOp>();
    RankedTensorType type = channel.getChannel().getType().getTile();
    int64_t apart = alloc.getBuffer().getType().getColumnsApart();
    auto buffer =
        tile::BufferType::get(context, host.depth * host.copies, type, apart > tile::tensorColumns(type) ? apart : 0);
    return tile::AllocOp::create(builder, channel.getLoc(), buffer, channel.getName(),
                                 alloc.getOffset() + channel.getColumn());
  };
  for (auto channel : kernel.getBody().front().getOps<tile::ChannelOp>()) {
    tile::ChannelType type = channel.getChannel().getType();
    Ring ring;
    ring.depth = type.getDepth();
    ring.copies = type.getCopies();
    ring.tile = type.getTile();
    if (!channel.getShares()) {
      ring.buffer = makeBuffer(channel.getLoc(), channel.getName(), ring.depth * ring.copies, ring.tile);
    } else if (isGuest(channel)) {
      ring.buffer = makeGuestBuffer(channel, rings[channel.getShares()]);
    } else {
      rings[channel.getShares()].isExchanged = ring.isExchanged = true;
      ring.buffer = rings[channel.getShares()].buffer;
    }
    rings[channel.getChannel()] = ring;
  }
  Value staging;
  for (auto role : kernel.getBody().front().getOps<tile::RoleOp>()) {
    tile::ToSharedOp staged;
    role.walk([&](tile::ToSharedOp op) { staged = staged ? staged : op; });
    if (!staged)
      continue;
    if (staging)
      return staged.emitError("stages what it stores, as another role does: only one role of a kernel can");
    staging = makeBuffer(staged.getLoc(), "staging", role.getWorkers(), staged.getResult().getType());
  }
  int64_t cluster = ctasOfProgram(kernel);
  for (auto &[channel, ring] : rings) {
    auto op = channel.getDefiningOp<tile::ChannelOp>();
    if (llvm::all_of(channel.getUsers(), [](Operation *user) { return isa<tile::OwnOp>(user); }))
      continue; // nobody else is told
    SmallVector<Part> fillers = fillersOf(op), readers = readersOf(op);
    // A slot with a guest is free when that is over: who fills the slot waits for it.
    SmallVector<Part> owners = isGuest(op) ? fillersOf(op.getShares().getDefiningOp<tile::ChannelOp>()) : fillers;
    FailureOr<Waiters> filled = waitersOf(op, readers, fillers, cluster);
    if (failed(filled))
      return failure();
    ring.filled = *filled;
    auto makeBarriers = [&](StringRef suffix, int64_t arrivals) -> Value {
      int64_t count = ring.depth * ring.copies;
      auto type = tile::BarriersType::get(context, count, arrivals);
      return tile::BarriersOp::create(builder, op.getLoc(), type, (op.getName() + suffix).str(),
                                      layout.addBarriers(count));
    };
    ring.full = makeBarriers("_full", countArrivals(op, fillers, ring.filled, cluster));
    auto isFreedByMma = [](tile::ChannelOp channel) {
      return llvm::any_of(usersByRole<tile::WaitOp>(channel),
                          [](auto user) { return readCompletion(user.first.getTile()) == Completion::Mma; });
    };
    // A slot with a guest is free when that is over, if anybody says so.
    SmallVector<tile::ChannelOp> guests = findGuests(op);
    ring.freedByMma = isFreedByMma(guests.empty() ? op : guests.front());
    bool isReleased = isGuest(op) ? !usersByRole<tile::ReleaseOp>(op).empty() : !ring.isExchanged && guests.empty();
    if (!isReleased)
      continue;
    FailureOr<Waiters> freed = waitersOf(op, owners, readers, cluster);
    FailureOr<bool> forAll = isMulticast(op);
    if (failed(freed) || failed(forAll) || (*forAll && failed(waitForAll(op, readers, *freed))))
      return failure();
    Ring &owner = isGuest(op) ? rings[op.getShares()] : ring;
    owner.freed = ring.freed = *freed;
    owner.empty = ring.released = makeBarriers("_empty", countArrivals(op, readers, ring.freed, cluster));
  }
  if (*columns > 0)
    tile::TensorColumnsOp::create(builder, kernel.getLoc(),
                                  std::max<int64_t>(llvm::PowerOf2Ceil(*columns), kMinTensorColumns),
                                  layout.addBarriers(1));
  kernel->setAttr(tile::kSharedBytesAttr, builder.getI64IntegerAttr(layout.getBytes()));
  return staging;
}

} // namespace girih
