//===- ProblemData.cpp - The inputs that a kernel is checked with ---------===//

#include "girih/Runtime/ProblemData.h"
#include "BlockData.h"
#include "ScaleData.h"
#include "girih/Support/Parallel.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

using namespace girih;
using namespace girih::runtime;

namespace {

constexpr std::array<std::string_view, 4> patternNames{"random", "equal", "one_hot", "minus_inf"};

/// Writes element `column` of row `row`, which is a query or a key of a head.
void store(HostTensor &tensor, int64_t offset, float value) {
  storeElement(tensor.type, tensor.bytes.data(), size_t(offset), value);
}

/// Calls `fill` with the number of each row, its position in its sequence, and
/// the offset of its first element.
template <typename Fill> void forEachRow(const HostTensor &tensor, const Fill &fill) {
  int64_t length = tensor.layout.shape[2];
  parallelFor(tensor.rows(), [&](int64_t row) { fill(row, row % length, tensor.rowOffset(row)); });
}

std::vector<double> allDescales(const Binding &binding, const reference::Captures &captures, const char *name) {
  int tensor = binding.manifest->findTensor(name);
  int64_t sequences = tensor < 0 ? 1 : binding.tensors[size_t(tensor)].shape[0];
  return descaleOf(captures, name, sequences, binding.layout("k").shape[1]);
}

/// Elements of Q and K, powers of two, whose products add up to a scaled score
/// of `score` at most.
struct Magnitudes {
  Magnitudes(const Binding &binding, double score, const reference::Captures &captures) {
    for (const char *name : {"q_descale", "k_descale"})
      if (std::vector<double> descales = allDescales(binding, captures, name); !descales.empty())
        score /= std::ranges::max(descales);
    double products = score / (binding.manifest->problem.scale * double(binding.layout("q").shape.back()));
    int exponent = int(std::floor(std::log2(products)));
    q = std::ldexp(1.0f, exponent / 2);
    k = std::ldexp(1.0f, exponent - exponent / 2);
  }
  float q, k;
};

void fillEqual(const Binding &binding, HostTensor &q, HostTensor &k, const reference::Captures &captures) {
  Magnitudes magnitudes(binding, 0x1p16, captures);
  for (auto [tensor, value] : {std::pair(&q, magnitudes.q), std::pair(&k, magnitudes.k)})
    forEachRow(*tensor, [&, value = value](int64_t, int64_t, int64_t offset) {
      for (int64_t i = 0; i < tensor->rowLength(); ++i)
        store(*tensor, offset + i, value);
    });
}

/// The sign of element `i` of the key at `position`: a bit of a number that no
/// other key has.
bool keyBit(int64_t position, int64_t i) { return (uint32_t(position) * 0x9e3779b1u >> (i % 32)) & 1; }

/// A query has the signs of one key that it sees; any other key differs from it
/// in at least one bit of 32, which lowers the score by a sixteenth.
void fillOneHot(const Binding &binding, HostTensor &q, HostTensor &k, uint64_t seed,
                const reference::Captures &captures) {
  // Of 8 bits, numbers that e4m3 has.
  Magnitudes magnitudes(binding, isNarrow(q.type) ? 5e5 : 1e8, captures);
  forEachRow(k, [&](int64_t, int64_t position, int64_t offset) {
    for (int64_t i = 0; i < k.rowLength(); ++i)
      store(k, offset + i, keyBit(position, i) ? magnitudes.k : -magnitudes.k);
  });
  reference::Mask mask = problemMask(*binding.manifest, captures);
  std::vector<reference::Sequence> sequences = sequencesOf(binding, captures);
  int64_t heads = q.layout.shape[1];
  const std::vector<int64_t> &strides = q.layout.strides;
  parallelFor(int64_t(sequences.size()) * heads, [&](int64_t head) {
    const reference::Sequence &sequence = sequences[size_t(head / heads)];
    for (int64_t row = 0; row < sequence.queries; ++row) {
      reference::AttentionRow place{head / heads, head % heads, row};
      reference::KeyRange seen = mask.visible(place, sequence.queries, sequence.keys);
      int64_t count = std::max<int64_t>(seen.size(), 1);
      uint64_t number = uint64_t(head * q.layout.shape[2] + row);
      int64_t target = seen.begin + int64_t(scatter(seed ^ number) % uint64_t(count));
      while (target + 1 < seen.end && !mask.sees(place, target, sequence.queries, sequence.keys))
        ++target;
      int64_t at = sequence.batch * strides[0] + place.h * strides[1] + (sequence.firstQuery + row) * strides[2];
      for (int64_t i = 0; i < q.rowLength(); ++i)
        store(q, at + i, keyBit(sequence.firstKey + target, i) ? magnitudes.q : -magnitudes.q);
    }
  });
}

/// Element 0 is positive in every query and -inf in runs of keys, each longer
/// than a tile, from the last key on.
void fillMinusInf(HostTensor &q, HostTensor &k) {
  constexpr int64_t run = 160;
  forEachRow(q, [&](int64_t, int64_t, int64_t offset) { store(q, offset, std::fabs(q.load(offset)) + 0.5f); });
  int64_t keys = k.layout.shape[2];
  forEachRow(k, [&](int64_t, int64_t position, int64_t offset) {
    if ((keys - 1 - position) / run % 2 == 0)
      store(k, offset, -std::numeric_limits<float>::infinity());
  });
}

void storeNumber(HostTensor &tensor, int64_t index, int64_t value) {
  storeInteger(tensor.type, tensor.bytes.data(), size_t(index * tensor.layout.strides[0]), value);
}

/// The lengths that the user wants: each, or where each sequence starts.
HostTensor useLengths(const TensorLayout &layout, int64_t most, const std::vector<int64_t> &lengths, bool areStarts) {
  HostTensor tensor = poisonedTensor(layout, ElementType::I32);
  int64_t count = layout.shape[0] - areStarts, start = 0;
  for (int64_t n = 0; n < count; ++n) {
    int64_t length = lengths[size_t(n) % lengths.size()];
    if (length < 0 || start + length > most)
      throw Error("length " + std::to_string(n) + " of a sequence is " + std::to_string(length) +
                  " when it should be from 0 to " + std::to_string(most - start) + ", the rows that are left");
    storeNumber(tensor, n, areStarts ? start : length);
    start += areStarts ? length : 0;
  }
  if (areStarts)
    storeNumber(tensor, count, start);
  return tensor;
}

/// Nothing, one, all and whatever, some of them at the ends of tiles, in an order of the seed's.
HostTensor makeLengths(const TensorLayout &layout, int64_t most, uint64_t seed) {
  HostTensor tensor = randomIntegers(layout, ElementType::I32, seed, /*isSorted=*/false);
  for (int64_t b = 0; b < layout.shape[0]; ++b) {
    uint64_t random = scatter(seed + uint64_t(b));
    int64_t any = int64_t(random % uint64_t(most + 1)), tiles = any / 64 * 64;
    const int64_t choices[] = {any, most, tiles, 0, tiles + 1, any, 1, std::max<int64_t>(tiles - 1, 0)};
    storeNumber(tensor, b, std::min(choices[(uint64_t(b) + seed) % std::size(choices)], most));
  }
  return tensor;
}

/// Sequences of no, one, few and many rows one after another, which may leave some at the end.
HostTensor makeStarts(const TensorLayout &layout, int64_t most, uint64_t seed) {
  HostTensor tensor = randomIntegers(layout, ElementType::I32, seed, /*isSorted=*/false);
  int64_t count = layout.shape[0] - 1, start = 0, end = seed % 2 ? most : most - most / 20;
  for (int64_t n = 0; n <= count; ++n) {
    storeNumber(tensor, n, n == count ? end : start);
    uint64_t random = scatter(seed + uint64_t(n));
    int64_t any = int64_t(random % uint64_t(2 * end / std::max<int64_t>(count, 1) + 1)), tiles = any / 64 * 64;
    const int64_t choices[] = {any, tiles, 0, any, tiles + 1, 1, any, std::max<int64_t>(tiles - 1, 0)};
    start = std::min(start + choices[(uint64_t(n) + seed) % std::size(choices)], end);
  }
  return tensor;
}

/// The seed, and an offset that is made of it.
HostTensor makeDropoutState(const TensorLayout &layout, uint64_t seed) {
  HostTensor tensor = poisonedTensor(layout, ElementType::I32);
  uint64_t numbers[] = {seed, scatter(seed)};
  for (int64_t word = 0; word < layout.shape[0]; ++word)
    storeNumber(tensor, word, int32_t(numbers[word / 2 % 2] >> (word % 2 * 32)));
  return tensor;
}

/// Logarithms of sums as those of some keys are, much more, much less, and nothing beside any output.
void fillPartial(HostTensor &output, HostTensor &logSumExp, int64_t keys) {
  int64_t queries = logSumExp.rowLength();
  for (int64_t row = 0; row < output.rows(); ++row) {
    int64_t at = logSumExp.rowOffset(row / queries) + row % queries, first = output.rowOffset(row);
    constexpr float shifts[] = {0, 0, 40, -40};
    float own = float(logSumExp.load(at)) + std::log(float(keys)) + shifts[row % 7 % 4];
    store(logSumExp, at, row % 5 == 4 ? -std::numeric_limits<float>::infinity() : own);
    for (int64_t i = 0; row % 5 == 4 && i < output.rowLength(); ++i)
      store(output, first + i, std::nanf(""));
  }
}

/// From 0.5 to 2.
HostTensor makeDescales(const TensorLayout &layout, uint64_t seed) {
  HostTensor tensor = poisonedTensor(layout, ElementType::F32);
  for (int64_t row = 0; row < tensor.rows(); ++row)
    for (int64_t i = 0; i < tensor.rowLength(); ++i) {
      uint64_t random = scatter(seed ^ scatter(uint64_t(row * tensor.rowLength() + i)));
      store(tensor, tensor.rowOffset(row) + i, 0.5f + 1.5f * float(random % 1000) / 1000);
    }
  return tensor;
}

/// What no sequence has must not matter, not even as a zero weight's factor.
void spoilRest(HostTensor &tensor, const std::vector<reference::Sequence> &sequences, bool isQuery) {
  int64_t length = tensor.layout.shape[2], heads = tensor.layout.shape[1];
  std::vector<bool> isUsed(size_t(tensor.layout.shape[0] * length));
  for (const reference::Sequence &sequence : sequences)
    for (int64_t i = 0; i < (isQuery ? sequence.queries : sequence.keys); ++i)
      isUsed[size_t(sequence.batch * length + (isQuery ? sequence.firstQuery : sequence.firstKey) + i)] = true;
  forEachRow(tensor, [&](int64_t row, int64_t position, int64_t offset) {
    if (!isUsed[size_t(row / length / heads * length + position)])
      for (int64_t i = 0; i < tensor.rowLength(); ++i)
        store(tensor, offset + i, std::nanf(""));
  });
}

void fillPattern(const Binding &binding, const DataOptions &options, HostTensor &q, HostTensor &k,
                 const reference::Captures &captures) {
  switch (options.pattern) {
  case DataPattern::Random:
    return;
  case DataPattern::Equal:
    return fillEqual(binding, q, k, captures);
  case DataPattern::OneHot:
    return fillOneHot(binding, q, k, options.seed, captures);
  case DataPattern::MinusInf:
    return fillMinusInf(q, k);
  }
}

} // namespace

