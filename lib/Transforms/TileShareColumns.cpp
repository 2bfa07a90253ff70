// tile-share-columns: let tiles in tensor memory lie where others are over.
//
//   role "mma":     %s = tile.acquire %scores; tile.mma_into %s, ...; tile.commit %scores
//                   %p = tile.wait %weights; tile.mma_into %o, %p, ...; tile.release %weights
//   role "compute": %s = tile.wait %scores; ...; tile.release %scores
//                   %p = tile.acquire %weights; tile.write_tensor ..., %p; tile.commit %weights
// becomes
//   %weights = tile.channel "weights" shares(%scores)
// without the releases: who has waited for the scores has the slot until it commits the weights.
#include "Rings.h"
#include "girih/Target/Kernel.h"
#include "girih/Transforms/Passes.h"
#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_TILESHARECOLUMNSPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// By how much a role has run more often through one kind of op than through another: after
/// a block, and at most within it.
struct Lead {
  int64_t after = 0, most = 0;
};

/// A kind of op on one ring of a channel.
struct Event {
  OperationName name;
  Value channel;
  int64_t copy;

  bool is(Operation *op) const {
    if (op->getName() != name || op->getOperand(0) != channel)
      return false;
    FailureOr<RingName> ring = ringOf(op);
    return succeeded(ring) && ring->copy == copy;
  }
  static FailureOr<RingName> ringOf(Operation *op) {
    bool isNamed = cast<tile::ChannelType>(op->getOperand(0).getType()).getCopies() > 1;
    return RingName::of(op, op->getOperand(0), isNamed ? op->getOperand(1) : Value());
  }
};

/// Nothing where it depends on how often a loop runs, or on a choice.
std::optional<Lead> leadIn(Block &block, const Event &ahead, const Event &behind) {
  Lead lead;
  auto count = [&](int64_t change) {
    lead.after += change;
    lead.most = std::max(lead.most, lead.after);
  };
  for (Operation &op : block) {
    if (ahead.is(&op))
      count(1);
    else if (behind.is(&op))
      count(-1);
    for (Region &region : op.getRegions())
      for (Block &inner : region) {
        std::optional<Lead> nested = leadIn(inner, ahead, behind);
        if (!nested || nested->after != 0 || (isa<scf::IfOp>(op) && nested->most != 0))
          return std::nullopt;
        lead.most = std::max(lead.most, lead.after + nested->most);
      }
  }
  return lead;
}

/// A channel in tensor memory, with the only role that fills its slots and the only one that
/// reads them.
struct Line {
  tile::ChannelOp channel;
  tile::RoleOp filler, reader;
  SmallVector<tile::AcquireOp> acquires;
  SmallVector<tile::WaitOp> waits;
  SmallVector<tile::ReleaseOp> releases;

  tile::ChannelType type() const { return tile::ChannelOp(channel).getChannel().getType(); }
  static std::optional<Line> of(tile::ChannelOp channel);
};

std::optional<Line> Line::of(tile::ChannelOp channel) {
  Line line;
  line.channel = channel;
  bool isLine = !channel.getShares() && tile::isInTensorMemory(line.type().getTile());
  auto note = [&](tile::RoleOp &known, Operation *op) {
    auto role = op->getParentOfType<tile::RoleOp>();
    isLine &= !known || known == role;
    known = role;
  };
  for (Operation *user : channel.getChannel().getUsers()) {
    if (auto acquire = dyn_cast<tile::AcquireOp>(user)) {
      note(line.filler, user);
      line.acquires.push_back(acquire);
    } else if (auto wait = dyn_cast<tile::WaitOp>(user)) {
      note(line.reader, user);
      line.waits.push_back(wait);
    } else if (auto release = dyn_cast<tile::ReleaseOp>(user)) {
      line.releases.push_back(release);
    } else if (!isa<tile::CommitOp>(user)) {
      return std::nullopt; // its slots are taken in other ways
    }
  }
  return isLine && line.filler && line.reader && !line.releases.empty() ? std::optional(line) : std::nullopt;
}

/// Whether, ring by ring, the role never runs through `ahead` more than `most` times more
/// often than through `behind`.
template <typename Ahead, typename Behind> bool keepsOrder(tile::RoleOp role, Value ahead, Value behind, int64_t most) {
  llvm::SmallSetVector<int64_t, 4> copies;
  bool isKnown = true;
  role.walk([&](Operation *op) {
    bool isEvent = (isa<Ahead>(op) && op->getOperand(0) == ahead) || (isa<Behind>(op) && op->getOperand(0) == behind);
    if (!isEvent)
      return;
    FailureOr<RingName> ring = Event::ringOf(op);
    isKnown &= succeeded(ring);
    if (succeeded(ring))
      copies.insert(ring->copy);
  });
  // By number or as the worker's own, but not both.
  isKnown &= copies.size() == 1 || !copies.contains(RingName::kWorkers);
  MLIRContext *context = role.getContext();
  return isKnown && llvm::all_of(copies, [&](int64_t copy) {
           std::optional<Lead> lead =
               leadIn(role.getBody().front(), {OperationName(Ahead::getOperationName(), context), ahead, copy},
                      {OperationName(Behind::getOperationName(), context), behind, copy});
           return lead && lead->most <= most;
         });
}

