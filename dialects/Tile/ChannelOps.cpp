// Rules of roles, channels and barriers.
#include "dialects/Tile/AttrRules.h"
#include "dialects/Tile/Fragment.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

using namespace mlir;
using namespace girih::tile;

/// Roles, and what they share, are found in the body of the kernel and nowhere else.
static LogicalResult verifyInKernel(Operation *op) {
  auto kernel = dyn_cast_or_null<mlir::gpu::GPUFuncOp>(op->getParentOp());
  if (!kernel || !kernel.isKernel() || !op->getBlock()->isEntryBlock())
    return op->emitOpError("must stand in the entry block of a gpu.func that is a kernel");
  return success();
}

/// Whether a role begins where it may: a worker at whole groups of four warps, and in
/// such a group all ask for the same registers (PTX ISA, "setmaxnreg").
static LogicalResult verifyShare(RoleOp role) {
  int64_t shared = role.getFirstWarp() % kWarpsPerWorker;
  if (shared == 0)
    return success();
  if (!role.getOneThread())
    return role.emitOpError() << "of whole workers starts at warp " << role.getFirstWarp()
                              << ", must start at a multiple of " << kWarpsPerWorker;
  Operation *op = role->getPrevNode();
  while (!isa<RoleOp>(op))
    op = op->getPrevNode();
  auto before = cast<RoleOp>(op);
  if (before.getRegisters() == role.getRegisters())
    return success();
  InFlightDiagnostic diagnostic = role.emitOpError()
                                  << "register budget is " << role.getRegisters() << ", the role with which it shares "
                                  << kWarpsPerWorker << " warps has " << before.getRegisters();
  diagnostic.attachNote(before.getLoc()) << "the other one is here";
  return diagnostic;
}

LogicalResult RoleOp::verify() {
  if (failed(verifyInKernel(*this)))
    return failure();
  if (failed(isText({*this, "name"}, getNameAttr()))) // it goes into the manifest
    return failure();
  int64_t warps = getWarps(), registers = getRegisters();
  if (warps < 1 || warps > kMaxWarps)
    return emitOpError() << "has " << warps << " warps, must be 1 to " << kMaxWarps;
  if (!getOneThread() && warps % kWarpsPerWorker != 0)
    return emitOpError() << "has " << warps << " warps, must be a multiple of the " << kWarpsPerWorker
                         << " of a worker";
  if (getLeader() && !getOneThread())
    return emitOpError("of whole workers cannot be the leader's alone: only one with one_thread can");
  // PTX ISA, "setmaxnreg": a multiple of 8 from 24 to 256.
  if (registers % 8 != 0 || registers < 24 || registers > 256)
    return emitOpError() << "register budget is " << registers << ", must be a multiple of 8 from 24 to 256";
  for (Operation *op = (*this)->getPrevNode(); op; op = op->getPrevNode())
    if (auto earlier = dyn_cast<RoleOp>(op); earlier && earlier.getName() == getName()) {
      InFlightDiagnostic diagnostic = emitOpError() << "\"" << getName() << "\" is there twice";
      diagnostic.attachNote(earlier.getLoc()) << "the other one is here";
      return diagnostic;
    }
  return verifyShare(*this);
}

int64_t RoleOp::getFirstWarp() {
  int64_t warps = 0;
  for (Operation *op = (*this)->getPrevNode(); op; op = op->getPrevNode())
    if (auto earlier = dyn_cast<RoleOp>(op))
      warps += earlier.getWarps();
  return warps;
}

int64_t RoleOp::getWorkers() { return getOneThread() ? 1 : getWarps() / kWarpsPerWorker; }

