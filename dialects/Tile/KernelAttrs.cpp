// The attributes of a kernel's ops, on which all others rely: what each is, and where.
#include "dialects/Tile/AttrRules.h"
#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace girih::tile;

namespace {
constexpr int64_t kMaxInt = std::numeric_limits<int32_t>::max();
constexpr int64_t kMaxStage = 16; ///< a prologue and an epilogue of as many rounds

//===----------------------------------------------------------------------===//
// What each attribute is
//===----------------------------------------------------------------------===//

LogicalResult isTarget(const AttrPlace &place, Attribute attr) {
  return attr.hasPromiseOrImplementsInterface<gpu::TargetAttrInterface>()
             ? success()
             : place.fail(attr, "a target of a gpu.module");
}

/// A pair of a size's name and something else.
LogicalResult isPair(const AttrPlace &place, Attribute attr, StringRef form, const AttrRule &second) {
  auto pair = dyn_cast<ArrayAttr>(attr);
  if (!pair || pair.size() != 2)
    return place.fail(attr, form);
  return success(succeeded(isText(place.element(0), pair[0])) && succeeded(second(place.element(1), pair[1])));
}

/// A size, its part in an item, and a size that is added to the number of parts.
LogicalResult isWorkItem(const AttrPlace &place, Attribute attr) {
  auto item = dyn_cast<ArrayAttr>(attr);
  if (!item || item.size() != 3)
    return isPair(place, attr, "[size, tile]", isNumber(1, kMaxInt));
  return success(succeeded(isText(place.element(0), item[0])) &&
                 succeeded(isNumber(1, kMaxInt)(place.element(1), item[1])) &&
                 succeeded(isText(place.element(2), item[2])));
}

LogicalResult isMultiple(const AttrPlace &place, Attribute attr) { return isPair(place, attr, "[size, size]", isText); }

LogicalResult isProblem(const AttrPlace &place, Attribute attr) {
  auto problem = dyn_cast<DictionaryAttr>(attr);
  if (!problem)
    return place.fail(attr, "a dictionary");
  if (!problem.get("kind"))
    return place.error() << "has no 'kind'";
  return success(succeeded(isText(place.member("kind"), problem.get("kind"))) && succeeded(isJson(place, attr)));
}

LogicalResult isElementType(const AttrPlace &place, Attribute attr) {
  auto type = dyn_cast<TypeAttr>(attr);
  return type && isTileElement(type.getValue()) ? success() : place.fail(attr, "an element type");
}

LogicalResult isShape(const AttrPlace &place, Attribute attr) {
  auto shape = dyn_cast<DenseI64ArrayAttr>(attr);
  if (!shape)
    return place.fail(attr, "array<i64>");
  for (int64_t size : shape.asArrayRef())
    if (size != ShapedType::kDynamic && (size < 0 || size > kMaxDimension))
      return place.error() << "has a size of " << size << ", must be dynamic or 0 to " << kMaxDimension;
  return success();
}

LogicalResult isTensor(const AttrPlace &place, Attribute attr) {
  static const AttrRule rule = isRecord({{"name", isText},
                                         {"access", isOneOf({"read", "write"})},
                                         {"element", isElementType},
                                         {"shape", isShape},
                                         {"strides", isA<DenseI64ArrayAttr>("array<i64>")},
                                         {"sizes", isListOf(isText)},
                                         {"order", isListOf(isText)}});
  if (failed(rule(place, attr)))
    return failure();
  auto tensor = cast<DictionaryAttr>(attr);
  size_t rank = tensor.getAs<DenseI64ArrayAttr>("shape").size();
  if (size_t strides = tensor.getAs<DenseI64ArrayAttr>("strides").size(); strides != rank)
    return place.error() << "has " << strides << " strides when the tensor has " << rank << " dimensions";
  return checkNames(place, rank, tensor.getAs<ArrayAttr>("sizes"), tensor.getAs<ArrayAttr>("order"));
}

LogicalResult isRole(const AttrPlace &place, Attribute attr) {
  static const AttrRule rule = isRecord({{"name", isText},
                                         {"warps", isNumber(1, kMaxWarps)},
                                         {"registers", isNumber(1, 256)},
                                         {"one_thread", isA<UnitAttr>("without a value"), /*isOptional=*/true},
                                         {"leader", isA<UnitAttr>("without a value"), /*isOptional=*/true}});
  return rule(place, attr);
}

//===----------------------------------------------------------------------===//
// On what it stands
//===----------------------------------------------------------------------===//

/// The sizes that pairs name are there.
LogicalResult checkSizes(const AttrPlace &place, ArrayAttr pairs) {
  Tensors tensors(place.op);
  for (auto [i, pair] : llvm::enumerate(pairs.getAsRange<ArrayAttr>()))
    for (Attribute entry : pair)
      if (auto size = dyn_cast<StringAttr>(entry); size && tensors.known() && !tensors.hasSize(size))
        return place.element(i).error() << "names a size '" << size.getValue() << "' that no tensor has";
  return success();
}

LogicalResult checkTensors(const AttrPlace &place, ArrayAttr tensors) {
  llvm::StringSet<> names;
  for (auto [i, tensor] : llvm::enumerate(tensors.getAsRange<DictionaryAttr>()))
    if (StringRef name = tensor.getAs<StringAttr>("name").getValue(); !names.insert(name).second)
      return place.element(i).error() << "has the name '" << name << "' of an earlier tensor";
  return success();
}

LogicalResult checkArguments(const AttrPlace &place, ArrayAttr recipes) {
  if (size_t arguments = argumentTypes(place.op).size(); recipes.size() != arguments)
    return place.error() << "has " << recipes.size() << " recipes when the function has " << arguments << " arguments";
  for (auto [i, recipe] : llvm::enumerate(recipes.getAsRange<DictionaryAttr>()))
    if (failed(checkRecipe(place.element(i), recipe)))
      return failure();
  return success();
}

/// A tile of f32 whose function may be approximated.
LogicalResult isApproximateOnTile(const AttrPlace &place, Attribute) {
  auto op = cast<math::Exp2Op>(place.op);
  bool isRight = bitEnumContainsAll(op.getFastmath(), arith::FastMathFlags::afn) && isTile(op.getType()) &&
                 getElementTypeOrSelf(op.getType()).isF32();
  return isRight ? success() : place.error() << "stands on a math.exp2 of a tile of f32 with fastmath<afn>";
}

/// One attribute of an op: where it may stand, what it is, and what else must hold.
struct OperationAttr {
  StringRef name, carrier;
  bool (*stands)(Operation *);
  AttrRule rule;
  std::function<LogicalResult(const AttrPlace &, Attribute)> check;
};

template <LogicalResult (*function)(const AttrPlace &, ArrayAttr)>
LogicalResult onList(const AttrPlace &place, Attribute attr) {
  return function(place, cast<ArrayAttr>(attr));
}

ArrayRef<OperationAttr> operationAttrs() {
  auto onModule = [](Operation *op) { return isa<ModuleOp>(op); };
  auto onKernel = [](Operation *op) { return isa<gpu::GPUFuncOp, LLVM::LLVMFuncOp>(op); };
  auto onLowered = [](Operation *op) { return isa<LLVM::LLVMFuncOp>(op); };
  auto inKernel = [](Operation *op) {
    return op->getParentOfType<gpu::GPUFuncOp>() && !op->hasTrait<OpTrait::IsTerminator>();
  };
  auto onMma = [](Operation *op) { return isa<MmaOp, MmaAsyncOp>(op); };
  auto onLoop = [](Operation *op) { return isa<LoopLikeOpInterface>(op); };
  // Constants leave loops without being asked, with what is on them.
  auto inLoop = [](Operation *op) {
    if (op->hasTrait<OpTrait::ConstantLike>())
      return true;
    return isa_and_nonnull<scf::ForOp>(op->getParentOp()) && !op->hasTrait<OpTrait::IsTerminator>();
  };
  auto onExp2 = [](Operation *op) { return isa<math::Exp2Op>(op); };
  static const OperationAttr attrs[] = {
      {"tile.target", "a module", onModule, isTarget, nullptr},
      {kScheduleAttr, "a kernel", onKernel, isA<ScheduleAttr>("#tile.schedule"), nullptr},
      {kWorkAttr, "a kernel", onKernel, isListOf(isWorkItem), onList<checkSizes>},
      {kMultiplesAttr, "a kernel", onKernel, isListOf(isMultiple), onList<checkSizes>},
      {kProblemAttr, "a kernel", onKernel, isProblem, nullptr},
      {kQueuedAttr, "a kernel", onKernel, isA<UnitAttr>("without a value"), nullptr},
      {kSharedBytesAttr, "a kernel", onKernel, isNumber(0, kMaxSharedBytes), nullptr},
      {kTensorsAttr, "a kernel", onKernel, isListOf(isTensor), onList<checkTensors>},
      {kRolesAttr, "a kernel", onKernel, isListOf(isRole), nullptr},
      {kRoleAttr, "an op in a kernel that ends no block", inKernel, isText, nullptr},
      {kRunAttr, "an op in a kernel that ends no block", inKernel, isNumber(0, kMaxInt), nullptr},
      {kAssumesAttr, "a kernel", onKernel, isListOf(isOneOf({kMmaOrder, kRemoteScope})), nullptr},
      {kArgumentsAttr, "an llvm.func", onLowered, isListOf(isRecipe), onList<checkArguments>},
      {kNonEmptyAttr, "a loop", onLoop, isA<UnitAttr>("without a value"), nullptr},
      {kExp2PolynomialAttr, "a math.exp2", onExp2, isNumber(1, kExp2Period), isApproximateOnTile},
      {kStageAttr, "an op of an scf.for's own block", inLoop, isNumber(0, kMaxStage), nullptr},
      {kPositionAttr, "an op of an scf.for's own block", inLoop, isNumber(0, kMaxInt), nullptr},
      {kSourceAttr, "an MMA", onMma, isNumber(0, kMaxInt), nullptr},
      {kLoopAttr, "a loop", onLoop, isNumber(0, kMaxInt), nullptr}};
  return attrs;
}

} // namespace

LogicalResult TileDialect::verifyOperationAttribute(Operation *op, NamedAttribute attr) {
  AttrPlace place{op, attr.getName().str()};
  const OperationAttr *known =
      llvm::find_if(operationAttrs(), [&](const OperationAttr &entry) { return entry.name == attr.getName(); });
  if (known == operationAttrs().end())
    return place.error() << "is no attribute of an op";
  if (!known->stands(op))
    return place.error() << "stands on " << known->carrier << ", not on '" << op->getName() << "'";
  if (failed(known->rule(place, attr.getValue())))
    return failure();
  return known->check ? known->check(place, attr.getValue()) : success();
}
