// Who runs the programs of a kernel, workers and threads of each CTA of a cluster, and what one does for all CTAs.
#include "Interpreter.h"

using namespace llvm;

namespace girih {

/// Of each CTA of a cluster; the leader's are in the first only.
static void forEachRole(const BarrierProgram &program,
                        function_ref<void(const BarrierProgram::Role &, int64_t cta)> visit) {
  for (int64_t cta = 0; cta < program.ctas; ++cta)
    for (const BarrierProgram::Role &role : program.roles)
      if (cta == 0 || !role.isLeader)
        visit(role, cta);
}

static BarrierModel makeModel(const BarrierProgram &program) {
  std::vector<BarrierModel::AgentInfo> agents;
  SmallVector<std::pair<int, std::string>> pipes; // after those that run programs
  forEachRole(program, [&](const BarrierProgram::Role &role, int64_t cta) {
    std::string name = role.name;
    if (program.ctas > 1)
      name += " of CTA " + std::to_string(cta);
    if (role.hasPipe)
      pipes.push_back({static_cast<int>(agents.size()), "an MMA of " + name});
    if (role.oneThread)
      agents.push_back({name, true, role.warps, cta});
    for (int64_t worker = 0; worker < role.workers && !role.oneThread; ++worker)
      agents.push_back({name + " worker " + std::to_string(worker), false, kWarpsPerWorker, cta});
  });
  for (auto &[thread, name] : pipes) {
    agents[thread].pipe = agents.size();
    agents.push_back({name, true, 0, agents[thread].cta, -1, thread});
  }
  return BarrierModel(std::move(agents), program.barriers, program.slots);
}

BarrierInterpreter::BarrierInterpreter(const BarrierProgram &program) : program(program), model(makeModel(program)) {
  forEachRole(program, [&](const BarrierProgram::Role &role, int64_t cta) {
    for (int64_t worker = 0; worker < role.workers; ++worker)
      agents.push_back({&role, worker, cta, 0, false, {}, {}, {}, {}});
  });
}

/// An MMA of a pair has a slot of each CTA where another has one.
Step BarrierInterpreter::startMmaInto(int index, const Instruction &instruction) {
  const std::vector<Residue> &registers = agents[index].registers;
  Residue dest = registers[instruction.c];
  Residue accumulates = instruction.d < 0 ? Residue::exact(0) : registers[instruction.d];
  if (!dest.isExact())
    return model.fail(instruction.site, model.agentName(index) + " uses a slot that is not known here");
  BarrierModel::MmaInto mma;
  for (int64_t cta = 0; cta < ctasOf(instruction); ++cta) {
    int apart = cta * program.slotsApart();
    mma.dests.push_back(dest.value + apart);
    for (int operand : {instruction.a, instruction.b, instruction.scales[0], instruction.scales[1]})
      if (operand >= 0)
        mma.operands.push_back(registers[operand].value + apart);
  }
  mma.columns = instruction.value;
  if (accumulates.isExact())
    mma.accumulates = accumulates.value != 0;
  return model.startMmaInto(index, mma, instruction.site);
}

/// The slots of all CTAs that hear it get the same number.
Step BarrierInterpreter::requestNumber(int index, int slot, int barrier, const Instruction &instruction) {
  ++draws;
  return forEachCta(index, instruction, [&](int64_t away) {
    int mine = slot + away * program.slotsApart();
    numbers[mine] = Residue::unknown();
    numbers[mine].source = draws;
    return model.answer(index, mine, barrier + away * program.barriersApart(), instruction.value, instruction.site);
  });
}

/// Of what an instruction does in its own CTA or in each of the cluster; it waits for nothing.
Step BarrierInterpreter::forEachCta(int index, const Instruction &instruction, function_ref<Step(int64_t away)> step) {
  if (!instruction.isMulticast && !instruction.isPair)
    return step(0);
  Step result = Step::Done;
  for (int64_t cta = 0; cta < program.ctas && result == Step::Done; ++cta)
    result = step(cta - agents[index].cta);
  return result;
}

} // namespace girih
