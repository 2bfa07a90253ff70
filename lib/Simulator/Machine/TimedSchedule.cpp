//===- TimedSchedule.cpp - Who moves next, by modelled cycles -------------===//
//
// Whoever has the earliest time moves: a warp with the next instruction of its
// machine code, or an asynchronous operation that is over. Registers get their
// values when something pinned comes after them; nobody else can tell when.
//
//===----------------------------------------------------------------------===//
#include "Timer.h"

#include <algorithm>

namespace girih::sim {

uint64_t Cluster::runTimedWarp(Warp &warp) {
  uint64_t before = warp.instructions, begin = now;
  running = &warp;
  while (!warp.isDone()) {
    Group *group = warp.pick();
    if (!group)
      break;
    if (group->pc >= group->frame().function->body.size()) {
      warp.step(); // says what is wrong
      break;
    }
    Timer::Issue issue = timer->next(warp, *group);
    if (issue.instruction) {
      uint64_t at = timer->earliest(warp, issue);
      if (at > now) {
        timer->yieldUntil(warp, at);
        break;
      }
      if (!issue.instruction->cost.isPinned()) {
        timer->charge(warp, issue, now);
        continue;
      }
    }
    // The program comes up to what is pinned to its place in the machine code.
    bool issues = issue.instruction && issue.pc == group->pc;
    uint64_t executed = warp.instructions, progressed = progress;
    warp.step();
    if (progress != progressed)
      timer->moved(warp);
    if (warp.instructions == executed) {
      timer->beginWait(warp, now);
      continue;
    }
    if (progress == progressed)
      timer->endWait(warp, now);
    if (issues)
      timer->charge(warp, issue, now);
  }
  running = nullptr;
  uint64_t done = warp.instructions - before;
  if (done)
    trace(warp.cta.rank, warp.name, "run", begin);
  if (warp.isDone() && warp.cta.isDone() && done)
    warp.cta.finish();
  return done;
}

void Cluster::runTimedOperation() {
  Timer::Event event = *timer->next();
  timer->pop();
  auto &queue = event.unit->queue;
  auto found = std::find_if(queue.begin(), queue.end(), [&](const auto &op) { return op.serial == event.serial; });
  if (found == queue.end())
    return;
  timer->moved(*found);
  bool isStore = found->work.kind == AsyncWork::Kind::CopyOut;
  size_t before = queue.size();
  stepUnit(*event.unit, size_t(found - queue.begin()));
  if (queue.size() == before)
    timer->again(event, now + (isStore ? timer->table().storeLatency : 1));
}

Cluster::Status Cluster::runTimed(uint64_t budget) {
  for (uint64_t spent = 0; spent < budget;) {
    if (isDone()) {
      // Stores that nobody waited for go on.
      while (const Timer::Event *event = timer->next()) {
        if (event->unit->queue.empty() || !event->unit->queue.front().mayOutliveKernel)
          break;
        now = std::max(now, event->time);
        runTimedOperation();
      }
      finish();
      return Status::Done;
    }
    // Of those whose turn it is, who has waited the longest.
    Warp *first = nullptr;
    uint64_t turn = 0;
    for (Warp *warp : warps) {
      if (warp->isDone() || !warp->canMove())
        continue;
      uint64_t at = std::max(timer->turnOf(*warp), now);
      if (!first || at < turn || (at == turn && timer->lastIssueOf(*warp) < timer->lastIssueOf(*first))) {
        first = warp;
        turn = at;
      }
    }
    const Timer::Event *event = timer->next();
    if (!first && !event)
      return rest();
    wantsAt = first && event ? std::min(turn, event->time) : first ? turn : event->time;
    if (wantsAt > horizon)
      return Status::Going;
    if (event && (!first || event->time <= turn)) {
      now = std::max(now, event->time);
      runTimedOperation();
      continue;
    }
    now = turn;
    spent += std::max<uint64_t>(runTimedWarp(*first), 1);
  }
  return Status::Going;
}

} // namespace girih::sim
