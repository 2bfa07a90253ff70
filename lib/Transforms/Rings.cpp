// Where channels lie in shared and tensor memory, and who completes and frees a slot.
#include "Rings.h"
#include "SharedLayout.h"

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

bool isReadByMma(Value tile) {
  return llvm::any_of(tile.getUsers(), [&](Operation *user) {
    if (auto slice = dyn_cast<tile::SliceOp>(user))
      return isReadByMma(slice.getResult());
    auto mma = dyn_cast<tile::MmaIntoOp>(user);
    return mma && mma.getDest() != tile;
  });
}

bool isWrittenByMma(Value tile) {
  return llvm::any_of(tile.getUsers(), [&](Operation *user) {
    auto mma = dyn_cast<tile::MmaIntoOp>(user);
    return mma && mma.getDest() == tile;
  });
}

/// Arrivals that free a slot of the channel: of each warp of the workers that read it,
/// or of the MMAs of one thread, when they are done.
static int64_t releasesOf(tile::ChannelOp channel) {
  int64_t arrivals = 0;
  llvm::SmallDenseSet<Operation *> counted;
  for (Operation *user : channel.getChannel().getUsers()) {
    auto wait = dyn_cast<tile::WaitOp>(user);
    auto role = wait ? wait->getParentOfType<tile::RoleOp>() : tile::RoleOp();
    if (!role || !counted.insert(role).second)
      continue;
    int64_t workers = channel.getChannel().getType().getCopies() > 1 ? 1 : role.getWorkers();
    arrivals += isReadByMma(wait.getTile()) ? 1 : tile::kWarpsPerWorker * workers;
  }
  // A kernel in which nobody reads is refused where it uses the channel, or by the proof.
  return std::max<int64_t>(arrivals, 1);
}

FailureOr<Value> allocateRings(gpu::GPUFuncOp kernel, llvm::MapVector<Value, Ring> &rings) {
  MLIRContext *context = kernel.getContext();
  OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
  SharedLayout layout;
  int64_t columns = 0;
  auto makeBuffer = [&](Location loc, StringRef name, int64_t count, RankedTensorType type) -> Value {
    bool isTensor = tile::isInTensorMemory(type);
    int64_t offset = isTensor ? columns : layout.addTiles(count, type);
    if (isTensor)
      columns += count * tile::tensorColumns(type);
    if (columns > tile::kMaxTensorColumns)
      return {};
    return tile::AllocOp::create(builder, loc, tile::BufferType::get(context, count, type), name, offset);
  };
  for (auto channel : kernel.getBody().front().getOps<tile::ChannelOp>()) {
    tile::ChannelType type = channel.getChannel().getType();
    int64_t slots = type.getDepth() * type.getCopies();
    Value buffer = makeBuffer(channel.getLoc(), channel.getName(), slots, type.getTile());
    if (!buffer)
      return channel.emitError() << "tiles need " << columns << " columns of tensor memory, there are "
                                 << tile::kMaxTensorColumns << " (knobs columns, workers and accumulators)";
    rings[channel.getChannel()] = {buffer, {}, {}, type.getDepth(), type.getCopies(), type.getTile()};
  }
  Value staging;
  for (auto role : kernel.getBody().front().getOps<tile::RoleOp>())
    role.walk([&](tile::ToSharedOp op) {
      if (!staging)
        staging = makeBuffer(op.getLoc(), "staging", role.getWorkers(), op.getResult().getType());
    });
  for (auto &[channel, ring] : rings) {
    auto op = channel.getDefiningOp<tile::ChannelOp>();
    auto makeBarriers = [&](StringRef suffix, int64_t arrivals) -> Value {
      int64_t count = ring.depth * ring.copies;
      auto type = tile::BarriersType::get(context, count, arrivals);
      return tile::BarriersOp::create(builder, op.getLoc(), type, (op.getName() + suffix).str(),
                                      layout.addBarriers(count));
    };
    ring.full = makeBarriers("_full", 1);
    ring.empty = makeBarriers("_empty", releasesOf(op));
  }
  if (columns > 0)
    tile::TensorColumnsOp::create(builder, kernel.getLoc(),
                                  std::max<int64_t>(llvm::PowerOf2Ceil(columns), kMinTensorColumns),
                                  layout.addBarriers(1));
  kernel->setAttr(tile::kSharedBytesAttr, builder.getI64IntegerAttr(layout.getBytes()));
  return staging;
}

} // namespace girih
