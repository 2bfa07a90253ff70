#include "ControlFlow.h"

#include "dialects/Tile/Tile.h"
#include "dialects/Tile/WhileLoops.h"
#include "girih/Target/Kernel.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

static bool holdsTiles(Operation *op) {
  auto isTile = [](Type type) { return isa<RankedTensorType>(type) || isa<tile::TileDialect>(type.getDialect()); };
  return op
      ->walk([&](Operation *inner) {
        bool holds = isa_and_nonnull<tile::TileDialect>(inner->getDialect()) ||
                     llvm::any_of(inner->getOperandTypes(), isTile) || llvm::any_of(inner->getResultTypes(), isTile);
        return holds ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

bool isKernelArgument(Value value) {
  auto argument = dyn_cast<BlockArgument>(value);
  return argument && isa_and_nonnull<gpu::GPUFuncOp>(argument.getOwner()->getParentOp());
}

LogicalResult checkControlFlow(gpu::GPUFuncOp kernel) {
  if (failed(checkKernel(kernel)))
    return failure();
  WalkResult result = kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == kernel || op->getNumRegions() == 0 || isa<scf::ForOp, scf::IfOp, tile::RoleOp>(op) || !holdsTiles(op))
      return WalkResult::advance();
    if (auto loop = dyn_cast<scf::WhileOp>(op); loop && tile::carriesNumbersOnly(loop))
      return WalkResult::advance();
    op->emitError() << "'" << op->getName() << "' cannot hold tiles: scf.for and scf.if can"
                    << (isa<scf::WhileOp>(op) ? ", and scf.while that carries numbers and hands them on as they are"
                                              : "");
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}

} // namespace girih
