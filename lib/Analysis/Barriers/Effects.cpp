#include "Effects.h"

#include "dialects/Tile/WhileLoops.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace girih {

bool isSharedTile(Value value) { return static_cast<bool>(tile::sharedEncoding(value.getType())); }

bool isSlotTile(Value value) { return isSharedTile(value) || tile::isInTensorMemory(value.getType()); }

/// Ops that only hand tiles on.
static bool handsOn(Operation *op) {
  return isa<tile::SliceOp, scf::ForOp, scf::IfOp, scf::YieldOp, arith::SelectOp>(op);
}

bool isBarrierEvent(Operation *op) {
  if (isa<tile::BarrierWaitOp, tile::BarrierArriveOp, tile::BarrierExpectOp, tile::CopyOp, tile::MmaAsyncOp,
          tile::AwaitOp, tile::MmaIntoOp, tile::CopyScalesOp, tile::MmaCommitOp, tile::MoveOp, tile::WriteSharedOp,
          tile::TransposeIntoOp, tile::WriteTensorOp, tile::WriteNumberOp, tile::ReadNumberOp, tile::RequestWorkOp,
          tile::ReadWorkOp, tile::PublishOp, tile::DrainStoresOp, tile::SyncOp, NVVM::BarrierOp, NVVM::BarrierArriveOp>(
          op))
    return true;
  return !handsOn(op) && llvm::any_of(op->getOperands(), isSharedTile) &&
         (isa<tile::StoreOp>(op) || isMemoryEffectFree(op));
}

bool holdsBarrierEvents(Operation *op) {
  return op
      ->walk([](Operation *inner) { return isBarrierEvent(inner) ? WalkResult::interrupt() : WalkResult::advance(); })
      .wasInterrupted();
}

bool onlyReadsGlobal(Operation *op) {
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface)
    return false;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  return llvm::all_of(effects, [](const MemoryEffects::EffectInstance &effect) {
    auto memory = effect.getValue() ? dyn_cast<MemRefType>(effect.getValue().getType()) : MemRefType();
    if (!isa<MemoryEffects::Read>(effect.getEffect()) || !memory)
      return false;
    auto space = dyn_cast_or_null<gpu::AddressSpaceAttr>(memory.getMemorySpace());
    return !memory.getMemorySpace() || (space && space.getValue() == gpu::AddressSpace::Global);
  });
}

/// Why an op may not have a tile in tensor memory, if it has one.
static std::string whyNotInTensorMemory(Operation *op) {
  auto isThere = [](Type type) { return tile::isInTensorMemory(type); };
  bool isResult = llvm::any_of(op->getResultTypes(), isThere);
  if (!isResult && llvm::none_of(op->getOperandTypes(), isThere))
    return "";
  if (isa<tile::MoveOp>(op))
    return isResult ? "it does not say where in tensor memory the tile goes" : "";
  bool isKnown = handsOn(op) || isa<tile::SlotOp, tile::MmaIntoOp, tile::CopyScalesOp, tile::WriteTensorOp>(op);
  return isKnown ? "" : "it has a tile in tensor memory";
}

std::string whyNotFollowed(Operation *op) {
  auto role = op->getParentOfType<tile::RoleOp>();
  bool isInKernel = isa<gpu::GPUFuncOp>(op->getParentOp());
  if (op->getNumSuccessors() > 0)
    return "it branches between blocks";
  if (isa<scf::ForOp, scf::IfOp>(op))
    return "";
  if (isa<tile::RoleOp, tile::AllocOp, tile::BarriersOp, tile::TensorColumnsOp>(op))
    return isInKernel ? "" : "it is not in the kernel's own block";
  // Whether any other scf.while ends is not known.
  if (auto loop = dyn_cast<scf::WhileOp>(op);
      loop && tile::carriesNumbersOnly(loop) && holdsBarrierEvents(loop) && !tile::decidingNumbers(loop).empty())
    return "";
  if (op->getNumRegions() > 0)
    return "of control flow, only 'scf.for' and 'scf.if' are followed, and 'scf.while' on numbers that roles tell each "
           "other";
  if (isa<LLVM::InlineAsmOp>(op)) // whatever it says of its effects
    return "assembly may do anything";
  if (std::string why = whyNotInTensorMemory(op); !why.empty())
    return why;
  if (isBarrierEvent(op))
    return role ? "" : "it is in no role";
  if (isa<tile::NextWorkOp>(op))
    return role ? "" : "it is in no role";
  if (isa<tile::ClusterReduceOp>(op)) // CTAs wait for each other there, and each comes by itself
    return role == op->getParentOp() ? "" : "it is not in the block of a role, where it runs once";
  if (isa<tile::StoreOp, tile::ScatterOp>(op) || isMemoryEffectFree(op) || onlyReadsGlobal(op)) // of registers
    return "";
  return isa<MemoryEffectOpInterface>(op) ? "it has effects on memory that the check does not know"
                                          : "its effects are not known";
}

} // namespace girih
