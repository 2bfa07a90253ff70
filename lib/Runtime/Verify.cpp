//===- Verify.cpp - Is what a kernel wrote right? -------------------------===//

#include "girih/Runtime/Verify.h"
#include "WriteScan.h"
#include "girih/Reference/Compare.h"
#include <cmath>

using namespace girih;
using namespace girih::runtime;
using namespace girih::reference;

namespace {

TensorView viewOf(const HostTensor &tensor) {
  TensorView view;
  view.data = tensor.bytes.data();
  view.type = tensor.type;
  view.shape.fill(1);
  for (size_t dim = 0; dim < tensor.layout.shape.size(); ++dim) {
    view.shape[dim] = tensor.layout.shape[dim];
    view.strides[dim] = tensor.layout.strides[dim];
  }
  return view;
}

void multiplyBy(std::vector<double> &factors, const std::vector<double> &others) {
  if (!others.empty())
    factors.resize(others.size(), 1);
  for (size_t i = 0; i < others.size(); ++i)
    factors[i] *= others[i];
}

/// The scales of groups of elements, if there are some, of as many rows as the tensor has or more.
std::optional<TensorView> scalesOf(const Binding &binding, const std::vector<HostTensor> &tensors, const char *name,
                                   const TensorView &scaled) {
  int index = binding.manifest->findTensor(name);
  if (index < 0)
    return std::nullopt;
  const HostTensor &scales = tensors[size_t(index)];
  std::vector<int64_t> least = {scaled.shape[0], scaled.shape[1], (scaled.shape[2] + 127) / 128 * 32, 16};
  const std::vector<int64_t> &shape = scales.layout.shape, &strides = scales.layout.strides;
  bool isWhole = scales.type == ElementType::UE8M0 && shape.size() == 4 && shape[0] == least[0] &&
                 shape[1] == least[1] && shape[2] >= least[2] && shape[3] == least[3] && strides[2] == 16 &&
                 strides[3] == 1 && scaled.shape[3] % scaleGroup == 0 && scaled.shape[3] <= 4 * scaleGroup;
  if (!isWhole)
    throw Error(binding.manifest->path + ": tensor '" + name + "' should be blocks of 512 bytes of ue8m0, " +
                std::to_string(least[2] / 32) + " or more for each head");
  return viewOf(scales);
}

AttentionProblem attentionProblem(const Binding &binding, const std::vector<HostTensor> &tensors) {
  for (const char *name : {"q", "k", "v", "o"})
    if (binding.layout(name).shape.size() != 4)
      throw Error(binding.manifest->path + ": tensor '" + name + "' has " +
                  std::to_string(binding.layout(name).shape.size()) + " dimensions when attention's have 4");
  AttentionProblem problem;
  problem.q = viewOf(tensors[binding.tensorIndex("q")]);
  problem.k = viewOf(tensors[binding.tensorIndex("k")]);
  problem.v = viewOf(tensors[binding.tensorIndex("v")]);
  problem.qScales = scalesOf(binding, tensors, queryScales, problem.q);
  problem.kScales = scalesOf(binding, tensors, keyScales, problem.k);
  problem.scale = binding.manifest->problem.scale;
  // Values whose keys are contiguous, seen as the others are.
  const TensorDeclaration &values = binding.manifest->tensors[binding.tensorIndex("v")];
  if (values.shape[3].size == "skv") {
    std::swap(problem.v.shape[2], problem.v.shape[3]);
    std::swap(problem.v.strides[2], problem.v.strides[3]);
  }
  problem.outputScale = binding.manifest->problem.outputScale;
  problem.outputType = binding.manifest->tensors[binding.tensorIndex("o")].type;
  problem.weightError = binding.manifest->problem.weightError;
  problem.hasFixedMaximum = binding.manifest->problem.hasFixedMaximum;
  problem.summedKeys = binding.manifest->problem.summedKeys;
  if (binding.manifest->problem.weightExponent) {
    problem.weightType = ElementType::E4M3;
    problem.weightExponent = *binding.manifest->problem.weightExponent;
  }
  reference::Captures captures = capturesOf(binding, tensors);
  problem.mask = problemMask(*binding.manifest, captures);
  if (int index = binding.manifest->findTensor("sinks"); index >= 0)
    for (int64_t h = 0; h < problem.q.shape[1]; ++h) {
      double head = double(h);
      problem.sinks.push_back(captures.tensors[size_t(index)].at(&head));
    }
  if (binding.manifest->problem.dropout)
    problem.dropout = dropoutOf(binding, tensors);
  if (hasPartial(binding))
    problem.partial = {viewOf(tensors[binding.tensorIndex(partialOutput)]),
                       viewOf(tensors[binding.tensorIndex(partialLse)])};
  if (hasSequences(*binding.manifest))
    problem.sequences = sequencesOf(binding, captures);
  for (auto [name, factors] :
       {std::pair("q_descale", &problem.scoreFactors), std::pair("k_descale", &problem.scoreFactors),
        std::pair("v_descale", &problem.outputFactors)})
    multiplyBy(*factors, descaleOf(captures, name, problem.countSequences(), problem.k.shape[1]));
  if (problem.k.shape[1] == 0 || problem.q.shape[1] % problem.k.shape[1] != 0)
    throw Error(binding.manifest->path + ": " + std::to_string(problem.q.shape[1]) +
                " heads of Q are not a multiple of " + std::to_string(problem.k.shape[1]) + " heads of K");
  return problem;
}

/// Which sequence has a row of the tensors.
class RowOwners {
public:
  explicit RowOwners(const AttentionProblem &problem) : length(problem.queries()) {
    owners.resize(size_t(problem.q.shape[0] * length), -1);
    for (int64_t b = 0; b < problem.countSequences(); ++b) {
      Sequence sequence = problem.sequence(b);
      for (int64_t q = 0; q < sequence.queries; ++q)
        owners[size_t(sequence.batch * length + sequence.firstQuery + q)] = b;
      starts.push_back(sequence.firstQuery);
    }
  }

