// Loops with the same `tile.loop` number run equally often: that their bounds are
// the same expressions in every role, and depend on no worker.
#include "Program.h"

#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;

namespace girih {
namespace {

std::optional<int64_t> numberOf(Operation *op) {
  auto number = op->getAttrOfType<IntegerAttr>(tile::kLoopAttr);
  return number ? std::optional<int64_t>(number.getInt()) : std::nullopt;
}

/// Whether values of two roles, or of two workers of one, are the same.
class Same {
public:
  bool operator()(Value a, Value b) {
    auto [entry, isNew] = known.try_emplace({a, b}, true);
    if (!isNew)
      return entry->second;
    bool result = compare(a, b);
    return known[{a, b}] = result;
  }

private:
  bool compare(Value a, Value b) {
    auto left = dyn_cast<BlockArgument>(a), right = dyn_cast<BlockArgument>(b);
    if (left || right)
      return left && right && compareArguments(left, right);
    Operation *x = a.getDefiningOp(), *y = b.getDefiningOp();
    if (isa<tile::WorkerOp>(x) || x->getNumRegions() > 0)
      return false;
    bool isRead = isa<memref::LoadOp>(x); // of an input: kernels do not write those
    return cast<OpResult>(a).getResultNumber() == cast<OpResult>(b).getResultNumber() &&
           (isMemoryEffectFree(x) || isRead) &&
           OperationEquivalence::isEquivalentTo(
               x, y, [&](Value l, Value r) { return success((*this)(l, r)); }, nullptr,
               OperationEquivalence::IgnoreLocations);
  }

  /// Arguments of the kernel, and counters of loops that are copies of each other.
  static bool compareArguments(BlockArgument a, BlockArgument b) {
    Operation *x = a.getOwner()->getParentOp(), *y = b.getOwner()->getParentOp();
    if (!isa<scf::ForOp>(x))
      return a == b;
    return isa<scf::ForOp>(y) && a.getArgNumber() == 0 && b.getArgNumber() == 0 && numberOf(x) &&
           numberOf(x) == numberOf(y);
  }

  DenseMap<std::pair<Value, Value>, bool> known;
};

} // namespace

void checkLoopCopies(gpu::GPUFuncOp kernel, SmallVectorImpl<BarrierFinding> &findings) {
  Same same;
  DenseMap<int64_t, scf::ForOp> first;
  kernel.walk([&](scf::ForOp loop) {
    std::optional<int64_t> number = numberOf(loop);
    if (!number)
      return WalkResult::advance();
    scf::ForOp other = first.try_emplace(*number, loop).first->second;
    if (same(loop.getLowerBound(), other.getLowerBound()) && same(loop.getUpperBound(), other.getUpperBound()) &&
        same(loop.getStep(), other.getStep()))
      return WalkResult::advance();
    BarrierFinding finding{loop.getLoc(),
                           "this copy of loop " + std::to_string(*number) +
                               " may run more or less often than others: its bounds are not the same expressions of "
                               "what all workers share",
                           {}};
    if (other != loop)
      finding.notes.push_back({other.getLoc(), "another copy is here"});
    findings.push_back(std::move(finding));
    return WalkResult::interrupt();
  });
}

} // namespace girih
