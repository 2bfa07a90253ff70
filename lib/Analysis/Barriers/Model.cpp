// Barriers: phases, arrivals, bytes and clocks.
#include "Model.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;

namespace girih {

BarrierModel::BarrierModel(std::vector<AgentInfo> agents, std::vector<BarrierInfo> barriers,
                           std::vector<SlotInfo> slots)
    : agents(std::move(agents)), barriers(std::move(barriers)), slots(std::move(slots)),
      overlapping(this->slots.size()) {
  for (auto [i, slot] : enumerate(this->slots))
    for (auto [j, other] : enumerate(this->slots))
      if (i != j && slot.cta == other.cta && slot.column < other.column + other.columns &&
          other.column < slot.column + slot.columns)
        overlapping[i].push_back(j);
  for (const AgentInfo &agent : this->agents)
    ctas = std::max(ctas, agent.cta + 1);
  reset();
}

void BarrierModel::reset() {
  size_t width = agents.size() * (ctas == 1 ? 1 : 2) + barriers.size() + kNamedBarriers * ctas;
  namedStates.assign(kNamedBarriers * ctas, {});
  bool hasTensor = any_of(slots, [](const SlotInfo &slot) { return slot.columns > 0; });
  size_t tensorWidth = hasTensor ? agents.size() : 0; // or there is nothing to tell
  fault = {};
  agentStates.assign(agents.size(), {});
  for (auto [i, agent] : enumerate(agentStates)) {
    agent.clock.assign(width, 0);
    agent.clock[i] = passed(agent.clock, i) = 1;
    agent.tensor.assign(tensorWidth, 0);
    if (hasTensor)
      agent.tensor[i] = 1;
    agent.lastWait.assign(barriers.size(), -2); // the phase before the first is number -1
    agent.signalSites.assign(1, -1);
  }
  barrierStates.assign(barriers.size(), {});
  for (auto [i, barrier] : enumerate(barrierStates)) {
    barrier.pending = barriers[i].arrivals;
    barrier.gathering.assign(width, 0);
    barrier.ended.assign(width, 0);
    barrier.tensorGathering.assign(tensorWidth, 0);
    barrier.tensorEnded.assign(tensorWidth, 0);
  }
  for (NamedState &named : namedStates)
    named.gathering.assign(width, 0);
  slotStates.assign(slots.size(), {});
  for (SlotState &slot : slotStates)
    slot.readers.assign(agents.size(), {});
}

//===----------------------------------------------------------------------===//
// Clocks and texts
//===----------------------------------------------------------------------===//

void BarrierModel::join(Clock &into, const Clock &from) {
  for (size_t i = 0, e = into.size(); i < e; ++i)
    into[i] = std::max(into[i], from[i]);
}

void BarrierModel::endEpoch(int agent, int site) {
  AgentState &self = agentStates[agent];
  passed(self.clock, agent) = ++self.clock[agent];
  if (!self.tensor.empty())
    self.tensor[agent] = self.clock[agent];
  self.signalSites.push_back(site);
}

Step BarrierModel::fail(int site, const Twine &text) {
  fault = {site, text.str(), {}};
  return Step::Failed;
}

std::string BarrierModel::phaseName(int64_t phase) {
  if (phase < 0)
    return "the phase before the first (parity 1)";
  return "phase " + std::to_string(phase) + " (parity " + std::to_string(phase & 1) + ")";
}

std::string BarrierModel::phaseText(int barrier, int64_t phase) const {
  return phaseName(phase) + " of barrier " + barriers[barrier].name;
}

//===----------------------------------------------------------------------===//
// Transaction barriers
//===----------------------------------------------------------------------===//

/// `known` phases have ended for sure, so a wait is for the newest of those or for
/// the one after, whichever has the parity. It passes when exactly that phase is
/// the newest that has ended.
Step BarrierModel::wait(int agent, int barrier, int64_t parity, bool isFence, bool isCluster, int site) {
  AgentState &self = agentStates[agent];
  BarrierState &state = barrierStates[barrier];
  int32_t ended = known(self.clock, barrier);
  int32_t phase = (ended & 1) == parity ? ended : ended - 1;
  if (phase <= self.lastWait[barrier])
    return fail(site, agents[agent].name + " waits again for " + phaseText(barrier, phase) +
                          ", which it has seen end: the wait passes at once; its next wait there should be for " +
                          phaseName(self.lastWait[barrier] + 1));
  if (state.phase > phase + 1)
    return fail(site, agents[agent].name + " waits for " + phaseText(barrier, phase) + ", but " + phaseName(phase + 1) +
                          " can end before it looks: it would miss the phase");
  if (state.phase <= phase) {
    self.waitingFor = barrier;
    self.waitingPhase = phase;
    return Step::Blocked;
  }
  if (phase >= 0 && state.endedRemoteSite >= 0 && !isCluster) {
    fail(site, agents[agent].name + " waits for " + phaseText(barrier, phase) +
                   ", at which a thread of another CTA arrives, without cluster: it does not hear of that thread");
    fault.notes.push_back({state.endedRemoteSite, "the arrival is here"});
    return Step::Failed;
  }
  if (phase >= 0)
    join(self.clock, state.ended);
  if (phase >= 0 && isFence)
    join(self.tensor, state.tensorEnded);
  self.lastWait[barrier] = phase;
  state.waits.push_back({agent, self.clock[agent], site});
  return Step::Done;
}

Step BarrierModel::arrive(int agent, int barrier, bool isFence, int site) {
  return count(agent, barrier, arrivalsOf(agent), isFence, site);
}

Step BarrierModel::expect(int agent, int barrier, int64_t bytes, int site) {
  if (!agents[agent].oneThread)
    return fail(site, agents[agent].name +
                          " has many threads, and each would expect the bytes: " + "only a role with one_thread can");
  barrierStates[barrier].expected += bytes;
  barrierStates[barrier].expectSite = site;
  return count(agent, barrier, 1, /*isFence=*/false, site);
}

/// Arrivals belong to the phase that has not ended. That this is the same phase in
/// every run needs: the agent knows that all phases before have ended.
Step BarrierModel::count(int agent, int barrier, int64_t arrivals, bool isFence, int site) {
  AgentState &self = agentStates[agent];
  BarrierState &state = barrierStates[barrier];
  int64_t allowed = barriers[barrier].arrivals;
  if (known(self.clock, barrier) < state.phase)
    return fail(site, programName(agent) + " arrives too often in " + phaseText(barrier, state.phase - 1) + ": " +
                          std::to_string(allowed) + " arrivals end it, and " + std::to_string(arrivals) +
                          " more come from an agent that has not waited for its end");
  if (arrivals > state.pending)
    return fail(site, programName(agent) + " arrives too often in " + phaseText(barrier, state.phase) + ": " +
                          std::to_string(allowed) + " arrivals end it, " + std::to_string(allowed - state.pending) +
                          " have come, and these are " + std::to_string(arrivals) + " more");
  state.pending -= arrivals;
  bool isThread = agents[agent].thread < 0;
  if (isThread && agents[agent].cta != barriers[barrier].cta)
    state.remoteSite = site;
  join(state.gathering, self.clock);
  if (isFence)
    join(state.tensorGathering, self.tensor);
  endEpoch(agent, site);
  return completeIfReady(barrier, site);
}

Step BarrierModel::completeIfReady(int barrier, int site) {
  BarrierState &state = barrierStates[barrier];
  if (state.pending > 0)
    return Step::Done;
  if (state.copied > state.expected)
    return fail(site, phaseText(barrier, state.phase) + " expects " + std::to_string(state.expected) + " bytes, but " +
                          std::to_string(state.copied) + " are copied");
  if (state.copied < state.expected)
    return Step::Done;
  for (const Seen &seen : state.waits)
    if (passed(state.gathering, seen.agent) < seen.epoch)
      return fail(seen.site, agents[seen.agent].name + " waits for " + phaseText(barrier, state.phase - 1) + ", but " +
                                 phaseName(state.phase) + " can end before it looks: it would miss the phase");
  state.waits.clear();
  ++state.phase;
  std::swap(state.ended, state.gathering);
  known(state.ended, barrier) = state.phase;
  fill(state.gathering, 0);
  std::swap(state.tensorEnded, state.tensorGathering);
  fill(state.tensorGathering, 0);
  state.pending = barriers[barrier].arrivals;
  state.expected = state.copied = 0;
  state.endedRemoteSite = std::exchange(state.remoteSite, -1);
  return Step::Done;
}

//===----------------------------------------------------------------------===//
// Named barriers
//===----------------------------------------------------------------------===//

Step BarrierModel::sync(int agent, int64_t id, int64_t threads, int site) {
  AgentState &self = agentStates[agent];
  if (self.sync == SyncState::None)
    if (Step step = joinNamed(agent, id, threads, site, /*waits=*/true); step != Step::Done)
      return step;
  if (self.sync == SyncState::Waiting)
    return Step::Blocked;
  self.sync = SyncState::None;
  drained(agent);
  return Step::Done;
}

Step BarrierModel::signal(int agent, int64_t id, int64_t threads, int site) {
  return joinNamed(agent, id, threads, site, /*waits=*/false);
}

/// As for transaction barriers, an agent may join a round only if it knows that
/// the rounds before have ended.
Step BarrierModel::joinNamed(int agent, int64_t id, int64_t threads, int site, bool waits) {
  AgentState &self = agentStates[agent];
  int64_t mine = arrivalsOf(agent) * kThreadsPerWarp, most = 0, all = 0;
  for (const AgentInfo &info : agents) {
    if (info.cta != agents[agent].cta)
      continue;
    most += info.oneThread ? 0 : info.warps * kThreadsPerWarp;
    all += info.warps * kThreadsPerWarp;
  }
  if (threads == 0)
    threads = all; // of the CTA, those included that run no program
  auto bad = [&](const Twine &text) { return fail(site, agents[agent].name + " " + text); };
  if (id < 0 || id >= kNamedBarriers)
    return bad("uses named barrier " + Twine(id) + ", but there are only " + Twine(kNamedBarriers) + ", 0 to " +
               Twine(kNamedBarriers - 1));
  if (agents[agent].oneThread)
    return bad("uses named barrier " + Twine(id) + " with 1 thread, but whole warps of " + Twine(kThreadsPerWarp) +
               " must");

  NamedState &state = namedStates[namedOf(agent, id)];
  int barrier = barriers.size() + namedOf(agent, id);
  auto badRound = [&](const Twine &before, const Twine &after) {
    return bad(before + " round " + Twine(state.round) + " of named barrier " + Twine(id) + after);
  };
  if (threads % kThreadsPerWarp != 0 || threads > most)
    return badRound("expects " + Twine(threads) + " threads in",
                    ", but must expect a multiple of " + Twine(kThreadsPerWarp) + " up to " + Twine(most));
  if (known(self.clock, barrier) < state.round)
    return badRound("joins", " without having seen the round before end: with " + Twine(mine) +
                                 " threads more, that one could have had too many");
  for (const Seen &member : state.members)
    if (member.agent == agent)
      return badRound("joins", " twice: " + Twine(threads) + " threads are expected, and its " + Twine(mine) +
                                   " are there already");
  if (!state.members.empty() && state.threads != threads) {
    badRound("expects " + Twine(threads) + " threads in",
             ", but " + agents[state.members[0].agent].name + " expects " + Twine(state.threads));
    fault.notes.push_back({state.members[0].site, "the other is here"});
    return Step::Failed;
  }
  if (state.arrived + mine > threads)
    return badRound("makes " + Twine(state.arrived + mine) + " threads in", ", which expects " + Twine(threads));

  state.threads = threads;
  state.arrived += mine;
  state.members.push_back({agent, self.clock[agent], site});
  join(state.gathering, self.clock);
  endEpoch(agent, site);
  if (waits) {
    self.sync = SyncState::Waiting;
    self.waitingFor = barrier;
    self.waitingPhase = state.round;
  }
  if (state.arrived < threads)
    return Step::Done;
  known(state.gathering, barrier) = ++state.round;
  for (const Seen &member : state.members)
    if (agentStates[member.agent].sync == SyncState::Waiting && agentStates[member.agent].waitingFor == barrier) {
      join(agentStates[member.agent].clock, state.gathering);
      agentStates[member.agent].sync = SyncState::Released;
    }
  fill(state.gathering, 0);
  state.members.clear();
  state.arrived = 0;
  return Step::Done;
}

//===----------------------------------------------------------------------===//
// Deadlock
//===----------------------------------------------------------------------===//

/// "role x waits for ..., which lacks ...".
std::string BarrierModel::waitText(int agent) const {
  const AgentState &self = agentStates[agent];
  std::string text = agents[agent].name + " waits for ";
  int named = self.waitingFor - static_cast<int>(barriers.size());
  if (named >= 0) {
    const NamedState &state = namedStates[named];
    return text + "round " + std::to_string(self.waitingPhase) + " of named barrier " +
           std::to_string(named % kNamedBarriers) + ", which has " + std::to_string(state.arrived) + " of " +
           std::to_string(state.threads) + " threads";
  }
  const BarrierState &state = barrierStates[self.waitingFor];
  int64_t allowed = barriers[self.waitingFor].arrivals;
  text += phaseText(self.waitingFor, self.waitingPhase) + ", which has " + std::to_string(allowed - state.pending) +
          " of " + std::to_string(allowed) + " arrivals";
  if (state.expected != 0 || state.copied != 0)
    text += " and " + std::to_string(state.copied) + " of " + std::to_string(state.expected) + " bytes";
  return text;
}

void BarrierModel::reportDeadlock(ArrayRef<std::pair<int, int>> blocked) {
  for (auto [i, barrier] : enumerate(barrierStates))
    if (barrier.pending == 0 && barrier.copied < barrier.expected) {
      fail(barrier.expectSite, phaseText(i, barrier.phase) + " expects " + std::to_string(barrier.expected) +
                                   " bytes, but " + std::to_string(barrier.copied) + " are copied");
      for (auto [agent, site] : blocked)
        fault.notes.push_back({site, waitText(agent)});
      return;
    }
  fail(blocked[0].second, "deadlock: " + waitText(blocked[0].first));
  for (auto [agent, site] : blocked.drop_front())
    fault.notes.push_back({site, waitText(agent)});
}

} // namespace girih
