//===- VerifyTest.cpp - Mistakes that the judgement must see --------------===//

#include "girih/Runtime/Verify.h"
#include "TestManifest.h"
#include <cmath>

using namespace girih;
using namespace girih::runtime;
using namespace girih::runtime::test;

namespace {

/// A right result, made with the reference, for tests to damage.
class VerifyTest : public testing::Test {
protected:
  void make(const std::string &mask, int64_t sq, int64_t skv, int64_t pad = 0, bool hasLengths = false) {
    manifest = parseManifest(attentionText(), "attention.json");
    if (hasLengths)
      for (const char *name : {queryLengths, keyLengths})
        manifest.tensors.push_back({name, false, ElementType::I32, {{"b", 0, manifest.findSize("b")}}, {0}});
    manifest.problem.mask = mask;
    LaunchChoices choices;
    choices.sizes = {{"sq", sq}, {"skv", skv}};
    choices.pad = pad;
    binding = bindManifest(manifest, choices);
    tensors = makeProblemData(binding, options);
    reference::AttentionProblem problem;
    auto view = [&](int i) {
      const TensorLayout &at = tensors[size_t(i)].layout;
      return reference::TensorView{tensors[size_t(i)].bytes.data(),
                                   ElementType::BF16,
                                   {at.shape[0], at.shape[1], at.shape[2], at.shape[3]},
                                   {at.strides[0], at.strides[1], at.strides[2], 1}};
    };
    problem.q = view(0);
    problem.k = view(1);
    problem.v = view(2);
    problem.scale = manifest.problem.scale;
    problem.mask = problemMask(manifest);
    if (hasLengths)
      problem.sequences = sequencesOf(binding, capturesOf(binding, tensors));
    auto rows = reference::sampleRows(problem, 1e18, 1);
    auto result = reference::attentionForward(problem, rows, reference::Precision::Kernel);
    for (size_t r = 0; r < rows.size(); ++r) {
      for (int64_t i = 0; i < 128; ++i)
        store(3, offset(3, rows[r]) + i, float(result.output[r * 128 + size_t(i)]));
      store(4, offset(4, rows[r]), float(result.logSumExp[r]));
    }
  }

  int64_t offset(size_t tensor, const reference::AttentionRow &row) const {
    const std::vector<int64_t> &strides = tensors[tensor].layout.strides;
    return row.b * strides[0] + row.h * strides[1] + row.q * strides[2];
  }

  void store(size_t tensor, int64_t at, float value) {
    storeElement(tensors[tensor].type, tensors[tensor].bytes.data(), size_t(at), value);
  }

  Verdict verify() { return verifyProblem(binding, tensors, options); }

  Manifest manifest;
  Binding binding;
  DataOptions options;
  std::vector<HostTensor> tensors;
};

bool contains(const std::string &text, const std::string &part) { return text.find(part) != std::string::npos; }

} // namespace

TEST_F(VerifyTest, right_result_passes) {
  make("none", 70, 90);
  Verdict verdict = verify();
  EXPECT_TRUE(verdict.passed) << verdict.failure;
  EXPECT_TRUE(verdict.hasReference);
  EXPECT_EQ(2 * 4 * 70, verdict.checkedRows);
  EXPECT_LT(verdict.worstShare, 1);
  EXPECT_GT(verdict.maxDifference, 0);
}

TEST_F(VerifyTest, rows_that_see_nothing_are_minus_infinity) {
  make("causal", 90, 70);
  EXPECT_TRUE(verify().passed) << verify().failure;
  store(4, offset(4, {0, 0, 3}), 0);
  EXPECT_TRUE(contains(verify().failure, "lse: 1 of 720 checked rows are wrong, first b=0 h=0 q=3"))
      << verify().failure;
}

TEST_F(VerifyTest, rows_beyond_a_sequence_stay_as_they_were) {
  // Of both sequences some rows are beyond, and of one some keys.
  for (uint64_t seed = 1;; ++seed) {
    options.seed = seed;
    make("causal", 90, 70, 0, /*hasLengths=*/true);
    auto sequences = sequencesOf(binding, capturesOf(binding, tensors));
    if (sequences[0].queries > 3 && sequences[0].queries < 90 && sequences[1].queries < 90 && sequences[0].keys < 70)
      break;
  }
  auto sequences = sequencesOf(binding, capturesOf(binding, tensors));
  EXPECT_TRUE(std::isnan(tensors[1].load(offset(1, {0, 0, sequences[0].keys}))));
  Verdict verdict = verify();
  EXPECT_TRUE(verdict.passed) << verdict.failure;
  EXPECT_EQ(4 * (sequences[0].queries + sequences[1].queries), verdict.checkedRows);
  EXPECT_EQ(verdict.rows, verdict.checkedRows);
  std::vector<HostTensor> right = tensors;
  store(3, offset(3, {0, 1, 89}) + 7, 0);
  EXPECT_EQ("o: 1 of 92160 elements were written, beyond their sequences, first [0, 1, 89, 7]", verify().failure);
  tensors = right;
  store(4, offset(4, {0, 1, sequences[0].queries}), 0);
  EXPECT_TRUE(contains(verify().failure, "lse: 1 of 720 elements were written, beyond their sequences, first [0, 1, "))
      << verify().failure;
}

