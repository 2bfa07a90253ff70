// Every agent runs until it must wait; then the next one does. The model's rules
// do not depend on this order.
#include "Interpreter.h"

using namespace mlir;

namespace girih {

using Code = BarrierProgram::Code;

std::optional<BarrierFault> BarrierInterpreter::run(TripCounts tripCounts, bool openBranches, int64_t most) {
  takesOpenBranches = openBranches;
  counts = &tripCounts;
  maxSteps = most;
  draws = 0;
  numbers.assign(program.slots.size(), Residue::unknown());
  decisions.clear();
  model.reset();
  for (Agent &agent : agents) {
    agent.pc = 0;
    agent.finished = false;
    agent.registers.assign(agent.role->registers, Residue::unknown());
    agent.frames.clear();
    agent.executions.assign(agent.role->loops.size(), 0);
    agent.lastCount.assign(agent.role->loops.size(), -1);
  }
  while (true) {
    bool moved = false;
    SmallVector<std::pair<int, int>> blocked;
    for (auto [i, agent] : llvm::enumerate(agents)) {
      while (!agent.finished) {
        Step result = step(i);
        if (result == Step::Failed)
          return model.getFault();
        if (result == Step::Blocked) {
          blocked.push_back({static_cast<int>(i), agent.role->code[agent.pc].site});
          break;
        }
        moved = true;
      }
    }
    if (blocked.empty())
      break;
    if (!moved) {
      model.reportDeadlock(blocked);
      return model.getFault();
    }
  }
  if (model.finishAll() == Step::Failed)
    return model.getFault();
  return std::nullopt;
}

std::optional<BarrierFault> BarrierInterpreter::finish() {
  if (model.checkFillsRead() == Step::Failed)
    return model.getFault();
  return std::nullopt;
}

Step BarrierInterpreter::step(int index) {
  Agent &agent = agents[index];
  const Instruction &instruction = agent.role->code[agent.pc];
  if (++steps > maxSteps)
    return model.fail(instruction.site, "the check of barriers gives up in " + model.agentName(index) + " after " +
                                            Twine(maxSteps) + " steps: loops run too often within each other");
  Step result = Step::Done;
  switch (instruction.code) {
  case Code::Loop:
    return startLoop(index, instruction);
  case Code::EndLoop:
    return endLoop(index, instruction);
  case Code::Jump:
    agent.pc = instruction.target;
    return Step::Done;
  case Code::Branch: {
    Residue condition = agent.registers[instruction.a];
    if (!condition.isExact() && instruction.isOpen)
      condition = Residue::exact(takesOpenBranches);
    if (!condition.isExact())
      return model.fail(instruction.site, model.agentName(index) +
                                              " branches around barriers or shared memory on a condition that is "
                                              "not known here");
    agent.pc = condition.value ? agent.pc + 1 : instruction.target;
    return Step::Done;
  }
  case Code::End:
    agent.finished = true;
    return model.finish(index, instruction.site);
  default:
    result = instruction.code < Code::Branch ? scalar(agent, instruction) : event(index, instruction);
    if (instruction.code > Code::End)
      steps += model.getCost();
  }
  if (result == Step::Done)
    ++agent.pc;
  return result;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

Step BarrierInterpreter::startLoop(int index, const Instruction &instruction) {
  Agent &agent = agents[index];
  const BarrierProgram::Loop &loop = agent.role->loops[instruction.target];
  std::vector<Residue> &registers = agent.registers;
  auto bound = [&](int operand) { return loop.isCounted ? registers[operand] : Residue::unknown(); };
  Residue lower = bound(loop.lower), upper = bound(loop.upper), stride = bound(loop.step);
  int64_t execution = agent.executions[instruction.target]++;
  if (stride.isExact() && stride.value <= 0)
    return model.fail(instruction.site, model.agentName(index) + " runs a loop with step " + Twine(stride.value) +
                                            ", must be at least 1");
  Frame frame;
  frame.loop = instruction.target;
  frame.execution = execution;
  bool isOrdered = !loop.isUnsigned || (lower.value >= 0 && upper.value >= 0);
  frame.stands = !(lower.isExact() && upper.isExact() && stride.isExact() && isOrdered);
  if (frame.stands) {
    if (loop.number < 0)
      return model.fail(instruction.site, model.agentName(index) +
                                              " runs a loop around barriers or shared memory a number of times that "
                                              "is not known here, and no tile.loop tells which loops of other roles "
                                              "run as often");
    frame.count = (*counts)(loop.number, execution);
  } else {
    uint64_t distance = upper.value > lower.value ? uint64_t(upper.value) - uint64_t(lower.value) : 0;
    uint64_t trips = llvm::divideCeil(distance, uint64_t(stride.value)), period = program.period;
    frame.stands = trips > 3 * period; // every later round is like one of the third period
    frame.count = frame.stands ? 2 * period + 1 + (trips - 1) % period : trips;
  }
  int64_t last = std::exchange(agent.lastCount[instruction.target], frame.count);
  if (last >= 0 && last != frame.count)
    for (Frame &outer : agent.frames)
      outer.isEven = false;
  for (const BarrierProgram::Carried &carried : loop.carried)
    registers[frame.count > 0 ? carried.inside : carried.result] = registers[carried.init];
  if (frame.count == 0) {
    agent.pc = loop.end;
    return Step::Done;
  }
  if (loop.isCounted)
    registers[loop.induction] = lower;
  agent.frames.push_back(std::move(frame));
  agent.pc = loop.body;
  return Step::Done;
}

/// Carried numbers may grow without bound; from `period` on, only what they leave
/// when divided by it is kept. An index or a parity that cannot be computed from
/// that is an error where it is used. After one period all numbers that grow are in
/// that form, and when they are the same again after the next, they always will be.
Step BarrierInterpreter::endLoop(int index, const Instruction &instruction) {
  Agent &agent = agents[index];
  Frame &frame = agent.frames.back();
  const BarrierProgram::Loop &loop = agent.role->loops[frame.loop];
  std::vector<Residue> &registers = agent.registers;
  auto wrapped = [&](Residue value) {
    bool isLarge = value.isExact() && value.value >= program.period;
    return frame.stands && isLarge ? value.reduced(program.period) : value;
  };
  SmallVector<Residue, 8> next;
  for (const BarrierProgram::Carried &carried : loop.carried) {
    Residue value = registers[carried.yield];
    next.push_back(carried.isNumber ? wrapped(value) : value);
  }
  ++frame.done;
  if (Step step = checkCopies(index, frame, next, instruction.site); step != Step::Done)
    return step;
  if (frame.done == program.period + 1)
    frame.earlier.assign(next.begin(), next.end());
  if (frame.stands && frame.isEven && frame.done == 2 * program.period + 1)
    for (auto [carried, before, now] : llvm::zip(loop.carried, frame.earlier, next))
      if (carried.isNumber && !carried.decides && !(before.reduced(program.period) == now.reduced(program.period)))
        return model.fail(instruction.site, model.agentName(index) +
                                                " carries a number around this loop that does "
                                                "not repeat: after " +
                                                Twine(program.period + 1) + " iterations it is " + Twine(before.value) +
                                                ", after " + Twine(frame.done) + " it is " + Twine(now.value) +
                                                ", modulo " + Twine(program.period));
  bool isLast = frame.done == frame.count;
  for (auto [carried, value] : llvm::zip(loop.carried, next))
    registers[isLast ? carried.result : carried.inside] = value;
  if (isLast) {
    agent.pc = loop.end;
    agent.frames.pop_back();
    return Step::Done;
  }
  if (loop.isCounted)
    registers[loop.induction] = wrapped(registers[loop.induction] + registers[loop.step]);
  agent.pc = loop.body;
  return Step::Done;
}

/// Copies of a loop run equally often if what decides it is one number for all of them.
/// What they start with is compared as an expression (Loops.cpp).
Step BarrierInterpreter::checkCopies(int index, const Frame &frame, ArrayRef<Residue> next, int site) {
  const BarrierProgram::Loop &loop = agents[index].role->loops[frame.loop];
  SmallVector<Residue, 1> mine;
  for (auto [carried, value] : llvm::zip(loop.carried, next))
    if (carried.decides)
      mine.push_back(value);
  auto [first, isNew] = decisions.try_emplace({loop.number, frame.execution, frame.done}, mine);
  auto isSame = [](const Residue &a, const Residue &b) { return a.isSameNumber(b); };
  if (isNew || llvm::equal(first->second, mine, isSame))
    return Step::Done;
  return model.fail(site, model.agentName(index) +
                              " decides on another number than other roles whether this loop goes on after round " +
                              Twine(frame.done) + ": copies of loop " + Twine(loop.number) +
                              " may run more or less often");
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

/// The number of an element of an array, if the index is known and in range.
bool BarrierInterpreter::element(const BarrierProgram::Array &array, Residue index, StringRef what, int agent, int site,
                                 int &number) {
  if (!index.isExact()) {
    model.fail(site,
               model.agentName(agent) + " uses " + what + " " + array.name + " at an index that is not known here");
    return false;
  }
  if (index.value < 0 || index.value >= array.count) {
    model.fail(site, model.agentName(agent) + " uses " + what + " " + array.name + " at index " + Twine(index.value) +
                         ", but it has " + Twine(array.count));
    return false;
  }
  number = array.first + index.value;
  return true;
}

Step BarrierInterpreter::event(int index, const Instruction &instruction) {
  Agent &agent = agents[index];
  int site = instruction.site;
  auto in = [&](int operand) { return operand < 0 ? Residue::exact(0) : agent.registers[operand]; };
  auto unknown = [&](StringRef what) {
    return model.fail(site, model.agentName(index) + " uses " + what + " that is not known here");
  };
  // Registers that hold slots, MMAs and numbers of named barriers.
  Residue first = in(instruction.a), second = in(instruction.b);
  int barrier = -1;
  switch (instruction.code) {
  case Code::Wait:
  case Code::Arrive:
  case Code::Expect:
  case Code::Copy:
  case Code::RequestNumber:
  case Code::Commit:
    if (instruction.target < 0)
      return unknown(instruction.code == Code::Copy || instruction.code == Code::RequestNumber
                         ? "no barrier, or one"
                         : "an array of barriers");
    if (!element(program.barrierArrays[instruction.target], first, "barrier", index, site, barrier))
      return Step::Failed;
    if (!instruction.isLeader)
      barrier += agent.cta * program.barriersApart();
    break;
  case Code::Slot: {
    int number = -1;
    if (instruction.target < 0)
      return unknown("a buffer");
    if (!element(program.buffers[instruction.target], first, "buffer", index, site, number))
      return Step::Failed;
    agent.registers[instruction.dest] = Residue::exact(number + agent.cta * program.slotsApart());
    return Step::Done;
  }
  case Code::Sync:
  case Code::Signal:
  case Code::Publish:
  case Code::Drain:
    if (!first.isExact() || !second.isExact())
      return unknown("a named barrier or a number of threads");
    break;
  case Code::WriteNumber:
    if (!first.isExact())
      return unknown("a slot");
    break;
  default: // slots and MMAs
    if (!first.isExact() || !second.isExact())
      return unknown(instruction.code == Code::Await ? "an MMA" : "a slot");
  }

  switch (instruction.code) {
  case Code::Wait:
    if (!second.isExact())
      return unknown("a parity");
    if (second.value != 0 && second.value != 1)
      return model.fail(site, model.agentName(index) + " waits for parity " + Twine(second.value) + ", must be 0 or 1");
    return model.wait(index, barrier, second.value, instruction.isFence, instruction.isCluster, site);
  case Code::Arrive:
    return forEachCta(index, instruction, [&](int64_t away) {
      return model.arrive(index, barrier + away * program.barriersApart(), instruction.isFence, site);
    });
  case Code::Commit:
    return instruction.isPair
               ? model.commit(index, {barrier, barrier + static_cast<int>(program.barriersApart())}, site)
               : model.commit(index, barrier, site);
  case Code::Expect:
    if (instruction.isLeader && agent.cta != 0)
      return Step::Done;
    return forEachCta(index, instruction, [&](int64_t away) {
      return model.expect(index, barrier + away * program.barriersApart(), instruction.value, site);
    });
  case Code::Copy:
    if (!second.isExact())
      return unknown("a slot");
    return forEachCta(index, instruction, [&](int64_t away) {
      return model.copy(index, second.value + away * program.slotsApart(), instruction.isPart,
                        barrier + away * program.barriersApart(), instruction.value, site);
    });
  case Code::RequestNumber:
    if (!second.isExact())
      return unknown("a slot");
    return requestNumber(index, second.value, barrier, instruction);
  case Code::Sync:
    return model.sync(index, first.value, second.value, site);
  case Code::Signal:
    return model.signal(index, first.value, second.value, site);
  case Code::Read:
    return model.read(index, first.value, site);
  case Code::Mma: {
    BarrierModel::MmaStart mma;
    if (instruction.a >= 0)
      mma.slots.push_back(first.value);
    if (instruction.b >= 0)
      mma.slots.push_back(second.value);
    mma.result = instruction.target;
    mma.left = instruction.tile;
    mma.leftRegisters = instruction.tileRegisters;
    if (instruction.c >= 0) {
      Residue accumulator = in(instruction.c);
      if (!accumulator.isExact())
        return unknown("an MMA");
      mma.accumulator = accumulator.value;
    }
    int64_t number = 0;
    Step result = model.startMma(index, std::move(mma), site, number);
    agent.registers[instruction.dest] = Residue::exact(number);
    return result;
  }
  case Code::MmaInto:
    return startMmaInto(index, instruction);
  case Code::Put:
    return model.put(index, instruction.tile, instruction.tileRegisters, site);
  case Code::Await:
    return model.await(index, first.value, instruction.value, site);
  case Code::Write:
    return model.write(index, first.value, /*forAsync=*/instruction.value != 0, site);
  case Code::WriteTensor:
    return model.writeTensor(index, first.value, instruction.value, site);
  case Code::WriteNumber: {
    Residue number = second;
    if (!number.isExact() && number.source == 0)
      number.source = ++draws;
    numbers[first.value] = number;
    return model.write(index, first.value, /*forAsync=*/false, site);
  }
  case Code::ReadNumber:
    agent.registers[instruction.dest] = numbers[first.value];
    return model.read(index, first.value, site);
  case Code::Publish:
    return model.publish(index, first.value, site);
  case Code::Store:
    return model.store(index, first.value, site);
  case Code::Drain:
    if (instruction.a < 0)
      return model.drain(index, site);
    model.drain(index, site);
    return model.sync(index, first.value, kWarpsPerWorker * kThreadsPerWarp, site);
  default:
    llvm_unreachable("not an event");
  }
}

} // namespace girih
