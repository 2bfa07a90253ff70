//===- Attention.h - Attention on the CPU -----------------------*- C++ -*-===//
//
// What an attention kernel must compute, in float64 and, as a yardstick for its
// error, in the precision of a flash-attention kernel. Works on chosen rows of
// the output, so that a problem too large to repeat on the CPU is checked in
// seconds.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_REFERENCE_ATTENTION_H
#define GIRIH_REFERENCE_ATTENTION_H

#include "girih/Reference/Blocks.h"
#include "girih/Reference/Dropout.h"
#include "girih/Reference/Score.h"
#include "girih/Support/ElementType.h"
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace girih::reference {

/// A host tensor [batch, head, row, column]; strides in elements.
struct TensorView {
  const void *data = nullptr;
  ElementType type = ElementType::F32;
  std::array<int64_t, 4> shape{};
  std::array<int64_t, 4> strides{};
};

/// Keys [begin, end) that one query sees.
struct KeyRange {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end > begin ? end - begin : 0; }
};

/// Where a sequence lies in the tensors, and how many queries and keys it has.
struct Sequence {
  int64_t batch = 0; ///< of the tensors
  int64_t firstQuery = 0, queries = 0;
  int64_t firstKey = 0, keys = 0;
};

/// One row of the output: of a sequence, and one of its queries.
struct AttentionRow {
  int64_t b = 0, h = 0, q = 0;
  auto operator<=>(const AttentionRow &) const = default;
};

/// Queries and keys of a head.
struct PairBlock {
  int64_t b, h, firstQuery, queries, firstKey, keys;
};

/// Which keys a query sees. Positions are aligned at the bottom right (the last
/// query sees the last key) or at the top left (query 0 sees key 0).
struct Mask {
  enum class Kind { None, Causal, CausalTopLeft, SlidingWindow, Program };
  Kind kind = Kind::None;
  /// Keys a query of a sliding window sees, its own included.
  int64_t window = 0;
  /// Of a mask of that kind: not 0 for a key that the row sees.
  std::shared_ptr<const ScoreProgram> program = nullptr;
  /// Where blocks of keys are listed, only those are seen, some of them by the mask.
  std::shared_ptr<const BlockLists> blocks = nullptr;

  /// From the first key that `row` sees to the last one. Of a program, there may be some in
  /// between that it does not see.
  KeyRange visible(const AttentionRow &row, int64_t queries, int64_t keys) const;
  /// How often it sees each key, where blocks are listed.
  std::vector<int> listedTimes(const AttentionRow &row, int64_t queries, int64_t keys) const;
  /// Whether it sees `key`, which is in that range.
  bool sees(const AttentionRow &row, int64_t key, int64_t queries, int64_t keys) const;
  /// (query, key) pairs that are visible in all heads, of so many sequences from a first one on.
  int64_t visiblePairs(int64_t queries, int64_t keys, int64_t batches = 1, int64_t heads = 1,
                       int64_t firstBatch = 0) const;

private:
  Mask withoutBlocks() const { return {kind, window, program}; }
  /// Pairs of a block that are visible, blocks that are listed apart.
  int64_t pairsIn(const PairBlock &block, int64_t queries, int64_t keys) const;
  int64_t listedPairs(int64_t queries, int64_t keys, int64_t batches, int64_t heads, int64_t firstBatch) const;
};

/// Attention to other keys, of the same rows, which the results take in.
struct PartialAttention {
  TensorView output;    ///< [b, h, sq, dv]
  TensorView logSumExp; ///< [b, h, sq, 1]; where it is -inf, the output does not count
};

