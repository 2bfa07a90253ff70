#include "AttnCaptures.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace girih {

/// The names of tensors and inputs of the notation that a capture may not have.
static constexpr StringLiteral kTaken[] = {"q",
                                           "k",
                                           "v",
                                           "o",
                                           "lse",
                                           attn::kQueryLengths,
                                           attn::kKeyLengths,
                                           attn::kQueryStarts,
                                           attn::kKeyStarts,
                                           attn::kSinks,
                                           attn::kQueryDescale,
                                           attn::kKeyDescale,
                                           attn::kValueDescale,
                                           attn::kDropoutState,
                                           attn::kPartialOutput,
                                           attn::kPartialLse,
                                           attn::kBlockCounts,
                                           attn::kBlockIndices,
                                           attn::kFullBlockCounts,
                                           attn::kFullBlockIndices};

template <typename AttrTy> static AttrTy attrOf(BlockArgument argument, StringRef name) {
  auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return function ? function.getArgAttrOfType<AttrTy>(argument.getArgNumber(), name) : AttrTy();
}

SmallVector<BlockArgument> capturedArguments(attn::ForwardOp op) {
  llvm::SmallPtrSet<Value, 8> used;
  for (Region *region : {&op.getMaskRegion(), &op.getScore()})
    region->walk([&](Operation *inner) { used.insert(inner->operand_begin(), inner->operand_end()); });
  SmallVector<BlockArgument> captured;
  for (BlockArgument argument : op->getBlock()->getArguments())
    if (used.contains(argument) && !llvm::is_contained(op.getOperands(), argument))
      captured.push_back(argument);
  return captured;
}

std::string nameOfArgument(attn::ForwardOp op, BlockArgument argument) {
  SmallVector<std::pair<StringRef, Value>> operands = {{"q", op.getQ()}, {"k", op.getK()}, {"v", op.getV()}};
  llvm::append_range(operands, attn::optionalOperands(op));
  for (auto [name, operand] : operands)
    if (operand == argument)
      return name.str();
  if (auto name = attrOf<StringAttr>(argument, attn::kNameAttr))
    return name.str();
  return "captured" + std::to_string(argument.getArgNumber());
}

SmallVector<std::string> sizeNames(attn::ForwardOp op, BlockArgument argument) {
  SmallVector<std::string> names;
  if (auto given = attrOf<ArrayAttr>(argument, attn::kSizesAttr)) {
    for (StringRef name : given.getAsValueRange<StringAttr>())
      names.push_back(name.str());
    return names;
  }
  for (int64_t dim = 0; dim < cast<RankedTensorType>(argument.getType()).getRank(); ++dim)
    names.push_back(nameOfArgument(op, argument) + "_" + std::to_string(dim));
  return names;
}

LogicalResult checkCaptures(attn::ForwardOp op) {
  llvm::StringSet<> names;
  for (StringRef name : kTaken)
    names.insert(name);
  for (BlockArgument argument : capturedArguments(op)) {
    std::string name = nameOfArgument(op, argument);
    if (!names.insert(name).second)
      return emitError(argument.getLoc()) << "captured argument " << argument.getArgNumber() << " is called '" << name
                                          << "', which another tensor or number is called";
    Type type = argument.getType();
    if (!isa<RankedTensorType>(type) && !type.isF32() && !type.isInteger(32))
      return emitError(argument.getLoc())
             << "a captured argument of " << type << " cannot be compiled; tensors, f32 and i32 can";
  }
  return success();
}

void hoistGathers(scf::ForOp loop) {
  SetVector<Operation *> wanted;
  BackwardSliceOptions options;
  options.filter = [&](Operation *op) { return loop->isProperAncestor(op); };
  loop.getBody()->walk([&](tile::GatherOp gather) {
    (void)getBackwardSlice(gather.getOperation(), &wanted, options);
    wanted.insert(gather);
  });
  if (wanted.empty())
    return;
  moveLoopInvariantCode(
      loop.getLoopRegions(), [&](Value value, Region *) { return loop.isDefinedOutsideOfLoop(value); },
      [&](Operation *op, Region *) { return wanted.contains(op) && isPure(op); },
      [&](Operation *op, Region *) { loop.moveOutOfLoop(op); });
}

} // namespace girih