TEST_F(VerifyTest, operations_are_those_of_the_sequences) {
  make("none", 90, 70, 0, /*hasLengths=*/true);
  double pairs = 0;
  for (const reference::Sequence &sequence : sequencesOf(binding, capturesOf(binding, tensors)))
    pairs += 4.0 * double(sequence.queries * sequence.keys);
  EXPECT_EQ(2 * pairs * 256, problemFlops(binding, options));
}

TEST_F(VerifyTest, lengths_are_as_long_as_can_be) {
  make("none", 90, 70, 0, /*hasLengths=*/true);
  int32_t odd[] = {-5, 1000};
  std::memcpy(tensors[5].bytes.data(), odd, sizeof odd);
  auto sequences = sequencesOf(binding, capturesOf(binding, tensors));
  EXPECT_EQ(0, sequences[0].queries);
  EXPECT_EQ(90, sequences[1].queries);
}

TEST_F(VerifyTest, score_function_without_a_program_is_not_compared) {
  make("none", 70, 90);
  manifest.problem.hasScore = true;
  Verdict verdict = verify();
  EXPECT_TRUE(verdict.passed && !verdict.hasReference);
  manifest.problem.score = {"s", "0.5", "mul"};
  EXPECT_FALSE(verify().passed);
}

TEST_F(VerifyTest, two_ulps_of_the_largest_element_are_too_many) {
  make("none", 70, 90);
  int64_t at = offset(3, {1, 2, 33});
  float largest = 0;
  for (int64_t i = 0; i < 128; ++i)
    largest = std::max(largest, std::fabs(tensors[3].load(at + i)));
  store(3, at + 5, tensors[3].load(at + 5) + largest * 0x1p-5f);
  EXPECT_TRUE(contains(verify().failure, "o: 1 of 560 checked rows are wrong, first b=1 h=2 q=33, column 5"))
      << verify().failure;
}

TEST_F(VerifyTest, unwritten_element_is_named) {
  make("none", 70, 90);
  uint16_t poison = uint16_t(poisonBits(ElementType::BF16));
  std::memcpy(&tensors[3].bytes[size_t(offset(3, {1, 3, 69}) + 127) * 2], &poison, 2);
  EXPECT_EQ("o: 1 of 71680 elements were never written, first [1, 3, 69, 127]", verify().failure);
}

TEST_F(VerifyTest, nan_is_refused_even_in_rows_that_are_not_sampled) {
  make("none", 70, 90);
  store(3, offset(3, {1, 3, 42}) + 9, NAN);
  Verdict verdict = verifyProblem(binding, tensors, options, 1);
  EXPECT_EQ(1, verdict.checkedRows);
  EXPECT_EQ("o: 1 of 71680 elements are NaN or infinite, first [1, 3, 42, 9]", verdict.failure);
}

TEST_F(VerifyTest, written_gap_is_seen) {
  make("none", 70, 90, 8);
  EXPECT_TRUE(verify().passed) << verify().failure;
  store(3, 128, 0);
  EXPECT_EQ("o: 1 elements between its rows were written", verify().failure);
}

TEST_F(VerifyTest, injected_nan_must_fill_its_row_and_no_other) {
  options.injectNan = true;
  make("causal", 70, 90);
  EXPECT_TRUE(verify().passed) << verify().failure;
  reference::AttentionRow row = nanRow(binding);
  store(3, offset(3, row) + 3, 0);
  EXPECT_TRUE(contains(verify().failure, "column 3: 0 when it should be nan")) << verify().failure;
}

TEST(VerifyGemmTest, rows_of_c_are_compared) {
  Manifest manifest = parseManifest(R"({
    "girih_manifest": 1, "name": "gemm", "kernel": "gemm", "target": "sm_90a",
    "files": {"ptx": {"path": "gemm.ptx", "xxh3_128": "00000000000000000000000000000000"}},
    "problem": {"kind": "gemm"}, "sizes": {"m": 65, "n": 72, "k": 80},
    "tensors": [
      {"name": "a", "access": "read", "dtype": "f16", "shape": ["m", "k"], "order": ["m", "k"]},
      {"name": "b", "access": "read", "dtype": "f16", "shape": ["k", "n"], "order": ["k", "n"]},
      {"name": "c", "access": "write", "dtype": "f32", "shape": ["m", "n"], "order": ["m", "n"]}],
    "launch": {"threads": 128, "cluster": 1, "shared_bytes": 0, "work": [], "grid": "flat"},
    "arguments": []})",
                                    "gemm.json");
  LaunchChoices choices;
  choices.pad = 4;
  Binding binding = bindManifest(manifest, choices);
  EXPECT_EQ(2.0 * 65 * 72 * 80, problemFlops(binding));
  EXPECT_EQ("[65, 72, 80] f16", describeProblem(binding));
  DataOptions options;
  std::vector<HostTensor> tensors = makeProblemData(binding, options);
  for (int64_t i = 0; i < 65; ++i)
    for (int64_t j = 0; j < 72; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < 80; ++k)
        sum += tensors[0].load(i * 84 + k) * tensors[1].load(k * 76 + j);
      storeElement(ElementType::F32, tensors[2].bytes.data(), size_t(i * 76 + j), sum);
    }
  Verdict verdict = verifyProblem(binding, tensors, options);
  EXPECT_TRUE(verdict.passed) << verdict.failure;
  EXPECT_EQ(65, verdict.checkedRows);
  storeElement(ElementType::F32, tensors[2].bytes.data(), 64 * 76 + 71, tensors[2].load(64 * 76 + 71) + 0.01f);
  EXPECT_TRUE(contains(verifyProblem(binding, tensors, options).failure, "first row 64, column 71"));
}
