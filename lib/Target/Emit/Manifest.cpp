// The manifest, read off the kernel's attributes (docs/manifest.md).
#include "girih/Target/Manifest.h"
#include "Constraints.h"

#include "dialects/Tile/Schedule.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
namespace json = llvm::json;

namespace girih {
namespace {

constexpr int64_t kManifestVersion = 2;

/// Attributes as JSON: dictionaries, arrays, strings and numbers are themselves.
json::Value toJson(Attribute attr) {
  if (auto dictionary = dyn_cast<DictionaryAttr>(attr)) {
    json::Object object;
    for (NamedAttribute entry : dictionary)
      object[entry.getName().strref()] = toJson(entry.getValue());
    return object;
  }
  if (auto array = dyn_cast<ArrayAttr>(attr)) {
    json::Array values;
    for (Attribute element : array)
      values.push_back(toJson(element));
    return values;
  }
  if (auto text = dyn_cast<StringAttr>(attr))
    return text.getValue().str();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast<IntegerAttr>(attr))
    return number.getInt();
  std::string text;
  llvm::raw_string_ostream(text) << attr;
  return text;
}

std::string hashOf(StringRef bytes) {
  auto hash = llvm::xxh3_128bits(ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  return llvm::utohexstr(hash.high64, /*LowerCase=*/true, /*Width=*/16) +
         llvm::utohexstr(hash.low64, /*LowerCase=*/true, /*Width=*/16);
}

std::string elementName(Type type) {
  if (isa<Float8E4M3FNType>(type))
    return "e4m3";
  if (isa<Float8E5M2Type>(type))
    return "e5m2";
  if (isa<Float8E8M0FNUType>(type))
    return "ue8m0";
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

LogicalResult checkName(LLVM::LLVMFuncOp kernel, StringRef name) {
  if (name.empty() || !json::isUTF8(name))
    return kernel.emitError() << "'" << name << "' cannot be the name of a tensor or size";
  return success();
}

/// Tensors, and the sizes that their shapes name. A size that one tensor knows
/// statically is static for all.
LogicalResult addTensors(LLVM::LLVMFuncOp kernel, json::Object &manifest) {
  auto tensors = kernel->getAttrOfType<ArrayAttr>(tile::kTensorsAttr);
  if (!tensors)
    return kernel.emitError("has no description of its tensors: run tile-bind-arguments first");
  json::Object sizes;
  json::Array list;
  for (auto tensor : tensors.getAsRange<DictionaryAttr>()) {
    StringRef tensorName = tensor.getAs<StringAttr>("name").getValue();
    if (failed(checkName(kernel, tensorName)))
      return failure();
    auto shape = tensor.getAs<DenseI64ArrayAttr>("shape").asArrayRef();
    auto strides = tensor.getAs<DenseI64ArrayAttr>("strides");
    if (!strides || strides.size() != static_cast<int64_t>(shape.size()))
      return kernel.emitError() << "must say the " << shape.size() << " strides of tensor '" << tensorName << "' in "
                                << tile::kTensorsAttr;
    auto names = tensor.getAs<ArrayAttr>("sizes").getAsValueRange<StringAttr>();
    for (auto [name, size] : llvm::zip(names, shape)) {
      if (failed(checkName(kernel, name)))
        return failure();
      std::optional<int64_t> known = sizes.getInteger(name);
      if (known && ShapedType::isStatic(size) && *known != size)
        return kernel.emitError() << "size '" << name << "' is " << *known << " in one tensor and " << size
                                  << " in another";
      if (!known)
        sizes[name] = ShapedType::isStatic(size) ? json::Value(size) : json::Value(nullptr);
    }
    list.push_back(json::Object{{"name", tensorName.str()},
                                {"access", tensor.getAs<StringAttr>("access").str()},
                                {"dtype", elementName(tensor.getAs<TypeAttr>("element").getValue())},
                                {"shape", toJson(tensor.getAs<ArrayAttr>("sizes"))},
                                {"order", toJson(tensor.getAs<ArrayAttr>("order"))}});
  }
  manifest["sizes"] = std::move(sizes);
  manifest["tensors"] = std::move(list);
  return success();
}

/// Numbers that are chosen at launch, in the order of their arguments.
void addScalars(ArrayAttr arguments, json::Object &manifest) {
  json::Array scalars;
  for (auto recipe : arguments.getAsRange<DictionaryAttr>())
    if (auto name = recipe.getAs<StringAttr>("scalar"))
      scalars.push_back(json::Object{{"name", name.str()}, {"dtype", recipe.getAs<StringAttr>("dtype").str()}});
  if (!scalars.empty())
    manifest["scalars"] = std::move(scalars);
}

LogicalResult addLaunch(LLVM::LLVMFuncOp kernel, const tile::Schedule &schedule, json::Object &manifest) {
  auto threads = kernel->getAttrOfType<DenseI32ArrayAttr>(NVVM::NVVMDialect::getMaxntidAttrName());
  auto cluster = kernel->getAttrOfType<DenseI32ArrayAttr>(NVVM::NVVMDialect::getClusterDimAttrName());
  auto shared = kernel->getAttrOfType<IntegerAttr>(tile::kSharedBytesAttr);
  auto work = kernel->getAttrOfType<ArrayAttr>(tile::kWorkAttr);
  if (!threads || !shared)
    return kernel.emitError("is not a lowered tile kernel");
  if (!work)
    return kernel.emitError() << "must say its work items in " << tile::kWorkAttr << ", as [[size, tile], ...]";
  json::Array items;
  for (auto item : work.getAsRange<ArrayAttr>()) {
    json::Object object{{"size", toJson(item[0])}, {"tile", toJson(item[1])}};
    if (item.size() > 2)
      object["more"] = toJson(item[2]);
    items.push_back(std::move(object));
  }
  // CTAs that start no more hand their items to those that run.
  bool isPersistent = schedule.persistent.value_or(0) && !kernel->hasAttr(tile::kQueuedAttr);
  manifest["launch"] = json::Object{
      {"threads", threads[0]},    {"cluster", cluster ? cluster[0] : 1},          {"shared_bytes", shared.getInt()},
      {"work", std::move(items)}, {"grid", isPersistent ? "persistent" : "flat"}, {"ctas", schedule.ctas.value_or(1)}};
  return success();
}

json::Value numberOrNull(std::optional<int64_t> value) { return value ? json::Value(*value) : json::Value(nullptr); }

} // namespace

std::vector<std::string> sizesInOrder(const json::Object &manifest) {
  std::vector<std::string> names;
  for (const json::Value &tensor : *manifest.getArray("tensors"))
    for (const json::Value &size : *tensor.getAsObject()->getArray("shape"))
      if (std::string name = size.getAsString()->str(); !llvm::is_contained(names, name))
        names.push_back(std::move(name));
  return names;
}

FailureOr<json::Object> makeManifest(LLVM::LLVMFuncOp kernel, const Target &target, const CompiledKernel &compiled) {
  auto scheduleAttr = kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr);
  auto schedule = tile::Schedule::decode(scheduleAttr);
  json::Object manifest{{"girih_manifest", kManifestVersion},
                        {"name", compiled.name},
                        {"kernel", kernel.getName().str()},
                        {"target", target.chip().str()}};
  auto file = [&](StringRef extension, StringRef bytes) {
    return json::Object{{"path", compiled.name + "." + extension.str()}, {"xxh3_128", hashOf(bytes)}};
  };
  manifest["files"] = json::Object{{"cubin", file("cubin", compiled.cubin)}, {"ptx", file("ptx", compiled.ptx)}};
  auto problem = kernel->getAttrOfType<DictionaryAttr>(tile::kProblemAttr);
  manifest["problem"] = problem ? toJson(problem) : json::Value(json::Object{{"kind", "unknown"}});
  if (failed(addTensors(kernel, manifest)) || failed(addLaunch(kernel, schedule, manifest)))
    return failure();

  auto arguments = kernel->getAttrOfType<ArrayAttr>(tile::kArgumentsAttr);
  if (!arguments)
    return kernel.emitError("has no recipes for its arguments: run convert-tile-to-nvvm first");
  addScalars(arguments, manifest);
  manifest["arguments"] = toJson(arguments);
  FailureOr<json::Array> constraints = makeConstraints(kernel, manifest);
  if (failed(constraints))
    return failure();
  manifest["constraints"] = std::move(*constraints);
  if (auto assumes = kernel->getAttrOfType<ArrayAttr>(tile::kAssumesAttr))
    manifest["assumes"] = toJson(assumes);
  manifest["schedule"] = scheduleAttr ? toJson(scheduleAttr) : json::Value(nullptr);
  const Resources &resources = compiled.resources;
  auto roles = kernel->getAttrOfType<ArrayAttr>(tile::kRolesAttr);
  manifest["resources"] =
      json::Object{{"registers", resources.registers},
                   {"spill_bytes", resources.spillBytes},
                   {"stack_bytes", resources.stackBytes},
                   {"uniform_moves", numberOrNull(target.countUniformMoves(compiled.cubin, kernel.getName()))},
                   {"stages", numberOrNull(schedule.stages)},
                   {"roles", roles ? toJson(roles) : json::Value(nullptr)}};
  json::Object times;
  for (const auto &[phase, milliseconds] : compiled.milliseconds)
    times[phase] = milliseconds;
  manifest["compile_ms"] = std::move(times);
  return manifest;
}

} // namespace girih