std::optional<DataPattern> runtime::parseDataPattern(std::string_view name) {
  for (size_t i = 0; i < patternNames.size(); ++i)
    if (patternNames[i] == name)
      return DataPattern(i);
  return std::nullopt;
}

std::string_view runtime::dataPatternName(DataPattern pattern) { return patternNames[size_t(pattern)]; }

bool runtime::hasExactScores(DataPattern pattern) {
  return pattern == DataPattern::Equal || pattern == DataPattern::OneHot;
}

reference::AttentionRow runtime::nanRow(const Binding &binding, const std::vector<reference::Sequence> &sequences) {
  const std::vector<int64_t> &shape = binding.layout("q").shape;
  if (sequences.empty())
    return {shape[0] / 2, shape[1] / 2, shape[2] * 2 / 3};
  size_t b = sequences.size() / 2;
  return {int64_t(b), shape[1] / 2, sequences[b].queries * 2 / 3};
}

std::vector<HostTensor> runtime::makeProblemData(const Binding &binding, const DataOptions &options) {
  const Manifest &manifest = *binding.manifest;
  std::vector<HostTensor> tensors;
  for (size_t i = 0; i < manifest.tensors.size(); ++i) {
    const TensorDeclaration &declared = manifest.tensors[i];
    if (declared.isOutput) {
      tensors.push_back(poisonedTensor(binding.tensors[i], declared.type));
      continue;
    }
    bool isStarts = declared.name == queryStarts || declared.name == keyStarts;
    if (isStarts || declared.name == queryLengths || declared.name == keyLengths) {
      int64_t most = binding.layout(declared.name.starts_with("query") ? "q" : "k").shape[2];
      uint64_t seed = scatter(options.seed) + uint64_t(i);
      tensors.push_back(!options.lengths.empty() ? useLengths(binding.tensors[i], most, options.lengths, isStarts)
                        : isStarts               ? makeStarts(binding.tensors[i], most, seed)
                                                 : makeLengths(binding.tensors[i], most, seed));
      continue;
    }
    if (declared.name == dropoutState) {
      tensors.push_back(makeDropoutState(binding.tensors[i], options.seed));
      continue;
    }
    if (isInteger(declared.type)) {
      bool isSorted = std::ranges::count(manifest.problem.sorted, declared.name) > 0;
      tensors.push_back(
          randomIntegers(binding.tensors[i], declared.type, scatter(options.seed) + uint64_t(i), isSorted));
      continue;
    }
    if (declared.name == "q_descale" || declared.name == "k_descale" || declared.name == "v_descale") {
      tensors.push_back(makeDescales(binding.tensors[i], scatter(options.seed) + uint64_t(i)));
      continue;
    }
    bool scaled = declared.name == "q" && options.pattern == DataPattern::Random;
    tensors.push_back(randomTensor(binding.tensors[i], declared.type, scatter(options.seed) + uint64_t(i),
                                   scaled ? float(options.scoreScale) : 1.0f));
  }
  if (!options.lengths.empty() && !hasSequences(manifest))
    throw Error(manifest.path + ": the kernel's sequences have no lengths of their own");
  if (manifest.problem.kind != "attention.forward") {
    if (options.injectNan)
      throw Error("a NaN can be put only into the Q of an attention problem");
    if (options.pattern != DataPattern::Random)
      throw Error("data '" + std::string(dataPatternName(options.pattern)) + "' needs an attention problem");
    return tensors;
  }
  HostTensor &q = tensors[binding.tensorIndex("q")];
  if (q.bytes.empty())
    return tensors;
  HostTensor &k = tensors[binding.tensorIndex("k")];
  if (hasPartial(binding))
    fillPartial(tensors[size_t(binding.tensorIndex(partialOutput))], tensors[size_t(binding.tensorIndex(partialLse))],
                k.layout.shape[2]);
  if (manifest.problem.blocks)
    fillBlocks(binding, tensors, options.seed);
  fillScales(binding, tensors, scatter(options.seed), options.pattern != DataPattern::Random);
  fillPattern(binding, options, q, k, capturesOf(binding, tensors));
  std::vector<reference::Sequence> sequences = sequencesOf(binding, capturesOf(binding, tensors));
  if (hasSequences(manifest)) {
    spoilRest(q, sequences, /*isQuery=*/true);
    spoilRest(k, sequences, /*isQuery=*/false);
    // Values whose keys are inside have no keys beyond a sequence: their lengths are refused.
    int v = binding.tensorIndex("v");
    if (manifest.tensors[size_t(v)].shape[2].size == "skv")
      spoilRest(tensors[size_t(v)], sequences, /*isQuery=*/false);
  }
  if (options.injectNan && !sequences.empty()) {
    reference::AttentionRow row = nanRow(binding, sequences);
    const reference::Sequence &sequence = sequences[size_t(row.b)];
    const std::vector<int64_t> &strides = q.layout.strides;
    if (row.q < sequence.queries)
      store(q, sequence.batch * strides[0] + row.h * strides[1] + (sequence.firstQuery + row.q) * strides[2],
            std::nanf(""));
  }
  return tensors;
}

