// The attributes of a kernel's arguments, and the recipes by which a loader makes these.
#include "dialects/Tile/AttrRules.h"
#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace girih;
using namespace girih::tile;

ArrayRef<Type> tile::argumentTypes(Operation *function) {
  auto attr = function->getAttrOfType<TypeAttr>("function_type");
  if (auto type = attr ? dyn_cast<FunctionType>(attr.getValue()) : FunctionType())
    return type.getInputs();
  if (auto type = attr ? dyn_cast<LLVM::LLVMFunctionType>(attr.getValue()) : LLVM::LLVMFunctionType())
    return type.getParams();
  return {};
}

/// An attribute of a function's argument, if there is such a one.
template <typename AttrTy> static AttrTy argumentAttr(Operation *function, size_t index, StringRef name) {
  auto all = function->getAttrOfType<ArrayAttr>("arg_attrs");
  auto attrs = all && index < all.size() ? dyn_cast<DictionaryAttr>(all[index]) : DictionaryAttr();
  return attrs ? attrs.getAs<AttrTy>(name) : AttrTy();
}

Tensors::Tensors(Operation *kernel) {
  if (auto list = kernel->getAttrOfType<ArrayAttr>(kTensorsAttr)) {
    isBound = true;
    for (auto tensor : list.getAsRange<DictionaryAttr>())
      add(tensor.getAs<StringAttr>("name"), tensor.getAs<ArrayAttr>("sizes"));
  }
  for (size_t i = 0; i < argumentTypes(kernel).size(); ++i)
    add(argumentAttr<StringAttr>(kernel, i, kNameAttr), argumentAttr<ArrayAttr>(kernel, i, kSizesAttr));
}

void Tensors::add(StringAttr name, ArrayAttr names) {
  if (!names)
    return;
  if (name)
    ranks[name.getValue()] = names.size();
  for (Attribute size : names)
    if (auto text = dyn_cast<StringAttr>(size))
      sizes.insert(text.getValue());
}

LogicalResult tile::checkNames(const AttrPlace &place, int64_t rank, ArrayAttr sizes, ArrayAttr order) {
  if (static_cast<int64_t>(sizes.size()) != rank)
    return place.error() << "has " << sizes.size() << " names when the tensor has " << rank << " dimensions";
  if (order && !std::is_permutation(order.begin(), order.end(), sizes.begin(), sizes.end()))
    return place.error() << "has the order " << order << ", which does not permute " << sizes;
  return success();
}

/// In the recipe, 0 is none.
static LogicalResult isRecipeSwizzle(const AttrPlace &place, Attribute attr) {
  if (failed(isNumber(0, 128)(place, attr)))
    return failure();
  int64_t bytes = cast<IntegerAttr>(attr).getInt();
  return bytes == 0 || (bytes != 16 && isSwizzle(bytes)) ? success() : place.fail(attr, "0, 32, 64 or 128");
}

static const AttrRule &isDimension() {
  static const AttrRule rule = isNumber(0, 4);
  return rule;
}

/// A mode of a tensor map has the stride of a dimension, one of its own, or the sum of both.
static LogicalResult isMode(const AttrPlace &place, Attribute attr) {
  static const AttrRule fields = isRecord({{"dim", isDimension(), /*isOptional=*/true},
                                           {"box", isNumber(1, 256)},
                                           {"bytes", isNumber(1, kMaxDimension), /*isOptional=*/true},
                                           {"extent", isNumber(1, kMaxDimension), /*isOptional=*/true},
                                           {"step", isNumber(-1, kMaxDimension), /*isOptional=*/true}});
  if (failed(fields(place, attr)))
    return failure();
  auto mode = cast<DictionaryAttr>(attr);
  auto step = mode.getAs<IntegerAttr>("step");
  if (!mode.get("dim") && (!mode.get("bytes") || !mode.get("extent") || step))
    return place.error() << "has no 'dim': then it has 'bytes' and 'extent', and no 'step'";
  if (step && (step.getInt() == 0 || (step.getInt() < 0 && !mode.get("bytes"))))
    return place.error() << "has the step " << step.getInt() << ", must be from 1 on, or -1 beside 'bytes'";
  return success();
}