LogicalResult ChannelOp::verify() {
  if (failed(verifyInKernel(*this)))
    return failure();
  int64_t column = static_cast<int64_t>(getColumn());
  if (!getShares())
    return column == 0 ? success()
                       : LogicalResult(emitOpError() << "lies from column " << column << " on of no other channel");
  ChannelType from = getShares().getType(), type = getChannel().getType();
  bool isSame = from == type && type.getDepth() == 1 && column == 0;
  bool fits = from.getTile() != type.getTile() && isInTensorMemory(from.getTile()) &&
              isInTensorMemory(type.getTile()) && column >= 0 &&
              column <= tensorColumns(from.getTile()) - tensorColumns(type.getTile()) &&
              from.getDepth() == type.getDepth() && from.getCopies() == type.getCopies();
  if (!isSame && !fits)
    return emitOpError() << "shares the slots of " << from << ", must be a channel of its own type " << type
                         << " and of depth 1, or have slots in tensor memory, as many, whose columns those from "
                         << column << " on are among";
  if (auto other = getShares().getDefiningOp<ChannelOp>(); !other || other.getShares())
    return emitOpError("shares slots with a channel that has none of its own");
  return success();
}

static LogicalResult verifyOffset(Operation *op, int64_t offset, int64_t bytes, int64_t alignment) {
  if (offset < 0 || offset % alignment != 0)
    return op->emitOpError() << "offset is " << offset << ", must be a multiple of " << alignment;
  if (offset > kMaxSharedBytes - bytes)
    return op->emitOpError() << "offset is " << offset << ", must be at most " << kMaxSharedBytes - bytes;
  return success();
}

LogicalResult AllocOp::verify() {
  if (failed(verifyInKernel(*this)))
    return failure();
  BufferType type = getBuffer().getType();
  if (isInTensorMemory(type.getTile())) {
    int64_t most = kMaxTensorColumns - type.getColumns(), offset = getOffset();
    if (offset < 0 || offset > most)
      return emitOpError() << "offset is " << offset << " columns, must be 0 to " << most;
    return success();
  }
  // The widest swizzle repeats every 8 rows of 128 bytes.
  return verifyOffset(*this, getOffset(), type.getCount() * sharedBytes(type.getTile()), 1024);
}

LogicalResult TensorColumnsOp::verify() {
  if (failed(verifyInKernel(*this)))
    return failure();
  int64_t columns = getColumns();
  if (columns < 32 || columns > kMaxTensorColumns || !llvm::isPowerOf2_64(columns))
    return emitOpError() << "reserves " << columns << " columns, must be a power of two from 32 to "
                         << kMaxTensorColumns;
  return verifyOffset(*this, getOffset(), 4, 4);
}

LogicalResult BarriersOp::verify() {
  if (failed(verifyInKernel(*this)))
    return failure();
  return verifyOffset(*this, getOffset(), 8 * getBarriers().getType().getCount(), 8);
}

/// What a release waits for is a value that threads compute in registers.
static LogicalResult verifyAfter(Operation *op, TypedValue<RankedTensorType> after, int64_t element) {
  if (!after)
    return success();
  FragmentAttr encoding = fragmentEncoding(after.getType());
  if (!encoding || !after.getType().getElementType().isF32())
    return op->emitOpError() << "waits for f32 in registers, not for " << after.getType();
  int64_t registers = Fragment(encoding).numRegisters();
  if (element < 0 || element >= registers)
    return op->emitOpError() << "waits for element " << element << ", a thread has " << registers;
  return success();
}

/// A ring is named where there is more than one.
static LogicalResult verifyCopy(Operation *op, ChannelType channel, Value copy) {
  if (static_cast<bool>(copy) == channel.getCopies() > 1)
    return success();
  return op->emitOpError() << (copy ? "names a ring" : "names no ring") << " of a channel of " << channel.getCopies();
}

LogicalResult AcquireOp::verify() { return verifyCopy(*this, getChannel().getType(), getCopy()); }
LogicalResult CommitOp::verify() { return verifyCopy(*this, getChannel().getType(), getCopy()); }
LogicalResult OwnOp::verify() {
  if (int64_t depth = getChannel().getType().getDepth(); depth != 1)
    return emitOpError() << "needs a channel of depth 1, not " << depth;
  return verifyCopy(*this, getChannel().getType(), getCopy());
}
LogicalResult WaitOp::verify() { return verifyCopy(*this, getChannel().getType(), getCopy()); }

