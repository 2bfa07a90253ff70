// What a CTA of roles takes of a chip, and whether the chip has it.
#include "girih/Conversion/Lowering.h"
#include "girih/Target/Target.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace girih {

int64_t Limits::launchRegisters(int64_t launched) const {
  int64_t registers = registersPerProcessor / launched;
  return std::min(registers - registers % registerGranularity, registersPerThread);
}

int64_t Limits::copyRows(int64_t rows, int64_t groupRows) const {
  for (int64_t copies = llvm::divideCeil(rows, boxSize); copies <= rows; ++copies)
    if (rows % copies == 0 && (copies == 1 || rows / copies % groupRows == 0))
      return rows / copies;
  return 0;
}

SmallVector<RoleShape> Target::rolesOf(const tile::Schedule &schedule) const {
  RoleShape compute = {"compute", kWarpsPerWorker * *schedule.workers, *schedule.computeRegisters, false};
  if (!hasTensorMemory())
    return {{"load", kWarpsPerWorker, *schedule.loadRegisters, true}, compute};
  // Two threads share four warps, which have one number of registers.
  return {
      {"load", 1, *schedule.loadRegisters, true}, {"mma", kWarpsPerWorker - 1, *schedule.loadRegisters, true}, compute};
}

LogicalResult Target::checkRoles(Operation *op, ArrayRef<RoleShape> roles) const {
  Limits has = limits();
  int64_t threads = 0, registers = 0;
  for (const RoleShape &role : roles) {
    if (role.registers % has.registerGranularity != 0 || role.registers < has.minRoleRegisters ||
        role.registers > has.maxRoleRegisters)
      return op->emitError() << "knob " << role.registersKnob() << " is " << role.registers << ", " << chip()
                             << " takes multiples of " << has.registerGranularity << " from " << has.minRoleRegisters
                             << " to " << has.maxRoleRegisters;
    threads += role.threads();
    registers += role.threads() * role.registers;
  }
  if (threads % kThreadsPerWorker != 0)
    return op->emitError() << "roles have " << threads << " threads, must be a multiple of " << kThreadsPerWorker;
  if (threads > has.threads)
    return op->emitError() << "roles have " << threads << " threads, a CTA on " << chip() << " has at most "
                           << has.threads << " (knob workers)";
  int64_t launched = has.launchRegisters(threads);
  if (registers <= threads * launched)
    return success();
  InFlightDiagnostic error = op->emitError()
                             << "roles ask for " << registers << " registers, " << chip() << " launches " << threads
                             << " threads with " << launched << " each, " << threads * launched << " (knobs workers";
  llvm::SmallSetVector<StringRef, 2> knobs; // one knob may be for more than one role
  for (const RoleShape &role : roles)
    if (knobs.insert(role.registersKnob()))
      error << ", " << role.registersKnob();
  return error << ")";
}

LogicalResult Target::checkSharedBytes(Operation *op, int64_t bytes) const {
  if (bytes <= limits().sharedBytes)
    return success();
  return op->emitError() << "tiles need " << bytes << " bytes of shared memory, " << chip() << " has "
                         << limits().sharedBytes << " (knobs rows, columns, workers and stages)";
}

} // namespace girih
