// Loops with the same `tile.loop` number run equally often: that their bounds are
// the same expressions in every role, and depend on no worker.
#include "Effects.h"
#include "Program.h"

#include "dialects/Tile/WhileLoops.h"
#include "girih/Target/Kernel.h"
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
/// threads of the CTA, or of the cluster; values that need not be have none.
class Expressions {
public:
  explicit Expressions(gpu::GPUFuncOp kernel);

  /// Whether the values are the same wherever they are computed.
  bool areSame(Value a, Value b) const { return has(a) && has(b) && numbers.lookup(a) == numbers.lookup(b); }

private:
  bool has(Value value) const { return numbers.contains(value); }
  bool isExpression(Operation *op) const;
  void number(Operation *op);
  void numberResults(scf::ForOp loop);

  DenseMap<Value, int> numbers;
  std::unordered_map<size_t, SmallVector<Operation *, 1>> known; ///< by hash, one of each expression
  SmallVector<scf::ForOp> knownLoops;                            ///< that only compute, one of each expression
  llvm::DenseSet<Value> written;                                 ///< tensors that the kernel stores to
  int64_t ctas;                                                  ///< in which roles run the same loops
  int count = 0;
};

Expressions::Expressions(gpu::GPUFuncOp kernel) : ctas(ctasOfProgram(kernel)) {
  for (Value argument : kernel.getArguments())
    numbers[argument] = count++;
  kernel.walk([&](Operation *op) {
    if (isa<tile::StoreOp, tile::ScatterOp>(op))
      written.insert(op->getOperands().begin(), op->getOperands().end());
  });
  // Of loops that are copies of each other: the counter, or a number that decides whether
  // they go on, of which the proof finds that all copies have the same (checkCopies).
  std::map<std::pair<int64_t, unsigned>, int> carried;
  auto shareCarried = [&](Operation *loop, unsigned i) {
    auto [number, isNew] = carried.try_emplace({*numberOf(loop), i}, count);
    count += isNew;
    return number->second;
  };
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && numberOf(op)) {
      numbers[loop.getInductionVar()] = shareCarried(op, 0);
      numberResults(loop);
    } else if (auto loop = dyn_cast<scf::WhileOp>(op); loop && numberOf(op)) {
      for (unsigned i : tile::decidingNumbers(loop))
        numbers[loop.getBeforeArguments()[i]] = shareCarried(op, i);
      for (auto [carried, inside] : llvm::zip(loop.getConditionOp().getArgs(), loop.getAfterArguments()))
        if (has(carried))
          numbers[inside] = numbers.lookup(carried);
    } else if (isExpression(op)) {
      number(op);
    }
  });
}

/// A loop that only computes, as a search does, is an expression of what it starts from.
void Expressions::numberResults(scf::ForOp loop) {
  if (!isMemoryEffectFree(loop) || !llvm::all_of(loop->getOperands(), [&](Value value) { return has(value); }))
    return;
  for (Value carried : loop.getRegionIterArgs())
    numbers[carried] = count++;
  for (Operation &op : loop.getBody()->without_terminator()) {
    if (!isExpression(&op))
      return;
    number(&op);
  }
  auto *found = llvm::find_if(knownLoops, [&](scf::ForOp other) {
    DenseMap<Value, Value> inside;
    return OperationEquivalence::isEquivalentTo(
        loop, other, [&](Value a, Value b) { return success(inside.lookup(a) == b || areSame(a, b)); },
        [&](Value a, Value b) { inside[a] = b; }, OperationEquivalence::IgnoreLocations);
  });
  bool isNew = found == knownLoops.end();
  for (auto [i, result] : llvm::enumerate(loop.getResults()))
    numbers[result] = isNew ? count++ : numbers.lookup(found->getResult(i));
  if (isNew)
    knownLoops.push_back(loop);
}

/// Of what is computed from nothing, only what is the same in all threads; the
/// others, such as the number of the worker or thread, are not.
bool Expressions::isExpression(Operation *op) const {
  if (op->getNumRegions() > 0 || !llvm::all_of(op->getOperands(), [&](Value value) { return has(value); }))
    return false;
  if (op->getNumOperands() == 0)
    return op->hasTrait<OpTrait::ConstantLike>() || (isa<gpu::BlockIdOp, gpu::ClusterBlockIdOp>(op) && ctas == 1) ||
           isa<gpu::GridDimOp, gpu::BlockDimOp, gpu::ClusterIdOp, gpu::ClusterDimOp, gpu::ClusterDimBlocksOp>(op);
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

/// Whether two loops run equally often, as far as expressions tell.
static bool runEquallyOften(const Expressions &expressions, Operation *one, Operation *other) {
  if (auto a = dyn_cast<scf::ForOp>(one)) {
    auto b = dyn_cast<scf::ForOp>(other);
    return b && expressions.areSame(a.getLowerBound(), b.getLowerBound()) &&
           expressions.areSame(a.getUpperBound(), b.getUpperBound()) && expressions.areSame(a.getStep(), b.getStep()) &&
           a.getUnsignedCmp() == b.getUnsignedCmp();
  }
  auto a = cast<scf::WhileOp>(one), b = dyn_cast<scf::WhileOp>(other);
  if (!b || !expressions.areSame(a.getConditionOp().getCondition(), b.getConditionOp().getCondition()))
    return false;
  return llvm::all_of(tile::decidingNumbers(a),
                      [&](unsigned i) { return expressions.areSame(a.getInits()[i], b.getInits()[i]); });
}

void checkLoopCopies(gpu::GPUFuncOp kernel, SmallVectorImpl<BarrierFinding> &findings) {
  Expressions expressions(kernel);
  std::map<int64_t, Operation *> first;
  kernel.walk([&](Operation *loop) {
    if (!isa<scf::ForOp, scf::WhileOp>(loop) || !numberOf(loop))
      return WalkResult::advance();
    int64_t number = *numberOf(loop);
    Operation *other = first.try_emplace(number, loop).first->second;
    if (runEquallyOften(expressions, loop, other))
      return WalkResult::advance();
    StringRef why = isa<scf::ForOp>(loop) ? "its bounds are not the same expressions of what all workers share"
                                          : "its condition and what that starts from are not the same expressions of "
                                            "what all workers share";
    BarrierFinding finding{
        loop->getLoc(),
        ("this copy of loop " + Twine(number) + " may run more or less often than others: " + why).str(),
        {}};
    if (other != loop)
      finding.notes.push_back({other->getLoc(), "another copy is here"});
    findings.push_back(std::move(finding));
    return WalkResult::interrupt();
  });
}

} // namespace girih