LogicalResult ReleaseOp::verify() {
  if (failed(verifyCopy(*this, getChannel().getType(), getCopy())))
    return failure();
  return verifyAfter(*this, getAfter(), getElement());
}

LogicalResult BarrierArriveOp::verify() {
  if (getLeader() && getMulticast())
    return emitOpError("arrives at the leader alone, and at each CTA of the cluster");
  return verifyAfter(*this, getAfter(), getElement());
}

RankedTensorType ClusterReduceOp::slotType() {
  RankedTensorType tile = getTile().getType();
  int64_t registers = Fragment(fragmentEncoding(tile)).numRegisters();
  return vectorSlot(RankedTensorType::get({registers * 32 * kWarpsPerWorker}, tile.getElementType()));
}

LogicalResult ClusterReduceOp::verify() {
  RankedTensorType tile = getTile().getType();
  if (!tile.getElementType().isF32())
    return emitOpError() << "combines tiles of f32, not of " << tile.getElementType();
  if (!getBuffer())
    return success();
  if (!fragmentEncoding(tile))
    return emitOpError() << "needs registers that go through the buffer, not " << tile;
  if (RankedTensorType slot = getBuffer().getType().getTile(); slot != slotType())
    return emitOpError() << "goes through slots of " << slot << ", its registers fill " << slotType();
  return success();
}

LogicalResult BarrierExpectOp::verify() {
  // PTX ISA, "tx-count": a phase counts up to 2^20 - 1 bytes.
  int64_t bytes = getBytes();
  if (bytes < 1 || bytes >= 1 << 20)
    return emitOpError() << "expects " << bytes << " bytes, must be 1 to " << (1 << 20) - 1;
  if (getLeader() && getPair())
    return emitOpError("is for the barrier of the leader or for those of a pair, not for both");
  return success();
}

/// A write keeps shape and elements.
static LogicalResult verifyWrite(Operation *op, RankedTensorType tile, RankedTensorType dest) {
  if (!holdsTile(dest, tile))
    return op->emitOpError() << "writes " << tile << " into " << dest;
  return success();
}

LogicalResult WriteSharedOp::verify() {
  RankedTensorType tile = getTile().getType(), dest = getDest().getType();
  if (!fragmentEncoding(tile) || !sharedEncoding(dest))
    return emitOpError() << "goes from registers to shared memory, not from " << tile << " to " << dest;
  return verifyWrite(*this, tile, dest);
}

/// A number is the first element of a tile in shared memory.
static LogicalResult verifyNumber(Operation *op, RankedTensorType tile) {
  if (!sharedEncoding(tile) || !tile.getElementType().isInteger(32))
    return op->emitOpError() << "has its number in i32 in shared memory, not in " << tile;
  return success();
}

LogicalResult WriteNumberOp::verify() { return verifyNumber(*this, getDest().getType()); }

LogicalResult RequestWorkOp::verify() {
  if (failed(verifyNumber(*this, getDest().getType())))
    return failure();
  if (static_cast<bool>(getBarriers()) != static_cast<bool>(getBarrier()))
    return emitOpError("signals an array of barriers, and which of them");
  if (int64_t bytes = sharedBytes(getDest().getType()); bytes < kAnswerBytes)
    return emitOpError() << "is answered with " << kAnswerBytes << " bytes, " << getDest().getType() << " has "
                         << bytes;
  return success();
}

LogicalResult ReadWorkOp::verify() { return verifyNumber(*this, getSource().getType()); }

LogicalResult ReadNumberOp::verify() { return verifyNumber(*this, getSource().getType()); }

LogicalResult WriteTensorOp::verify() {
  RankedTensorType tile = getTile().getType(), dest = getDest().getType();
  if (!fragmentEncoding(tile) || !isInTensorMemory(dest))
    return emitOpError() << "goes from registers to tensor memory, not from " << tile << " to " << dest;
  return verifyWrite(*this, tile, dest);
}
