//===- Warp.cpp - Divergence, blocking and clocks of a warp ---------------===//
//
// Lanes that share a program counter form a group. The group with the deepest
// call and the lowest program counter goes first, which reconverges at the
// earliest point; a group that is blocked lets the others go on, as
// independent thread scheduling does, and the random schedule now and then
// prefers another.
//
//===----------------------------------------------------------------------===//
#include "Warp.h"

#include "Cluster.h"
#include "Step.h"

#include <algorithm>

namespace girih::sim {

Warp::Warp(Cta &cta, unsigned index, LaneMask lanes, const CompiledFunction &entry)
    : WarpClock({cta.cluster.index, uint8_t(cta.rank)}, lanes), cta(cta), cluster(cta.cluster), index(index),
      live(lanes), local(warpSize), stack(warpSize) {
  auto group = std::make_unique<Group>();
  group->mask = lanes;
  Frame none;
  group->stack.push_back(makeFrame(entry, none, true));
  groups.push_back(std::move(group));
}

Frame Warp::makeFrame(const CompiledFunction &function, const Frame &caller, bool isEntry) {
  Frame frame;
  frame.function = &function;
  for (unsigned cls = 0; cls < 4; ++cls) {
    frame.base[cls] = isEntry ? 0 : caller.base[cls] + caller.function->registers[cls];
    size_t end = frame.base[cls] + function.registers[cls];
    if (defined[cls].size() < end)
      defined[cls].resize(end, 0);
  }
  if (predicates.size() < defined[0].size())
    predicates.resize(defined[0].size(), 0);
  if (bits32.size() < defined[1].size()) {
    bits32.resize(defined[1].size());
    uses.resize(defined[1].size());
  }
  if (bits64.size() < defined[2].size()) {
    bits64.resize(defined[2].size());
    wideUses.resize(defined[2].size());
  }
  if (bits128.size() < defined[3].size())
    bits128.resize(defined[3].size());
  if (isEntry)
    std::fill_n(stackPointers.emplace_back().v, warpSize, stackTop);
  frame.localBase = isEntry ? 0 : caller.localBase + caller.function->localSize;
  for (auto &bytes : local)
    if (bytes.size() < frame.localBase + function.localSize)
      bytes.resize(frame.localBase + function.localSize);
  if (frame.localBase > 1 << 20)
    throw Stop(VerdictKind::Misuse, "call stack exceeds 1 MiB of local memory");
  return frame;
}

uint8_t *Warp::localBytes(unsigned lane, uint64_t offset, uint64_t size) {
  auto &bytes = offset < stackTop - largestStack ? local[lane] : stack[lane];
  // The stack's last byte is the one below its top.
  uint64_t begin = &bytes == &local[lane] ? 0 : stackTop - bytes.size();
  if (offset < begin || offset - begin > bytes.size() || size > bytes.size() - (offset - begin))
    return nullptr;
  return bytes.data() + (offset - begin);
}

bool Warp::isReady(const Group &group) const { return !group.isBlocked || group.seenProgress != cluster.progress; }

bool Warp::isCircling() const { return circlingAt == cluster.events(); }

bool Warp::canMove() const {
  return !isCircling() && std::any_of(groups.begin(), groups.end(), [&](const auto &group) { return isReady(*group); });
}

Group *Warp::pick() {
  if (isCircling())
    return nullptr;
  if (groups.size() == 1)
    return isReady(*groups[0]) ? groups[0].get() : nullptr;
  std::vector<Group *> &ready = readyGroups;
  ready.clear();
  for (const auto &group : groups) {
    if (isReady(*group))
      ready.push_back(group.get());
    else
      group->lastTurn = turns;
  }
  if (ready.empty())
    return nullptr;
  if (ready.size() > 1 && cluster.chance(0.05))
    return ready[cluster.draw(ready.size())];
  for (Group *group : ready)
    if (group->firstUntil > turns)
      return group;
  // Every thread makes progress, whatever its warp's other lanes do (CUDA C++
  // Programming Guide, "Independent Thread Scheduling"): one of them may hold
  // a lock that they poll. A turn is long enough that lanes seldom miss where
  // they reconverge.
  constexpr uint64_t patience = 1024;
  Group *oldest =
      *std::min_element(ready.begin(), ready.end(), [](Group *a, Group *b) { return a->lastTurn < b->lastTurn; });
  if (turns - oldest->lastTurn > patience) {
    oldest->firstUntil = turns + patience;
    return oldest;
  }
  auto order = [](const Group *group) { return std::pair(-int64_t(group->stack.size()), group->pc); };
  return *std::min_element(ready.begin(), ready.end(), [&](Group *a, Group *b) { return order(a) < order(b); });
}

bool Warp::step() {
  Group *group = pick();
  if (!group)
    return false;
  group->lastTurn = ++turns;
  LaneMask lanes = group->mask;
  try {
    execute(*group);
  } catch (Stop &stop) {
    if (!cluster.device.goesOnAfter(stop.found))
      throw;
    skip(*group, stop.endsThreads);
  }
  if (groups.size() > 1 || (!groups.empty() && !groups[0]->mask)) {
    removeEmptyGroups();
    mergeGroups();
  }
  uint64_t events = cluster.events();
  if (repetition.advance(*this, lanes, events))
    circlingAt = events;
  return true;
}

void Warp::removeEmptyGroups() {
  std::erase_if(groups, [](const auto &group) { return group->mask == 0; });
}

void Warp::mergeGroups() {
  for (size_t i = 0; i < groups.size(); ++i)
    for (size_t j = i + 1; j < groups.size();) {
      Group &a = *groups[i], &b = *groups[j];
      // A group that has already arrived somewhere (ticket) stays by itself.
      bool isSame = a.pc == b.pc && a.stack.size() == b.stack.size() && !a.ticket && !b.ticket &&
                    a.stack.back().function == b.stack.back().function &&
                    a.stack.back().returnTo == b.stack.back().returnTo;
      if (!isSame) {
        ++j;
        continue;
      }
      a.mask |= b.mask;
      a.isBlocked = false;
      a.firstUntil = std::max(a.firstUntil, b.firstUntil);
      groups.erase(groups.begin() + static_cast<long>(j));
    }
}

void Warp::execute(Group &group) {
  const CompiledFunction &function = *group.frame().function;
  if (group.pc >= function.body.size()) {
    // Falling off the end is a return.
    Stop stop(VerdictKind::Misuse, "control reaches the end of '" + function.syntax->name + "' without ret",
              function.syntax->line);
    stop.endsThreads = true;
    throw stop;
  }
  const Instruction &instruction = function.body[group.pc];
  Step step{*this, group, instruction, group.mask, allLanes};
  if (instruction.guard) {
    step.mask &= step.readPredicate(instruction.guard);
    if (group.mask & ~step.definedLanes(instruction.guard))
      step.report(VerdictKind::Uninitialised, "an undefined predicate guards '" + instruction.opcode + "'");
  }
  if (instruction.isAligned && step.mask) {
    if (step.mask != group.mask)
      step.misuse("'" + instruction.opcode +
                  "' is executed by some lanes only: its predicate differs "
                  "within the warp");
    if (!step.isConverged(allLanes)) {
      step.waitForLanes(allLanes);
      return;
    }
  }
  if (!step.mask) {
    ++group.pc;
    ++instructions;
    return;
  }
  if (hasTensorLoadInFlight && instruction.isMove && deferMove(group, instruction, step.mask)) {
    ++group.pc;
    ++instructions;
    return;
  }
  if (function.program->hasAsyncRegisters && !uses.empty() && !checkRegisters(group, instruction))
    return;
  step.gatherDefined();
  if (!instruction.passesUndefined && (step.mask & ~step.defined.whole()))
    step.stop(VerdictKind::Uninitialised, "'" + instruction.opcode + "' uses an undefined register");
  Outcome outcome = step.run();
  if (outcome == Outcome::Retry)
    return;
  if (group.isBlocked) {
    if (cluster.device.options.wantsTrace)
      cluster.traceWait(*this, group.wait);
    group.isBlocked = false;
  }
  group.ticket = 0;
  ++instructions;
  if (!cluster.executions.empty())
    ++cluster.executions[instruction.index];
  if (outcome == Outcome::Next)
    ++group.pc;
  if (uint64_t limit = cluster.device.options.instructionLimit; limit && instructions > limit)
    step.end(VerdictKind::Deadlock,
             "the warp has executed " + std::to_string(instructions) + " instructions when " + std::to_string(limit) +
                 " is the limit",
             {"a kernel that does end needs a higher instruction limit"});
}

/// Goes on behind an instruction that has had its verdict. What it would have
/// written counts as defined: one fault is told once.
void Warp::skip(Group &group, bool endsThreads) {
  ++instructions;
  group.isBlocked = false;
  group.ticket = 0;
  if (endsThreads)
    return exitLanes(group, group.mask);
  const Frame &frame = group.frame();
  const Instruction &instruction = frame.function->body[group.pc++];
  if (!cluster.executions.empty())
    ++cluster.executions[instruction.index];
  for (const Operand &operand : instruction.writes)
    if (operand.kind == Operand::Kind::Register) {
      unsigned cls = unsigned(operand.cls);
      defined[cls][operand.slot + frame.base[cls]] = allLanes;
    }
}

/// The rules of PTX ISA, "wgmma: Registers": between wgmma.mma_async and its
/// wait, accumulators must not be touched and A fragments not be written; a
/// register that the warp has touched needs wgmma.fence before its next use.
bool Warp::checkRegisters(Group &group, const Instruction &instruction) {
  if (instruction.isMatrixAsync)
    return true;
  const Frame &frame = group.stack.back();
  // The last load that has to be over, where the rules allow to wait for it.
  uint32_t awaited = 0;
  auto visit = [&](const Operand &operand, bool isWrite) {
    if (operand.kind != Operand::Kind::Register ||
        (operand.cls != RegisterClass::Bits32 && (!hasTensorLoadInFlight || operand.cls != RegisterClass::Bits64)))
      return;
    RegisterUse &use = *useOf(operand, frame);
    if (hasMatrixInFlight && (use.writtenBy || use.loadedBy || (isWrite && use.readBy))) {
      Step step{*this, group, instruction, group.mask, allLanes};
      if (use.loadedBy && cluster.device.tolerates(Rule::TensorLoadWait, instruction.line, describe())) {
        awaited = std::max(awaited, use.loadedBy);
        return;
      }
      const char *producer = use.loadedBy ? "tcgen05.ld of line " : "wgmma.mma_async of line ";
      const char *missing = use.loadedBy ? "tcgen05.wait::ld" : "wgmma.wait_group";
      step.stop(VerdictKind::Race, std::string(isWrite ? "writes" : "reads") + " a register of the " + producer +
                                       std::to_string(use.inFlightLine) + ", which is still in flight; expected " +
                                       missing + " in between");
    }
    use.touchedAt = matrixFences;
    use.touchedLine = instruction.line;
  };
  for (const Operand &operand : instruction.reads)
    visit(operand, false);
  for (const Operand &operand : instruction.writes)
    visit(operand, true);
  if (!awaited)
    return true;
  if (tensorLoads.done < awaited) {
    Wait wait;
    wait.what = "tcgen05.ld";
    wait.describe = [] { return std::string("for a register that tcgen05.ld fills"); };
    block(group, instruction, std::move(wait));
    return false;
  }
  finishTensorLoads(live, awaited);
  return true;
}

void Warp::exitLanes(Group &group, LaneMask lanes) {
  group.mask &= ~lanes;
  live &= ~lanes;
  ++cluster.progress;
}

void Warp::split(Group &group, LaneMask lanes, uint32_t pc) {
  auto made = std::make_unique<Group>();
  made->mask = lanes;
  made->pc = pc;
  made->stack = group.stack;
  made->lastTurn = turns;
  group.mask &= ~lanes;
  groups.push_back(std::move(made));
}

void Warp::block(Group &group, const Instruction &instruction, Wait wait) {
  uint64_t since = group.isBlocked ? group.wait.since : cluster.now;
  group.wait = std::move(wait);
  group.wait.line = instruction.line;
  group.wait.since = since;
  group.isBlocked = true;
  group.seenProgress = cluster.progress;
}

std::string describeLanes(LaneMask lanes) {
  char hex[16];
  std::snprintf(hex, sizeof hex, "0x%08x", lanes);
  return hex;
}

std::string Warp::describe() const { return cta.describe() + " " + name; }

std::string Warp::describe(LaneMask lanes) const {
  if (lanes == live)
    return describe();
  return describe() + " lanes " + describeLanes(lanes);
}

} // namespace girih::sim
