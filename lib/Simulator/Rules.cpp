//===- Rules.cpp - Rules that published kernels break ---------------------===//
#include "girih/Simulator/Rules.h"

namespace girih::sim {

std::optional<RuleSet> parseRuleSet(const std::string &name) {
  if (name == "isa")
    return RuleSet::Isa;
  if (name == "hardware")
    return RuleSet::Hardware;
  if (name == "assumed")
    return RuleSet::Assumed;
  return std::nullopt;
}

const RuleText &textOf(Rule rule) {
  static const RuleText texts[ruleCount] = {
      {"tensor memory passes between threads without tcgen05.fence",
       "Tensorcore 5th Generation Specialized Synchronization", "FlashAttention-4", "tensor_fences"},
      {"registers of tcgen05.ld are touched before tcgen05.wait::ld; ptxas tracks them", "tcgen05.wait",
       "FlashAttention-4, Triton", "tensor_load_wait"},
      {"MMAs of one thread follow each other on the same tensor memory with other accumulators or shapes",
       "Pipelined tcgen05 Instructions", "FlashAttention-4", "mma_order"},
      {"a warp gives lane 0 of tensor memory; the chip adds the warp's first lane", "tcgen05.ld, Access restrictions",
       "DeepGEMM", "tensor_lane"},
      {"the async proxy uses an mbarrier whose initialisation no fence follows", "membar / fence, .mbarrier_init",
       "Triton, tutorials of CuTe, ThunderKittens", "barrier_fence"},
      {"a CTA exits without a wait for its last bulk copies out of shared memory", "cp.async.bulk",
       "epilogues that end with their store", "bulk_exit"},
      {"arrivals or waits of the scope .cta pass on accesses of shared and tensor memory between CTAs of a cluster",
       "mbarrier.arrive, Memory Consistency Model", "users of CUTLASS's ClusterBarrier::arrive", "remote_scope"},
      {"the parity of a phase is neither 0 nor 1; the chip takes its lowest bit",
       "mbarrier.test_wait / mbarrier.try_wait", "Triton", "parity_bits"},
      {"lines of a matrix are a multiple of 16 bytes apart, but not of the fragment's size", "Matrix Storage for WMMA",
       "nvcuda::wmma, whose leading dimension may be any multiple of 16 bytes", "matrix_stride"},
      {"metadata of a sparse operand means nothing where the elements stored are zeros", "Sparse Matrices, mma.sp",
       "CUTLASS's StructuredSparseCompressor, for chunks of zeros", "sparse_zeros"},
      {"a weak read of what an atom.cas then compares races with atomic writes; any value that was there will do",
       "Memory Consistency Model, Data-races", "loops of atomicCAS, as in the CUDA C++ Programming Guide",
       "guessed_value"},
      {"several warps write one value to one address without order", "Memory Consistency Model, Data-races",
       "kernels in which every warp sets a flag", "equal_writes"},
  };
  return texts[unsigned(rule)];
}

const std::vector<std::pair<std::string, Rule>> &assumptions() {
  static const auto all = [] {
    std::vector<std::pair<std::string, Rule>> names;
    for (unsigned i = 0; i < ruleCount; ++i)
      names.emplace_back(textOf(Rule(i)).assumption, Rule(i));
    return names;
  }();
  return all;
}

std::string RuleNote::str() const {
  const RuleText &text = textOf(rule);
  std::string place = line ? "line " + std::to_string(line) + ": " : "";
  return "note: " + place + text.broken + "\n  by " + agent + "\n  against PTX ISA, \"" + text.section +
         "\"; relied on by " + text.reliedOnBy;
}

} // namespace girih::sim
