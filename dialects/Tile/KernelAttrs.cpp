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
constexpr int64_t kMaxStage = 16;              ///< a prologue and an epilogue of as many rounds
constexpr int64_t kMaxSize = int64_t(1) << 40; ///< of a tensor's dimension

//===----------------------------------------------------------------------===//
// What each attribute is
//===----------------------------------------------------------------------===//

/// An attribute of one kind.
template <typename AttrTy> AttrRule isA(StringRef what) {
  return [=](const AttrPlace &place, Attribute attr) {
    return success(isa<AttrTy>(attr) || succeeded(place.fail(attr, what)));
  };
}

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

LogicalResult isWorkItem(const AttrPlace &place, Attribute attr) {
  return isPair(place, attr, "[size, tile]", isNumber(1, kMaxInt));
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
    if (size != ShapedType::kDynamic && (size < 0 || size > kMaxSize))
      return place.error() << "has a size of " << size << ", must be dynamic or 0 to " << kMaxSize;
  return success();
}

/// The names of a tensor's sizes, and the memory order that permutes them.
LogicalResult checkNames(const AttrPlace &place, int64_t rank, ArrayAttr sizes, ArrayAttr order) {
  if (static_cast<int64_t>(sizes.size()) != rank)
    return place.error() << "has " << sizes.size() << " names when the tensor has " << rank << " dimensions";
  if (order && !std::is_permutation(order.begin(), order.end(), sizes.begin(), sizes.end()))
    return place.error() << "has the order " << order << ", which does not permute " << sizes;
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
                                         {"one_thread", isA<UnitAttr>("without a value"), /*isOptional=*/true}});
  return rule(place, attr);
}

LogicalResult isSwizzle(const AttrPlace &place, Attribute attr) {
  if (failed(isNumber(32, 128)(place, attr)))
    return failure();
  return llvm::isPowerOf2_64(cast<IntegerAttr>(attr).getInt()) ? success() : place.fail(attr, "32, 64 or 128");
}

/// The recipes of docs/manifest.md.
LogicalResult isRecipe(const AttrPlace &place, Attribute attr) {
  static const AttrRule dimension = isNumber(0, 4);
  static const AttrRule mode = isRecord({{"dim", dimension},
                                         {"box", isNumber(1, 256)},
                                         {"extent", isNumber(1, kMaxSize), /*isOptional=*/true},
                                         {"step", isNumber(1, kMaxSize), /*isOptional=*/true}});
  static const std::pair<StringRef, AttrRule> kinds[] = {
      {"tensor_map",
       isRecord({{"kind", isText}, {"tensor", isText}, {"swizzle", isSwizzle}, {"modes", isListOf(mode, 1, 5)}})},
      {"pointer", isRecord({{"kind", isText}, {"tensor", isText}})},
      {"stride", isRecord({{"kind", isText}, {"tensor", isText}, {"dim", dimension}})},
      {"size", isRecord({{"kind", isText}, {"size", isText}})},
      {"workspace", isRecord({{"kind", isText}, {"bytes", isNumber(1, kMaxSize)}})}};
  auto recipe = dyn_cast<DictionaryAttr>(attr);
  if (!recipe)
    return place.fail(attr, "a dictionary");
  Attribute kind = recipe.get("kind");
  if (!kind)
    return place.error() << "has no 'kind'";
  static const AttrRule isKind = isOneOf({"tensor_map", "pointer", "stride", "size", "workspace"});
  if (failed(isKind(place.member("kind"), kind)))
    return failure();
  return llvm::find_if(kinds, [&](auto &entry) { return entry.first == cast<StringAttr>(kind).getValue(); })
      ->second(place, attr);
}

//===----------------------------------------------------------------------===//
// On what it stands
//===----------------------------------------------------------------------===//

/// The argument types of a function, which need not be verified yet.
ArrayRef<Type> argumentTypes(Operation *function) {
  auto attr = function->getAttrOfType<TypeAttr>("function_type");
  if (auto type = attr ? dyn_cast<FunctionType>(attr.getValue()) : FunctionType())
    return type.getInputs();
  if (auto type = attr ? dyn_cast<LLVM::LLVMFunctionType>(attr.getValue()) : LLVM::LLVMFunctionType())
    return type.getParams();
  return {};
}

