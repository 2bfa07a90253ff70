//===- Mutant.h - A kernel broken on purpose --------------------*- C++ -*-===//
//
// A table (Mutants/NAME.json) names a launch of Kernels/ and the faults to put
// into its PTX, as edits of instructions that carry a tag in a comment:
//
//   {"fault": "...", "drop": "TAG"}                 the instruction, or the wait
//   {"fault": "...", "flip": "TAG"}                 the parity of a wait
//   {"fault": "...", "at": "TAG", "find": "REGEX", "replace": "TEXT"}
//   {"fault": "...", "find": "REGEX", "replace": "TEXT"}   anywhere
//   {"fault": "...", "edits": [...]}                several of these
//
// `which` picks one place, from 0; `expect` is the verdict that names the fault
// best; `launch` another launch of the same kernel.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_TEST_SIMULATOR_MUTANT_H
#define GIRIH_TEST_SIMULATOR_MUTANT_H

#include "girih/Simulator/Verdict.h"

#include <optional>

namespace girih::sim {

struct Edit {
  std::string tag, find, replace;
  /// Which place is changed, from 0; -1 for all.
  int which = -1;
};

struct Mutant {
  std::string launch, fault;
  std::vector<Edit> edits;
  VerdictKind expected = VerdictKind::Race;
};

/// The mutants of a table; throws Stop that names what is wrong with it.
std::vector<Mutant> readMutants(const std::string &path);

/// The text with the fault; nothing when an edit finds no place.
std::optional<std::string> applyMutant(std::string text, const Mutant &mutant);

} // namespace girih::sim

#endif // GIRIH_TEST_SIMULATOR_MUTANT_H
