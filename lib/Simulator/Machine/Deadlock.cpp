//===- Deadlock.cpp - Who waits for whom ----------------------------------===//
#include "Cluster.h"

namespace girih::sim {
namespace {

struct Held {
  const Warp *warp;
  const Group *group;
  std::vector<Component> others;
};

/// A cycle among the waiters, as positions; empty when there is none.
std::vector<size_t> findCycle(const std::vector<Held> &waiters) {
  std::vector<int> state(waiters.size(), 0);
  std::vector<size_t> path;
  std::function<std::vector<size_t>(size_t)> visit = [&](size_t at) -> std::vector<size_t> {
    state[at] = 1;
    path.push_back(at);
    for (Component other : waiters[at].others)
      for (size_t next = 0; next < waiters.size(); ++next) {
        if (waiters[next].warp->component != other || next == at)
          continue;
        if (state[next] == 1) {
          auto first = std::find(path.begin(), path.end(), next);
          return {first, path.end()};
        }
        if (state[next] == 0)
          if (auto cycle = visit(next); !cycle.empty())
            return cycle;
      }
    path.pop_back();
    state[at] = 2;
    return {};
  };
  for (size_t i = 0; i < waiters.size(); ++i)
    if (state[i] == 0)
      if (auto cycle = visit(i); !cycle.empty())
        return cycle;
  return {};
}

/// "2 of 4 warps have exited: ...": somebody may wait for one of them.
std::string exitedWarps(const std::vector<Warp *> &warps) {
  const size_t mostNamed = 8;
  size_t count = 0;
  std::string names;
  for (const Warp *warp : warps)
    if (warp->isDone() && ++count <= mostNamed)
      names += (count > 1 ? ", " : "") + warp->cluster.componentName(warp->component);
  if (!count)
    return "";
  return std::to_string(count) + " of " + std::to_string(warps.size()) + " warps have exited: " + names +
         (count > mostNamed ? ", ..." : "");
}

unsigned lineOf(const Group &group) {
  return group.isBlocked ? group.wait.line : group.stack.back().function->body[group.pc].line;
}

std::string whatHolds(const Warp &warp, const Group &group) {
  if (group.isBlocked)
    return "waits " + (group.wait.describe ? group.wait.describe() : group.wait.what);
  return "repeats the same " + std::to_string(warp.circleLength()) + " instructions and finds nothing changed";
}

/// The same for reports that draw it.
std::vector<Waiter> drawn(const std::vector<Held> &held, const std::vector<size_t> &cycle) {
  std::vector<Waiter> waiters;
  for (const auto &[warp, group, others] : held) {
    Waiter &made = waiters.emplace_back();
    made.name = warp->describe(group->mask);
    made.line = lineOf(*group);
    made.object = group->isBlocked ? group->wait.what + " of " + warp->cta.describe() : "a change of memory";
    made.state = whatHolds(*warp, *group);
    for (Component other : others)
      for (size_t i = 0; i < held.size(); ++i)
        if (held[i].warp->component == other && held[i].warp != warp)
          made.others.push_back(i);
  }
  for (size_t at : cycle)
    waiters[at].isInCycle = true;
  return waiters;
}

/// A line for each waiter; warps of a CTA that follow each other and wait for the
/// same share one.
std::vector<std::string> linesOf(const std::vector<Held> &held, const std::vector<Waiter> &waiters) {
  const size_t mostListed = 32;
  std::vector<std::string> lines;
  for (size_t first = 0, end; first < waiters.size() && lines.size() < mostListed; first = end) {
    const Warp &warp = *held[first].warp;
    auto isAlike = [&](size_t other) {
      return &held[other].warp->cta == &warp.cta && held[other].warp->groups.size() == 1 && warp.groups.size() == 1 &&
             waiters[other].line == waiters[first].line && waiters[other].state == waiters[first].state;
    };
    for (end = first + 1; end < waiters.size() && isAlike(end);)
      ++end;
    std::string name = waiters[first].name;
    if (end - first > 1)
      name += " to" + waiters[end - 1].name.substr(warp.cta.describe().size());
    lines.push_back(name + ", line " + std::to_string(waiters[first].line) + ": " + waiters[first].state);
  }
  return lines;
}

} // namespace

void Cluster::reportDeadlock(std::vector<std::string> notes) {
  std::vector<Held> waiters;
  for (const Warp *warp : warps)
    for (const auto &group : warp->groups)
      waiters.push_back({warp, group.get(),
                         group->isBlocked && group->wait.others ? group->wait.others() : std::vector<Component>()});
  Verdict verdict;
  verdict.kind = VerdictKind::Deadlock;
  verdict.message = "no warp and no asynchronous unit can move; " + std::to_string(waiters.size()) + " wait";
  auto cycle = findCycle(waiters);
  verdict.waiters = drawn(waiters, cycle);
  verdict.notes = linesOf(waiters, verdict.waiters);
  if (std::string gone = exitedWarps(warps); !gone.empty())
    verdict.notes.push_back(gone);
  verdict.notes.insert(verdict.notes.end(), notes.begin(), notes.end());
  if (!cycle.empty()) {
    std::string text = "cycle: ";
    for (size_t at : cycle)
      text += waiters[at].warp->name + " waits " + waiters[at].group->wait.what + " from ";
    text += waiters[cycle.front()].warp->name;
    verdict.notes.push_back(text);
  }
  if (!waiters.empty()) {
    // Blame the wait of a cycle, else the first wait on an mbarrier.
    const Held *first = &waiters.front();
    for (const Held &waiter : waiters)
      if (waiter.group->isBlocked && waiter.group->wait.what.starts_with("mbarrier")) {
        first = &waiter;
        break;
      }
    if (!cycle.empty())
      first = &waiters[cycle.front()];
    verdict.line = lineOf(*first->group);
    verdict.agent = first->warp->describe(first->group->mask);
    const CompiledFunction &function = *first->group->stack.back().function;
    verdict.source = function.program->locationOf(function, function.body[first->group->pc]);
  }
  throw Stop(verdict);
}

} // namespace girih::sim
