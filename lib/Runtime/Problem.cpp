//===- Problem.cpp - Mask, work and name of a bound problem ---------------===//

#include "girih/Runtime/ProblemData.h"

using namespace girih;
using namespace girih::runtime;

reference::Mask runtime::problemMask(const Manifest &manifest, const reference::Captures &captures) {
  using Kind = reference::Mask::Kind;
  const ProblemDeclaration &problem = manifest.problem;
  if (!problem.maskProgram.empty())
    return {Kind::Program, 0, std::make_shared<reference::ScoreProgram>(problem.maskProgram, captures)};
  if (problem.mask == "none")
    return {};
  if (problem.mask == "causal")
    return {Kind::Causal};
  if (problem.mask == "causal_top_left")
    return {Kind::CausalTopLeft};
  if (problem.mask == "sliding_window") {
    if (problem.window <= 0)
      throw Error(manifest.path + ": problem.mask 'sliding_window' needs problem.window");
    return {Kind::SlidingWindow, problem.window};
  }
  throw Error(manifest.path + ": problem.mask '" + problem.mask +
              "' is not 'none', 'causal', 'causal_top_left' or 'sliding_window'");
}

/// What a problem captures, without data.
static reference::Captures declaredCaptures(const Binding &binding) { return runtime::capturesOf(binding, {}); }

double runtime::problemFlops(const Binding &binding, const reference::Captures &captures) {
  const Manifest &manifest = *binding.manifest;
  if (manifest.problem.kind == "gemm")
    return 2.0 * double(binding.size("m")) * double(binding.size("n")) * double(binding.size("k"));
  if (manifest.problem.kind != "attention.forward")
    return 0;
  int64_t queries = binding.size("sq"), keys = binding.size("skv");
  reference::Mask mask = problemMask(manifest, captures.tensors.empty() ? declaredCaptures(binding) : captures);
  int64_t batches = binding.size("b"), heads = binding.size("h");
  double pairs = double(batches) * double(heads) * double(queries) * double(keys);
  // The convention of the field, so that numbers compare with published ones:
  // the diagonal's half is not counted exactly.
  using Kind = reference::Mask::Kind;
  if (queries == keys && (mask.kind == Kind::Causal || mask.kind == Kind::CausalTopLeft))
    pairs /= 2;
  else if (mask.kind != Kind::None)
    pairs = double(mask.visiblePairs(queries, keys, batches, heads));
  double dims = double(2 * binding.layout("q").shape.back());
  return 2.0 * pairs * dims;
}

std::string runtime::describeProblem(const Binding &binding) {
  const Manifest &manifest = *binding.manifest;
  auto text = [&](const char *name) { return std::to_string(binding.size(name)); };
  if (manifest.problem.kind == "gemm")
    return "[" + text("m") + ", " + text("n") + ", " + text("k") + "] " +
           elementTypeName(manifest.tensors[binding.tensorIndex("a")].type);
  if (manifest.problem.kind != "attention.forward")
    return manifest.name;
  std::string heads = text("h"), length = text("sq");
  if (manifest.findSize("hkv") >= 0 && text("hkv") != heads)
    heads += "/" + text("hkv");
  if (text("skv") != length)
    length += "x" + text("skv");
  std::string shape = "[" + text("b") + ", " + heads + ", " + length + ", " + text("d") + "] " +
                      elementTypeName(manifest.tensors[binding.tensorIndex("q")].type);
  if (ElementType out = manifest.tensors[binding.tensorIndex("o")].type;
      out != manifest.tensors[binding.tensorIndex("q")].type)
    shape += std::string(" to ") + elementTypeName(out);
  if (!manifest.problem.maskProgram.empty())
    shape += " masked";
  else if (manifest.problem.mask != "none")
    shape += " " + manifest.problem.mask;
  if (manifest.problem.hasScore)
    shape += " with score";
  return shape;
}
