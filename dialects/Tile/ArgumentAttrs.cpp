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

static LogicalResult isSwizzle(const AttrPlace &place, Attribute attr) {
  if (failed(isNumber(32, 128)(place, attr)))
    return failure();
  return llvm::isPowerOf2_64(cast<IntegerAttr>(attr).getInt()) ? success() : place.fail(attr, "32, 64 or 128");
}

LogicalResult tile::isRecipe(const AttrPlace &place, Attribute attr) {
  static const AttrRule dimension = isNumber(0, 4);
  static const AttrRule mode = isRecord({{"dim", dimension},
                                         {"box", isNumber(1, 256)},
                                         {"extent", isNumber(1, kMaxDimension), /*isOptional=*/true},
                                         {"step", isNumber(1, kMaxDimension), /*isOptional=*/true}});
  static const std::pair<StringRef, AttrRule> kinds[] = {
      {"tensor_map", isRecord({{"kind", isText},
                               {"tensor", isText},
                               {"swizzle", isSwizzle},
                               {"cut", dimension, /*isOptional=*/true},
                               {"modes", isListOf(mode, 1, 5)}})},
      {"pointer", isRecord({{"kind", isText}, {"tensor", isText}})},
      {"stride", isRecord({{"kind", isText}, {"tensor", isText}, {"dim", dimension}})},
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

/// The boxes of a map's modes are those of its type.
static LogicalResult checkMap(const AttrPlace &place, TensorMapType type, DictionaryAttr recipe) {
  auto cut = recipe.getAs<IntegerAttr>("cut");
  ArrayRef<int64_t> box = type.getBox().drop_front(cut ? 1 : 0);
  if (box.empty())
    return place.error() << "does not make " << type;
  int64_t last = box.size() - 1;
  SmallVector<std::pair<int64_t, int64_t>> needed = {{last, type.getFolded() ? type.getPanel() : box[last]}};
  if (last > 0)
    needed.push_back({last - 1, box[last - 1]});
  if (type.getFolded())
    needed.push_back({last, box[last] / type.getPanel()});
  for (int64_t dim = last - 2; dim >= 0; --dim)
    needed.push_back({dim, box[dim]});
  if (cut)
    needed.push_back({cut.getInt(), type.getBox().front()});
  SmallVector<std::pair<int64_t, int64_t>> given;
  for (auto mode : recipe.getAs<ArrayAttr>("modes").getAsRange<DictionaryAttr>())
    given.push_back({mode.getAs<IntegerAttr>("dim").getInt(), mode.getAs<IntegerAttr>("box").getInt()});
  if (given != needed || recipe.getAs<IntegerAttr>("swizzle").getInt() != type.getSwizzle())
    return place.error() << "does not make " << type;
  return success();
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
