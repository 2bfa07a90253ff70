//===- ManifestLaunch.cpp - A launch from a kernel manifest ---------------===//
#include "ManifestLaunch.h"

#include "girih/Runtime/TensorMap.h"
#include "girih/Runtime/Verify.h"

#include <algorithm>
#include <cstring>

namespace girih::sim {
namespace {

namespace rt = girih::runtime;

/// Everything that the check needs after the run.
struct Context {
  rt::Manifest manifest;
  rt::Binding binding;
  std::vector<rt::HostTensor> tensors;
  rt::DataOptions data;
};

template <class T> std::vector<uint8_t> bytesOf(T value) {
  std::vector<uint8_t> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

MapElement mapElementOf(ElementType type) {
  if (elementBytes(type) == 1)
    return MapElement::U8;
  return type == ElementType::BF16 ? MapElement::BF16 : type == ElementType::F16 ? MapElement::F16 : MapElement::F32;
}

TensorMapRecipe recipeOf(const rt::TensorMapFields &fields) {
  TensorMapRecipe recipe;
  recipe.element = mapElementOf(fields.type);
  recipe.rank = fields.rank;
  recipe.sizes = fields.extents;
  recipe.strides = fields.strides;
  recipe.box = fields.box;
  recipe.swizzle = fields.swizzle;
  return recipe;
}

/// What no rule is called is not assumed: it is judged.
void addAssumptions(Launch &launch, const rt::Manifest &manifest) {
  for (const auto &[name, rule] : assumptions())
    if (std::find(manifest.assumes.begin(), manifest.assumes.end(), name) != manifest.assumes.end())
      launch.assumes.push_back(rule);
}

void addArguments(Launch &launch, const rt::Binding &binding) {
  for (const rt::Argument &argument : binding.manifest->arguments) {
    Argument made;
    made.buffer = unsigned(argument.tensor);
    switch (argument.kind) {
    case rt::Argument::Kind::TensorMap:
      made.kind = Argument::Kind::TensorMap;
      made.map = recipeOf(rt::tensorMapFields(argument, binding));
      break;
    case rt::Argument::Kind::Pointer:
      made.kind = Argument::Kind::Pointer;
      break;
    case rt::Argument::Kind::Stride:
      made.bytes = bytesOf(binding.tensors[size_t(argument.tensor)].strides[size_t(argument.dim)]);
      break;
    case rt::Argument::Kind::Size:
      made.bytes = bytesOf(int32_t(binding.sizes[size_t(argument.size)]));
      break;
    case rt::Argument::Kind::Scalar: {
      size_t scalar = size_t(argument.scalar);
      made.bytes = bytesOf(rt::scalarBits(binding.manifest->scalars[scalar], binding.scalars[scalar]));
      break;
    }
    case rt::Argument::Kind::Workspace:
      made.kind = Argument::Kind::Pointer;
      made.buffer = unsigned(launch.buffers.size());
      launch.buffers.push_back({"workspace", std::vector<uint8_t>(size_t(argument.bytes), 0), false, "u8"});
      break;
    }
    launch.arguments.push_back(std::move(made));
  }
}

} // namespace

Launch makeManifestLaunch(const rt::Binding &binding, const std::vector<rt::HostTensor> &tensors,
                          uint32_t multiprocessors) {
  const rt::Manifest &manifest = *binding.manifest;
  Launch launch;
  launch.kernel = manifest.kernel;
  launch.multiprocessors = multiprocessors;
  launch.grid[0] = rt::computeGrid(binding, int(multiprocessors));
  launch.block[0] = uint32_t(manifest.launch.threads);
  launch.cluster[0] = uint32_t(manifest.launch.cluster);
  launch.dynamicSharedBytes = uint32_t(manifest.launch.sharedBytes);
  if (manifest.registers)
    launch.registersPerThread = uint32_t(*manifest.registers);
  for (size_t i = 0; i < tensors.size(); ++i)
    launch.buffers.push_back({manifest.tensors[i].name, tensors[i].bytes, !manifest.tensors[i].isOutput,
                              elementTypeName(manifest.tensors[i].type)});
  addArguments(launch, binding);
  launch.work = rt::workItems(binding);
  for (const rt::RoleDeclaration &role : manifest.roles)
    launch.roles.push_back({role.name, uint32_t(role.warps)});
  addAssumptions(launch, manifest);
  return launch;
}

LaunchTask readManifestLaunch(const std::string &path, const ManifestChoices &choices) {
  try {
    auto context = std::make_shared<Context>();
    context->manifest = rt::readManifest(path);
    const rt::Manifest &manifest = context->manifest;
    if (!manifest.ptx)
      throw Stop(VerdictKind::Syntax, path + ": names no PTX file");
    LaunchTask task;
    task.ptxPath = manifest.ptx->path;
    task.ptx = rt::readKernelFile(manifest, *manifest.ptx, "PTX");
    rt::LaunchChoices launchChoices{choices.sizes, choices.scalars, choices.layout, choices.pad};
    context->binding = rt::bindManifest(manifest, launchChoices);
    context->data.seed = choices.seed;
    if (auto pattern = rt::parseDataPattern(choices.data))
      context->data.pattern = *pattern;
    else
      throw Error("unknown data '" + choices.data + "'; there are random, equal, one_hot and minus_inf");
    context->tensors = rt::makeProblemData(context->binding, context->data);
    task.launch = makeManifestLaunch(context->binding, context->tensors, choices.multiprocessors);
    task.check = [context](const Launch &done) -> std::optional<Verdict> {
      std::vector<rt::HostTensor> results = context->tensors;
      for (size_t i = 0; i < results.size(); ++i)
        results[i].bytes = done.buffers[i].bytes;
      rt::Verdict found = rt::verifyProblem(context->binding, results, context->data);
      if (found.passed)
        return std::nullopt;
      Verdict verdict;
      verdict.kind = VerdictKind::Mismatch;
      verdict.message = found.failure;
      return verdict;
    };
    return task;
  } catch (const girih::Error &error) {
    throw Stop(VerdictKind::Syntax, error.what());
  }
}

} // namespace girih::sim
