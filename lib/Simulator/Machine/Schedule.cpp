//===- Schedule.cpp - Who moves next --------------------------------------===//
//
// Warps and asynchronous operations are interleaved by one of four policies
// (girih/Simulator/Simulator.h). All of them are allowed by the memory model;
// a correct kernel gives the same result under each.
//
//===----------------------------------------------------------------------===//
#include "Cluster.h"

namespace girih::sim {

/// Instructions of a warp in one round of the deterministic schedules.
constexpr uint64_t quantum = 16;

Cluster::Status Cluster::run(uint64_t budget) {
  if (timer)
    return runTimed(budget);
  return device.options.schedule == Schedule::Random ? runRandom(budget) : runRoundRobin(budget);
}

Cluster::Status Cluster::rest() {
  for (const Warp *warp : warps)
    if (device.runsTogether && warp->isCircling())
      return Status::Polling;
  reportDeadlock();
}

uint64_t Cluster::runWarp(Warp &warp, uint64_t most) {
  uint64_t before = warp.instructions, begin = now;
  running = &warp;
  while (warp.instructions - before < most && !warp.isDone())
    if (!warp.step())
      break;
  running = nullptr;
  uint64_t done = warp.instructions - before;
  if (done)
    trace(warp.cta.rank, warp.name, "run", begin);
  if (warp.isDone() && warp.cta.isDone() && done)
    warp.cta.finish();
  return done;
}

void Cluster::stepUnit(AsyncUnit &unit, size_t position) {
  bool wasDraining = isDraining;
  isDraining = true;
  bool isFinished = true;
  try {
    isFinished = unit.queue[position].step();
  } catch (Stop &stop) {
    // Left out, it completes nothing.
    if (!device.goesOnAfter(stop.found))
      throw;
  }
  isDraining = wasDraining;
  ++progress;
  if (!isFinished)
    return;
  traceOperation(unit, unit.queue[position]);
  unit.idleSince = now;
  unit.queue.erase(unit.queue.begin() + static_cast<long>(position));
  ++unit.completed;
}

void Cluster::drain() {
  bool hasMoved = true;
  while (hasMoved) {
    hasMoved = false;
    for (size_t i = 0; i < units.size(); ++i)
      while (!units[i]->queue.empty()) {
        stepUnit(*units[i], 0);
        hasMoved = true;
      }
  }
}

bool Cluster::stepAnyUnit() {
  for (size_t i = 0; i < units.size(); ++i) {
    AsyncUnit &unit = *units[(nextUnit + i) % units.size()];
    if (unit.queue.empty())
      continue;
    stepUnit(unit, 0);
    nextUnit = (nextUnit + i + 1) % units.size();
    return true;
  }
  return false;
}

bool Cluster::stepOldOperations() {
  bool hasMoved = false;
  for (size_t i = 0; i < units.size(); ++i) {
    AsyncUnit &unit = *units[i];
    if (unit.queue.empty() || unit.queue.front().issuedAt >= now)
      continue;
    stepUnit(unit, 0);
    hasMoved = true;
  }
  return hasMoved;
}

Cluster::Status Cluster::runRoundRobin(uint64_t budget) {
  for (uint64_t spent = 0; spent < budget;) {
    if (isDone()) {
      finish();
      return Status::Done;
    }
    bool hasMoved = false;
    for (Warp *warp : warps)
      if (!warp->isDone() && warp->canMove()) {
        uint64_t done = runWarp(*warp, quantum);
        spent += done;
        hasMoved |= done != 0;
      }
    ++now;
    bool hasStepped = false;
    if (device.options.schedule == Schedule::Deterministic)
      hasStepped = stepOldOperations();
    else if (!hasMoved)
      hasStepped = stepAnyUnit();
    if (!hasMoved && !hasStepped && !isDone()) {
      // A retry may have been all that was missing.
      bool canMove = false;
      for (Warp *warp : warps)
        canMove |= warp->canMove();
      if (!canMove && !stepAnyUnit())
        return rest();
    }
  }
  return Status::Going;
}

Cluster::Status Cluster::runRandom(uint64_t budget) {
  std::vector<Warp *> movable;
  std::vector<double> weights;
  for (uint64_t spent = 0; spent < budget;) {
    if (isDone()) {
      finish();
      return Status::Done;
    }
    ++now;
    movable.clear();
    weights.clear();
    for (size_t i = 0; i < warps.size(); ++i)
      if (!warps[i]->isDone() && warps[i]->canMove()) {
        movable.push_back(warps[i]);
        weights.push_back(warpWeights[i]);
      }
    std::vector<std::pair<AsyncUnit *, size_t>> steps;
    for (auto &unit : units) {
      if (unit->queue.empty())
        continue;
      size_t position = unit->isOrdered ? 0 : random() % unit->queue.size();
      steps.emplace_back(unit.get(), position);
    }
    if (movable.empty() && steps.empty())
      return rest();
    if (!steps.empty() && (movable.empty() || chance(asyncBias))) {
      auto [unit, position] = steps[random() % steps.size()];
      stepUnit(*unit, position);
      continue;
    }
    std::discrete_distribution<size_t> pick(weights.begin(), weights.end());
    spent += 1 + runWarp(*movable[pick(random)], 1 + random() % 32);
  }
  return Status::Going;
}

} // namespace girih::sim
