// What a loader must check before a launch, as data in the manifest
// (docs/manifest.md). The runner, the simulator and the C header follow it.
#include "Constraints.h"

#include "dialects/Tile/Tile.h"
#include "girih/Target/Manifest.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
namespace json = llvm::json;

namespace girih {
namespace {

/// TMA: an address and strides of whole 16 bytes, strides below 2^40 bytes
/// (CUDA driver API, cuTensorMapEncodeTiled).
constexpr int64_t kMapAlignment = 16, kStrideLimit = int64_t(1) << 40;

/// What the maps for parts of a tensor can reach (lib/Transforms/TensorMaps.cpp): a mode has a
/// dimension's stride less than `aroundBytes`, and one whose stride is its own goes to where the part ends.
struct Part {
  int64_t dim = 0, aroundBytes = 0, reachBytes = 0;

  bool operator==(const Part &other) const = default;
  /// Rows after which an address is the same again: 2^64 / aroundBytes.
  int64_t rows() const { return int64_t((0 - uint64_t(aroundBytes)) / uint64_t(aroundBytes)) + 1; }
};

class ConstraintWriter {
public:
  ConstraintWriter(LLVM::LLVMFuncOp kernel, const json::Object &manifest) : kernel(kernel), manifest(manifest) {}

  FailureOr<json::Array> write() {
    if (failed(addSizes()) || failed(addMultiples()) || failed(addWorkItems()))
      return failure();
    for (auto tensor : kernel->getAttrOfType<ArrayAttr>(tile::kTensorsAttr).getAsRange<DictionaryAttr>())
      if (failed(addTensor(tensor)))
        return failure();
    return std::move(constraints);
  }

private:
  LogicalResult addSizes();
  LogicalResult addMultiples();
  LogicalResult addWorkItems();
  LogicalResult addTensor(DictionaryAttr tensor);
  LogicalResult addPart(DictionaryAttr tensor, const Part &part);
  int64_t stepOf(StringRef tensor, int64_t dim);
  SmallVector<Part> partsOf(StringRef tensor);
  void addStride(StringRef tensor, int64_t dim, int64_t minimum, int64_t maximum, int64_t multiple);

  /// The size where it is static, nothing where it is dynamic; a diagnostic where
  /// the kernel has none of that name.
  FailureOr<std::optional<int64_t>> lookUp(StringRef attribute, StringRef size) {
    const json::Object &sizes = *manifest.getObject("sizes");
    if (!sizes.get(size))
      return kernel.emitError() << attribute << " names a size '" << size << "' that no tensor has";
    return sizes.getInteger(size);
  }

  /// Whether the kernel has an argument of that kind for the tensor (and dimension).
  bool hasArgument(StringRef kind, StringRef tensor, std::optional<int64_t> dim = std::nullopt) {
    auto arguments = kernel->getAttrOfType<ArrayAttr>(tile::kArgumentsAttr);
    return llvm::any_of(arguments.getAsRange<DictionaryAttr>(), [&](DictionaryAttr recipe) {
      auto name = recipe.getAs<StringAttr>("tensor");
      auto which = recipe.getAs<IntegerAttr>("dim");
      return recipe.getAs<StringAttr>("kind") == kind && name && name == tensor &&
             (!dim || (which && which.getInt() == *dim));
    });
  }

