// attn-tile: each attention problem becomes a kernel on tiles.
//
//   %o = attn.forward %q, %k, %v : ...
// becomes
//   gpu.func @name(%q, %k, %v, %o : memref<...>) kernel {
//     %tq = tile.load %q[...]
//     %r:3 = scf.for ... iter_args(max, sum, output) {
//       tile.mma, softmax, tile.mma
//     }
//     tile.store ...
//   }
#include "AttnCaptures.h"
#include "AttnHeads.h"
#include "AttnScore.h"
#include "AttnTileBody.h"
#include "girih/Target/Exp2.h"
#include "girih/Target/Heads.h"
#include "girih/Target/Kernel.h"
#include "girih/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace girih {
#define GEN_PASS_DEF_ATTNTILEPASS
#include "girih/Transforms/Passes.h.inc"

namespace {

/// A kernel argument: the tensor as a memref with unit innermost stride and all
/// other strides left to the loader.
struct KernelArgument {
  std::string name;
  RankedTensorType type;
  SmallVector<std::string> sizes;

  MemRefType memref() const {
    MLIRContext *context = type.getContext();
    SmallVector<int64_t> strides(type.getRank(), ShapedType::kDynamic);
    strides.back() = 1;
    return MemRefType::get(type.getShape(), type.getElementType(),
                           StridedLayoutAttr::get(context, /*offset=*/0, strides));
  }
};

struct AttnTilePass : impl::AttnTilePassBase<AttnTilePass> {
  void runOnOperation() override {
    SmallVector<attn::ForwardOp> problems;
    getOperation().walk([&](attn::ForwardOp op) { problems.push_back(op); });
    for (attn::ForwardOp op : problems)
      if (failed(lower(op)))
        return signalPassFailure();
  }

