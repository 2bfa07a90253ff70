//===- Faults.h - The ways in which an instruction is broken ----*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MUTATION_FAULTS_H
#define GIRIH_SIMULATOR_MUTATION_FAULTS_H

#include "../Program/Program.h"

#include <optional>

namespace girih::sim {

/// One instruction of a kernel, with its function.
struct Site {
  const Function &function;
  size_t at;
  /// Without its guard, and up to the semicolon.
  std::string text;

  const SyntaxInstruction &instruction() const { return function.body[at]; }
  const std::string &opcode() const { return instruction().opcode; }
  bool is(std::string_view start) const { return opcode().starts_with(start); }
  /// The number that an operand always has; nothing when that is not known.
  std::optional<uint64_t> constant(const SyntaxOperand &operand) const;
};

/// A fault, and the text that brings it about: `@` stands for the guard. Empty
/// text drops the instruction; nothing says that there is no such fault here.
struct FaultKind {
  const char *name;
  std::optional<std::string> (*at)(const Site &site);
};

const std::vector<FaultKind> &faults();

/// Why a fault at a place is none; empty when no rule says so.
std::string reasonOfEquivalence(const std::string &fault, const Site &site);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MUTATION_FAULTS_H