/// An attribute of a function's argument, if there is such a one.
template <typename AttrTy> AttrTy argumentAttr(Operation *function, size_t index, StringRef name) {
  auto all = function->getAttrOfType<ArrayAttr>("arg_attrs");
  auto attrs = all && index < all.size() ? dyn_cast<DictionaryAttr>(all[index]) : DictionaryAttr();
  return attrs ? attrs.getAs<AttrTy>(name) : AttrTy();
}

/// What a kernel says of its tensors, so far as it is well formed.
class Tensors {
public:
  explicit Tensors(Operation *kernel) {
    if (auto list = kernel->getAttrOfType<ArrayAttr>(kTensorsAttr)) {
      isBound = true;
      for (auto tensor : list.getAsRange<DictionaryAttr>())
        add(tensor.getAs<StringAttr>("name"), tensor.getAs<ArrayAttr>("sizes"));
    }
    for (size_t i = 0; i < argumentTypes(kernel).size(); ++i)
      add(argumentAttr<StringAttr>(kernel, i, kNameAttr), argumentAttr<ArrayAttr>(kernel, i, kSizesAttr));
  }

  bool known() const { return isBound || !sizes.empty(); }
  bool hasSize(StringRef name) const { return sizes.contains(name); }
  std::optional<size_t> rank(StringRef name) const {
    auto tensor = ranks.find(name);
    return tensor == ranks.end() ? std::nullopt : std::optional(tensor->second);
  }

private:
  void add(StringAttr name, ArrayAttr names) {
    if (!names)
      return;
    if (name)
      ranks[name.getValue()] = names.size();
    for (Attribute size : names)
      if (auto text = dyn_cast<StringAttr>(size))
        sizes.insert(text.getValue());
  }

  bool isBound = false;
  llvm::StringSet<> sizes;
  llvm::StringMap<size_t> ranks;
};

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

/// What a recipe names is there.
LogicalResult checkRecipe(const AttrPlace &place, DictionaryAttr recipe) {
  Tensors tensors(place.op);
  if (!tensors.known())
    return success();
  if (auto size = recipe.getAs<StringAttr>("size"); size && !tensors.hasSize(size))
    return place.error() << "names a size '" << size.getValue() << "' that no tensor has";
  auto name = recipe.getAs<StringAttr>("tensor");
  if (!name)
    return success();
  std::optional<size_t> rank = tensors.rank(name);
  if (!rank)
    return place.error() << "names the tensor '" << name.getValue() << "', which is not there";
  auto checkDimension = [&](const AttrPlace &at, DictionaryAttr entry) -> LogicalResult {
    auto dim = entry.getAs<IntegerAttr>("dim");
    if (dim && dim.getInt() >= static_cast<int64_t>(*rank))
      return at.error() << "has the dimension " << dim.getInt() << " of '" << name.getValue() << "', which has "
                        << *rank;
    return success();
  };
  if (auto modes = recipe.getAs<ArrayAttr>("modes"))
    for (auto [i, mode] : llvm::enumerate(modes.getAsRange<DictionaryAttr>()))
      if (failed(checkDimension(place.member("modes").element(i), mode)))
        return failure();
  return checkDimension(place, recipe);
}

LogicalResult checkArguments(const AttrPlace &place, ArrayAttr recipes) {
  if (size_t arguments = argumentTypes(place.op).size(); recipes.size() != arguments)
    return place.error() << "has " << recipes.size() << " recipes when the function has " << arguments << " arguments";
  for (auto [i, recipe] : llvm::enumerate(recipes.getAsRange<DictionaryAttr>()))
    if (failed(checkRecipe(place.element(i), recipe)))
      return failure();
  return success();
}