LogicalResult tile::isRecipe(const AttrPlace &place, Attribute attr) {
  static const std::pair<StringRef, AttrRule> kinds[] = {
      {"tensor_map",
       isRecord(
           {{"kind", isText}, {"tensor", isText}, {"swizzle", isRecipeSwizzle}, {"modes", isListOf(isMode, 1, 5)}})},
      {"pointer", isRecord({{"kind", isText}, {"tensor", isText}})},
      {"stride", isRecord({{"kind", isText}, {"tensor", isText}, {"dim", isDimension()}})},
      {"size", isRecord({{"kind", isText}, {"size", isText}})},
      {"scalar", isRecord({{"kind", isText}, {"scalar", isText}, {"dtype", isOneOf({"f32", "i32"})}})},
      {"workspace", isRecord({{"kind", isText}, {"bytes", isNumber(1, kMaxDimension)}})}};
  auto recipe = dyn_cast<DictionaryAttr>(attr);
  if (!recipe)
    return place.fail(attr, "a dictionary");
  Attribute kind = recipe.get("kind");
  if (!kind)
    return place.error() << "has no 'kind'";
  static const AttrRule isKind = isOneOf({"tensor_map", "pointer", "stride", "size", "scalar", "workspace"});
  if (failed(isKind(place.member("kind"), kind)))
    return failure();
  return llvm::find_if(kinds, [&](auto &entry) { return entry.first == cast<StringAttr>(kind).getValue(); })
      ->second(place, attr);
}

LogicalResult tile::checkRecipe(const AttrPlace &place, DictionaryAttr recipe) {
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

/// The modes of a map make its type: the tile's dimensions, the panels of one that is folded, and
/// others that are outside of the tile.
static LogicalResult checkMap(const AttrPlace &place, TensorMapType type, DictionaryAttr recipe) {
  ArrayRef<int64_t> box = type.getBox();
  std::optional<size_t> rank = Tensors(place.op).rank(recipe.getAs<StringAttr>("tensor"));
  auto modes = recipe.getAs<ArrayAttr>("modes");
  bool isOfParts = llvm::any_of(modes.getAsRange<DictionaryAttr>(), [](auto mode) { return !!mode.get("bytes"); });
  // A step in a dimension before the last: its neighbours are rows (tile.interleave).
  bool takesTurns = false;
  for (auto [i, mode] : llvm::enumerate(modes.getAsRange<DictionaryAttr>()))
    takesTurns |= mode.get("step") && !mode.get("bytes") && !(type.getFolded() && i == 2);
  // Where modes stand for several dimensions, only the tensor has its rank.
  if (!isOfParts && !takesTurns)
    rank = box.size();
  SmallVector<int64_t> needed = {type.getFolded() ? type.getPanel() : box.back()};
  SmallVector<int64_t> dims = {0};
  if (box.size() > 1) {
    needed.push_back(box[box.size() - 2]);
    dims.push_back(1);
  }
  if (type.getFolded()) {
    needed.push_back(box.back() / type.getPanel());
    dims.push_back(0);
  }
  for (size_t i = 2; i < box.size(); ++i) {
    needed.push_back(box[box.size() - 1 - i]);
    dims.push_back(i);
  }
  bool isRight =
      recipe.getAs<IntegerAttr>("swizzle").getInt() == type.getRecipeSwizzle() && modes.size() == needed.size();
  size_t checkedDims = takesTurns ? 1 : isOfParts ? 2 + type.getFolded() : needed.size();
  for (size_t i = 0; isRight && i < needed.size(); ++i) {
    auto mode = cast<DictionaryAttr>(modes[i]);
    auto dim = mode.getAs<IntegerAttr>("dim");
    isRight = mode.getAs<IntegerAttr>("box").getInt() == needed[i];
    if (i < checkedDims && rank)
      isRight &= dim && dim.getInt() == int64_t(*rank) - 1 - dims[i];
  }
  return isRight ? success() : LogicalResult(place.error() << "does not make " << type);
}

static Type scalarType(DictionaryAttr recipe) {
  Builder builder(recipe.getContext());
  return recipe.getAs<StringAttr>("dtype") == "f32" ? Type(builder.getF32Type()) : Type(builder.getI32Type());
}

/// A recipe makes what its argument is.
static LogicalResult checkArgument(const AttrPlace &place, Type type, DictionaryAttr recipe) {
  StringRef kind = recipe.getAs<StringAttr>("kind").getValue();
  auto map = dyn_cast<TensorMapType>(type);
  bool isPointer = kind == "pointer" || kind == "workspace";
  bool isRight = kind == "tensor_map" ? static_cast<bool>(map)
                 : isPointer          ? isa<GlobalPointerType>(type)
                 : kind == "stride"   ? type.isInteger(64)
                 : kind == "scalar"   ? type == scalarType(recipe)
                                      : type.isIndex();
  if (!isRight)
    return place.error() << "makes a " << kind << ", but the argument is " << type;
  if (failed(checkRecipe(place, recipe)))
    return failure();
  return map ? checkMap(place, map, recipe) : success();
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
  bool isNumber = types[index].isF32() || types[index].isInteger(32);
  if (!tensor && !(isNumber && attr.getName() == kNameAttr))
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
