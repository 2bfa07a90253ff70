//===- Step.cpp - Operands and verdicts of one instruction ----------------===//
#include "Step.h"

#include "../Program/SpecialRegister.h"

namespace girih::sim {

Lanes<uint64_t> Step::readSpecial(const Operand &operand) const {
  Lanes<uint64_t> values;
  readSpecialRegister(*this, static_cast<SpecialRegister>(operand.slot), values);
  return values;
}

LaneMask Step::readPredicate(const Operand &operand) const {
  LaneMask value = 0;
  if (operand.kind == Operand::Kind::Register && operand.cls == RegisterClass::Predicate)
    value = warp.predicates[operand.slot + group.stack.back().base[0]];
  else if (operand.kind == Operand::Kind::Immediate)
    value = operand.value ? allLanes : 0;
  return operand.negated ? ~value : value;
}

void Step::writePredicate(const Operand &operand, LaneMask value) {
  if (operand.kind != Operand::Kind::Register)
    return;
  if (operand.cls != RegisterClass::Predicate)
    misuse("a destination of '" + instruction.opcode + "' is not a predicate");
  uint32_t slot = operand.slot + group.stack.back().base[0];
  warp.predicates[slot] = (warp.predicates[slot] & ~mask) | (value & mask);
  DefinedLanes &known = warp.defined[0][slot];
  known = (known & ~mask) | (defined.whole() & mask);
}

void Step::gatherDefined() {
  if (instruction.defined) {
    defined = instruction.defined(*this);
    return;
  }
  for (const Operand &operand : instruction.reads)
    defined &= definedLanes(operand);
}

unsigned Step::onlyLane(const char *what) const {
  if (__builtin_popcount(mask) != 1)
    misuse(std::string(what) + " is executed by " + std::to_string(__builtin_popcount(mask)) +
           " lanes of the warp when one should issue it");
  return firstLane();
}

static Verdict makeVerdict(const Step &step, VerdictKind kind, const std::string &message,
                           std::vector<std::string> notes) {
  Verdict verdict;
  verdict.kind = kind;
  verdict.message = message;
  verdict.line = step.instruction.line;
  const CompiledFunction &function = *step.group.stack.back().function;
  verdict.source = function.program->locationOf(function, step.instruction);
  verdict.agent = step.warp.describe(step.judged ? step.judged : step.mask);
  verdict.notes = std::move(notes);
  return verdict;
}

Outcome Step::run() {
  try {
    return instruction.run(*this);
  } catch (Stop &stop) {
    // What memory finds by itself does not know who asks.
    Verdict &found = stop.found;
    if (found.agent.find(" warp ") != std::string::npos || found.line != line())
      throw;
    if (found.agent != warp.cta.describe())
      found.notes.push_back("the memory is that of " + found.agent);
    Verdict own = makeVerdict(*this, found.kind, found.message, std::move(found.notes));
    found.agent = std::move(own.agent);
    found.source = std::move(own.source);
    found.notes = std::move(own.notes);
    throw;
  }
}

void Step::stop(VerdictKind kind, const std::string &message, std::vector<std::string> notes) const {
  throw Stop(makeVerdict(*this, kind, message, std::move(notes)));
}

void Step::end(VerdictKind kind, const std::string &message, std::vector<std::string> notes) const {
  Stop stop(makeVerdict(*this, kind, message, std::move(notes)));
  stop.endsThreads = true;
  throw stop;
}

void Step::misuse(const std::string &message, std::vector<std::string> notes) const {
  stop(VerdictKind::Misuse, message, std::move(notes));
}

void Step::misuse(Fault fault, const std::string &message) const {
  Verdict verdict = makeVerdict(*this, VerdictKind::Misuse, message, {});
  verdict.fault = fault;
  throw Stop(std::move(verdict));
}

void Step::report(VerdictKind kind, const std::string &message, std::vector<std::string> notes,
                  const std::string &cause) const {
  Verdict verdict = makeVerdict(*this, kind, message, std::move(notes));
  verdict.cause = cause;
  warp.cluster.device.report(std::move(verdict));
}

Outcome Step::waitForLanes(LaneMask members) {
  // Two groups that both wait for the whole warp at different instructions
  // will never meet.
  for (const auto &other : warp.groups)
    if (other.get() != &group && other->isBlocked && other->wait.what == "convergence" && other->pc != group.pc &&
        instruction.isAligned && other->frame().function == group.frame().function &&
        group.frame().function->body[other->pc].isAligned)
      misuse("'" + instruction.opcode +
             "' is divergent: other lanes of the warp are at the aligned "
             "instruction of line " +
             std::to_string(other->wait.line));
  Wait wait;
  wait.what = "convergence";
  Warp *waiting = &warp;
  LaneMask here = group.mask;
  wait.describe = [waiting, here, members] {
    return "for lanes " + describeLanes(members & waiting->live & ~here) + " of its own warp to converge";
  };
  return this->wait(std::move(wait));
}

} // namespace girih::sim
