// Loops with the same `tile.loop` number run equally often: that their bounds are
// the same expressions in every role, and depend on no worker.
#include "Effects.h"
#include "Program.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <map>
#include <unordered_map>

using namespace mlir;

namespace girih {
namespace {

std::optional<int64_t> numberOf(Operation *op) {
  auto number = op->getAttrOfType<IntegerAttr>(tile::kLoopAttr);
  return number ? number.getValue().trySExtValue() : std::nullopt;
}

/// Numbers the values of a kernel so that those of the same number are equal in all
/// threads of the CTA; values that need not be have none.
class Expressions {
public:
  explicit Expressions(gpu::GPUFuncOp kernel);

  /// Whether the values are the same wherever they are computed.
  bool areSame(Value a, Value b) const { return has(a) && has(b) && numbers.lookup(a) == numbers.lookup(b); }

private:
  bool has(Value value) const { return numbers.contains(value); }
  bool isExpression(Operation *op) const;
  void number(Operation *op);

  DenseMap<Value, int> numbers;
  std::unordered_map<size_t, SmallVector<Operation *, 1>> known; ///< by hash, one of each expression
  llvm::DenseSet<Value> written;                                 ///< tensors that the kernel stores to
  int count = 0;
};

Expressions::Expressions(gpu::GPUFuncOp kernel) {
  for (Value argument : kernel.getArguments())
    numbers[argument] = count++;
  kernel.walk([&](Operation *op) {
    if (isa<tile::StoreOp, tile::ScatterOp>(op))
      written.insert(op->getOperands().begin(), op->getOperands().end());
  });
  std::map<int64_t, int> counters; // of loops that are copies of each other
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && numberOf(op)) {
      auto [counter, isNew] = counters.try_emplace(*numberOf(op), count);
      count += isNew;
      numbers[loop.getInductionVar()] = counter->second;
    } else if (isExpression(op)) {
      number(op);
    }
  });
}

/// Of what is computed from nothing, only what is the same in all threads; the
/// others, such as the number of the worker or thread, are not.
bool Expressions::isExpression(Operation *op) const {
  if (op->getNumRegions() > 0 || !llvm::all_of(op->getOperands(), [&](Value value) { return has(value); }))
    return false;
  if (op->getNumOperands() == 0)
    return op->hasTrait<OpTrait::ConstantLike>() || isa<gpu::BlockIdOp, gpu::GridDimOp, gpu::BlockDimOp>(op);
  if (isMemoryEffectFree(op))
    return true;
  return onlyReadsGlobal(op) && llvm::none_of(op->getOperands(), [&](Value value) { return written.contains(value); });
}

void Expressions::number(Operation *op) {
  auto hash = [&](Value value) { return llvm::hash_value(numbers.lookup(value)); };
  auto same = [&](Value a, Value b) { return success(areSame(a, b)); };
  auto flags = OperationEquivalence::IgnoreLocations;
  auto &candidates = known[OperationEquivalence::computeHash(op, hash, OperationEquivalence::ignoreHashValue, flags)];
  auto *found = llvm::find_if(candidates, [&](Operation *other) {
    return OperationEquivalence::isEquivalentTo(op, other, same, nullptr, flags);
  });
  if (found == candidates.end()) {
    candidates.push_back(op);
    for (Value result : op->getResults())
      numbers[result] = count++;
    return;
  }
  for (auto [result, other] : llvm::zip(op->getResults(), (*found)->getResults()))
    numbers[result] = numbers.lookup(other);
}

} // namespace

void checkLoopCopies(gpu::GPUFuncOp kernel, SmallVectorImpl<BarrierFinding> &findings) {
  Expressions expressions(kernel);
  std::map<int64_t, scf::ForOp> first;
  kernel.walk([&](scf::ForOp loop) {
    std::optional<int64_t> number = numberOf(loop);
    if (!number)
      return WalkResult::advance();
    scf::ForOp other = first.try_emplace(*number, loop).first->second;
    if (expressions.areSame(loop.getLowerBound(), other.getLowerBound()) &&
        expressions.areSame(loop.getUpperBound(), other.getUpperBound()) &&
        expressions.areSame(loop.getStep(), other.getStep()) && loop.getUnsignedCmp() == other.getUnsignedCmp())
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
