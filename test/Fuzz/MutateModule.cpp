// Mutants of parsed IR.
#include "Mutate.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/Diagnostics.h"

using namespace mlir;

namespace girih::fuzz {
namespace {

using Operations = std::vector<Operation *>;

/// Every value that stands somewhere, of one type or of any.
std::vector<Value> values(ArrayRef<Operation *> operations, Type type = {}) {
  std::vector<Value> result;
  auto add = [&](Value value) {
    if (!type || value.getType() == type)
      result.push_back(value);
  };
  for (Operation *op : operations) {
    llvm::for_each(op->getResults(), add);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), add);
  }
  return result;
}

template <typename T, typename ParseT> T changeText(T thing, Random &random, ParseT parse) {
  std::string text;
  llvm::raw_string_ostream(text) << thing;
  T changed = parse(mutateText(text, random));
  return changed ? changed : thing;
}

Attribute change(Attribute attribute, Random &random) {
  // Numbers beyond the type of the attribute do not parse; the rest is text.
  MLIRContext *context = attribute.getContext();
  return changeText(attribute, random, [&](StringRef text) { return parseAttribute(text, context); });
}

Type change(Type type, Random &random) {
  MLIRContext *context = type.getContext();
  return changeText(type, random, [&](StringRef text) { return parseType(text, context); });
}

void eraseOp(Operation *op, ArrayRef<Operation *> all, Random &random) {
  for (Value result : op->getResults()) {
    std::vector<Value> others = values(all, result.getType());
    llvm::erase_if(others, [&](Value value) {
      return op->isAncestor(value.getParentRegion()->getParentOp()) || value.getDefiningOp() == op;
    });
    if (others.empty() && !result.use_empty())
      return;
    if (!others.empty())
      result.replaceAllUsesWith(random.pick(others));
  }
  // Earlier changes may have used what is inside from outside.
  op->dropAllDefinedValueUses();
  op->erase();
}

void doubleOp(Operation *op, Random &random) {
  Operation *copy = op->clone();
  op->getBlock()->getOperations().insertAfter(op->getIterator(), copy);
  if (random.oneIn(2))
    for (auto [from, to] : llvm::zip(op->getResults(), copy->getResults()))
      from.replaceUsesWithIf(to, [&](OpOperand &) { return random.oneIn(2); });
}

void moveOp(Operation *op, ArrayRef<Operation *> all, Random &random) {
  Operation *to = random.oneIn(2) ? op->getNextNode() : random.pick(all);
  if (!to || !to->getBlock() || op == to || op->isAncestor(to))
    return;
  random.oneIn(2) ? op->moveBefore(to) : op->moveAfter(to);
}

void changeOperand(Operation *op, ArrayRef<Operation *> all, Random &random) {
  if (op->getNumOperands() == 0)
    return;
  unsigned index = random.below(op->getNumOperands());
  std::vector<Value> others = values(all, random.oneIn(5) ? Type() : op->getOperand(index).getType());
  switch (random.below(6)) {
  case 0:
    return op->eraseOperand(index);
  case 1:
    return op->insertOperands(index, op->getOperand(index));
  case 2: {
    Value first = op->getOperand(index), second = op->getOperand(0);
    op->setOperand(index, second);
    return op->setOperand(0, first);
  }
  default:
    if (!others.empty())
      op->setOperand(index, random.pick(others));
  }
}

void changeAttribute(Operation *op, ArrayRef<Operation *> all, Random &random) {
  DictionaryAttr attributes = op->getAttrDictionary();
  if (!attributes.empty() && !random.oneIn(8)) {
    NamedAttribute chosen = random.pick(attributes.getValue());
    if (random.oneIn(6))
      op->removeAttr(chosen.getName());
    else
      op->setAttr(chosen.getName(), change(chosen.getValue(), random));
    return;
  }
  DictionaryAttr others = random.pick(all)->getAttrDictionary();
  if (!others.empty()) {
    NamedAttribute taken = random.pick(others.getValue());
    op->setAttr(taken.getName(), taken.getValue());
  }
}

void changeType(Operation *op, ArrayRef<Operation *> all, Random &random) {
  std::vector<Value> candidates = values({op});
  if (candidates.empty())
    return;
  Value value = random.pick(candidates);
  Type type = value.getType(), changed = random.oneIn(3) ? random.pick(values(all)).getType() : change(type, random);
  if (random.oneIn(2)) {
    value.setType(changed);
    return;
  }
  // Everywhere, so that more of the verifiers agree.
  for (Value other : values(all, type))
    other.setType(changed);
}

} // namespace

void mutateModule(ModuleOp module, Random &random) {
  Operations all;
  module->walk([&](Operation *op) {
    if (op != module)
      all.push_back(op);
  });
  if (all.empty())
    return;
  // Texts that do not parse are no news here.
  ScopedDiagnosticHandler silence(module.getContext(), [](Diagnostic &) { return success(); });
  Operation *op = random.pick(all);
  switch (random.below(8)) {
  case 0:
    return eraseOp(op, all, random);
  case 1:
    return doubleOp(op, random);
  case 2:
    return moveOp(op, all, random);
  case 3:
    return changeOperand(op, all, random);
  case 4:
    return changeType(op, all, random);
  default:
    return changeAttribute(op, all, random);
  }
}

} // namespace girih::fuzz
