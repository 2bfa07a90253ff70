//===- Manifest.cpp - Reading and checking a kernel manifest --------------===//

#include "girih/Runtime/Manifest.h"
#include "girih/Reference/Score.h"
#include "girih/Runtime/Files.h"
#include "girih/Runtime/JsonReader.h"
#include <algorithm>

using namespace girih;
using namespace girih::runtime;

namespace {

/// Version 1 had no constraints.
constexpr int64_t oldestVersion = 1, newestVersion = 2;
constexpr int64_t maxSize = int64_t(1) << 40;

KernelFile readFile(const JsonReader &reader) {
  KernelFile file{reader.member("path").string(), reader.member("xxh3_128").string()};
  bool isHash = file.xxh3128.size() == 32 && file.xxh3128.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!isHash)
    reader.member("xxh3_128").fail("should be 32 lower-case hex digits");
  return file;
}

/// The words of a function that can be evaluated.
std::vector<std::string> readProgram(const JsonReader &reader, const reference::Captures &captures) {
  std::vector<std::string> words;
  for (const JsonReader &word : reader.elements())
    words.push_back(word.string());
  try {
    reference::ScoreProgram check(words, captures);
  } catch (const Error &error) {
    reader.fail(std::string("cannot be evaluated: ") + error.what());
  }
  return words;
}

std::array<int64_t, 2> readBlocks(const JsonReader &reader, const Manifest &manifest) {
  std::vector<JsonReader> sizes = reader.elements();
  if (sizes.size() != 2)
    reader.fail("has " + std::to_string(sizes.size()) + " sizes when it should have 2, of queries and of keys");
  bool isFull = manifest.findTensor("full_kv_num_blocks") >= 0 || manifest.findTensor("full_kv_indices") >= 0;
  for (auto [name, rank] :
       {std::pair("kv_num_blocks", 3), {"kv_indices", 4}, {"full_kv_num_blocks", 3}, {"full_kv_indices", 4}}) {
    int index = manifest.findTensor(name);
    if (index < 0 && (isFull || std::string_view(name).starts_with("kv")))
      reader.fail(std::string("needs a tensor '") + name + "'");
    if (index < 0)
      continue;
    const TensorDeclaration &tensor = manifest.tensors[size_t(index)];
    if (tensor.shape.size() != size_t(rank) || tensor.type != ElementType::I32)
      reader.fail(std::string("needs a tensor '") + name + "' of i32 with " + std::to_string(rank) + " dimensions");
  }
  return {sizes[0].integer(1, maxSize), sizes[1].integer(1, maxSize)};
}

ProblemDeclaration readProblem(const JsonReader &reader, const Manifest &manifest) {
  reference::Captures captures;
  for (const TensorDeclaration &tensor : manifest.tensors)
    captures.tensors.push_back({tensor.name, tensor.type, std::vector<int64_t>(tensor.shape.size()), {}});
  for (const ScalarDeclaration &scalar : manifest.scalars)
    captures.numbers.push_back({scalar.name});
  ProblemDeclaration problem;
  problem.kind = reader.member("kind").string();
  if (auto mask = reader.optionalMember("mask")) {
    if (mask->isString())
      problem.mask = mask->string();
    else
      problem.maskProgram = readProgram(*mask, captures);
  }
  if (auto window = reader.optionalMember("window"))
    problem.window = window->integer(1, maxSize);
  if (auto scale = reader.optionalMember("scale"))
    problem.scale = scale->number();
  if (auto scale = reader.optionalMember("output_scale"))
    problem.outputScale = scale->number();
  if (auto exponent = reader.optionalMember("weight_exponent"))
    problem.weightExponent = exponent->integer(-16, 16);
  if (auto isFixed = reader.optionalMember("fixed_maximum"))
    problem.hasFixedMaximum = isFixed->integer(0, 1);
  if (auto keys = reader.optionalMember("summed_keys"))
    problem.summedKeys = keys->integer(1, maxSize);
  if (auto weightError = reader.optionalMember("weight_error")) {
    problem.weightError = weightError->number();
    if (!(problem.weightError >= 0 && problem.weightError < 1))
      weightError->fail("should be from 0 to below 1");
  }
  if (auto dropout = reader.optionalMember("dropout")) {
    problem.dropout = dropout->number();
    if (!(*problem.dropout >= 0 && *problem.dropout < 1))
      dropout->fail("should be from 0 to below 1");
    if (manifest.findTensor("dropout_state") < 0)
      dropout->fail("needs a tensor 'dropout_state'");
  }
  if (auto blocks = reader.optionalMember("blocks"))
    problem.blocks = readBlocks(*blocks, manifest);
  if (auto score = reader.optionalMember("score")) {
    problem.hasScore = true;
    if (!score->isNull() && !score->elements().empty())
      problem.score = readProgram(*score, captures);
  }
  if (auto sorted = reader.optionalMember("sorted"))
    for (const JsonReader &name : sorted->elements()) {
      if (manifest.findTensor(name.string()) < 0)
        name.fail("'" + name.string() + "' is not in tensors");
      problem.sorted.push_back(name.string());
    }
  return problem;
}