std::vector<double> runtime::descaleOf(const reference::Captures &captures, const std::string &name, int64_t sequences,
                                       int64_t keyHeads) {
  std::vector<double> factors;
  for (const auto &number : captures.numbers)
    if (number.name == name)
      factors.assign(size_t(sequences * keyHeads), number.value);
  for (const auto &tensor : captures.tensors)
    if (tensor.name == name)
      for (int64_t i = 0; i < sequences * keyHeads; ++i) {
        double place[] = {double(i / keyHeads), double(i % keyHeads)};
        factors.push_back(tensor.at(place));
      }
  return factors;
}

bool runtime::hasPartial(const Binding &binding) {
  if (binding.manifest->findTensor(partialOutput) < 0 && binding.manifest->findTensor(partialLse) < 0)
    return false;
  std::vector<int64_t> shape = binding.layout("o").shape;
  for (const char *name : {partialOutput, partialLse}) {
    if (binding.layout(name).shape != shape)
      throw Error(binding.manifest->path + ": tensor '" + name + "' should have the sizes of 'o'" +
                  (shape.size() == 3 ? ", but the last" : ""));
    shape.pop_back();
  }
  return true;
}

reference::Dropout runtime::dropoutOf(const Binding &binding, const std::vector<HostTensor> &tensors) {
  int index = binding.tensorIndex(dropoutState);
  const TensorLayout &layout = binding.tensors[size_t(index)];
  if (layout.shape != std::vector<int64_t>{kDropoutStateWords} ||
      binding.manifest->tensors[size_t(index)].type != ElementType::I32)
    throw Error(binding.manifest->path + ": tensor 'dropout_state' should have " + std::to_string(kDropoutStateWords) +
                " elements of i32");
  auto word = [&](int64_t number) {
    const void *data = tensors[size_t(index)].bytes.data();
    return uint64_t(uint32_t(loadInteger(ElementType::I32, data, size_t(number * layout.strides[0]))));
  };
  return {word(0) | word(1) << 32, word(2) | word(3) << 32, dropoutThreshold(*binding.manifest->problem.dropout)};
}

reference::Captures runtime::capturesOf(const Binding &binding, const std::vector<HostTensor> &tensors) {
  const Manifest &manifest = *binding.manifest;
  reference::Captures captures;
  for (size_t i = 0; i < manifest.tensors.size(); ++i) {
    const TensorLayout &layout = binding.tensors[i];
    captures.tensors.push_back({manifest.tensors[i].name, manifest.tensors[i].type, layout.shape, layout.strides,
                                tensors.empty() ? nullptr : tensors[i].bytes.data()});
  }
  for (size_t i = 0; i < manifest.scalars.size(); ++i)
    captures.numbers.push_back({manifest.scalars[i].name, binding.scalars[i]});
  return captures;
}

double runtime::problemFlops(const Binding &binding, const DataOptions &options) {
  // Only a mask, lists and lengths ask for data.
  bool looksUp = std::ranges::any_of(binding.manifest->problem.maskProgram,
                                     [](const std::string &word) { return word.starts_with('@'); });
  if (!looksUp && !binding.manifest->problem.blocks && !hasSequences(*binding.manifest))
    return problemFlops(binding);
  std::vector<HostTensor> tensors = makeProblemData(binding, options);
  return problemFlops(binding, capturesOf(binding, tensors));
}
