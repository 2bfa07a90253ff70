// Who runs the programs of a kernel: workers and threads of each CTA of a cluster.
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

} // namespace girih
