#include "TensorMemory.h"

#include "Patterns.h"
#include "girih/Target/Kernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

FailureOr<TensorMemory> TensorMemory::of(gpu::GPUFuncOp kernel, const Target &target, int64_t warp) {
  TensorMemory memory(target, warp, clusterOf(kernel), ctasOfProgram(kernel));
  Block &entry = kernel.getBody().front();
  for (auto columns : entry.getOps<tile::TensorColumnsOp>()) {
    if (memory.columns)
      return columns.emitOpError("is there twice: a kernel reserves all its columns at once");
    memory.columns = columns;
  }
  int64_t reserved = memory.columns ? memory.columns.getColumns() : 0;
  Limits has = target.limitsOf(kernel);
  if (reserved > has.tensorColumns)
    return memory.columns.emitOpError() << "reserves " << reserved << " columns of tensor memory, " << target.chip()
                                        << " has " << has.tensorColumns << has.share();
  for (auto alloc : entry.getOps<tile::AllocOp>()) {
    tile::BufferType type = alloc.getBuffer().getType();
    if (!tile::isInTensorMemory(type.getTile()))
      continue;
    int64_t end = alloc.getOffset() + type.getColumns();
    if (end > reserved)
      return alloc.emitOpError() << "ends at column " << end << " of tensor memory, the kernel reserves " << reserved;
    memory.allocations.push_back(alloc);
    memory.firstUser = memory.allocations.front();
  }
  return memory;
}

void TensorMemory::inWarp(ImplicitLocOpBuilder &b, function_ref<void()> body) {
  Value isMine = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, gpu::SubgroupIdOp::create(b, nullptr),
                                       arith::ConstantIndexOp::create(b, warp));
  auto choice = scf::IfOp::create(b, isMine, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(choice.thenBlock());
  body();
}

Value TensorMemory::loadAddress(ImplicitLocOpBuilder &b) {
  return LLVM::LoadOp::create(b, b.getI32Type(), sharedPointer(b, sharedAddress(b, columns.getOffset())));
}

void TensorMemory::reserve(ImplicitLocOpBuilder &b) {
  if (!isUsed())
    return;
  inWarp(b, [&] {
    target->reserveColumns(b, sharedAddress(b, columns.getOffset()), columns.getColumns(), group);
    target->fenceTensorMemory(b, Target::Fence::BeforeSignal);
  });
}

void TensorMemory::open(ImplicitLocOpBuilder &b) {
  if (!isUsed())
    return;
  target->fenceTensorMemory(b, Target::Fence::AfterWait);
  Value start = loadAddress(b);
  for (tile::AllocOp alloc : allocations) {
    Value address = arith::AddIOp::create(b, start, constantI32(b, alloc.getOffset()));
    alloc.replaceAllUsesWith(UnrealizedConversionCastOp::create(b, alloc.getType(), address).getResult(0));
  }
}

void TensorMemory::release(ImplicitLocOpBuilder &b) {
  if (!isUsed())
    return;
  // The lanes of a warp whose role is one thread's come one by one, and the barrier takes
  // whole warps only.
  NVVM::SyncWarpOp::create(b, constantI32(b, -1));
  target->fenceTensorMemory(b, Target::Fence::BeforeSignal);
  syncAll(b, cluster);
  // Read again, so that no role has to keep it in a register.
  inWarp(b, [&] {
    target->fenceTensorMemory(b, Target::Fence::AfterWait);
    target->releaseColumns(b, loadAddress(b), columns.getColumns(), group);
  });
  columns.erase();
  for (tile::AllocOp alloc : allocations)
    alloc.erase();
}

} // namespace girih
