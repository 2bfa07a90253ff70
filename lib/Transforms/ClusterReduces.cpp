// tile-lower-channels: what the CTAs of a cluster exchange.
//
//   %m = tile.cluster_reduce max %x
// becomes
//   %buffer = tile.alloc "exchange"; %full = tile.barriers "exchange_full"
//   %m = tile.cluster_reduce max %x through %buffer, %full[%worker]
#include "ClusterReduces.h"
#include "SharedLayout.h"
#include "girih/Target/Kernel.h"

using namespace mlir;

namespace girih {

/// Its barriers have one phase, and its slots are written once.
static LogicalResult check(tile::ClusterReduceOp op) {
  auto role = dyn_cast<tile::RoleOp>(op->getParentOp());
  if (!role)
    return op.emitOpError("cannot run in a loop or under a condition: all CTAs of a cluster run it once");
  if (role.getOneThread())
    return op.emitOpError() << "needs all threads of a worker, but role \"" << role.getName() << "\" has one_thread";
  if (clusterOf(op) == 1)
    return op.emitOpError("needs a cluster, the kernel has work items of 1 CTA");
  return success();
}

LogicalResult lowerClusterReduces(gpu::GPUFuncOp kernel) {
  SmallVector<tile::ClusterReduceOp> ops;
  kernel.walk([&](tile::ClusterReduceOp op) { ops.push_back(op); });
  if (ops.empty())
    return success();
  SharedLayout layout(kernel->getAttrOfType<IntegerAttr>(tile::kSharedBytesAttr).getInt());
  OpBuilder builder = OpBuilder::atBlockBegin(&kernel.getBody().front());
  int64_t arrivals = clusterOf(kernel) * tile::kWarpsPerWorker;
  for (auto [i, op] : llvm::enumerate(ops)) {
    if (failed(check(op)))
      return failure();
    int64_t workers = cast<tile::RoleOp>(op->getParentOp()).getWorkers();
    std::string name = "exchange_" + std::to_string(i);
    auto slots = tile::BufferType::get(kernel.getContext(), workers, op.slotType(), /*apart=*/0);
    auto phases = tile::BarriersType::get(kernel.getContext(), workers, arrivals);
    auto buffer = tile::AllocOp::create(builder, op.getLoc(), slots, name, layout.addTiles(workers, op.slotType()));
    auto full = tile::BarriersOp::create(builder, op.getLoc(), phases, name + "_full", layout.addBarriers(workers));
    op.getBufferMutable().assign(buffer);
    op.getBarriersMutable().assign(full);
    OpBuilder before(op);
    op.getWorkerMutable().assign(tile::WorkerOp::create(before, op.getLoc()));
  }
  kernel->setAttr(tile::kSharedBytesAttr, builder.getI64IntegerAttr(layout.getBytes()));
  return success();
}

} // namespace girih
