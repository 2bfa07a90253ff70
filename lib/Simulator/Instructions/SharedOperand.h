//===- SharedOperand.h - Addresses of shared memory -------------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_SHAREDOPERAND_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_SHAREDOPERAND_H

#include "../Machine/Transactions.h"
#include "../Program/Decoder.h"

namespace girih::sim {

/// The address that an operand has in one lane.
inline uint64_t laneAddress(const Step &s, const AddressOperand &operand, unsigned lane) {
  return s.read<uint64_t>(operand.base)[lane] + uint64_t(operand.offset);
}

/// `.shared{::cta}`, `.shared::cluster` or a generic address.
struct SharedOperand {
  AddressOperand address;
  bool isGeneric = false, mayBeRemote = false;

  uint64_t in(const Step &s, unsigned lane) const;
};

/// Takes the state space and the operand; only some instructions have remote
/// forms (PTX ISA, "mbarrier support with shared memory").
SharedOperand takeShared(Decoder &d, size_t index, bool mayBeRemote);

/// The mbarrier of an `mbarrier` instruction.
SharedOperand takeBarrier(Decoder &d, size_t index, bool mayBeRemote);

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_SHAREDOPERAND_H
