// Rules of roles, channels and barriers.
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

LogicalResult RoleOp::verify() {
  if (failed(verifyInKernel(*this)))
    return failure();
  int64_t workers = getWorkers(), registers = getRegisters();
  if (workers < 1 || workers > kMaxWorkers)
    return emitOpError() << "has " << workers << " workers, must be 1 to " << kMaxWorkers;
  // PTX ISA, "setmaxnreg": a multiple of 8 from 24 to 256.
  if (registers % 8 != 0 || registers < 24 || registers > 256)
    return emitOpError() << "register budget is " << registers << ", must be a multiple of 8 from 24 to 256";
  for (Operation *op = (*this)->getPrevNode(); op; op = op->getPrevNode())
    if (auto earlier = dyn_cast<RoleOp>(op); earlier && earlier.getName() == getName()) {
      InFlightDiagnostic diagnostic = emitOpError() << "\"" << getName() << "\" is there twice";
      diagnostic.attachNote(earlier.getLoc()) << "the other one is here";
      return diagnostic;
    }
  return success();
}

LogicalResult ChannelOp::verify() { return verifyInKernel(*this); }

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
  // The widest swizzle repeats every 8 rows of 128 bytes.
  return verifyOffset(*this, getOffset(), type.getCount() * sharedBytes(type.getTile()), 1024);
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

LogicalResult ReleaseOp::verify() { return verifyAfter(*this, getAfter(), getElement()); }

LogicalResult BarrierArriveOp::verify() { return verifyAfter(*this, getAfter(), getElement()); }

LogicalResult BarrierExpectOp::verify() {
  // PTX ISA, "tx-count": a phase counts up to 2^20 - 1 bytes.
  int64_t bytes = getBytes();
  if (bytes < 1 || bytes >= 1 << 20)
    return emitOpError() << "expects " << bytes << " bytes, must be 1 to " << (1 << 20) - 1;
  return success();
}

LogicalResult WriteSharedOp::verify() {
  RankedTensorType tile = getTile().getType(), dest = getDest().getType();
  if (!fragmentEncoding(tile) || !sharedEncoding(dest))
    return emitOpError() << "goes from registers to shared memory, not from " << tile << " to " << dest;
  if (tile.getShape() != dest.getShape() || tile.getElementType() != dest.getElementType())
    return emitOpError() << "writes " << tile << " into " << dest;
  return success();
}
