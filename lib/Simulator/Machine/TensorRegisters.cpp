//===- TensorRegisters.cpp - Registers of tcgen05.ld in flight ------------===//
//
// PTX ISA, "tcgen05.wait": before it, nobody may touch the registers of a
// tcgen05.ld. Compilers put moves there, which only give a register another
// name: such a mov takes place when the load does, and until then its
// destination is in flight as well.
//
//===----------------------------------------------------------------------===//
#include "Cluster.h"
#include "Step.h"

#include <algorithm>

namespace girih::sim {

RegisterUse *Warp::useOf(const Operand &operand, const Frame &frame) {
  if (operand.kind != Operand::Kind::Register)
    return nullptr;
  uint32_t slot = operand.slot + frame.base[static_cast<unsigned>(operand.cls)];
  if (operand.cls == RegisterClass::Bits32)
    return &uses[slot];
  return operand.cls == RegisterClass::Bits64 ? &wideUses[slot] : nullptr;
}

void Warp::startTensorLoad(const Operand &into, const Frame &frame, uint32_t load, unsigned line) {
  RegisterUse *use = useOf(into, frame);
  if (!use)
    return;
  use->loadedBy = load;
  use->inFlightLine = line;
  tensorLoadsInFlight.push_back(
      {static_cast<unsigned>(into.cls), uint32_t(into.slot + frame.base[static_cast<unsigned>(into.cls)])});
  hasMatrixInFlight = hasTensorLoadInFlight = true;
}

bool Warp::deferMove(Group &group, const Instruction &instruction, LaneMask lanes) {
  const Frame &frame = group.frame();
  const RegisterUse *last = nullptr;
  for (const Operand &operand : instruction.reads)
    if (const RegisterUse *use = useOf(operand, frame);
        use && use->loadedBy && (!last || use->loadedBy > last->loadedBy))
      last = use;
  if (!last)
    return false;
  for (const Operand &operand : instruction.writes)
    if (const RegisterUse *use = useOf(operand, frame); !use || use->loadedBy)
      return false;
  uint32_t load = last->loadedBy, line = last->inFlightLine;
  for (const Operand &operand : instruction.writes)
    startTensorLoad(operand, frame, load, line);
  deferredMoves.push_back({&instruction, lanes, group.stack, load});
  return true;
}

void Warp::finishTensorLoads(LaneMask lanes, uint32_t last) {
  change(lanes, [&](LaneView &view) {
    view.known.tensor.raise(tensorLoads.writeComponent, last);
    view.known.raiseGeneric(tensorLoads.writeComponent, last);
  });
  std::erase_if(tensorLoadsInFlight, [&](const auto &entry) {
    RegisterUse &use = entry.first == unsigned(RegisterClass::Bits32) ? uses[entry.second] : wideUses[entry.second];
    if (use.loadedBy > last)
      return false;
    use.loadedBy = 0;
    return true;
  });
  std::erase_if(deferredMoves, [&](DeferredMove &move) {
    if (move.load > last)
      return false;
    Group group;
    group.mask = move.lanes;
    group.stack = std::move(move.stack);
    Step step{*this, group, *move.instruction, move.lanes, allLanes};
    step.gatherDefined();
    move.instruction->run(step);
    return true;
  });
  hasTensorLoadInFlight = !tensorLoadsInFlight.empty();
  hasMatrixInFlight = hasTensorLoadInFlight || !matrixInFlight.empty();
}

} // namespace girih::sim