  LLVM::LLVMFuncOp kernel;
  const json::Object &manifest;
  json::Array constraints;
};

LogicalResult ConstraintWriter::addSizes() {
  for (const std::string &name : sizesInOrder(manifest)) {
    std::optional<int64_t> size = manifest.getObject("sizes")->getInteger(name);
    if (size && (*size < 1 || *size > kLargestSize))
      return kernel.emitError() << "size '" << name << "' is " << *size << " when it should be from 1 to "
                                << kLargestSize;
    if (!size)
      constraints.push_back(json::Object{{"kind", "size"}, {"size", name}, {"minimum", 1}, {"maximum", kLargestSize}});
  }
  return success();
}

LogicalResult ConstraintWriter::addMultiples() {
  auto pairs = kernel->getAttrOfType<ArrayAttr>(tile::kMultiplesAttr);
  if (!pairs)
    return success();
  for (auto pair : pairs.getAsRange<ArrayAttr>()) {
    StringRef size = cast<StringAttr>(pair[0]).getValue(), divisor = cast<StringAttr>(pair[1]).getValue();
    auto value = lookUp(tile::kMultiplesAttr, size), by = lookUp(tile::kMultiplesAttr, divisor);
    if (failed(value) || failed(by))
      return failure();
    if (!*value || !*by)
      constraints.push_back(json::Object{{"kind", "size"}, {"size", size.str()}, {"multiple", divisor.str()}});
    else if (**value % **by != 0)
      return kernel.emitError() << "size '" << size << "' is " << **value << " when it should be a multiple of '"
                                << divisor << "', which is " << **by;
  }
  return success();
}

LogicalResult ConstraintWriter::addWorkItems() {
  int64_t items = 1;
  bool isStatic = true;
  for (const json::Value &value : *manifest.getObject("launch")->getArray("work")) {
    const json::Object &item = *value.getAsObject();
    int64_t tile = *item.getInteger("tile");
    auto size = lookUp(tile::kWorkAttr, *item.getString("size"));
    FailureOr<std::optional<int64_t>> more = std::optional<int64_t>(0);
    if (auto name = item.getString("more"))
      more = lookUp(tile::kWorkAttr, *name);
    if (failed(size) || failed(more))
      return failure();
    isStatic &= size->has_value() && more->has_value();
    if (*size && (items *= llvm::divideCeil(**size, tile) + more->value_or(0)) > kLargestSize)
      return kernel.emitError() << "the problem has more work items than the " << kLargestSize
                                << " that can be counted";
  }
  if (!isStatic)
    constraints.push_back(json::Object{{"kind", "work_items"}, {"maximum", kLargestSize}});
  return success();
}

void ConstraintWriter::addStride(StringRef tensor, int64_t dim, int64_t minimum, int64_t maximum, int64_t multiple) {
  json::Object stride{
      {"kind", "stride"}, {"tensor", tensor.str()}, {"dim", dim}, {"minimum", minimum}, {"maximum", maximum}};
  if (multiple > 1)
    stride["multiple"] = multiple;
  constraints.push_back(std::move(stride));
}

SmallVector<Part> ConstraintWriter::partsOf(StringRef tensor) {
  SmallVector<Part> parts;
  auto arguments = kernel->getAttrOfType<ArrayAttr>(tile::kArgumentsAttr);
  for (auto recipe : arguments.getAsRange<DictionaryAttr>()) {
    auto modes = recipe.getAs<ArrayAttr>("modes");
    if (!modes || recipe.getAs<StringAttr>("tensor") != tensor)
      continue;
    Part part;
    for (auto mode : modes.getAsRange<DictionaryAttr>()) {
      auto bytes = mode.getAs<IntegerAttr>("bytes");
      if (auto dim = mode.getAs<IntegerAttr>("dim"); bytes && dim) {
        part.dim = dim.getInt();
        part.aroundBytes = bytes.getInt();
      } else if (bytes) {
        part.reachBytes = int64_t(uint64_t(mode.getAs<IntegerAttr>("extent").getInt() - 1) * uint64_t(bytes.getInt()));
      }
    }
    if (part.aroundBytes && !llvm::is_contained(parts, part))
      parts.push_back(part);
  }
  return parts;
}

/// The longest step in that dimension of the tensor's maps.
int64_t ConstraintWriter::stepOf(StringRef tensor, int64_t dim) {
  int64_t longest = 1;
  for (auto recipe : kernel->getAttrOfType<ArrayAttr>(tile::kArgumentsAttr).getAsRange<DictionaryAttr>()) {
    auto modes = recipe.getAs<ArrayAttr>("modes");
    if (!modes || recipe.getAs<StringAttr>("tensor") != tensor)
      continue;
    for (auto mode : modes.getAsRange<DictionaryAttr>())
      if (auto known = mode.getAs<IntegerAttr>("dim"), step = mode.getAs<IntegerAttr>("step");
          known && known.getInt() == dim && step)
        longest = std::max(longest, step.getInt());
  }
  return longest;
}

LogicalResult ConstraintWriter::addPart(DictionaryAttr tensor, const Part &part) {
  auto size = cast<StringAttr>(tensor.getAs<ArrayAttr>("sizes")[part.dim]);
  auto value = lookUp(tile::kTensorsAttr, size);
  if (failed(value))
    return failure();
  if (*value && **value > part.rows())
    return kernel.emitError() << "size '" << size.getValue() << "' is " << **value << " when parts of it can be of "
                              << part.rows() << " at most";
  json::Object constraint{{"kind", "size"}, {"size", size.str()}, {"maximum", part.rows()}};
  if (!*value && !llvm::is_contained(constraints, json::Value(json::Object(constraint))))
    constraints.push_back(std::move(constraint));
  int64_t bytes = tensor.getAs<TypeAttr>("element").getValue().getIntOrFloatBitWidth() / 8;
  if (part.reachBytes)
    constraints.push_back(json::Object{{"kind", "reach"},
                                       {"tensor", tensor.getAs<StringAttr>("name").str()},
                                       {"dim", part.dim},
                                       {"maximum", part.reachBytes / bytes}});
  return success();
}

LogicalResult ConstraintWriter::addTensor(DictionaryAttr tensor) {
  StringRef name = tensor.getAs<StringAttr>("name").getValue();
  bool hasMap = hasArgument("tensor_map", name), hasPointer = hasArgument("pointer", name);
  if (!hasMap && !hasPointer)
    return success();
  int64_t bytes = tensor.getAs<TypeAttr>("element").getValue().getIntOrFloatBitWidth() / 8;
  int64_t alignment = hasMap ? kMapAlignment : bytes;
  constraints.push_back(
      json::Object{{"kind", "address"}, {"tensor", name.str()}, {"minimum", alignment}, {"multiple", alignment}});
  ArrayRef<int64_t> strides = tensor.getAs<DenseI64ArrayAttr>("strides").asArrayRef();
  int64_t last = strides.size() - 1;
  SmallVector<Part> parts = partsOf(name);
  // Rows that overlap can be read and not written.
  int64_t minimum = tensor.getAs<StringAttr>("access") == "write" ? 1 : 0;
  for (int64_t dim = 0; dim < last; ++dim) {
    bool isBuiltIn = (hasPointer || !parts.empty()) && !hasArgument("stride", name, dim);
    int64_t limit = kStrideLimit;
    for (const Part &part : parts)
      if (part.dim == dim)
        limit = part.aroundBytes;
    limit /= stepOf(name, dim);
    if (isBuiltIn && ShapedType::isStatic(strides[dim]))
      addStride(name, dim, strides[dim], strides[dim], 1);
    else
      addStride(name, dim, minimum, (limit - alignment) / bytes, alignment / bytes);
  }
  addStride(name, last, 1, 1, 1);
  for (const Part &part : parts)
    if (failed(addPart(tensor, part)))
      return failure();
  return success();
}

} // namespace

FailureOr<json::Array> makeConstraints(LLVM::LLVMFuncOp kernel, const json::Object &manifest) {
  return ConstraintWriter(kernel, manifest).write();
}

} // namespace girih