/// Reads a manifest member by member; names are resolved as they are read, so
/// sizes come before tensors and tensors before arguments.
class ManifestReader {
public:
  ManifestReader(const JsonReader &root, Manifest &manifest) : root(root), manifest(manifest) {}

  void read() {
    int64_t version = root.member("girih_manifest").integer(0, INT32_MAX);
    if (version < oldestVersion || version > newestVersion)
      root.member("girih_manifest")
          .fail("is version " + std::to_string(version) + " when this loader reads versions " +
                std::to_string(oldestVersion) + " to " + std::to_string(newestVersion));
    manifest.name = root.member("name").string();
    manifest.kernel = root.member("kernel").string();
    manifest.target = root.member("target").string();
    readFiles(root.member("files"));
    for (auto &[name, value] : root.member("sizes").members())
      manifest.sizes.push_back({name, value.isNull() ? std::nullopt : std::optional(value.integer(0, maxSize))});
    for (const JsonReader &tensor : root.member("tensors").elements())
      manifest.tensors.push_back(readTensor(tensor));
    if (auto scalars = root.optionalMember("scalars"))
      for (const JsonReader &scalar : scalars->elements())
        manifest.scalars.push_back(readScalar(scalar));
    manifest.problem = readProblem(root.member("problem"), manifest);
    readLaunch(root.member("launch"));
    for (const JsonReader &argument : root.member("arguments").elements())
      manifest.arguments.push_back(readArgument(argument));
    if (version > oldestVersion)
      for (const JsonReader &constraint : root.member("constraints").elements())
        manifest.constraints.push_back(readConstraint(constraint));
    readReportedFacts();
  }

private:
  void readFiles(const JsonReader &files) {
    if (auto cubin = files.optionalMember("cubin"))
      manifest.cubin = readFile(*cubin);
    if (auto ptx = files.optionalMember("ptx"))
      manifest.ptx = readFile(*ptx);
    if (!manifest.cubin && !manifest.ptx)
      files.fail("has neither 'cubin' nor 'ptx'");
  }

  Extent readExtent(const JsonReader &reader) const {
    if (!reader.isString())
      return {"", reader.integer(1, maxSize)};
    int index = manifest.findSize(reader.string());
    if (index < 0)
      reader.fail("'" + reader.string() + "' is not in sizes");
    return {reader.string(), 0, index};
  }

  TensorDeclaration readTensor(const JsonReader &reader) const {
    TensorDeclaration tensor;
    tensor.name = reader.member("name").string();
    if (manifest.findTensor(tensor.name) >= 0)
      reader.member("name").fail("'" + tensor.name + "' is there twice");
    JsonReader access = reader.member("access"), type = reader.member("dtype");
    if (access.string() != "read" && access.string() != "write")
      access.fail("is '" + access.string() + "' when it should be 'read' or 'write'");
    tensor.isOutput = access.string() == "write";
    auto elementType = parseElementType(type.string());
    if (!elementType)
      type.fail("is '" + type.string() +
                "' when it should be 'bf16', 'f16', 'f32', 'e4m3', 'e5m2', 'ue8m0', 'i8', 'i32' or 'i64'");
    tensor.type = *elementType;
    for (const JsonReader &extent : reader.member("shape").elements())
      tensor.shape.push_back(readExtent(extent));
    if (tensor.shape.empty())
      reader.member("shape").fail("is empty");
    readOrder(reader.member("order"), tensor);
    return tensor;
  }

  ScalarDeclaration readScalar(const JsonReader &reader) const {
    ScalarDeclaration scalar;
    scalar.name = reader.member("name").string();
    if (manifest.findScalar(scalar.name) >= 0)
      reader.member("name").fail("'" + scalar.name + "' is there twice");
    auto type = parseElementType(reader.member("dtype").string());
    if (type != ElementType::F32 && type != ElementType::I32)
      reader.member("dtype").fail("is '" + reader.member("dtype").string() + "' when it should be 'f32' or 'i32'");
    scalar.type = *type;
    return scalar;
  }