/// Whether the n-th tile of `guest` can lie where the n-th of `host` did. One role reads that
/// before it writes the guest, and needs no more tiles of the host before that than there are
/// slots; the other role has read the guest before it writes there again.
bool canShare(const Line &host, const Line &guest) {
  bool fits = host.type().getDepth() >= guest.type().getDepth() &&
              host.type().getCopies() == guest.type().getCopies() && host.type().getTile() != guest.type().getTile() &&
              tile::tensorColumns(guest.type().getTile()) <= tile::tensorColumns(host.type().getTile());
  if (!fits || host.reader != guest.filler || host.filler != guest.reader)
    return false;
  Value hostChannel = tile::ChannelOp(host.channel).getChannel(),
        guestChannel = tile::ChannelOp(guest.channel).getChannel();
  int64_t depth = host.type().getDepth();
  return keepsOrder<tile::AcquireOp, tile::ReleaseOp>(host.reader, guestChannel, hostChannel, 0) &&
         keepsOrder<tile::WaitOp, tile::CommitOp>(host.reader, hostChannel, guestChannel, depth) &&
         keepsOrder<tile::AcquireOp, tile::ReleaseOp>(host.filler, hostChannel, guestChannel, depth);
}

/// Whether MMAs of one thread read the guest and write the host.
bool isAllMmas(const Line &host, const Line &guest) {
  return tile::RoleOp(host.filler).getOneThread() &&
         llvm::all_of(host.acquires,
                      [](tile::AcquireOp acquire) { return writeCompletion(acquire.getSlot()) == Completion::Mma; }) &&
         llvm::all_of(guest.waits, [](tile::WaitOp wait) { return readCompletion(wait.getTile()) == Completion::Mma; });
}

/// Whether nobody releases a tile of `last` before that of `other`, so that the release of one
/// tells of both.
bool isReleasedAfter(Line &last, Line &other) {
  return last.reader == other.reader && keepsOrder<tile::ReleaseOp, tile::ReleaseOp>(
                                            last.reader, last.channel.getChannel(), other.channel.getChannel(), 0);
}

struct TileShareColumnsPass : impl::TileShareColumnsPassBase<TileShareColumnsPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    if (failed(checkBefore(Phase::Lowered, kernel)))
      return signalPassFailure();
    auto schedule = tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr));
    SmallVector<Line> lines;
    for (auto channel : kernel.getBody().front().getOps<tile::ChannelOp>())
      if (std::optional<Line> line = Line::of(channel))
        lines.push_back(std::move(*line));
    llvm::SmallDenseSet<Operation *> taken;
    for (Line &host : lines) {
      SmallVector<Line *> guests;
      int64_t left = tile::tensorColumns(host.type().getTile());
      for (Line &guest : lines) {
        int64_t columns = tile::tensorColumns(guest.type().getTile());
        bool isFree = host.channel != guest.channel && !taken.contains(host.channel) && !taken.contains(guest.channel);
        if (!isFree || columns > left || !canShare(host, guest) || !canJoin(host, guests, guest))
          continue;
        guests.push_back(&guest);
        left -= columns;
      }
      if (guests.empty())
        continue;
      share(kernel, host, guests, schedule.strict.value_or(0));
      taken.insert(host.channel);
      for (Line *guest : guests)
        taken.insert(guest->channel);
    }
  }

  /// Several guests need one release: the last one's, by MMAs that come after those that read
  /// the others.
  static bool canJoin(const Line &host, ArrayRef<Line *> guests, Line &guest) {
    return guests.empty() ||
           (isAllMmas(host, guest) && isAllMmas(host, *guests.back()) && isReleasedAfter(guest, *guests.back()));
  }

  void share(gpu::GPUFuncOp kernel, Line &host, ArrayRef<Line *> guests, bool isStrict) {
    bool isReleased = isStrict || !isAllMmas(host, *guests.back());
    int64_t column = 0;
    for (Line *guest : guests) {
      if (guest->channel->isBeforeInBlock(host.channel))
        guest->channel->moveAfter(host.channel);
      guest->channel.getSharesMutable().assign(host.channel.getChannel());
      guest->channel.setColumn(column);
      tile::ChannelType type = guest->type();
      column += tile::tensorColumns(type.getTile());
      guest->channel.getChannel().setType(
          tile::ChannelType::get(&getContext(), host.type().getDepth(), type.getTile(), type.getCopies()));
      if (guest != guests.back() || !isReleased)
        llvm::for_each(guest->releases, [](tile::ReleaseOp release) { release.erase(); });
    }
    llvm::for_each(host.releases, [](tile::ReleaseOp release) { release.erase(); });
    if (!isReleased)
      addAssumption(kernel, tile::kMmaOrder);
  }
};

} // namespace
} // namespace girih
