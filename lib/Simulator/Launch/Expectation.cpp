//===- Expectation.cpp - Checks of results against float64 ----------------===//
#include "Description.h"
#include "girih/Reference/Compare.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace girih::sim {
namespace {

using nlohmann::json;
using namespace girih::reference;

[[noreturn]] void fail(const std::string &message) {
  throw Stop(VerdictKind::Syntax, "launch description: expect: " + message);
}

unsigned indexOf(const Launch &launch, const std::string &name) {
  for (unsigned i = 0; i < launch.buffers.size(); ++i)
    if (launch.buffers[i].name == name)
      return i;
  fail("no buffer '" + name + "'");
}

ElementType typeOf(const json &object, const char *member, const char *otherwise) {
  std::string name = object.value(member, otherwise);
  if (auto type = parseElementType(name))
    return *type;
  fail("unknown element type '" + name + "'");
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
auto expectGemm(const json &object, const Launch &launch) {
  unsigned a = indexOf(launch, object.at("a")), b = indexOf(launch, object.at("b")),
           c = indexOf(launch, object.at("c"));
  int64_t m = object.at("m"), n = object.at("n"), k = object.at("k");
  ElementType in = typeOf(object, "dtype", "bf16"), out = typeOf(object, "c_dtype", "f32");
  bool isTransposed = object.value("b_transposed", false);
  auto need = [&](unsigned index, int64_t count, ElementType type) {
    if (int64_t(launch.buffers[index].bytes.size()) < count * int64_t(elementBytes(type)))
      fail("buffer '" + launch.buffers[index].name + "' is too small");
  };
  need(a, m * k, in);
  need(b, n * k, in);
  need(c, m * n, out);
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
auto expectAttention(const json &object, const Launch &launch) {
  unsigned q = indexOf(launch, object.at("q")), k = indexOf(launch, object.at("k")),
           v = indexOf(launch, object.at("v")), o = indexOf(launch, object.at("o"));
  int64_t b = object.at("b"), h = object.at("h"), s = object.at("s"), d = object.at("d");
  ElementType type = typeOf(object, "dtype", "bf16");
  double scale = object.at("scale");
  bool isCausal = object.value("mask", "none") == "causal";
  for (unsigned index : {q, k, v, o})
    if (int64_t(launch.buffers[index].bytes.size()) < b * h * s * d * int64_t(elementBytes(type)))
      fail("buffer '" + launch.buffers[index].name + "' is too small");
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

/// O [rows, d] = relu(scale Q K^T) V with P rounded to the type of V, in float.
auto expectReluAttention(const json &object, const Launch &launch) {
  unsigned q = indexOf(launch, object.at("q")), k = indexOf(launch, object.at("k")),
           v = indexOf(launch, object.at("v")), o = indexOf(launch, object.at("o"));
  size_t rows = object.at("rows"), keys = object.at("keys"), d = object.at("d");
  double scale = object.at("scale");
  auto need = [&](unsigned index, size_t bytes) {
    if (launch.buffers[index].bytes.size() < bytes)
      fail("buffer '" + launch.buffers[index].name + "' is too small");
  };
  need(q, rows * d * 2), need(k, keys * d * 2), need(v, keys * d * 2), need(o, rows * d * 4);
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
          Verdict verdict;
          verdict.kind = VerdictKind::Mismatch;
          verdict.message = "'o' row " + std::to_string(row) + " column " + std::to_string(i) + " is " +
                            std::to_string(found) + " when it should be " + std::to_string(out[i]);
          return verdict;
        }
      }
    }
    return std::nullopt;
  };
}

} // namespace

std::function<std::optional<Verdict>(const Launch &)> parseExpectation(const json &object, const Launch &launch) {
  std::string kind = object.value("kind", "");
  if (kind == "gemm")
    return expectGemm(object, launch);
  if (kind == "attention.forward")
    return expectAttention(object, launch);
  if (kind == "relu_attention")
    return expectReluAttention(object, launch);
  fail("unknown kind '" + kind + "'");
}

} // namespace girih::sim