  /// `order` names the entries of `shape`; equal names stand for its dimensions
  /// from first to last.
  void readOrder(const JsonReader &reader, TensorDeclaration &tensor) const {
    for (const JsonReader &entry : reader.elements()) {
      Extent extent = readExtent(entry);
      int dim = 0, rank = int(tensor.shape.size());
      while (dim < rank && (tensor.shape[dim].size != extent.size || tensor.shape[dim].number != extent.number ||
                            std::count(tensor.order.begin(), tensor.order.end(), dim)))
        ++dim;
      if (dim == rank)
        entry.fail("is not a dimension that 'shape' still has");
      tensor.order.push_back(dim);
    }
    if (tensor.order.size() != tensor.shape.size())
      reader.fail("has " + std::to_string(tensor.order.size()) + " dimensions when 'shape' has " +
                  std::to_string(tensor.shape.size()));
    if (tensor.order.back() != int(tensor.shape.size()) - 1)
      reader.fail("should end with the last dimension of 'shape', which has stride 1");
  }

  void readLaunch(const JsonReader &reader) {
    LaunchDeclaration &launch = manifest.launch;
    launch.threads = int(reader.member("threads").integer(1, 1024));
    launch.cluster = int(reader.member("cluster").integer(1, 16));
    launch.sharedBytes = reader.member("shared_bytes").integer(0, 1 << 20);
    JsonReader grid = reader.member("grid");
    if (grid.string() != "flat" && grid.string() != "persistent")
      grid.fail("is '" + grid.string() + "' when it should be 'flat' or 'persistent'");
    launch.persistent = grid.string() == "persistent";
    if (auto ctas = reader.optionalMember("ctas"))
      launch.ctas = int(ctas->integer(1, 32));
    for (const JsonReader &dimension : reader.member("work").elements()) {
      launch.work.push_back({readExtent(dimension.member("size")), dimension.member("tile").integer(1, maxSize), {}});
      if (auto more = dimension.optionalMember("more"))
        launch.work.back().more = readExtent(*more);
    }
  }

  Argument readArgument(const JsonReader &reader) const {
    Argument argument;
    std::string kind = reader.member("kind").string();
    if (kind == "tensor_map") {
      argument.kind = Argument::Kind::TensorMap;
      argument.tensor = readTensorName(reader);
      readTensorMap(reader, argument);
    } else if (kind == "pointer") {
      argument.kind = Argument::Kind::Pointer;
      argument.tensor = readTensorName(reader);
    } else if (kind == "stride") {
      argument.kind = Argument::Kind::Stride;
      argument.tensor = readTensorName(reader);
      argument.dim = readDim(reader, argument.tensor);
    } else if (kind == "size") {
      argument.kind = Argument::Kind::Size;
      argument.size = readSizeName(reader);
    } else if (kind == "scalar") {
      argument.kind = Argument::Kind::Scalar;
      JsonReader name = reader.member("scalar");
      argument.scalar = manifest.findScalar(name.string());
      if (argument.scalar < 0)
        name.fail("'" + name.string() + "' is not in scalars");
    } else if (kind == "workspace") {
      argument.kind = Argument::Kind::Workspace;
      argument.bytes = reader.member("bytes").integer(1, maxSize);
    } else {
      reader.member("kind").fail("is '" + kind +
                                 "' when it should be 'tensor_map', 'pointer', 'stride', 'size', "
                                 "'scalar' or 'workspace'");
    }
    return argument;
  }

  int readTensorName(const JsonReader &reader) const {
    JsonReader name = reader.member("tensor");
    int tensor = manifest.findTensor(name.string());
    if (tensor < 0)
      name.fail("'" + name.string() + "' is not in tensors");
    return tensor;
  }

  int readSizeName(const JsonReader &reader) const {
    JsonReader name = reader.member("size");
    int size = manifest.findSize(name.string());
    if (size < 0)
      name.fail("'" + name.string() + "' is not in sizes");
    return size;
  }

