#include "AttentionFunctions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace girih {

/// The argument of that name, or null.
static Value findCaptured(func::FuncOp problem, StringAttr name) {
  for (BlockArgument argument : problem.getArguments())
    if (problem.getArgAttr(argument.getArgNumber(), attn::kNameAttr) == name)
      return argument;
  return {};
}

/// A function that can become a region, and its place. Arguments after those of the region are
/// captured.
static LogicalResult takeFunction(func::FuncOp function, attn::ForwardOp op, Region &region, FunctionType type) {
  FunctionType given = function.getFunctionType();
  size_t inputs = type.getNumInputs();
  if (given.getInputs().take_front(inputs) != type.getInputs() || given.getResults() != type.getResults())
    return function.emitOpError() << "has the type " << given << ", must have " << type
                                  << ", with captured tensors and numbers as further arguments";
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitOpError("must have a body of one block");
  if (!region.empty())
    return function.emitOpError() << "is given when the problem has a " << function.getName() << " already";
  region.takeBody(function.getBody());
  Operation *end = region.front().getTerminator();
  OpBuilder builder(end);
  attn::YieldOp::create(builder, end->getLoc(), end->getOperand(0));
  end->erase();
  auto problem = cast<func::FuncOp>(op->getParentOp());
  for (BlockArgument argument : llvm::make_early_inc_range(region.getArguments().drop_front(inputs))) {
    unsigned index = problem.getNumArguments();
    auto attributes = function.getArgAttrDict(argument.getArgNumber());
    auto name = attributes ? attributes.getAs<StringAttr>(attn::kNameAttr) : StringAttr();
    if (!name)
      return function.emitOpError() << "argument " << argument.getArgNumber() << " is captured and has no "
                                    << attn::kNameAttr;
    if (Value known = findCaptured(problem, name)) {
      if (known.getType() != argument.getType())
        return function.emitOpError() << "argument " << argument.getArgNumber() << " is called '" << name.getValue()
                                      << "' and is " << argument.getType() << ", another function's is "
                                      << known.getType();
      argument.replaceAllUsesWith(known);
      continue;
    }
    if (failed(problem.insertArgument(index, argument.getType(), attributes, argument.getLoc())))
      return failure();
    argument.replaceAllUsesWith(problem.getArgument(index));
  }
  region.front().eraseArguments(inputs, region.getNumArguments() - inputs);
  return success();
}

LogicalResult takeFunctions(ModuleOp functions, attn::ForwardOp op, std::string &kernelName) {
  Builder builder(op.getContext());
  Type index = builder.getIndexType(), f32 = builder.getF32Type();
  for (Operation &inner : functions.getOps()) {
    auto function = dyn_cast<func::FuncOp>(inner);
    if (!function)
      return inner.emitOpError("stands beside the functions of an attention problem, where only func.func may be");
    bool isMask = function.getName() == "mask";
    if (!isMask && function.getName() != "score")
      return function.emitOpError() << "is named '" << function.getName() << "', must be one of mask score";
    SmallVector<Type> inputs(4, index);
    if (!isMask)
      inputs.insert(inputs.begin(), f32);
    FunctionType type = builder.getFunctionType(inputs, isMask ? builder.getI1Type() : f32);
    if (isMask && op.getMask() != attn::Mask::None)
      return function.emitOpError() << "is given when the problem has mask(" << attn::stringifyMask(op.getMask())
                                    << ") already";
    if (failed(takeFunction(function, op, isMask ? op.getMaskRegion() : op.getScore(), type)))
      return failure();
    kernelName += "_" + function.getName().str();
  }
  return success();
}

} // namespace girih
