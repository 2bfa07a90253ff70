// tile-specialize: loaded tiles, which one role copies and others read.
//
//   %k = tile.load %K[...] ring("k") stages(2); "read"(%k)
// becomes
//   %slot = tile.acquire %c; tile.copy %K[...] to %slot; tile.commit %c
// in one role and
//   %k = tile.wait %c; "read"(%k); tile.release %c
// in the others. Of a tile that all CTAs of a cluster load, each copies a part to all.
#include "Roles.h"

#include "dialects/Tile/Fragment.h"
#include "dialects/Tile/IndexBuilder.h"
#include "girih/Target/Kernel.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace girih {

SmallVector<Operation *> readersOf(Value tile) {
  SmallVector<Operation *> result;
  for (Operation *user : tile.getUsers()) {
    if (auto slice = dyn_cast<tile::SliceOp>(user))
      result.append(readersOf(slice.getResult()));
    else
      result.push_back(user);
  }
  return result;
}

Operation *waitPoint(Operation *reader) {
  Operation *before = reader->getPrevNode();
  while (before && (isPure(before) || isa<tile::SliceOp>(before)))
    before = before->getPrevNode();
  return before && isa<tile::TakeTurnOp>(before) ? before : reader;
}

static Operation *later(Operation *a, Operation *b) { return !a || a->isBeforeInBlock(b) ? b : a; }
static Operation *earlier(Operation *a, Operation *b) { return !a || b->isBeforeInBlock(a) ? b : a; }

/// The first op of the load's block that is or holds one of the readers.
static Operation *firstOf(ArrayRef<Operation *> readers, Operation *load) {
  Operation *first = nullptr;
  for (Operation *reader : readers)
    if (Operation *ancestor = load->getBlock()->findAncestorOpInBlock(*reader))
      first = earlier(first, ancestor);
  return first;
}

/// The part of the slot that the CTA copies for all of its cluster: whole panels if they come out even, as one
/// copy can move them, else rows of each.
static FailureOr<tile::CopyOp> copyPart(OpBuilder &builder, tile::LoadOp load, Value slot) {
  constexpr int64_t kSwizzleRows = 8; // after which every swizzle repeats
  RankedTensorType tile = load.getResult().getType();
  int64_t cluster = clusterOf(load), rows = tile.getDimSize(0);
  int64_t panels = tile::sharedBytes(tile) / tile::panelBytes(tile);
  bool hasPanels = panels % cluster == 0;
  if (!hasPanels && rows % (cluster * kSwizzleRows) != 0)
    return load.emitError() << "a tile of " << rows << " rows in " << panels << " panels cannot be loaded in parts by "
                            << cluster << " CTAs: parts are whole panels, or groups of " << kSwizzleRows
                            << " rows (knob cluster)";
  unsigned dim = hasPanels ? 1 : 0;
  SmallVector<int64_t> shape(tile.getShape());
  shape[dim] /= cluster;
  IndexBuilder b(load.getLoc(), builder);
  Value first = b.mul(gpu::ClusterBlockIdOp::create(b, gpu::Dimension::x), b.index(shape[dim]));
  SmallVector<Value> offsets = {b.index(0), b.index(0)}, indices(load.getIndices());
  offsets[dim] = first;
  Value &index = indices[indices.size() - tile.getRank() + dim];
  index = b.add(index, first);
  Value part = tile::SliceOp::create(b, tile::sliceType(tile, shape), slot, offsets);
  auto copy = tile::CopyOp::create(b, load.getSource(), indices, part, Value(), Value());
  copy.setMulticast(true);
  return copy;
}

LogicalResult makeLoadProducer(tile::RoleOp role, const LoadChannels &rings) {
  SmallVector<tile::LoadOp> loads;
  role.walk([&](tile::LoadOp load) { loads.push_back(load); });
  llvm::stable_sort(loads, [](tile::LoadOp a, tile::LoadOp b) { return *a.getStages() > *b.getStages(); });
  for (tile::LoadOp load : loads)
    if (Operation *reader = firstOf(readersOf(load.getResult()), load))
      load->moveBefore(reader);
  for (tile::LoadOp load : loads) {
    OpBuilder builder(load);
    Location loc = load.getLoc();
    Value channel = rings.lookup(load.getRingAttr());
    Value slot = tile::AcquireOp::create(builder, loc, load.getResult().getType(), channel, Value());
    if (!load.getMulticast())
      tile::CopyOp::create(builder, loc, load.getSource(), load.getIndices(), slot, Value(), Value());
    else if (failed(copyPart(builder, load, slot)))
      return failure();
    tile::CommitOp::create(builder, loc, channel, Value());
    load.replaceAllUsesWith(slot);
    load.erase();
  }
  return success();
}

