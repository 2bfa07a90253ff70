// What a CTA of roles takes of a chip, and whether the chip has it.
#include "girih/Conversion/Lowering.h"
#include "girih/Target/Target.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace girih {

Limits Limits::sharedBy(int64_t others) const {
  constexpr int64_t kDriverBytes = 1024; // of each CTA's shared memory, beside what it can use
  constexpr int64_t kThreadsPerProcessor = 2048;
  Limits each = *this;
  each.ctas = ctas * others;
  each.sharedBytes = (sharedBytes + kDriverBytes) / others - kDriverBytes;
  each.threads = std::min(threads, kThreadsPerProcessor / each.ctas);
  each.registersPerCta = registersPerCta / others;
  each.tensorColumns = tensorColumns == 0 ? 0 : llvm::bit_floor(uint64_t(tensorColumns / others)); // a power of two
  return each;
}

std::string Limits::share() const { return ctas == 1 ? "" : " with knob ctas at " + std::to_string(ctas); }

int64_t Limits::launchRegisters(int64_t launched) const {
  int64_t registers = registersPerCta / launched;
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
  mma.leader = schedule.cluster.value_or(1) > 1;
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

Limits Target::limitsOf(const tile::Schedule &schedule) const { return limits().sharedBy(schedule.ctas.value_or(1)); }

Limits Target::limitsOf(Operation *kernel) const {
  return limitsOf(tile::Schedule::decode(kernel->getAttrOfType<tile::ScheduleAttr>(tile::kScheduleAttr)));
}

LogicalResult Target::checkRoles(Operation *op, ArrayRef<RoleShape> roles, const Limits &has) const {
  Missing missing;
  checkRoles(roles, has, missing);
  return missing.report(op);
}

void Target::checkRoles(ArrayRef<RoleShape> roles, const Limits &has, Missing &missing) const {
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
                       Twine(has.threads) + has.share() + " (knob workers)");
  int64_t launched = has.launchRegisters(threads);
  if (refused.empty() && registers > threads * launched)
    missing.add("roles ask for " + Twine(registers) + " registers, " + chip() + " launches " + Twine(threads) +
                " threads with " + Twine(launched) + " each, " + Twine(threads * launched) + has.share() +
                " (knobs workers, " + llvm::join(knobs, ", ") + ")");
}

LogicalResult Target::checkSharedBytes(Operation *op, int64_t bytes, const Limits &has) const {
  if (bytes <= has.sharedBytes)
    return success();
  return op->emitError() << "tiles need " << bytes << " bytes of shared memory, " << chip() << " has "
                         << has.sharedBytes << has.share() << " (knobs rows, columns, workers and stages)";
}

} // namespace girih
