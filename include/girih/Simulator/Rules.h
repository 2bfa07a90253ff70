//===- Rules.h - Rules that published kernels break -------------*- C++ -*-===//
//
// Some rules of the PTX ISA are broken by kernels that ship, and the chips are
// known to do what those kernels want. A run may ask for the text, for what the
// chips do, or for the text but for what a kernel says it relies on;
// docs/simulator.md has the evidence for each.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_RULES_H
#define GIRIH_SIMULATOR_RULES_H

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace girih::sim {

enum class RuleSet : uint8_t {
  Isa,      ///< every rule is judged
  Hardware, ///< a rule that chips do without becomes a note
  Assumed,  ///< of these, those that the launch assumes
};

std::optional<RuleSet> parseRuleSet(const std::string &name);

enum class Rule : uint8_t {
  TensorFences,   ///< tcgen05.fence between threads
  TensorLoadWait, ///< tcgen05.wait::ld before the registers are touched
  MatrixOrder,    ///< MMAs of one thread on the same tensor memory
  TensorLane,     ///< the lane of a tensor memory address
  BarrierFence,   ///< the fence behind mbarrier.init
  BulkExit,       ///< the exit after bulk copies out of shared memory
  RemoteScope,    ///< the scope of arrivals at another CTA's mbarrier
  ParityBits,     ///< parities of phases other than 0 and 1
  MatrixStride,   ///< the distance of lines of wmma.load and wmma.store
  SparseZeros,    ///< metadata of sparse zeros that means nothing
  GuessedValue,   ///< the weak read before a loop of atom.cas
  EqualWrites,    ///< writes of one value by several warps; a note always
};
constexpr unsigned ruleCount = unsigned(Rule::EqualWrites) + 1;

struct RuleText {
  /// What is left out, the section of the PTX ISA that asks for it, and who
  /// does without.
  const char *broken, *section, *reliedOnBy;
  /// What a kernel that does without says it assumes.
  const char *assumption;
};
const RuleText &textOf(Rule rule);
/// All of them with their names.
const std::vector<std::pair<std::string, Rule>> &assumptions();

/// A rule that was broken and tolerated, and where it was first.
struct RuleNote {
  Rule rule;
  unsigned line = 0;
  std::string agent;
  std::string str() const;
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_RULES_H
