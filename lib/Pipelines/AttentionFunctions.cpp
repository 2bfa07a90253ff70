#include "AttentionFunctions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace girih {

/// A function that can become a region, and its place.
static LogicalResult takeFunction(func::FuncOp function, Region &region, FunctionType type) {
  if (function.getFunctionType() != type)
    return function.emitOpError() << "has the type " << function.getFunctionType() << ", must have " << type;
  if (function.isExternal() || !function.getBody().hasOneBlock())
    return function.emitOpError("must have a body of one block");
  if (!region.empty())
    return function.emitOpError() << "is given when the problem has a " << function.getName() << " already";
  region.takeBody(function.getBody());
  Operation *end = region.front().getTerminator();
  OpBuilder builder(end);
  attn::YieldOp::create(builder, end->getLoc(), end->getOperand(0));
  end->erase();
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
    if (failed(takeFunction(function, isMask ? op.getMaskRegion() : op.getScore(), type)))
      return failure();
    kernelName += "_" + function.getName().str();
  }
  return success();
}

} // namespace girih
