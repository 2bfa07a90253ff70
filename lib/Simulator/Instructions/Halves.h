//===- Halves.h - Instructions that keep the halves of registers apart -*- C++ -*-//
#ifndef GIRIH_SIMULATOR_INSTRUCTIONS_HALVES_H
#define GIRIH_SIMULATOR_INSTRUCTIONS_HALVES_H

#include "../Machine/Step.h"
#include "../Program/Decoder.h"

namespace girih::sim {

/// Each half of the result takes that half of every operand, and no more.
inline void keepHalves(Decoder &d, std::vector<Operand> operands) {
  d.instruction().defined = [operands = std::move(operands)](const Step &s) {
    DefinedLanes known = allLanes;
    for (const Operand &operand : operands)
      known &= s.definedHalves(operand);
    return known;
  };
}

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_INSTRUCTIONS_HALVES_H
