//===- Expectation.cpp - Checks of results against float64 ----------------===//
#include "../Numbers/Formats.h"
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

void needBytes(const Launch &launch, unsigned index, size_t bytes) {
  if (launch.buffers[index].bytes.size() < bytes)
    fail("buffer '" + launch.buffers[index].name + "' has " + std::to_string(launch.buffers[index].bytes.size()) +
         " bytes when " + std::to_string(bytes) + " are needed");
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
    needBytes(launch, index, size_t(count) * elementBytes(type));
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
    needBytes(launch, index, size_t(b * h * s * d) * elementBytes(type));
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

/// The scale of one row and one element of k: blocks of 512 bytes hold 128 rows
/// and 128 elements of k, laid out as the scale factors of tcgen05.mma are
/// (PTX ISA, "tcgen05.mma Scale Factor B Layout"): 32 rows of 16 bytes.
double scaleAt(const Buffer &buffer, size_t row, size_t k, size_t steps) {
  size_t block = row / 128 * steps + k / 128;
  uint8_t code = buffer.bytes[block * 512 + row % 32 * 16 + row % 128 / 32 * 4 + k % 128 / 32];
  return std::ldexp(1.0, int(code) - 127);
}

/// C [m, n] bfloat16 = A [m, k] B [n, k]^T, both e4m3 with ue8m0 scales.
auto expectScaledGemm(const json &object, const Launch &launch) {
  unsigned a = indexOf(launch, object.at("a")), b = indexOf(launch, object.at("b")),
           c = indexOf(launch, object.at("c")), scalesA = indexOf(launch, object.at("scales_a")),
           scalesB = indexOf(launch, object.at("scales_b"));
  size_t m = object.at("m"), n = object.at("n"), k = object.at("k"), steps = (k + 127) / 128;
  needBytes(launch, a, m * k), needBytes(launch, b, n * k), needBytes(launch, c, m * n * 2);
  needBytes(launch, scalesA, (m + 127) / 128 * steps * 512), needBytes(launch, scalesB, (n + 127) / 128 * steps * 512);
  return [=](const Launch &done) -> std::optional<Verdict> {
    auto read = [&](unsigned buffer, unsigned scales, size_t rows) {
      std::vector<double> values(rows * k);
      for (size_t i = 0; i < values.size(); ++i)
        values[i] = decodeFloat(done.buffers[buffer].bytes[i], formatOf(Type::E4M3)) *
                    scaleAt(done.buffers[scales], i / k, i % k, steps);
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
auto expectReluAttention(const json &object, const Launch &launch) {
  unsigned q = indexOf(launch, object.at("q")), k = indexOf(launch, object.at("k")),
           v = indexOf(launch, object.at("v")), o = indexOf(launch, object.at("o"));
  size_t rows = object.at("rows"), keys = object.at("keys"), d = object.at("d");
  double scale = object.at("scale");
  auto need = [&](unsigned index, size_t bytes) { needBytes(launch, index, bytes); };
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
          return mismatch("o", row, i, found, out[i]);
        }
      }
    }
    return std::nullopt;
  };
}

/// sums [rows] of in [rows, columns], and out = in - the row's mean, in float.
auto expectRowSums(const json &object, const Launch &launch) {
  unsigned in = indexOf(launch, object.at("in")), out = indexOf(launch, object.at("out")),
           sums = indexOf(launch, object.at("sums"));
  size_t rows = object.at("rows"), columns = object.at("columns");
  needBytes(launch, in, rows * columns * 4), needBytes(launch, out, rows * columns * 4);
  needBytes(launch, sums, rows * 4);
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

std::function<std::optional<Verdict>(const Launch &)> parseExpectation(const json &object, const Launch &launch) {
  std::string kind = object.value("kind", "");
  if (kind == "gemm")
    return expectGemm(object, launch);
  if (kind == "scaled_gemm")
    return expectScaledGemm(object, launch);
  if (kind == "attention.forward")
    return expectAttention(object, launch);
  if (kind == "row_sums")
    return expectRowSums(object, launch);
  if (kind == "relu_attention")
    return expectReluAttention(object, launch);
  fail("unknown kind '" + kind + "'");
}

} // namespace girih::sim
