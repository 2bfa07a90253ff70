//===- Problem.cpp - Mask, work and name of a bound problem ---------------===//

#include "girih/Runtime/ProblemData.h"
#include <algorithm>

using namespace girih;
using namespace girih::runtime;

/// The lists of blocks, if there are some and they have data.
static std::shared_ptr<const reference::BlockLists> blocksOf(const Manifest &manifest,
                                                             const reference::Captures &captures) {
  if (!manifest.problem.blocks || captures.tensors.empty())
    return nullptr;
  auto tensor = [&](const char *name) { return captures.tensors[size_t(manifest.findTensor(name))]; };
  auto lists = std::make_shared<reference::BlockLists>();
  lists->queryBlock = (*manifest.problem.blocks)[0];
  lists->keyBlock = (*manifest.problem.blocks)[1];
  lists->keys = tensor("k").shape[2];
  lists->masked = {tensor(blockCounts), tensor(blockIndices)};
  if (manifest.findTensor(fullBlockCounts) >= 0)
    lists->full = {tensor(fullBlockCounts), tensor(fullBlockIndices)};
  return lists->hasData() ? lists : nullptr;
}

static reference::Mask maskAlone(const Manifest &manifest, const reference::Captures &captures) {
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

reference::Mask runtime::problemMask(const Manifest &manifest, const reference::Captures &captures) {
  reference::Mask mask = maskAlone(manifest, captures);
  mask.blocks = blocksOf(manifest, captures);
  return mask;
}

/// What a problem captures, without data.
static reference::Captures declaredCaptures(const Binding &binding) { return runtime::capturesOf(binding, {}); }

bool runtime::hasSequences(const Manifest &manifest) {
  return manifest.findTensor(queryLengths) >= 0 || manifest.findTensor(keyLengths) >= 0 || isPacked(manifest);
}

bool runtime::isPacked(const Manifest &manifest) { return manifest.findTensor(queryStarts) >= 0; }

std::vector<reference::Sequence> runtime::sequencesOf(const Binding &binding, const reference::Captures &tensors) {
  auto tensorOf = [&](const char *name) -> const reference::CapturedTensor * {
    int index = binding.manifest->findTensor(name);
    return index >= 0 && tensors.tensors[size_t(index)].data ? &tensors.tensors[size_t(index)] : nullptr;
  };
  auto numberOf = [](const reference::CapturedTensor *numbers, int64_t n, int64_t most) {
    double index = double(n);
    return numbers ? std::clamp<int64_t>(int64_t(numbers->at(&index)), 0, most) : most;
  };
  struct Range {
    int64_t begin, count;
  };
  auto rangeOf = [&](const char *starts, const char *lengths, int64_t n, int64_t most) {
    Range range{0, most};
    if (const reference::CapturedTensor *numbers = tensorOf(starts)) {
      range.begin = numberOf(numbers, n, most);
      range.count = std::max<int64_t>(numberOf(numbers, n + 1, most) - range.begin, 0);
    }
    range.count = numberOf(tensorOf(lengths), n, range.count);
    return range;
  };
  bool packed = tensorOf(queryStarts) && tensorOf(keyStarts);
  int64_t count = packed ? binding.layout(queryStarts).shape[0] - 1 : binding.layout("q").shape[0];
  std::vector<reference::Sequence> sequences;
  for (int64_t n = 0; n < count; ++n) {
    Range queries = rangeOf(queryStarts, queryLengths, n, binding.layout("q").shape[2]);
    Range keys = rangeOf(keyStarts, keyLengths, n, binding.layout("k").shape[2]);
    sequences.push_back({packed ? 0 : n, queries.begin, queries.count, keys.begin, keys.count});
  }
  return sequences;
}

double runtime::problemFlops(const Binding &binding, const reference::Captures &captures) {
  const Manifest &manifest = *binding.manifest;
  if (manifest.problem.isProduct())
    return 2.0 * double(binding.size("m")) * double(binding.size("n")) * double(binding.size("k"));
  if (manifest.problem.kind != "attention.forward")
    return 0;
  const reference::Captures &known = captures.tensors.empty() ? declaredCaptures(binding) : captures;
  reference::Mask mask = problemMask(manifest, known);
  int64_t heads = binding.size("h");
  // The convention of the field, so that numbers compare with published ones:
  // the diagonal's half is not counted exactly.
  using Kind = reference::Mask::Kind;
  auto pairsOf = [&](int64_t queries, int64_t keys, int64_t batches, int64_t first) {
    if (!mask.blocks && queries == keys && (mask.kind == Kind::Causal || mask.kind == Kind::CausalTopLeft))
      return double(batches) * double(heads) * double(queries) * double(keys) / 2;
    return double(mask.visiblePairs(queries, keys, batches, heads, first));
  };
  double pairs = 0;
  if (!hasSequences(manifest))
    pairs = pairsOf(binding.size("sq"), binding.size("skv"), binding.size("b"), 0);
  else {
    std::vector<reference::Sequence> sequences = sequencesOf(binding, known);
    for (size_t n = 0; n < sequences.size(); ++n)
      pairs += pairsOf(sequences[n].queries, sequences[n].keys, 1, int64_t(n));
  }
  double dims = double(binding.layout("q").shape.back() + binding.layout("o").shape.back());
  return 2.0 * pairs * dims;
}

std::string runtime::describeProblem(const Binding &binding) {
  const Manifest &manifest = *binding.manifest;
  auto text = [&](const char *name) { return std::to_string(binding.size(name)); };
  if (manifest.problem.isProduct())
    return "[" + text("m") + ", " + text("n") + ", " + text("k") + "] " +
           elementTypeName(manifest.tensors[binding.tensorIndex("a")].type);
  if (manifest.problem.kind != "attention.forward")
    return manifest.name;
  std::string heads = text("h"), length = text("sq");
  if (manifest.findSize("hkv") >= 0 && text("hkv") != heads)
    heads += "/" + text("hkv");
  if (text("skv") != length)
    length += "x" + text("skv");
  std::string size = text("d");
  if (manifest.findSize("dv") >= 0)
    size += "/" + text("dv");
  std::string shape = "[" + text("b") + ", " + heads + ", " + length + ", " + size + "] " +
                      elementTypeName(manifest.tensors[binding.tensorIndex("q")].type);
  if (ElementType out = manifest.tensors[binding.tensorIndex("o")].type;
      out != manifest.tensors[binding.tensorIndex("q")].type)
    shape += std::string(" to ") + elementTypeName(out);
  if (!manifest.problem.maskProgram.empty())
    shape += " masked";
  else if (manifest.problem.mask != "none")
    shape += " " + manifest.problem.mask;
  if (manifest.problem.blocks)
    shape += " of listed blocks";
  if (manifest.problem.hasScore)
    shape += " with score";
  if (hasSequences(manifest))
    shape += isPacked(manifest) ? " packed" : " of own lengths";
  return shape;
}
