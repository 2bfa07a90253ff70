#include "girih/Transforms/Phase.h"

#include "dialects/Tile/Tile.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

StringRef nameOf(Phase phase) {
  constexpr StringLiteral names[] = {"made of tiles", "partitioned", "pipelined",           "placed",
                                     "given roles",   "specialized", "lowered to barriers", "bound to arguments"};
  return names[static_cast<size_t>(phase)];
}

/// The earliest phase in which such an op can be.
static Phase earliestPhase(Operation *op) {
  bool isPlaced = llvm::any_of(op->getResultTypes(),
                               [](Type type) { return tile::sharedEncoding(type) || tile::fragmentEncoding(type); });
  return TypeSwitch<Operation *, Phase>(op)
      .Case<tile::AllocOp, tile::BarriersOp>([](auto) { return Phase::Lowered; })
      .Case<tile::RoleOp, tile::ChannelOp, tile::CopyScalesOp>([](auto) { return Phase::Specialized; })
      .Case<tile::MmaAsyncOp, tile::TakeTurnOp>([&](auto) { return isPlaced ? Phase::Placed : Phase::Pipelined; })
      .Case([&](tile::LoadOp load) {
        return isPlaced ? Phase::Placed : load.getRing() ? Phase::Pipelined : Phase::Tiles;
      })
      .Case([&](tile::TransposeOp transposition) {
        return isPlaced ? Phase::Placed : transposition.getRing() ? Phase::Pipelined : Phase::Tiles;
      })
      .Case<tile::WorkerOp>([](auto) { return Phase::Partitioned; })
      .Case([&](tile::MmaOp mma) {
        return isPlaced ? Phase::Placed : mma.getPair() ? Phase::Partitioned : Phase::Tiles;
      })
      .Default([&](auto) { return isPlaced ? Phase::Placed : Phase::Tiles; });
}

Phase phaseOf(gpu::GPUFuncOp kernel, Operation **witness) {
  Operation *latest = kernel;
  Phase found = kernel->hasAttr(tile::kTensorsAttr) ? Phase::Bound
                : kernel->hasAttr(tile::kRolesAttr) ? Phase::Assigned
                                                    : Phase::Tiles;
  kernel.walk([&](Operation *op) {
    if (Phase other = earliestPhase(op); other > found) {
      found = other;
      latest = op;
    }
  });
  if (witness)
    *witness = latest;
  return found;
}

LogicalResult checkBefore(Phase phase, gpu::GPUFuncOp kernel) {
  Operation *latest = nullptr;
  Phase found = phaseOf(kernel, &latest);
  if (found < phase)
    return success();
  InFlightDiagnostic diagnostic = kernel.emitError() << "the kernel is " << nameOf(found) << " already: it cannot be "
                                                     << nameOf(phase) << " any more";
  if (latest != kernel)
    diagnostic.attachNote(latest->getLoc()) << "'" << latest->getName() << "' here tells that it is";
  return diagnostic;
}

} // namespace girih
