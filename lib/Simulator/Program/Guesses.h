//===- Guesses.h - Reads that a compare-and-swap checks ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_PROGRAM_GUESSES_H
#define GIRIH_SIMULATOR_PROGRAM_GUESSES_H

#include "Program.h"

namespace girih::sim {

/// Marks the weak loads whose value an atom.cas of the same location compares
/// (CUDA C++ Programming Guide, "Atomic Functions"): any value will do, as the
/// atomic operation only goes on with the one that is there.
void markGuesses(const Function &function, std::vector<Instruction> &body);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_PROGRAM_GUESSES_H