struct AttentionProblem {
  TensorView q; ///< [b, h, sq, d]
  TensorView k; ///< [b, hkv, skv, d], h a multiple of hkv
  TensorView v; ///< [b, hkv, skv, dv]
  /// Powers of two for every 32 elements of a row of q and k, [b, h, rows, 16], as `BlockScales` has them for one
  /// block of elements; both or neither.
  std::optional<TensorView> qScales, kScales;
  double scale = 1;
  Mask mask;
  /// Applied to the scaled score; the identity when absent.
  std::optional<ScoreProgram> score;
  /// Whether the scores are known to have no error, being sums of few bits.
  bool exactScores = false;
  /// A score that each row of a head has beside those of its keys; none if empty.
  std::vector<double> sinks;
  /// What Q K^T and O are multiplied by beside the scales, by sequence and key head; 1 if empty.
  std::vector<double> scoreFactors, outputFactors;
  std::optional<Dropout> dropout;
  std::optional<PartialAttention> partial;
  /// In the order of AttentionRow::b; if there are none, each batch is one.
  std::vector<Sequence> sequences;
  /// The relative error that the kernel's exponentials may have more than those of f32.
  double weightError = 0;
  /// A kernel rounds weights as they are, not relative to the largest of their row, which loses nothing there.
  bool hasFixedMaximum = false;
  /// O is multiplied by it before it is rounded.
  double outputScale = 1;
  /// The type of O, and that to which a kernel rounds weights: V's unless given.
  std::optional<ElementType> outputType, weightType;
  /// A kernel rounds weights times 2 to this power, and the largest of a row is 1 at least.
  int64_t weightExponent = 0;
  /// Keys whose products a kernel's MMAs add up before it adds these sums in f32: all unless given.
  std::optional<int64_t> summedKeys;

  ElementType outputElement() const { return outputType.value_or(v.type); }
  ElementType weightElement() const { return weightType.value_or(v.type); }
  /// Whether the rounding of weights shows in outputs: these have more bits, or that of a row's largest counts.
  bool showsWeightRounding() const {
    return hasFixedMaximum || unitRoundoff(weightElement()) > unitRoundoff(outputElement());
  }
  int64_t queries() const { return q.shape[2]; }
  int64_t keys() const { return k.shape[2]; }
  int64_t countSequences() const { return sequences.empty() ? q.shape[0] : int64_t(sequences.size()); }
  Sequence sequence(int64_t b) const {
    return sequences.empty() ? Sequence{b, 0, queries(), 0, keys()} : sequences[size_t(b)];
  }
  double scoreScale(int64_t b, int64_t keyHead) const {
    return scale * (scoreFactors.empty() ? 1 : scoreFactors[size_t(b * k.shape[1] + keyHead)]);
  }
  double outputScaleOf(int64_t b, int64_t keyHead) const {
    double ofDropout = dropout ? dropout->scale() : 1;
    return outputScale * ofDropout * (outputFactors.empty() ? 1 : outputFactors[size_t(b * k.shape[1] + keyHead)]);
  }
  int64_t outputDim() const { return v.shape[3]; }
};

enum class Precision {
  Float64, ///< all in double
  /// Scores, softmax and sums in float; P rounded before P V, and O: what a
  /// flash-attention kernel does.
  Kernel,
};

/// Results for chosen rows, in their order.
struct AttentionResult {
  int64_t dim = 0;
  std::vector<double> output;      ///< [rows, dim]; 0 where a row sees no key
  std::vector<double> logSumExp;   ///< of scale * S, natural; -inf there
  std::vector<double> maxScore;    ///< largest |score| that matters
  std::vector<double> maxCutOff;   ///< most that cut sums of products may change such a score, of inputs of 8 bits
  std::vector<double> absWeighted; ///< max over columns of sum_k P |V|
  std::vector<double> flushed; ///< what floats below 2^-126 as zero may change: weights, and the divisor's reciprocal
  /// Where the rounding of weights shows: max over columns of the root of sum_k (e V)^2, where
  /// e is what it may do to P.
  std::vector<double> weightRounding;
};

/// O and LSE of `rows`.
AttentionResult attentionForward(const AttentionProblem &problem, const std::vector<AttentionRow> &rows,
                                 Precision precision);

/// All rows when both references of them cost at most `multiplyAdds`; otherwise
/// rows at tile boundaries, rows of every head, and random rows up to the cost.
/// `always` is part of the sample in any case. Sorted, without repeats.
std::vector<AttentionRow> sampleRows(const AttentionProblem &problem, double multiplyAdds, uint64_t seed,
                                     const std::vector<AttentionRow> &always = {});

} // namespace girih::reference

#endif // GIRIH_REFERENCE_ATTENTION_H
