//===- Registers.h - Registers that share their storage ---------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_PROGRAM_REGISTERS_H
#define GIRIH_SIMULATOR_PROGRAM_REGISTERS_H

#include "Program.h"

namespace girih::sim {

/// Gives registers whose values a thread never needs at the same time one slot.
/// PTX has a register for each value, thousands in a kernel, and a warp keeps 32
/// lanes of each slot. `body` is what the function has been decoded to; it has to
/// be decoded again.
void shareRegisters(Function &function, const std::vector<Instruction> &body);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_PROGRAM_REGISTERS_H
