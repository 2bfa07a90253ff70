//===- Expectation.cpp - Checks of results against float64 ----------------===//
#include "../Numbers/Formats.h"
#include "Description.h"
#include "DescriptionNode.h"
#include "girih/Reference/Compare.h"

#include <algorithm>
#include <cmath>

namespace girih::sim {
namespace {

using namespace girih::reference;
using Node = DescriptionNode;
using Check = std::function<std::optional<Verdict>(const Launch &)>;

/// The buffer that a member names, which has to hold this many elements: the
/// product of the counts, of so many bytes each.
unsigned bufferOf(const Node &object, const char *name, const Launch &launch, std::initializer_list<int64_t> counts,
                  size_t elementBytes) {
  unsigned __int128 bytes = elementBytes;
  for (int64_t count : counts)
    bytes = std::min<unsigned __int128>(bytes * uint64_t(count), UINT64_MAX);
  Node member = object.at(name);
  unsigned index = member.buffer(launch);
  if (launch.buffers[index].bytes.size() < bytes)
    member.fail("buffer '" + launch.buffers[index].name + "' has " +
                std::to_string(launch.buffers[index].bytes.size()) + " bytes when " + std::to_string(uint64_t(bytes)) +
                " are needed");
  return index;
}

int64_t countOf(const Node &object, const char *name) { return object.at(name).integer<int64_t>(1, int64_t(1) << 32); }

ElementType typeOf(const Node &object, const char *member, ElementType otherwise) {
  constexpr std::pair<const char *, ElementType> types[] = {{"bf16", ElementType::BF16},
                                                            {"f16", ElementType::F16},
                                                            {"f32", ElementType::F32},
                                                            {"e4m3", ElementType::E4M3},
                                                            {"e5m2", ElementType::E5M2}};
  return object.has(member) ? object.at(member).choice(types) : otherwise;
}

std::optional<Verdict> toVerdict(const Comparison &comparison, const std::string &buffer) {
  if (comparison.passed())
    return std::nullopt;
  Verdict verdict;
  verdict.kind = VerdictKind::Mismatch;
  verdict.message = "'" + buffer + "': " + std::to_string(comparison.failedRows) + " rows are wrong, first " +
                    comparison.firstFailure;
  return verdict;
}

/// C [m, n] = A [m, k] times B; B is [k, n], or [n, k] with `b_transposed`.
Check expectGemm(const Node &object, const Launch &launch) {
  object.allowOnly({"kind", "a", "b", "c", "m", "n", "k", "dtype", "c_dtype", "b_transposed"});
  int64_t m = countOf(object, "m"), n = countOf(object, "n"), k = countOf(object, "k");
  ElementType in = typeOf(object, "dtype", ElementType::BF16), out = typeOf(object, "c_dtype", ElementType::F32);
  bool isTransposed = object.flag("b_transposed", false);
  unsigned a = bufferOf(object, "a", launch, {m, k}, elementBytes(in)),
           b = bufferOf(object, "b", launch, {n, k}, elementBytes(in)),
           c = bufferOf(object, "c", launch, {m, n}, elementBytes(out));
  return [=](const Launch &done) -> std::optional<Verdict> {
    const Buffer &bufferB = done.buffers[b];
    std::vector<uint8_t> turned = bufferB.bytes;
    if (isTransposed)
      for (int64_t row = 0; row < k; ++row)
        for (int64_t column = 0; column < n; ++column)
          storeElement(in, turned.data(), size_t(row * n + column),
                       loadElement(in, bufferB.bytes.data(), size_t(column * k + row)));
    std::vector<int64_t> rows(static_cast<size_t>(m));
    for (int64_t i = 0; i < m; ++i)
      rows[size_t(i)] = i;
    GemmResult result = gemm({done.buffers[a].bytes.data(), in, m, k, k}, {turned.data(), in, k, n, n}, out, rows);
    std::vector<double> actual(size_t(m * n));
    for (size_t i = 0; i < actual.size(); ++i)
      actual[i] = loadElement(out, done.buffers[c].bytes.data(), i);
    return toVerdict(compareGemm(rows, result, actual, k, in), done.buffers[c].name);
  };
}

/// O of attention forward over contiguous [b, h, s, d].
Check expectAttention(const Node &object, const Launch &launch) {
  object.allowOnly({"kind", "q", "k", "v", "o", "b", "h", "s", "d", "dtype", "scale", "mask"});
  int64_t b = countOf(object, "b"), h = countOf(object, "h"), s = countOf(object, "s"), d = countOf(object, "d");
  ElementType type = typeOf(object, "dtype", ElementType::BF16);
  double scale = object.at("scale").number();
  constexpr std::pair<const char *, bool> masks[] = {{"none", false}, {"causal", true}};
  bool isCausal = object.has("mask") && object.at("mask").choice(masks);
  auto tensor = [&](const char *name) { return bufferOf(object, name, launch, {b, h, s, d}, elementBytes(type)); };
  unsigned q = tensor("q"), k = tensor("k"), v = tensor("v"), o = tensor("o");
  return [=](const Launch &done) -> std::optional<Verdict> {
    auto view = [&](unsigned index) {
      TensorView made;
      made.data = done.buffers[index].bytes.data();
      made.type = type;
      made.shape = {b, h, s, d};
      made.strides = {h * s * d, s * d, d, 1};
      return made;
    };
    AttentionProblem problem;
    problem.q = view(q);
    problem.k = view(k);
    problem.v = view(v);
    problem.scale = scale;
    if (isCausal)
      problem.mask.kind = Mask::Kind::Causal;
    auto rows = sampleRows(problem, 4e9, 1);
    auto exact = attentionForward(problem, rows, Precision::Float64);
    auto yardstick = attentionForward(problem, rows, Precision::Kernel);
    std::vector<double> actual;
    for (const AttentionRow &row : rows)
      for (int64_t i = 0; i < d; ++i)
        actual.push_back(
            loadElement(type, done.buffers[o].bytes.data(), size_t(((row.b * h + row.h) * s + row.q) * d + i)));
    return toVerdict(compareOutput(problem, rows, exact, yardstick, actual), done.buffers[o].name);
  };
}

Verdict mismatch(const std::string &buffer, size_t row, size_t column, double found, double wanted) {
  Verdict verdict;
  verdict.kind = VerdictKind::Mismatch;
  verdict.message = "'" + buffer + "' row " + std::to_string(row) + " column " + std::to_string(column) + " is " +
                    std::to_string(found) + " when it should be " + std::to_string(wanted);
  return verdict;
}

/// C [m, n] bfloat16 = A [m, k] B [n, k]^T, both e4m3 with ue8m0 scales.
Check expectScaledGemm(const Node &object, const Launch &launch) {
  object.allowOnly({"kind", "a", "b", "c", "scales_a", "scales_b", "m", "n", "k"});
  int64_t rowsOfA = countOf(object, "m"), rowsOfB = countOf(object, "n"), depth = countOf(object, "k");
  auto blocks = [](int64_t count) { return (count + 127) / 128; };
  unsigned a = bufferOf(object, "a", launch, {rowsOfA, depth}, 1),
           b = bufferOf(object, "b", launch, {rowsOfB, depth}, 1),
           c = bufferOf(object, "c", launch, {rowsOfA, rowsOfB}, 2),
           scalesA = bufferOf(object, "scales_a", launch, {blocks(rowsOfA), blocks(depth)}, 512),
           scalesB = bufferOf(object, "scales_b", launch, {blocks(rowsOfB), blocks(depth)}, 512);
  size_t m = size_t(rowsOfA), n = size_t(rowsOfB), k = size_t(depth), steps = size_t(blocks(depth));
  return [=](const Launch &done) -> std::optional<Verdict> {
    auto read = [&](unsigned buffer, unsigned scales, size_t rows) {
      std::vector<double> values(rows * k);
      BlockScales blocksOfScales{done.buffers[scales].bytes.data(), int64_t(steps)};
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = decodeFloat(done.buffers[buffer].bytes[i], formatOf(Type::E4M3)) *
                    ue8m0ToFloat(blocksOfScales.at(int64_t(i / k), int64_t(i % k)));
      return values;
    };
    std::vector<double> rowsA = read(a, scalesA, m), rowsB = read(b, scalesB, n);
    for (size_t row = 0; row < m; ++row)
      for (size_t column = 0; column < n; ++column) {
        double sum = 0, magnitude = 0;
        for (size_t i = 0; i < k; ++i) {
          double product = rowsA[row * k + i] * rowsB[column * k + i];
          sum += product;
          magnitude += std::fabs(product);
        }
        double found = loadElement(ElementType::BF16, done.buffers[c].bytes.data(), row * n + column);
        // Rounded to bfloat16 once, after a sum in float32.
        double bound = std::fabs(sum) * 0x1p-8 + magnitude * double(k) * 0x1p-24;
        if (!(std::fabs(found - sum) <= bound))
          return mismatch(done.buffers[c].name, row, column, found, sum);
      }
    return std::nullopt;
  };
}

/// O [rows, d] = relu(scale Q K^T) V with P rounded to the type of V, in float.
Check expectReluAttention(const Node &object, const Launch &launch) {
  object.allowOnly({"kind", "q", "k", "v", "o", "rows", "keys", "d", "scale"});
  int64_t queries = countOf(object, "rows"), others = countOf(object, "keys"), depth = countOf(object, "d");
  unsigned q = bufferOf(object, "q", launch, {queries, depth}, 2),
           k = bufferOf(object, "k", launch, {others, depth}, 2), v = bufferOf(object, "v", launch, {others, depth}, 2),
           o = bufferOf(object, "o", launch, {queries, depth}, 4);
  size_t rows = size_t(queries), keys = size_t(others), d = size_t(depth);
  double scale = object.at("scale").number();
  return [=](const Launch &done) -> std::optional<Verdict> {
    auto at = [&](unsigned buffer, size_t i) {
      return double(loadElement(ElementType::BF16, done.buffers[buffer].bytes.data(), i));
    };
    for (size_t row = 0; row < rows; ++row) {
      std::vector<double> out(d, 0.0), magnitude(d, 0.0);
      for (size_t key = 0; key < keys; ++key) {
        double score = 0;
        for (size_t i = 0; i < d; ++i)
          score += at(q, row * d + i) * at(k, key * d + i);
        double weight = std::max(score, 0.0) * scale;
        for (size_t i = 0; i < d; ++i) {
          out[i] += weight * at(v, key * d + i);
          magnitude[i] += std::fabs(weight * at(v, key * d + i));
        }
      }
      for (size_t i = 0; i < d; ++i) {
        double found = loadElement(ElementType::F32, done.buffers[o].bytes.data(), row * d + i);
        // Each weight is rounded once, by half an ulp of bfloat16.
        double bound = magnitude[i] * (0x1p-8 + 0x1p-20);
        if (!(std::fabs(found - out[i]) <= bound)) {
          return mismatch("o", row, i, found, out[i]);
        }
      }
    }
    return std::nullopt;
  };
}

/// sums [rows] of in [rows, columns], and out = in - the row's mean, in float.
Check expectRowSums(const Node &object, const Launch &launch) {
  object.allowOnly({"kind", "in", "out", "sums", "rows", "columns"});
  int64_t height = countOf(object, "rows"), width = countOf(object, "columns");
  unsigned in = bufferOf(object, "in", launch, {height, width}, 4),
           out = bufferOf(object, "out", launch, {height, width}, 4),
           sums = bufferOf(object, "sums", launch, {height}, 4);
  size_t rows = size_t(height), columns = size_t(width);
  return [=](const Launch &done) -> std::optional<Verdict> {
    auto at = [&](unsigned buffer, size_t i) {
      return double(loadElement(ElementType::F32, done.buffers[buffer].bytes.data(), i));
    };
    for (size_t row = 0; row < rows; ++row) {
      double sum = 0, magnitude = 0;
      for (size_t i = 0; i < columns; ++i) {
        sum += at(in, row * columns + i);
        magnitude += std::fabs(at(in, row * columns + i));
      }
      // Each addition rounds by 2^-24 of what has been added so far.
      double bound = magnitude * double(columns) * 0x1p-24;
      if (!(std::fabs(at(sums, row) - sum) <= bound))
        return mismatch(done.buffers[sums].name, row, 0, at(sums, row), sum);
      for (size_t i = 0; i < columns; ++i) {
        double found = at(out, row * columns + i), wanted = at(in, row * columns + i) - sum / double(columns);
        if (!(std::fabs(found - wanted) <= bound / double(columns) + 0x1p-22))
          return mismatch(done.buffers[out].name, row, i, found, wanted);
      }
    }
    return std::nullopt;
  };
}

} // namespace

Check parseExpectations(const Node &node, const Launch &launch, const std::string &folder) {
  using Parse = Check (*)(const Node &, const Launch &);
  constexpr std::pair<const char *, Parse> kinds[] = {
      {"gemm", expectGemm},        {"scaled_gemm", expectScaledGemm},       {"attention.forward", expectAttention},
      {"row_sums", expectRowSums}, {"relu_attention", expectReluAttention}, {"file", nullptr}};
  std::vector<Check> checks;
  for (const Node &object : node.isList() ? node.list() : std::vector<Node>{node}) {
    Parse parse = object.at("kind").choice(kinds);
    checks.push_back(parse ? parse(object, launch) : parseFileExpectation(object, launch, folder));
  }
  return [checks = std::move(checks)](const Launch &done) -> std::optional<Verdict> {
    for (const Check &check : checks)
      if (auto verdict = check(done))
        return verdict;
    return std::nullopt;
  };
}

} // namespace girih::sim
