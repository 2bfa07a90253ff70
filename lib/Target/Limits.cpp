// What a CTA of roles takes of a chip, and whether the chip has it.
#include "girih/Conversion/Lowering.h"
#include "girih/Target/Target.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

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

bool Target::transposesValues(attn::ForwardOp op) const {
  return op.getVOrder() == attn::ValueOrder::HeadSize &&
         readsTransposedOnly(op.getV().getType().getElementTypeBitWidth());
}

SmallVector<RoleShape> Target::rolesOf(const tile::Schedule &schedule, bool transposes) const {
  RoleShape load = {"load", kWarpsPerWorker, *schedule.loadRegisters, true, "load_registers"};
  RoleShape compute = {"compute", kWarpsPerWorker * *schedule.workers, *schedule.computeRegisters, false,
                       "compute_registers"};
  if (!hasTensorMemory() && transposes)
    return {load, {"transpose", kWarpsPerWorker, *schedule.loadRegisters, false, "load_registers"}, compute};
  if (!hasTensorMemory())
    return {load, compute};
  // Two threads share four warps, which have one number of registers.
  load.warps = 1;
  RoleShape mma = {"mma", kWarpsPerWorker - 1, *schedule.loadRegisters, true, "load_registers"};
  SmallVector<RoleShape> roles = {load, mma, compute};
  // Four warps reach all lanes of tensor memory; they work for one worker after another.
  if (int64_t registers = schedule.correctionRegisters.value_or(0))
    roles.push_back({"correction", kWarpsPerWorker, registers, false, "correction_registers"});
  return roles;
}

LogicalResult Missing::report(Operation *op) const {
  if (texts.empty())
    return success();
  InFlightDiagnostic error = op->emitError(texts.front());
  for (const std::string &text : ArrayRef(texts).drop_front())
    error.attachNote() << text;
  return error;
}

LogicalResult Target::checkRoles(Operation *op, ArrayRef<RoleShape> roles) const {
  Missing missing;
  checkRoles(roles, missing);
  return missing.report(op);
}

void Target::checkRoles(ArrayRef<RoleShape> roles, Missing &missing) const {
  Limits has = limits();
  int64_t threads = 0, registers = 0;
  llvm::SmallSetVector<StringRef, 2> knobs, refused; // one knob may be for more than one role
  for (const RoleShape &role : roles) {
    bool isLegal = role.registers % has.registerGranularity == 0 && role.registers >= has.minRoleRegisters &&
                   role.registers <= has.maxRoleRegisters;
    if (!isLegal && refused.insert(role.registersKnob))
      missing.add("knob " + role.registersKnob + " is " + Twine(role.registers) + ", " + chip() +
                  " takes multiples of " + Twine(has.registerGranularity) + " from " + Twine(has.minRoleRegisters) +
                  " to " + Twine(has.maxRoleRegisters));
    knobs.insert(role.registersKnob);
    threads += role.threads();
    registers += role.threads() * role.registers;
  }
  if (threads % kThreadsPerWorker != 0)
    return missing.add("roles have " + Twine(threads) + " threads, must be a multiple of " + Twine(kThreadsPerWorker));
  if (threads > has.threads)
    return missing.add("roles have " + Twine(threads) + " threads, a CTA on " + chip() + " has at most " +
                       Twine(has.threads) + " (knob workers)");
  int64_t launched = has.launchRegisters(threads);
  if (refused.empty() && registers > threads * launched)
    missing.add("roles ask for " + Twine(registers) + " registers, " + chip() + " launches " + Twine(threads) +
                " threads with " + Twine(launched) + " each, " + Twine(threads * launched) + " (knobs workers, " +
                llvm::join(knobs, ", ") + ")");
}

LogicalResult Target::checkSharedBytes(Operation *op, int64_t bytes) const {
  if (bytes <= limits().sharedBytes)
    return success();
  return op->emitError() << "tiles need " << bytes << " bytes of shared memory, " << chip() << " has "
                         << limits().sharedBytes << " (knobs rows, columns, workers and stages)";
}

} // namespace girih