  /// Beyond all sequences there is none.
  std::optional<AttentionRow> at(int64_t batch, int64_t head, int64_t position) const {
    int64_t owner = owners[size_t(batch * length + position)];
    if (owner < 0)
      return std::nullopt;
    return AttentionRow{owner, head, position - starts[size_t(owner)]};
  }

private:
  int64_t length;
  std::vector<int64_t> owners, starts;
};

/// Elements of O or LSE that may be NaN or infinite, by their place.
struct ExpectedNonFinite {
  std::optional<AttentionRow> nan;
  const AttentionProblem &problem;
  const RowOwners &owners;
  /// Whether a row that the mask shows keys to may still see none: a score
  /// function or the data can hide them.
  bool mayHideRows;

  bool operator()(const std::vector<int64_t> &index, float value) const {
    AttentionRow row = *owners.at(index[0], index[1], index[2]);
    if (nan && row == *nan)
      return std::isnan(value);
    bool isLogSumExp = index.size() == 3;
    Sequence sequence = problem.sequence(row.b);
    bool seesNothing = mayHideRows || problem.mask.visible(row, sequence.queries, sequence.keys).size() == 0;
    return isLogSumExp && seesNothing && value < 0 && std::isinf(value);
  }
};

/// Which elements of O or LSE belong to no sequence.
ElementLeft leftBy(const AttentionProblem &problem, const RowOwners &owners, const HostTensor &tensor) {
  if (problem.sequences.empty())
    return nullptr;
  int64_t columns = tensor.layout.shape.size() == 3 ? 1 : tensor.rowLength();
  return [&owners, columns, heads = problem.q.shape[1], length = problem.queries()](int64_t element) {
    int64_t row = element / columns;
    return !owners.at(row / length / heads, 0, row % length);
  };
}

std::vector<double> gatherRows(const AttentionProblem &problem, const HostTensor &tensor,
                               const std::vector<AttentionRow> &rows) {
  bool isLogSumExp = tensor.layout.shape.size() == 3;
  int64_t dim = isLogSumExp ? 1 : tensor.rowLength();
  const std::vector<int64_t> &strides = tensor.layout.strides;
  std::vector<double> values;
  for (const AttentionRow &row : rows) {
    Sequence sequence = problem.sequence(row.b);
    int64_t offset = sequence.batch * strides[0] + row.h * strides[1] + (sequence.firstQuery + row.q) * strides[2];
    for (int64_t i = 0; i < dim; ++i)
      values.push_back(tensor.load(offset + i));
  }
  return values;
}

void record(Verdict &verdict, const Comparison &comparison, const std::string &tensor) {
  if (!comparison.passed())
    verdict.fail(tensor + ": " + std::to_string(comparison.failedRows) + " of " + std::to_string(verdict.checkedRows) +
                 " checked rows are wrong, first " + comparison.firstFailure);
  verdict.worstShare = std::max(verdict.worstShare, comparison.worstShare);
}

void recordOutput(Verdict &verdict, const Comparison &comparison, const std::string &tensor) {
  record(verdict, comparison, tensor);
  verdict.maxDifference = comparison.maxDifference;
  verdict.maxYardstick = comparison.maxYardstick;
  verdict.relativeError = comparison.relativeError;
}

void verifyAttention(Verdict &verdict, const Binding &binding, const std::vector<HostTensor> &tensors,
                     const DataOptions &options, double multiplyAdds) {
  AttentionProblem problem = attentionProblem(binding, tensors);
  problem.exactScores = hasExactScores(options.pattern);
  bool mayHideRows = binding.manifest->problem.hasScore || options.pattern == DataPattern::MinusInf;
  RowOwners owners(problem);
  ExpectedNonFinite expected{std::nullopt, problem, owners, mayHideRows};
  std::vector<AttentionRow> always;
  if (options.injectNan) {
    expected.nan = nanRow(binding, problem.sequences);
    if (expected.nan->q < problem.sequence(expected.nan->b).queries)
      always.push_back(*expected.nan);
  }
  for (size_t i = 0; i < tensors.size(); ++i)
    if (binding.manifest->tensors[i].isOutput)
      scanWrites(verdict, binding.manifest->tensors[i].name, tensors[i], expected, leftBy(problem, owners, tensors[i]));
  const ProblemDeclaration &declared = binding.manifest->problem;
  if (declared.hasScore && declared.score.empty())
    return;
  if (declared.hasScore)
    problem.score.emplace(declared.score, capturesOf(binding, tensors));

  std::vector<AttentionRow> rows = sampleRows(problem, multiplyAdds, options.seed, always);
  AttentionResult exact = attentionForward(problem, rows, Precision::Float64);
  AttentionResult yardstick = attentionForward(problem, rows, Precision::Kernel);
  verdict.hasReference = true;
  verdict.checkedRows = int64_t(rows.size());
  for (int64_t b = 0; b < problem.countSequences(); ++b)
    verdict.rows += problem.q.shape[1] * problem.sequence(b).queries;
  const HostTensor &o = tensors[binding.tensorIndex("o")];
  recordOutput(verdict, compareOutput(problem, rows, exact, yardstick, gatherRows(problem, o, rows)), "o");
  if (int index = binding.manifest->findTensor("lse"); index >= 0) {
    Comparison comparison =
        compareLogSumExp(problem, rows, exact, yardstick, gatherRows(problem, tensors[index], rows));
    record(verdict, comparison, "lse");
    verdict.maxLogSumExpDifference = comparison.maxDifference;
  }
}

MatrixView matrixOf(const HostTensor &tensor) {
  return {tensor.bytes.data(), tensor.type, tensor.layout.shape[0], tensor.layout.shape[1], tensor.layout.strides[0]};
}

/// The operand with its scales, transposed if told to; `values` is what the result refers to.
MatrixView scaledMatrix(const Binding &binding, const std::vector<HostTensor> &tensors, const char *name,
                        const char *scaleName, bool transposed, std::vector<float> &values) {
  MatrixView operand = matrixOf(tensors[size_t(binding.tensorIndex(name))]);
  const HostTensor &scales = tensors[size_t(binding.tensorIndex(scaleName))];
  std::vector<int64_t> blocks = {(operand.rows + 127) / 128, (operand.columns + 127) / 128, 32, 16};
  if (scales.type != ElementType::UE8M0 || scales.layout.shape != blocks ||
      scales.layout.strides != std::vector<int64_t>{blocks[1] * 512, 512, 16, 1})
    throw Error(binding.manifest->path + ": " + scaleName + " must be contiguous ue8m0 [" + std::to_string(blocks[0]) +
                ", " + std::to_string(blocks[1]) + ", 32, 16] for the rows and columns of " + name);
  values = reference::scaled(operand, {reinterpret_cast<const uint8_t *>(scales.bytes.data()), blocks[1]}, transposed);
  int64_t rows = operand.rows, columns = operand.columns;
  if (transposed)
    std::swap(rows, columns);
  return {values.data(), ElementType::F32, rows, columns, columns};
}

void verifyGemm(Verdict &verdict, const Binding &binding, const std::vector<HostTensor> &tensors,
                const DataOptions &options, double multiplyAdds) {
  const HostTensor &a = tensors[binding.tensorIndex("a")];
  const HostTensor &b = tensors[binding.tensorIndex("b")];
  const HostTensor &c = tensors[binding.tensorIndex("c")];
  for (const HostTensor *tensor : {&a, &b, &c})
    if (tensor->layout.shape.size() != 2)
      throw Error(binding.manifest->path + ": a tensor of a gemm has " + std::to_string(tensor->layout.shape.size()) +
                  " dimensions when it should have 2");
  scanWrites(verdict, "c", c, [](const std::vector<int64_t> &, float) { return false; });
  MatrixView left = matrixOf(a), right = matrixOf(b);
  std::vector<float> leftValues, rightValues;
  if (binding.manifest->problem.kind == "scaled_gemm") {
    left = scaledMatrix(binding, tensors, "a", "scales_a", /*transposed=*/false, leftValues);
    right = scaledMatrix(binding, tensors, "b", "scales_b", /*transposed=*/true, rightValues);
  }
  int64_t n = right.columns, k = left.columns;
  std::vector<int64_t> rows = sampleGemmRows(a.layout.shape[0], n, k, multiplyAdds, options.seed);
  GemmResult result = gemm(left, right, c.type, rows);
  std::vector<double> actual;
  for (int64_t row : rows)
    for (int64_t column = 0; column < n; ++column)
      actual.push_back(c.load(row * c.layout.strides[0] + column));
  verdict.hasReference = true;
  verdict.checkedRows = int64_t(rows.size());
  verdict.rows = a.layout.shape[0];
  recordOutput(verdict, compareGemm(rows, result, actual, k, c.type), "c");
}

} // namespace

void Verdict::fail(const std::string &why) {
  if (passed)
    failure = why;
  passed = false;
}

Verdict runtime::verifyProblem(const Binding &binding, const std::vector<HostTensor> &tensors,
                               const DataOptions &options, double multiplyAdds) {
  Verdict verdict;
  const std::string &kind = binding.manifest->problem.kind;
  if (kind == "attention.forward") {
    verifyAttention(verdict, binding, tensors, options, multiplyAdds);
  } else if (binding.manifest->problem.isProduct()) {
    verifyGemm(verdict, binding, tensors, options, multiplyAdds);
  } else {
    for (size_t i = 0; i < tensors.size(); ++i)
      if (binding.manifest->tensors[i].isOutput)
        scanWrites(verdict, binding.manifest->tensors[i].name, tensors[i],
                   [](const std::vector<int64_t> &, float) { return true; });
  }
  return verdict;
}