  LogicalResult lower(attn::ForwardOp op);
  LogicalResult checkFunction(attn::ForwardOp op, func::FuncOp function);
  gpu::GPUFuncOp makeKernel(attn::ForwardOp op, func::FuncOp function, bool handsOutWork, IRMapping &captures);
};

/// A kernel reads what its function is given and writes what it returns, so
/// nothing else may stand in the function.
LogicalResult AttnTilePass::checkFunction(attn::ForwardOp op, func::FuncOp function) {
  if (!function || !function.getBody().hasOneBlock())
    return op.emitError("attn.forward must stand in a func.func of one block");
  if (function->getParentOp() != getOperation())
    return op.emitError() << "the function of attn.forward must stand in the outermost module, not in '"
                          << function->getParentOp()->getName() << "'";
  if (failed(checkKernelName(function, function.getName())))
    return failure();
  if (auto uses = function.getSymbolUses(getOperation()); uses && !uses->empty())
    return uses->begin()->getUser()->emitError()
           << "'" << function.getName() << "' becomes a kernel and cannot be referred to";
  for (Value operand : op.getOperands())
    if (!isa<BlockArgument>(operand))
      return op.emitError("operands of attn.forward must be arguments of its function");
  if (function.getBody().front().getTerminator()->getOperands() != op->getResults())
    return op.emitError("the results of attn.forward must be what its function returns");
  for (Operation &other : function.getBody().front().without_terminator())
    if (&other != op)
      return other.emitError("only attn.forward may stand in its function");
  return success();
}

/// The mask for the manifest: its name, or its region.
static Attribute maskOf(attn::ForwardOp op) {
  if (!op.getMaskRegion().empty())
    return inPostfix(op, op.getMaskRegion());
  return StringAttr::get(op.getContext(), attn::stringifyMask(op.getMask()));
}

gpu::GPUFuncOp AttnTilePass::makeKernel(attn::ForwardOp op, func::FuncOp function, bool handsOutWork,
                                        IRMapping &captures) {
  OpBuilder builder(function);
  Location loc = op.getLoc();
  const char *valueSize = op.getValueSize() == op.getHeadSize() ? "d" : "dv";
  SmallVector<KernelArgument> arguments = {{"q", op.getQ().getType(), {"b", "h", "sq", "d"}},
                                           {"k", op.getK().getType(), {"b", "hkv", "skv", "d"}},
                                           {"v", op.getV().getType(), {"b", "hkv", "skv", valueSize}},
                                           {"o", op.getOutput().getType(), {"b", "h", "sq", valueSize}}};
  if (op.getVOrder() == attn::ValueOrder::Keys)
    arguments[2].sizes = {"b", "hkv", valueSize, "skv"};
  if (op.getLse())
    arguments.push_back({"lse", cast<RankedTensorType>(op.getLse().getType()), {"b", "h", "sq"}});
  size_t firstOptional = arguments.size();
  SmallVector<std::pair<std::string, Value>> numbers;
  for (auto [name, operand] : attn::optionalOperands(op)) {
    bool isStarts = name == attn::kQueryStarts || name == attn::kKeyStarts;
    std::string outer = name == attn::kSinks          ? "h"
                        : name == attn::kDropoutState ? "state"
                        : isStarts                    ? "starts"
                        : op.isPacked()               ? "sequences"
                                                      : "b";
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    if (!type)
      numbers.push_back({name.str(), operand});
    else if (name == attn::kQueryScales)
      arguments.push_back({name.str(), type, {"b", "h", "q_scale_rows", "scale_columns"}});
    else if (name == attn::kKeyScales)
      arguments.push_back({name.str(), type, {"b", "hkv", "k_scale_rows", "scale_columns"}});
    else if (name == attn::kPartialOutput)
      arguments.push_back({name.str(), type, {"b", "h", "sq", valueSize}});
    else if (name == attn::kPartialLse)
      arguments.push_back({name.str(), type, {"b", "h", "sq"}});
    else if (name == attn::kBlockCounts || name == attn::kFullBlockCounts)
      arguments.push_back({name.str(), type, {"b", "h", "query_blocks"}});
    else if (name == attn::kBlockIndices || name == attn::kFullBlockIndices)
      arguments.push_back(
          {name.str(), type, {"b", "h", "query_blocks", name == attn::kBlockIndices ? "listed" : "full_listed"}});
    else if (type.getRank() == 2)
      arguments.push_back({name.str(), type, {outer, "hkv"}});
    else
      arguments.push_back({name.str(), type, {outer}});
  }
  SmallVector<BlockArgument> captured = capturedArguments(op);
  auto names = llvm::map_to_vector(captured, [&](BlockArgument argument) { return nameOfArgument(op, argument); });
  size_t firstCaptured = arguments.size();
  for (BlockArgument argument : captured)
    if (auto type = dyn_cast<RankedTensorType>(argument.getType()))
      arguments.push_back({nameOfArgument(op, argument), type, sizeNames(op, argument)});

  auto module = gpu::GPUModuleOp::create(builder, loc, function.getName());
  auto target = getOperation()->getAttr(kTargetAttr);
  if (target)
    module.setTargetsAttr(builder.getArrayAttr(target));
  builder.setInsertionPointToStart(module.getBody());
  SmallVector<Type> types;
  for (const KernelArgument &argument : arguments)
    types.push_back(argument.memref());
  for (BlockArgument argument : captured)
    if (!isa<RankedTensorType>(argument.getType()))
      numbers.push_back({nameOfArgument(op, argument), argument});
  for (auto &[name, number] : numbers)
    types.push_back(number.getType());
  auto schedule = tile::Schedule::decode(op.getScheduleAttr());
  // Where the chip does not hand out work items, a counter does.
  bool isCounted = schedule.persistent == tile::Schedule::kDynamic && !handsOutWork;
  if (isCounted)
    types.push_back(MemRefType::get({1}, builder.getI32Type()));
  auto kernel = gpu::GPUFuncOp::create(builder, loc, function.getName(), builder.getFunctionType(types, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  kernel->setAttr(tile::kScheduleAttr, op.getScheduleAttr());
  SmallVector<NamedAttribute> problem = {builder.getNamedAttr("kind", builder.getStringAttr("attention.forward")),
                                         builder.getNamedAttr("mask", maskOf(op)),
                                         builder.getNamedAttr("scale", builder.getF64FloatAttr(op.getScaleValue()))};
  if (schedule.exp2Polynomial.value_or(0) > 0)
    problem.push_back(builder.getNamedAttr("weight_error", builder.getF64FloatAttr(kExp2PolynomialError)));
  if (schedule.fixedMaximum.value_or(0))
    problem.push_back(builder.getNamedAttr("fixed_maximum", builder.getI64IntegerAttr(1)));
  if (op.hasBlocks())
    problem.push_back(builder.getNamedAttr("blocks", builder.getI64ArrayAttr({op.getQueryBlock(), op.getKeyBlock()})));
  if (op.getOutputScale())
    problem.push_back(builder.getNamedAttr("output_scale", builder.getF64FloatAttr(op.getOutputScaleValue())));
  if (std::optional<APFloat> dropout = op.getDropout())
    problem.push_back(builder.getNamedAttr("dropout", builder.getF64FloatAttr(dropout->convertToDouble())));
  if (op.hasNarrowInputs())
    problem.push_back(builder.getNamedAttr("weight_exponent", builder.getI64IntegerAttr(weightExponent(op, schedule))));
  if (schedule.twoLevel.value_or(0))
    problem.push_back(builder.getNamedAttr("summed_keys", builder.getI64IntegerAttr(*schedule.columns)));
  if (!op.getScore().empty())
    problem.push_back(builder.getNamedAttr("score", inPostfix(op, op.getScore())));
  SmallVector<StringRef> sorted;
  for (auto [i, argument] : llvm::enumerate(captured))
    if (attn::isSorted(argument))
      sorted.push_back(names[i]);
  if (!sorted.empty())
    problem.push_back(builder.getNamedAttr("sorted", builder.getStrArrayAttr(sorted)));
  kernel->setAttr(tile::kProblemAttr, builder.getDictionaryAttr(problem));
  bool headsInside = op.getOrder() == attn::Order::BSHD;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    SmallVector<StringRef> sizes(argument.sizes.begin(), argument.sizes.end()), order = sizes;
    // The lse's rows stay contiguous, and keys and lists.
    bool isOfHead = order.size() == 4 && (order[3] == "d" || order[3] == valueSize);
    if (headsInside && isOfHead && i < firstCaptured)
      std::swap(order[1], order[2]);
    kernel.setArgAttr(i, tile::kNameAttr, builder.getStringAttr(argument.name));
    kernel.setArgAttr(i, tile::kSizesAttr, builder.getStrArrayAttr(sizes));
    kernel.setArgAttr(i, tile::kOrderAttr, builder.getStrArrayAttr(order));
  }
  // What is several operands is called as the first, in the manifest as here.
  auto mapFirst = [&](Value operand, size_t argument) {
    if (!captures.contains(operand))
      captures.map(operand, kernel.getArgument(argument));
  };
  for (auto [i, number] : llvm::enumerate(numbers)) {
    kernel.setArgAttr(arguments.size() + i, tile::kNameAttr, builder.getStringAttr(number.first));
    mapFirst(number.second, arguments.size() + i);
  }
  for (auto [i, operand] : llvm::enumerate(ValueRange{op.getQ(), op.getK(), op.getV()}))
    mapFirst(operand, i);
  for (auto [name, operand] : attn::optionalOperands(op))
    if (isa<RankedTensorType>(operand.getType()))
      mapFirst(operand, firstOptional++);
  llvm::erase_if(captured, [](BlockArgument argument) { return !isa<RankedTensorType>(argument.getType()); });
  for (auto [i, tensor] : llvm::enumerate(captured))
    captures.map(tensor, kernel.getArgument(firstCaptured + i));
  if (isCounted)
    kernel.setArgAttr(types.size() - 1, tile::kWorkspaceAttr, builder.getUnitAttr());
  return kernel;
}

LogicalResult AttnTilePass::lower(attn::ForwardOp op) {
  auto function = dyn_cast<func::FuncOp>(op->getParentOp());
  if (failed(checkFunction(op, function)))
    return failure();
  for (auto [name, operand] : {std::pair(attn::kKeyLengths, op.getKeyLengths()), {attn::kKeyStarts, op.getKeyStarts()}})
    if (operand && op.getVOrder() == attn::ValueOrder::Keys)
      return op.emitError() << "v_order(keys) cannot be compiled with " << name
                            << ": copies end after a row of values, not in it";
  if (op.hasBlockScales() && op.isPacked())
    return op.emitError() << attn::kQueryScales << " cannot be compiled with " << attn::kQueryStarts
                          << ": they come in blocks of rows, in which sequences begin anywhere";
  if (op.hasBlocks() && op.isPacked())
    return op.emitError() << attn::kBlockCounts << " cannot be compiled with " << attn::kQueryStarts
                          << ": blocks of queries are counted in a batch, not in packed sequences";
  const Target *target = lookupTarget(op);
  if (!target || failed(checkRegions(op, *target)))
    return failure();
  if (!op.getScheduleAttr())
    return op.emitError("no schedule: run attn-schedule first");
  auto schedule = tile::Schedule::decode(op.getScheduleAttr());
  if (!schedule.rows || !schedule.columns || !schedule.persistent || !schedule.longestFirst || !schedule.groupBytes)
    return op.emitError("the schedule must say rows, columns, persistent, longest_first and group_bytes");
  int64_t heads = schedule.heads.value_or(1);
  if (std::string refusal = refuseHeads(op, heads, *schedule.rows / schedule.workers.value_or(1)); !refusal.empty())
    return op.emitError() << refusal;

  IRMapping captures;
  gpu::GPUFuncOp kernel = makeKernel(op, function, target->limits().handsOutWork, captures);
  op.expandMask();
  if (heads > 1)
    groupHeads(op, heads);
  buildAttentionKernel(op, kernel, schedule, *target, captures);
  function.erase();
  return success();
}

} // namespace
} // namespace girih