/// The op after which none of the readers reads the tile any more; an MMA that one thread
/// starts tells by itself when it is done.
static Operation *releasePoint(Operation *load, ArrayRef<Operation *> readers) {
  Operation *point = load;
  for (Operation *reader : readers) {
    Operation *end = reader;
    if (auto mma = dyn_cast<tile::MmaAsyncOp>(reader))
      for (Operation *user : mma->getUsers())
        if (isa<tile::AwaitOp>(user))
          end = user;
    if (Operation *ancestor = load->getBlock()->findAncestorOpInBlock(*end))
      point = later(point, ancestor);
  }
  return point;
}

/// The wait for the MMA that starts after the one awaited at `from`, if it is in
/// the same block; and the exponentials in between.
static std::pair<Operation *, Value> nextAwait(Operation *from) {
  Value exponential;
  for (Operation *op = from->getNextNode(); op; op = op->getNextNode()) {
    if (isa<tile::AwaitOp>(op))
      return {op, exponential};
    if (auto exp = dyn_cast<math::Exp2Op>(op))
      if (auto type = dyn_cast<RankedTensorType>(exp.getType());
          type && type.getRank() == 2 && type.getElementType().isF32() && tile::fragmentEncoding(type) && !exponential)
        exponential = exp;
  }
  return {nullptr, Value()};
}

/// Slices that a tile was moved past follow it.
static void keepSlicesAfter(Operation *tile) {
  for (Operation *user : llvm::make_early_inc_range(tile->getUsers()))
    if (isa<tile::SliceOp>(user)) {
      if (user->getBlock() == tile->getBlock() && user->isBeforeInBlock(tile))
        user->moveAfter(tile);
      keepSlicesAfter(user);
    }
}

void makeLoadConsumer(tile::RoleOp role, const LoadChannels &rings, int64_t anchor) {
  SmallVector<Operation *> loads;
  role.walk([&](Operation *op) {
    if (isa<tile::LoadOp, tile::TransposeOp>(op) && roleOf(op) != role.getName())
      loads.push_back(op);
  });
  for (Operation *load : loads) {
    SmallVector<Operation *> mine = readersOf(load->getResult(0));
    llvm::erase_if(mine, [&](Operation *reader) { return roleOf(reader) != role.getName(); });
    if (mine.empty())
      continue;
    load->moveBefore(waitPoint(firstOf(mine, load)));
    keepSlicesAfter(load);
    Operation *point = releasePoint(load, mine);
    OpBuilder builder(point->getContext());
    builder.setInsertionPointAfter(point);
    Value after;
    int64_t element = 0;
    if (auto await = dyn_cast<tile::AwaitOp>(point); anchor > 0 && await && await.getInFlight() > 0)
      if (auto [next, exponential] = nextAwait(point); next && exponential) {
        builder.setInsertionPoint(next);
        after = exponential;
        tile::Fragment layout(tile::fragmentEncoding(exponential.getType()));
        element = std::min(anchor, layout.numRegisters()) - 1;
      }
    Value channel = rings.lookup(load->getAttrOfType<StringAttr>("ring"));
    tile::ReleaseOp::create(builder, load->getLoc(), channel, Value(), after, element);
    builder.setInsertionPoint(load);
    Value tile = tile::WaitOp::create(builder, load->getLoc(), load->getResult(0).getType(), channel, Value());
    load->getResult(0).replaceAllUsesWith(tile);
    load->erase();
  }
}

void makeTransposer(tile::RoleOp role, const LoadChannels &rings) {
  SmallVector<tile::TransposeOp> transpositions;
  role.walk([&](tile::TransposeOp op) {
    if (roleOf(op) == role.getName())
      transpositions.push_back(op);
  });
  for (tile::TransposeOp op : transpositions) {
    OpBuilder builder(op);
    Value channel = rings.lookup(op.getRingAttr());
    Value slot = tile::AcquireOp::create(builder, op.getLoc(), op.getResult().getType(), channel, Value());
    auto into = tile::TransposeIntoOp::create(builder, op.getLoc(), op.getTile(), slot);
    into->setAttr(tile::kRoleAttr, role.getNameAttr());
    tile::CommitOp::create(builder, op.getLoc(), channel, Value());
    op.replaceAllUsesWith(slot);
    op.erase();
  }
}

} // namespace girih
