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

class ConstraintWriter {
public:
  ConstraintWriter(LLVM::LLVMFuncOp kernel, const json::Object &manifest) : kernel(kernel), manifest(manifest) {}

  FailureOr<json::Array> write() {
    if (failed(addSizes()) || failed(addMultiples()) || failed(addWorkItems()))
      return failure();
    for (auto tensor : kernel->getAttrOfType<ArrayAttr>(tile::kTensorsAttr).getAsRange<DictionaryAttr>())
      addTensor(tensor);
    return std::move(constraints);
  }

private:
  LogicalResult addSizes();
  LogicalResult addMultiples();
  LogicalResult addWorkItems();
  void addTensor(DictionaryAttr tensor);
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

void ConstraintWriter::addTensor(DictionaryAttr tensor) {
  StringRef name = tensor.getAs<StringAttr>("name").getValue();
  bool hasMap = hasArgument("tensor_map", name), hasPointer = hasArgument("pointer", name);
  if (!hasMap && !hasPointer)
    return;
  int64_t bytes = tensor.getAs<TypeAttr>("element").getValue().getIntOrFloatBitWidth() / 8;
  int64_t alignment = hasMap ? kMapAlignment : bytes;
  constraints.push_back(
      json::Object{{"kind", "address"}, {"tensor", name.str()}, {"minimum", alignment}, {"multiple", alignment}});
  ArrayRef<int64_t> strides = tensor.getAs<DenseI64ArrayAttr>("strides").asArrayRef();
  int64_t last = strides.size() - 1;
  // Rows that overlap can be read and not written.
  int64_t minimum = tensor.getAs<StringAttr>("access") == "write" ? 1 : 0;
  for (int64_t dim = 0; dim < last; ++dim) {
    bool isBuiltIn = hasPointer && !hasArgument("stride", name, dim);
    if (isBuiltIn && ShapedType::isStatic(strides[dim]))
      addStride(name, dim, strides[dim], strides[dim], 1);
    else
      addStride(name, dim, minimum, (kStrideLimit - alignment) / bytes, alignment / bytes);
  }
  addStride(name, last, 1, 1, 1);
}

} // namespace

FailureOr<json::Array> makeConstraints(LLVM::LLVMFuncOp kernel, const json::Object &manifest) {
  return ConstraintWriter(kernel, manifest).write();
}

} // namespace girih
