#include "Registers.h"
#include "girih/Conversion/Lowering.h"

using namespace mlir;

namespace girih {

void completeRegisters(tile::Schedule &schedule, const Limits &limits, const RegisterNeeds &needs) {
  int64_t warpgroups = *schedule.workers + 1;
  int64_t perLane = warpgroups * limits.launchRegisters(kThreadsPerWorker * warpgroups);
  auto legal = [&](int64_t registers, int64_t most) {
    registers -= registers % limits.registerGranularity;
    return std::clamp(registers, limits.minRoleRegisters, most);
  };
  if (!schedule.computeRegisters) {
    int64_t load = schedule.loadRegisters.value_or(needs.leastLoad);
    schedule.computeRegisters = legal((perLane - load) / *schedule.workers, needs.mostCompute);
  }
  if (!schedule.loadRegisters)
    schedule.loadRegisters = legal(perLane - *schedule.workers * *schedule.computeRegisters, needs.mostLoad);
}

} // namespace girih
