//===- Mutation.h - Faults put into a kernel on purpose ---------*- C++ -*-===//
//
// How good a checker is shows on kernels that are wrong. Each mutation breaks
// one instruction of a kernel in a way in which real kernels are broken: a wait,
// an arrival, a fence, a barrier dropped or wrong, an address or a count off.
//
//===----------------------------------------------------------------------===//
#ifndef GIRIH_SIMULATOR_MUTATION_H
#define GIRIH_SIMULATOR_MUTATION_H

#include "girih/Simulator/Verdict.h"

namespace girih::sim {

struct Mutation {
  /// What is broken ("wait dropped"), and in which line.
  std::string fault;
  unsigned line = 0;
  /// The instruction in the text of the kernel, what takes its place, and its
  /// number among those of the line that are decoded.
  size_t begin = 0, end = 0;
  std::string text;
  size_t within = 0;
  /// Why the place cannot be wrong this way, by a rule that is known; empty
  /// where it can.
  std::string equivalent;
};

/// The mutations of what some kernels reach, by fault and then by place. `each`
/// keeps as many of a fault, spread over the text; 0 keeps all. Throws Stop.
std::vector<Mutation> findMutations(const std::string &ptx, const std::vector<std::string> &kernels, size_t each = 0);

/// The kernel with the fault.
std::string mutated(const std::string &ptx, const Mutation &mutation);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MUTATION_H