/// The boxes of a map's modes are those of its type.
LogicalResult checkMap(const AttrPlace &place, TensorMapType type, DictionaryAttr recipe) {
  ArrayRef<int64_t> box = type.getBox();
  int64_t last = box.size() - 1;
  SmallVector<std::pair<int64_t, int64_t>> needed = {{last, type.getFolded() ? type.getPanel() : box[last]}};
  if (last > 0)
    needed.push_back({last - 1, box[last - 1]});
  if (type.getFolded())
    needed.push_back({last, box[last] / type.getPanel()});
  for (int64_t dim = last - 2; dim >= 0; --dim)
    needed.push_back({dim, box[dim]});
  SmallVector<std::pair<int64_t, int64_t>> given;
  for (auto mode : recipe.getAs<ArrayAttr>("modes").getAsRange<DictionaryAttr>())
    given.push_back({mode.getAs<IntegerAttr>("dim").getInt(), mode.getAs<IntegerAttr>("box").getInt()});
  if (given != needed || recipe.getAs<IntegerAttr>("swizzle").getInt() != type.getSwizzle())
    return place.error() << "does not make " << type;
  return success();
}

/// A recipe makes what its argument is.
LogicalResult checkArgument(const AttrPlace &place, Type type, DictionaryAttr recipe) {
  StringRef kind = recipe.getAs<StringAttr>("kind").getValue();
  auto map = dyn_cast<TensorMapType>(type);
  bool isPointer = kind == "pointer" || kind == "workspace";
  bool isRight = kind == "tensor_map" ? static_cast<bool>(map)
                 : isPointer          ? isa<GlobalPointerType>(type)
                 : kind == "stride"   ? type.isInteger(64)
                                      : type.isIndex();
  if (!isRight)
    return place.error() << "makes a " << kind << ", but the argument is " << type;
  if (failed(checkRecipe(place, recipe)))
    return failure();
  return map ? checkMap(place, map, recipe) : success();
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
  auto inLoop = [](Operation *op) {
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

LogicalResult TileDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned index, NamedAttribute attr) {
  AttrPlace place{op, "argument " + std::to_string(index) + ": " + attr.getName().str()};
  ArrayRef<Type> types = argumentTypes(op);
  if (!isa<gpu::GPUFuncOp>(op) || index >= types.size())
    return place.error() << "stands on an argument of a gpu.func";
  if (attr.getName() == kArgumentAttr) {
    if (failed(isRecipe(place, attr.getValue())))
      return failure();
    return checkArgument(place, types[index], cast<DictionaryAttr>(attr.getValue()));
  }
  if (attr.getName() == kWorkspaceAttr) {
    auto memory = dyn_cast<MemRefType>(types[index]);
    if (!memory || !memory.hasStaticShape() || !memory.getLayout().isIdentity() ||
        !memory.getElementType().isIntOrFloat())
      return place.error() << "stands on a memref of static size, not on " << types[index];
    return isA<UnitAttr>("without a value")(place, attr.getValue());
  }
  if (attr.getName() != kNameAttr && attr.getName() != kSizesAttr && attr.getName() != kOrderAttr)
    return place.error() << "is no attribute of an argument";
  auto tensor = dyn_cast<MemRefType>(types[index]);
  if (!tensor)
    return place.error() << "stands on a memref, not on " << types[index];
  if (attr.getName() == kNameAttr) {
    for (unsigned other = 0; other < index; ++other)
      if (argumentAttr<Attribute>(op, other, kNameAttr) == attr.getValue())
        return place.error() << "is that of argument " << other;
    return isText(place, attr.getValue());
  }
  static const AttrRule isNames = isListOf(isText);
  if (failed(isNames(place, attr.getValue())))
    return failure();
  if (attr.getName() == kSizesAttr)
    return checkNames(place, tensor.getRank(), cast<ArrayAttr>(attr.getValue()), /*order=*/nullptr);
  auto sizes = argumentAttr<ArrayAttr>(op, index, kSizesAttr);
  if (!sizes)
    return place.error() << "needs " << kSizesAttr;
  return checkNames(place, tensor.getRank(), sizes, cast<ArrayAttr>(attr.getValue()));
}

LogicalResult TileDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned index, NamedAttribute attr) {
  return op->emitError() << "result " << index << ": " << attr.getName().strref() << " is no attribute of a result";
}
