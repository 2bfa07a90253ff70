// tile-partition: loads of a kernel whose work items clusters share.
//
//   %a = tile.load %A[%row, %k] -> tensor<256x64xbf16>; %b = tile.load %B[%k, %column] -> tensor<64x256xbf16>
//   %s = tile.mma %a, %b
// becomes, for 2 CTAs of which this is number %c,
//   %a = tile.load %A[%row + %c * 128, %k] -> tensor<128x64xbf16>
//   %b = tile.load %B[%k, %column + %c * 128] -> tensor<64x128xbf16>
//   %s = tile.mma %a, %b pair
#include "ClusterLoads.h"

#include "dialects/Tile/IndexBuilder.h"
#include "dialects/Tile/Tile.h"
#include "girih/Target/Target.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace girih {
namespace {

/// The dimension along which the CTAs share a use of a loaded tile; none if they cannot.
std::optional<int64_t> sharedDimension(OpOperand &use) {
  if (auto mma = dyn_cast<tile::MmaOp>(use.getOwner())) {
    if (&use == &mma.getBMutable())
      return mma.getTransposeB() ? 0 : 1;
    return 0;
  }
  return use.getOwner()->hasTrait<OpTrait::Elementwise>() ? std::optional<int64_t>(0) : std::nullopt;
}

class LoadSplitter {
public:
  LoadSplitter(gpu::GPUFuncOp kernel, int64_t cluster) : kernel(kernel), cluster(cluster) {}

  LogicalResult run() {
    // What CTAs do not share would be another item for each.
    WalkResult result = kernel.walk([&](Operation *op) { return WalkResult(check(op)); });
    if (result.wasInterrupted())
      return failure();
    result = kernel.walk([&](tile::LoadOp load) { return WalkResult(choose(load)); });
    if (result.wasInterrupted())
      return failure();
    for (auto [load, dimension] : dimensions)
      split(cast<tile::LoadOp>(load), dimension);
    kernel.walk([](tile::MmaOp mma) { mma.setPair(true); });
    return success();
  }

private:
  LogicalResult check(Operation *op);
  LogicalResult choose(tile::LoadOp load);
  void split(tile::LoadOp load, int64_t dimension);

  gpu::GPUFuncOp kernel;
  int64_t cluster;
  llvm::MapVector<Operation *, int64_t> dimensions;
};

LogicalResult LoadSplitter::check(Operation *op) {
  if (isa<gpu::BlockIdOp, gpu::GridDimOp>(op))
    return op->emitOpError() << "differs between the CTAs that share a work item (knob cluster is " << cluster
                             << "): gpu.cluster_id and gpu.cluster_dim number what they share";
  if (auto work = dyn_cast<tile::NextWorkOp>(op); work && work.getCounter())
    return op->emitOpError() << "counts work items for one CTA, which " << cluster
                             << " share (knob cluster): without a counter the chip hands them out for all";
  auto mma = dyn_cast<tile::MmaOp>(op);
  if (!mma)
    return success();
  if (mma.getPair())
    return op->emitOpError("is of a pair of CTAs already: it cannot be split over them any more");
  if (!mma.getScales().empty())
    return op->emitOpError() << "has scales, which CTAs that share work items cannot (knob cluster is " << cluster
                             << ")";
  if (!mma.getB().getDefiningOp<tile::LoadOp>())
    return op->emitOpError() << "has a right operand that is not loaded as it is: CTAs that share work items each load "
                             << "a part of it (knob cluster is " << cluster << ")";
  return success();
}

/// Every use of a tile has the same part of it.
LogicalResult LoadSplitter::choose(tile::LoadOp load) {
  RankedTensorType type = load.getResult().getType();
  std::optional<int64_t> chosen;
  for (OpOperand &use : load.getResult().getUses()) {
    std::optional<int64_t> dimension = sharedDimension(use);
    bool isRight = isa<tile::MmaOp>(use.getOwner()) && &use == &cast<tile::MmaOp>(use.getOwner()).getBMutable();
    if (!dimension)
      return use.getOwner()->emitOpError()
             << "needs the whole of a tile of which each of " << cluster << " CTAs loads a part (knob cluster)";
    // Rows of a left operand are those of the result; of a right operand they are its columns.
    int64_t kind = isRight ? 2 + *dimension : *dimension;
    if (chosen && *chosen != kind)
      return load.emitOpError() << "is for two uses of which the " << cluster
                                << " CTAs of a cluster need different parts (knob cluster)";
    chosen = kind;
  }
  if (!chosen)
    return success();
  int64_t dimension = *chosen % 2;
  if (type.getDimSize(dimension) % cluster != 0)
    return load.emitOpError() << "makes a tile of " << type.getDimSize(dimension)
                              << (dimension == 0 ? " rows" : " columns") << ", which " << cluster
                              << " CTAs cannot share (knob cluster)";
  dimensions[load] = dimension;
  return success();
}

void LoadSplitter::split(tile::LoadOp load, int64_t dimension) {
  RankedTensorType type = load.getResult().getType();
  SmallVector<int64_t> shape(type.getShape());
  shape[dimension] /= cluster;
  IndexBuilder b(load.getLoc(), OpBuilder(load));
  unsigned position = load.getIndices().size() - type.getRank() + dimension;
  Value first = b.mul(gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x), b.index(shape[dimension]));
  Value index = b.add(load.getIndices()[position], first);
  load.getIndicesMutable().slice(position, 1).assign(index);
  load.getResult().setType(type.clone(shape));
}

} // namespace

LogicalResult splitLoads(gpu::GPUFuncOp kernel, int64_t cluster) {
  const Target *target = lookupTarget(kernel);
  if (!target)
    return failure();
  if (!target->limits().pairsCtas)
    return kernel.emitError() << "knob cluster is " << cluster << ", on " << target->chip()
                              << " no MMA is of more than one CTA";
  return LoadSplitter(kernel, cluster).run();
}

} // namespace girih
