#include "girih/Target/Kernel.h"
#include "dialects/Tile/Tile.h"
#include "girih/Target/Target.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace girih {

/// PTX ISA, "identifiers"; `%` is left to the registers.
LogicalResult checkKernelName(Operation *op, StringRef name) {
  auto follows = [](char c) { return llvm::isAlnum(c) || c == '_' || c == '$'; };
  bool isLegal = !name.empty() && follows(name.front()) && !llvm::isDigit(name.front()) &&
                 llvm::all_of(name, follows) && name != "_" && name != "$";
  if (name == "WARP_SZ")
    return op->emitError("a kernel cannot be called 'WARP_SZ': PTX keeps that name for itself");
  if (isLegal)
    return success();
  return op->emitError() << "a kernel cannot be called '" << name
                         << "': PTX has names of letters, digits, _ and $ that start with no digit";
}

static gpu::GPUFuncOp kernelOf(Operation *op) {
  auto kernel = dyn_cast<gpu::GPUFuncOp>(op);
  return kernel ? kernel : op->getParentOfType<gpu::GPUFuncOp>();
}

int64_t clusterOf(Operation *op) {
  gpu::GPUFuncOp kernel = kernelOf(op);
  std::optional<ArrayRef<int32_t>> sizes = kernel ? kernel.getKnownClusterSize() : std::nullopt;
  return sizes ? sizes->front() : 1;
}

static bool isOfSeveralCtas(Operation *op) {
  if (tile::isOfPair(op) || tile::signalsPair(op))
    return true;
  return TypeSwitch<Operation *, bool>(op)
      .Case<tile::RoleOp, tile::BarrierExpectOp>([](auto inner) { return inner.getLeader(); })
      .Case<tile::CopyOp, tile::BarrierArriveOp>([](auto inner) { return inner.getLeader() || inner.getMulticast(); })
      .Case([](tile::LoadOp load) { return load.getMulticast(); })
      .Default([](Operation *) { return false; });
}

int64_t ctasOfProgram(Operation *op) {
  gpu::GPUFuncOp kernel = kernelOf(op);
  int64_t cluster = clusterOf(op);
  if (cluster == 1 || kernel->hasAttr(kSharedProgramAttr))
    return cluster;
  auto find = [](Operation *inner) { return isOfSeveralCtas(inner) ? WalkResult::interrupt() : WalkResult::advance(); };
  return kernel.walk(find).wasInterrupted() ? cluster : 1;
}

void addAssumption(gpu::GPUFuncOp kernel, StringRef name) {
  SmallVector<Attribute> names;
  if (auto known = kernel->getAttrOfType<ArrayAttr>(tile::kAssumesAttr))
    llvm::append_range(names, known);
  auto attr = StringAttr::get(kernel.getContext(), name);
  if (!llvm::is_contained(names, attr))
    names.push_back(attr);
  kernel->setAttr(tile::kAssumesAttr, ArrayAttr::get(kernel.getContext(), names));
}

bool isAssumed(Operation *op, StringRef name) {
  gpu::GPUFuncOp kernel = kernelOf(op);
  auto names = kernel ? kernel->getAttrOfType<ArrayAttr>(tile::kAssumesAttr) : ArrayAttr();
  return names && llvm::is_contained(names, StringAttr::get(op->getContext(), name));
}

/// Of a cluster, one dimension is used.
static LogicalResult checkCluster(gpu::GPUFuncOp kernel) {
  std::optional<ArrayRef<int32_t>> sizes = kernel.getKnownClusterSize();
  if (!sizes)
    return success();
  constexpr int64_t kMost = 8; // CUDA C++ programming guide, "thread block clusters": the portable size
  if ((*sizes)[1] == 1 && (*sizes)[2] == 1 && sizes->front() >= 1 && sizes->front() <= kMost)
    return success();
  return kernel.emitError() << "a cluster of " << sizes->front() << " x " << (*sizes)[1] << " x " << (*sizes)[2]
                            << " CTAs has no code; of 1 x 1 x 1 to " << kMost << " x 1 x 1 it has";
}

LogicalResult checkKernel(gpu::GPUFuncOp kernel) {
  if (failed(checkCluster(kernel)))
    return failure();
  if (!kernel.isKernel())
    return kernel.emitError("a function in a gpu.module that is no kernel cannot be compiled: mark it `kernel`");
  if (failed(checkKernelName(kernel, kernel.getName())))
    return failure();
  if (!kernel.getBody().hasOneBlock())
    return kernel.getBody().front().getTerminator()->emitError(
        "a kernel must have one block: loops and choices are scf.for and scf.if");
  if (kernel.getBody().getNumArguments() != kernel.getNumArguments())
    return kernel.emitError("a kernel cannot have workgroup or private attributions: shared memory is laid out for it");
  return success();
}

} // namespace girih
