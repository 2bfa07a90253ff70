#include "AttnItems.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

/// One work item after another, until none is left. The next is asked for before the
/// work on one, so that the answer is there in time.
static void buildDynamicLoop(IndexBuilder &b, gpu::GPUFuncOp kernel, Value start, Value items,
                             function_ref<void(Value)> body) {
  Value counter;
  if (unsigned last = kernel.getNumArguments() - 1; kernel.getArgAttr(last, tile::kWorkspaceAttr))
    counter = kernel.getArgument(last);
  scf::WhileOp::create(
      b, b.getIndexType(), start,
      [&](OpBuilder &, Location, ValueRange work) {
        Value isLeft = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, work.front(), items);
        scf::ConditionOp::create(b, isLeft, work);
      },
      [&](OpBuilder &, Location, ValueRange work) {
        Value next = tile::NextWorkOp::create(b, b.getIndexType(), items, counter);
        body(work.front());
        scf::YieldOp::create(b, next);
      });
}

void forEachWorkItem(IndexBuilder &b, gpu::GPUFuncOp kernel, const tile::Schedule &schedule,
                     function_ref<Value()> count, function_ref<void(Value)> body) {
  constexpr auto x = gpu::Dimension::x;
  if (int64_t splits = schedule.splits.value_or(1); splits > 1) {
    kernel.setKnownClusterSize(SmallVector<int32_t>{int32_t(splits), 1, 1});
    return body(gpu::ClusterIdOp::create(b, x));
  }
  bool isShared = schedule.cluster.value_or(1) > 1; // an item, by the CTAs of a cluster
  Value start = isShared ? Value(gpu::ClusterIdOp::create(b, x)) : Value(gpu::BlockIdOp::create(b, x));
  int64_t grid = schedule.persistent.value_or(0);
  if (grid == 0)
    return body(start);
  if (grid == tile::Schedule::kDynamic)
    return buildDynamicLoop(b, kernel, start, count(), body);
  Value items = count();
  Value step = isShared ? Value(gpu::ClusterDimOp::create(b, x)) : Value(gpu::GridDimOp::create(b, x));
  auto loop = scf::ForOp::create(b, start, items, step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

} // namespace girih
