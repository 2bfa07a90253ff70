//===- Cluster.cpp - CTAs, components and units of a cluster --------------===//
#include "Cluster.h"

#include "Timer.h"

namespace girih::sim {

Cluster::Cluster(Device &device, uint32_t index, std::array<uint32_t, 3> firstCta, const CompiledFunction &entry)
    : device(device), index(index), shape(device.shapeOf(index)),
      random(device.options.seed * 0x9e3779b97f4a7c15ull + index) {
  if (device.options.wantsCoverage)
    executions.resize(device.program.instructionCount);
  unsigned rank = 0;
  for (uint32_t z = 0; z < shape[2]; ++z)
    for (uint32_t y = 0; y < shape[1]; ++y)
      for (uint32_t x = 0; x < shape[0]; ++x)
        ctas.push_back(std::make_unique<Cta>(
            *this, rank++, std::array<uint32_t, 3>{firstCta[0] + x, firstCta[1] + y, firstCta[2] + z}, entry));
  // Extremes are as interesting as the middle: asynchronous work that is
  // nearly always late, or a warp that hardly gets to run.
  static constexpr double biases[] = {0.02, 0.2, 0.5, 0.9};
  asyncBias = biases[random() % 4];
  for (size_t i = 0; i < warps.size(); ++i)
    warpWeights.push_back(random() % 4 == 0 ? 0.05 : 1.0);
  if (device.chip)
    timer = std::make_unique<Timer>(*device.chip, device.options.timing, *this);
}

Cluster::~Cluster() = default;

Component Cluster::newComponent(std::string name) {
  componentNames.push_back(std::move(name));
  return static_cast<Component>(componentNames.size() - 1);
}

Component Cluster::newMatrixStream(std::string name, const AsyncUnit &pipe) {
  Component made = newComponent(std::move(name));
  matrixPipes[made] = &pipe;
  return made;
}

bool Cluster::haveOneMatrixPipe(Component a, Component b) const {
  auto first = matrixPipes.find(a), second = matrixPipes.find(b);
  return first != matrixPipes.end() && second != matrixPipes.end() && first->second == second->second;
}

AsyncUnit *Cluster::newUnit(std::string name, uint32_t cta, bool isOrdered) {
  auto unit = std::make_unique<AsyncUnit>();
  unit->component = newComponent(name);
  unit->name = std::move(name);
  unit->cta = cta;
  unit->isOrdered = isOrdered;
  units.push_back(std::move(unit));
  return units.back().get();
}

void Cluster::enqueue(AsyncUnit &unit, AsyncOperation operation) {
  operation.issuedAt = now;
  if (device.options.wantsTrace && running)
    operation.issuer = running->name;
  if (timer)
    timer->start(unit, operation, running, now);
  ++asynchronousOperations;
  unit.queue.push_back(std::move(operation));
  if (device.options.schedule == Schedule::Early && !isDraining)
    drain();
}

bool Cluster::chance(double probability) {
  if (device.options.schedule != Schedule::Random)
    return false;
  return static_cast<double>(random() >> 11) * 0x1p-53 < probability;
}

unsigned Cluster::pieces() {
  switch (device.options.schedule) {
  case Schedule::Random:
    return 1 + random() % 4;
  case Schedule::Deterministic:
    return 2;
  default:
    return 1;
  }
}

Cta &Cluster::ctaOf(uint32_t sharedAddress, unsigned line) {
  uint32_t rank = sharedAddress >> 24;
  if (rank >= ctas.size())
    throw Stop(VerdictKind::Misuse,
               "shared::cluster address " + std::to_string(sharedAddress) + " names CTA " + std::to_string(rank) +
                   " of a cluster of " + std::to_string(ctas.size()),
               line);
  return *ctas[rank];
}

bool Cluster::isDone() const {
  for (const Warp *warp : warps)
    if (!warp->isDone())
      return false;
  return true;
}

void Cluster::finish() {
  for (const auto &unit : units)
    for (const AsyncOperation &operation : unit->queue) {
      if (operation.mayOutliveKernel)
        continue;
      Verdict verdict;
      verdict.line = operation.line;
      verdict.agent = unit->name;
      verdict.message = "the kernel ends while " + operation.name + " is still in flight; expected a wait for it";
      device.report(verdict);
    }
  drain();
  for (auto &cta : ctas) {
    cta->checkArrivedCopies();
    for (auto &[column, count] : cta->tensor.allocations) {
      Verdict verdict;
      verdict.line = cta->tensor.allocationLines[column];
      verdict.agent = cta->describe();
      verdict.message = "the kernel ends without tcgen05.dealloc of " + std::to_string(count) +
                        " columns of tensor memory at column " + std::to_string(column);
      device.report(verdict);
    }
  }
}

Knowledge Cta::gathered() const {
  Knowledge all;
  for (const auto &warp : warps)
    all.join(warp->gathered(allLanes));
  return all;
}

/// A copy that nobody has waited for may come when the memory belongs to
/// another CTA, also if it did not in this schedule.
void Cta::checkArrivedCopies() const {
  Knowledge all = gathered();
  for (const auto &[offset, barrier] : barriers) {
    const Access &last = barrier.lastTransactions;
    if (!barrier.hasComponent || all.past.covers(last.component, last.tick))
      continue;
    Verdict verdict;
    verdict.kind = VerdictKind::Race;
    verdict.line = last.line;
    verdict.agent = cluster.componentName(last.component);
    verdict.message = describe() + " exits without a wait for phase " + std::to_string(last.tick - 1) +
                      " of the mbarrier at " + std::to_string(offset) + ", which counts this copy";
    verdict.notes.push_back("expected mbarrier.try_wait before the exit");
    cluster.device.report(verdict);
  }
}

void Cta::finish() {
  Knowledge all = gathered();
  for (auto &[agent, access] : remoteAccesses) {
    if (all.past.covers(access.component, access.tick, access.lanes))
      continue;
    Verdict verdict;
    verdict.kind = VerdictKind::Race;
    verdict.line = access.line;
    verdict.agent = cluster.componentName(access.component);
    verdict.message = describe() + " exits, and its shared memory with it, without being "
                                   "ordered after this remote access";
    verdict.notes.push_back("expected a cluster barrier before the exit");
    cluster.device.report(verdict);
  }
  for (auto &warp : warps)
    for (auto &[lane, groups] : warp->bulkGroups)
      if (!warp->known(lane).past.covers(groups.readComponent, groups.issued) &&
          !cluster.device.tolerates(Rule::BulkExit, 0, warp->describe())) {
        Verdict verdict;
        verdict.agent = warp->describe();
        verdict.message = "the CTA exits without waiting for " + std::to_string(groups.issued) +
                          " bulk copies out of its shared memory; expected "
                          "cp.async.bulk.wait_group";
        cluster.device.report(verdict);
      }
}

} // namespace girih::sim
