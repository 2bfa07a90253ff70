// tile-partition: loads of a kernel whose work items clusters share.
//
//   %a = tile.load %A[%row, %k] -> tensor<256x64xbf16>; %b = tile.load %B[%k, %column] -> tensor<64x256xbf16>
//   %s = tile.mma %a, %b
// becomes, for 2 CTAs of which this is number %c,
//   %a = tile.load %A[%row + %c * 128, %k] -> tensor<128x64xbf16>
//   %b = tile.load %B[%k, %column + %c * 128] -> tensor<64x128xbf16>
//   %s = tile.mma %a, %b pair
// Where no MMA is of two CTAs, each needs all of %b, and the CTAs load it for each other:
//   %b = tile.load %B[%k, %column] multicast -> tensor<64x256xbf16>
//   %s = tile.mma %a, %b
#include "ClusterLoads.h"

#include "dialects/Tile/IndexBuilder.h"
#include "dialects/Tile/Tile.h"
#include "girih/Target/Target.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace girih {
namespace {

/// What a CTA needs of a loaded tile: its rows of what is for rows of results, and of a right operand its part or,
/// where its MMAs are its own, all.
enum class Share { Rows, RightRows, RightColumns, Whole };

class LoadSplitter {
public:
  LoadSplitter(gpu::GPUFuncOp kernel, int64_t cluster, bool pairsCtas)
      : kernel(kernel), cluster(cluster), pairsCtas(pairsCtas) {}

  LogicalResult run() {
    // What CTAs do not share would be another item for each.
    WalkResult result = kernel.walk([&](Operation *op) { return WalkResult(check(op)); });
    if (result.wasInterrupted())
      return failure();
    result = kernel.walk([&](tile::LoadOp load) { return WalkResult(choose(load)); });
    if (result.wasInterrupted())
      return failure();
    for (auto [load, share] : shares) {
      if (share == Share::Whole)
        cast<tile::LoadOp>(load).setMulticast(true);
      else
        split(cast<tile::LoadOp>(load), share == Share::RightColumns ? 1 : 0);
    }
    if (pairsCtas)
      kernel.walk([](tile::MmaOp mma) { mma.setPair(true); });
    return success();
  }

private:
  LogicalResult check(Operation *op);
  std::optional<Share> shareOf(OpOperand &use);
  LogicalResult choose(tile::LoadOp load);
  void split(tile::LoadOp load, int64_t dimension);

  gpu::GPUFuncOp kernel;
  int64_t cluster;
  bool pairsCtas;
  llvm::MapVector<Operation *, Share> shares;
};

LogicalResult LoadSplitter::check(Operation *op) {
  if (isa<gpu::BlockIdOp, gpu::GridDimOp, gpu::ClusterBlockIdOp>(op))
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
  if (pairsCtas && !mma.getB().getDefiningOp<tile::LoadOp>())
    return op->emitOpError() << "has a right operand that is not loaded as it is: CTAs that share work items each load "
                             << "a part of it (knob cluster is " << cluster << ")";
  return success();
}

std::optional<Share> LoadSplitter::shareOf(OpOperand &use) {
  Operation *user = use.getOwner();
  auto mma = dyn_cast<tile::MmaOp>(user);
  if (mma && &use == &mma.getBMutable())
    return !pairsCtas ? Share::Whole : mma.getTransposeB() ? Share::RightRows : Share::RightColumns;
  if (isa<tile::TransposeOp>(user)) // which makes right operands
    return Share::Whole;
  return mma || user->hasTrait<OpTrait::Elementwise>() ? std::optional<Share>(Share::Rows) : std::nullopt;
}

/// Every use of a tile has the same part of it.
LogicalResult LoadSplitter::choose(tile::LoadOp load) {
  RankedTensorType type = load.getResult().getType();
  std::optional<Share> chosen;
  for (OpOperand &use : load.getResult().getUses()) {
    std::optional<Share> share = shareOf(use);
    if (!share)
      return use.getOwner()->emitOpError()
             << "needs the whole of a tile of which each of " << cluster << " CTAs loads a part (knob cluster)";
    if (chosen && *chosen != *share)
      return load.emitOpError() << "is for two uses of which the " << cluster
                                << " CTAs of a cluster need different parts (knob cluster)";
    chosen = share;
  }
  if (!chosen)
    return success();
  int64_t dimension = *chosen == Share::RightColumns ? 1 : 0;
  if (*chosen != Share::Whole && type.getDimSize(dimension) % cluster != 0)
    return load.emitOpError() << "makes a tile of " << type.getDimSize(dimension)
                              << (dimension == 0 ? " rows" : " columns") << ", which " << cluster
                              << " CTAs cannot share (knob cluster)";
  shares[load] = *chosen;
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
  return LoadSplitter(kernel, cluster, target->limits().pairsCtas).run();
}

} // namespace girih