  Constraint readConstraint(const JsonReader &reader) const {
    Constraint constraint;
    std::string kind = reader.member("kind").string();
    if (kind == "size") {
      constraint.size = readSizeName(reader);
    } else if (kind == "address") {
      constraint.kind = Constraint::Kind::Address;
      constraint.tensor = readTensorName(reader);
    } else if (kind == "stride") {
      constraint.kind = Constraint::Kind::Stride;
      constraint.tensor = readTensorName(reader);
      constraint.dim = readDim(reader, constraint.tensor);
    } else if (kind == "reach") {
      constraint.kind = Constraint::Kind::Reach;
      constraint.tensor = readTensorName(reader);
      constraint.dim = readDim(reader, constraint.tensor);
    } else if (kind == "work_items") {
      constraint.kind = Constraint::Kind::WorkItems;
    } else {
      reader.member("kind").fail("is '" + kind +
                                 "' when it should be 'size', 'address', 'stride', 'reach' or 'work_items'");
    }
    if (auto minimum = reader.optionalMember("minimum"))
      constraint.minimum = minimum->integer(0, INT64_MAX);
    if (auto maximum = reader.optionalMember("maximum"))
      constraint.maximum = maximum->integer(0, INT64_MAX);
    if (auto multiple = reader.optionalMember("multiple"))
      constraint.multiple = readExtent(*multiple);
    return constraint;
  }

  int readDim(const JsonReader &reader, int tensor) const {
    size_t rank = manifest.tensors[tensor].shape.size();
    return int(reader.member("dim").integer(0, int64_t(rank) - 1));
  }

  void readTensorMap(const JsonReader &reader, Argument &argument) const {
    JsonReader swizzle = reader.member("swizzle"), modes = reader.member("modes");
    argument.swizzle = int(swizzle.integer(0, 128));
    if (argument.swizzle % 32 != 0 || argument.swizzle == 96)
      swizzle.fail("is " + std::to_string(argument.swizzle) + " when it should be 0, 32, 64 or 128");
    for (const JsonReader &entry : modes.elements()) {
      TensorMapMode mode;
      if (auto bytes = entry.optionalMember("bytes"))
        mode.bytes = bytes->integer(1, maxSize);
      if (!mode.bytes || entry.optionalMember("dim"))
        mode.dim = readDim(entry, argument.tensor);
      if (auto extent = mode.dim < 0 ? entry.member("extent") : entry.optionalMember("extent"))
        mode.extent = extent->integer(1, maxSize);
      if (auto step = entry.optionalMember("step"))
        mode.step = step->integer(mode.bytes ? -1 : 1, maxSize);
      mode.box = entry.member("box").integer(1, 256);
      argument.modes.push_back(mode);
    }
    if (argument.modes.empty() || argument.modes.size() > 5)
      modes.fail("has " + std::to_string(argument.modes.size()) + " dimensions when a tensor map has 1 to 5");
  }

  /// What is only shown; a manifest without it is complete.
  void readReportedFacts() {
    if (auto schedule = root.optionalMember("schedule"); schedule && schedule->isString())
      manifest.schedule = schedule->string();
    if (auto assumes = root.optionalMember("assumes"))
      for (const JsonReader &name : assumes->elements())
        manifest.assumes.push_back(name.string());
    if (auto resources = root.optionalMember("resources")) {
      if (auto registers = resources->optionalMember("registers"))
        manifest.registers = int(registers->integer(0, 1 << 16));
      if (auto spill = resources->optionalMember("spill_bytes"))
        manifest.spillBytes = spill->integer(0, maxSize);
      if (auto roles = resources->optionalMember("roles"); roles && !roles->isNull())
        for (const JsonReader &role : roles->elements())
          manifest.roles.push_back({role.member("name").string(), int(role.member("warps").integer(1, 32))});
    }
  }

  const JsonReader &root;
  Manifest &manifest;
};

} // namespace

int Manifest::findTensor(const std::string &tensorName) const {
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == tensorName)
      return int(i);
  return -1;
}

int Manifest::findSize(const std::string &sizeName) const {
  for (size_t i = 0; i < sizes.size(); ++i)
    if (sizes[i].name == sizeName)
      return int(i);
  return -1;
}

int Manifest::findScalar(const std::string &scalarName) const {
  for (size_t i = 0; i < scalars.size(); ++i)
    if (scalars[i].name == scalarName)
      return int(i);
  return -1;
}

Manifest runtime::parseManifest(const std::string &text, const std::string &path) {
  Manifest manifest;
  manifest.path = path;
  std::string file = path.substr(path.find_last_of('/') + 1);
  JsonReader::Json json = JsonReader::parse(text, file);
  JsonReader root(json, file);
  ManifestReader(root, manifest).read();
  return manifest;
}

Manifest runtime::readManifest(const std::string &path) { return parseManifest(readWholeFile(path), path); }
