//===- ProblemData.h - The inputs that a kernel is checked with -*- C++ -*-===//
//
// Random numbers find a wrong layout or a lost tile; they have scores of a few
// units, none of them equal. The other patterns are those that softmax kernels
// get wrong.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_RUNTIME_PROBLEMDATA_H
#define GIRIH_RUNTIME_PROBLEMDATA_H

#include "girih/Runtime/HostTensor.h"
#include <optional>
#include <string_view>

namespace girih::runtime {

enum class DataPattern {
  Random,   ///< normal numbers
  Equal,    ///< all scores of a row are one large number: its output is the mean of V
  OneHot,   ///< of each row's scores, up to 1e8, one is far above the others
  MinusInf, ///< 160 keys of every 320, the last ones among them, have scores of -inf
};

/// The pattern of that name: random, equal, one_hot or minus_inf.
std::optional<DataPattern> parseDataPattern(std::string_view name);
std::string_view dataPatternName(DataPattern pattern);

/// Whether the pattern's scores come out the same in float and in float64, in
/// whatever order their products are added.
bool hasExactScores(DataPattern pattern);

/// How a problem's inputs are made.
struct DataOptions {
  uint64_t seed = 1;
  /// Of Q and K. All but Random need an attention problem.
  DataPattern pattern = DataPattern::Random;
  /// Factor of a random Q, and so of every score.
  double scoreScale = 1;
  /// Puts a NaN into one row of Q.
  bool injectNan = false;
  /// Of sequences, in turn, in place of those that the seed makes.
  std::vector<int64_t> lengths = {};
};

/// One tensor for each of the manifest's: inputs by the pattern, outputs poison. Captured tensors
/// are normal numbers, or integers from 0 to 3; what is sorted begins with 0 and grows by 1 at about
/// 16 random places of its last dimension. Lengths of sequences are 0, 1, the most there can be and
/// others, in turn; packed ones are such too, and the last may end before the tensor. What lies beyond in Q, K and V is
/// NaN. Attention to other keys has from nothing to all of a row: every fifth row has seen none of them, and has NaN.
/// Blocks of keys are listed in order, half of them, all or none; every eighth block of queries has a list with indices
/// and counts out of range and blocks that come twice. Scales of groups of elements are far from 1 in Q and K, and
/// almost 1 in their product, exactly so by patterns; those of no row are NaN. Dropout has the seed, and an offset that
/// is made of it.
std::vector<HostTensor> makeProblemData(const Binding &binding, const DataOptions &options);

/// What the functions of the problem capture, by the manifest; data of `tensors`, which are referred
/// to, if there are any.
reference::Captures capturesOf(const Binding &binding, const std::vector<HostTensor> &tensors);

/// The tensors of lengths of sequences, and of where packed ones begin.
constexpr const char *queryLengths = "query_lengths", *keyLengths = "key_lengths", *queryStarts = "query_starts",
                     *keyStarts = "key_starts";

/// What q, k or v is multiplied by, by sequence and key head, as `q_descale` and so on say; empty if
/// there is no tensor and no number of that name.
std::vector<double> descaleOf(const reference::Captures &captures, const std::string &name, int64_t sequences,
                              int64_t keyHeads);

/// The tensor of what dropout's random numbers begin with, and what it says.
constexpr const char *dropoutState = "dropout_state";
reference::Dropout dropoutOf(const Binding &binding, const std::vector<HostTensor> &tensors);

/// The tensors of attention to other keys, and whether there are such.
constexpr const char *partialOutput = "partial_o", *partialLse = "partial_lse";
bool hasPartial(const Binding &binding);

/// The tensors of lists of blocks.
constexpr const char *blockCounts = "kv_num_blocks", *blockIndices = "kv_indices",
                     *fullBlockCounts = "full_kv_num_blocks", *fullBlockIndices = "full_kv_indices";

/// The tensors of scales of groups of elements.
constexpr const char *queryScales = "q_scales", *keyScales = "k_scales";

/// Whether sequences have lengths of their own, or are packed.
bool hasSequences(const Manifest &manifest);
bool isPacked(const Manifest &manifest);

/// Where the sequences of an attention problem lie; all of each batch as long as lengths and starts have no data.
std::vector<reference::Sequence> sequencesOf(const Binding &binding, const reference::Captures &tensors);

/// Floating-point operations of the problem with the tensors that makeProblemData makes.
double problemFlops(const Binding &binding, const DataOptions &options);

/// The row of Q that `injectNan` damages, if its sequence has that row.
reference::AttentionRow nanRow(const Binding &binding, const std::vector<reference::Sequence> &sequences = {});

} // namespace girih::runtime

#endif // GIRIH_RUNTIME_PROBLEMDATA_H
