// Slots of memory: who may still read or write them.
#include "Model.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>

using namespace llvm;

namespace girih {

//===----------------------------------------------------------------------===//
// Filling
//===----------------------------------------------------------------------===//

/// Whether all that was done with a slot is known to the agent to be over, so that
/// it may be filled anew.
Step BarrierModel::checkFree(int agent, int slot, const SlotUse &state, int site) {
  const Clock &clock = heardOf(agent, slot);
  auto bad = [&](const Twine &text) {
    return fail(site, agents[agent].name + " overwrites " + slots[slot].name + " while " + text);
  };
  for (auto [other, reader] : enumerate(state.readers)) {
    int32_t heard = clock[other];
    bool isSelf = static_cast<int>(other) == agent;
    if (reader.pending == 0 && (isSelf || reader.until <= heard))
      continue;
    int32_t since = reader.pending > 0 ? reader.pendingSince : reader.since;
    bad(agents[other].name + " may still read it" + unfenced(agent, other, reader.until));
    fault.notes.push_back({reader.site, "the read is here"});
    if (!isSelf && since <= heard)
      fault.notes.push_back({agentStates[other].signalSites[heard],
                             "this is the newest that " + agents[agent].name + " has heard of " + agents[other].name +
                                 ": the read has started, but need not have ended"});
    return Step::Failed;
  }
  switch (state.filled) {
  case Filled::Never:
  case Filled::Lost: // who wrote the other slot is asked there
    return Step::Done;
  case Filled::ByCopy:
    if (known(agentStates[agent].clock, state.barrier) > state.phase)
      return Step::Done;
    bad("it is being filled in " + phaseText(state.barrier, state.phase));
    break;
  case Filled::ByWrite:
    if (state.writer == agent || state.epoch <= clock[state.writer])
      return Step::Done;
    bad(agents[state.writer].name + " may still write it" + unfenced(agent, state.writer, state.epoch));
    break;
  }
  fault.notes.push_back({state.site, "the other is here"});
  return Step::Failed;
}

/// What is written in columns of tensor memory is lost in all other slots that have some of
/// them, where all must be over.
Step BarrierModel::loseOverlapping(int agent, int slot, int site) {
  for (int other : overlapping[slot]) {
    if (Step step = checkFree(agent, other, site); step != Step::Done) {
      fault.text += ", in columns of " + slots[slot].name;
      return step;
    }
    SlotState &state = slotStates[other];
    if (state.filled == Filled::Never)
      continue;
    state.filled = Filled::Lost;
    state.writer = slot;
    state.site = site;
    state.continued.clear();
    fill(state.readers, Reader());
  }
  return Step::Done;
}

/// Of the copies that fill one slot together, only the last is asked for readers.
void BarrierModel::noteFill(int slot, int site, bool isCopy, bool continues) {
  size_t number = fillOf(slot, site);
  if (fills.size() <= number)
    fills.resize(number + 1);
  fills[number].slot = slot;
  fills[number].isCopy = isCopy;
  if (continues && slotStates[slot].site != site)
    fills[fillOf(slot, slotStates[slot].site)].isRead = true;
}

Step BarrierModel::copy(int agent, int slot, bool isPart, int barrier, int64_t bytes, int site) {
  if (Step step = fillByCopy(agent, slot, isPart, barrier, bytes, site); step != Step::Done)
    return step;
  if (barriers[barrier].cta != agents[agent].cta)
    tellByCopy(agent, barrier, site);
  return completeIfReady(barrier, site);
}

Step BarrierModel::answer(int agent, int slot, int barrier, int64_t bytes, int site) {
  if (Step step = fillByCopy(agent, slot, /*isPart=*/false, barrier, bytes, site); step != Step::Done)
    return step;
  return completeIfReady(barrier, site);
}

/// The bytes arrive at an unknown time, at the latest when the phase ends. That
/// they arrive at once here loses nothing: no rule looks at the order of this run.
Step BarrierModel::fillByCopy(int agent, int slot, bool isPart, int barrier, int64_t bytes, int site) {
  AgentState &self = agentStates[agent];
  BarrierState &state = barrierStates[barrier];
  SlotState &memory = slotStates[slot];
  if (!agents[agent].oneThread)
    return fail(site, agents[agent].name + " has many threads, and each would copy: only a role with one_thread can");
  if (known(self.clock, barrier) < state.phase)
    return fail(site, agents[agent].name + " copies " + std::to_string(bytes) + " bytes that may count in " +
                          phaseText(barrier, state.phase - 1) + " or the one after: it has not waited for its end");
  bool continues = isPart && memory.isPart && memory.filled == Filled::ByCopy && memory.barrier == barrier &&
                   memory.phase == state.phase;
  if (!continues)
    memory.before = memory;
  if (Step step = checkFree(agent, slot, memory.before, site); step != Step::Done)
    return step;
  noteFill(slot, site, /*isCopy=*/true, continues);
  memory.filled = Filled::ByCopy;
  memory.writer = agent;
  memory.site = site;
  memory.barrier = barrier;
  memory.phase = state.phase;
  memory.isPart = isPart;
  memory.published = 0; // the asynchronous proxy wrote it
  fill(memory.readers, Reader());
  state.copied += bytes;
  state.hasCopies = true;
  return Step::Done;
}

/// The phase cannot end before the thread has started the copy, and so not before the phases
/// that the thread has waited for. That is no arrival: of memory nobody hears by it, and so
/// not of phases that copies fill memory in.
void BarrierModel::tellByCopy(int agent, int barrier, int site) {
  AgentState &self = agentStates[agent];
  Clock &gathering = barrierStates[barrier].gathering;
  passed(gathering, agent) = std::max(passed(gathering, agent), self.clock[agent]);
  for (auto [i, state] : enumerate(barrierStates))
    if (!state.hasCopies)
      known(gathering, i) = std::max(known(gathering, i), self.lastWait[i] + 1);
  endEpoch(agent, site);
}

Step BarrierModel::write(int agent, int slot, bool forAsync, int site) {
  AgentState &self = agentStates[agent];
  SlotState &memory = slotStates[slot];
  if (is_contained(self.storing, slot))
    return fail(site, agents[agent].name + " overwrites " + slots[slot].name +
                          " before its store from there has been drained");
  if (is_contained(self.draining, slot))
    return fail(site, agents[agent].name + " overwrites " + slots[slot].name +
                          " when only the thread that stored from there knows that the store has been drained");
  if (Step step = checkFree(agent, slot, site); step != Step::Done)
    return step;
  if (Step step = loseOverlapping(agent, slot, site); step != Step::Done)
    return step;
  noteFill(slot, site, /*isCopy=*/false);
  memory.filled = Filled::ByWrite;
  memory.writer = agent;
  memory.site = site;
  memory.epoch = self.clock[agent];
  memory.published = -1;
  fill(memory.readers, Reader());
  if (forAsync && !is_contained(self.unpublished, slot))
    self.unpublished.push_back(slot);
  return Step::Done;
}

Step BarrierModel::publish(int agent, int64_t id, int site) {
  AgentState &self = agentStates[agent];
  if (Step step = sync(agent, id, arrivalsOf(agent) * kThreadsPerWarp, site); step != Step::Done)
    return step;
  for (int slot : self.unpublished)
    if (slotStates[slot].writer == agent)
      slotStates[slot].published = self.clock[agent] - 1; // the fence comes before the barrier
  self.unpublished.clear();
  return Step::Done;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Whether the agent has waited for what fills the slot.
Step BarrierModel::checkFilled(int agent, int slot, int site, bool async) {
  AgentState &self = agentStates[agent];
  const SlotState &state = slotStates[slot];
  auto bad = [&](const Twine &text, StringRef note) {
    fail(site, agents[agent].name + " reads " + slots[slot].name + text);
    if (!note.empty())
      fault.notes.push_back({state.site, note.str()});
    return Step::Failed;
  };
  switch (state.filled) {
  case Filled::Never:
    return bad(", which nothing need have filled yet", "");
  case Filled::Lost:
    return bad(", of which columns were written as " + slots[state.writer].name, "that is here");
  case Filled::ByCopy: {
    if (known(self.clock, state.barrier) > state.phase)
      return Step::Done;
    int32_t last = agentStates[threadOf(agent)].lastWait[state.barrier];
    return bad(", filled in " + phaseText(state.barrier, state.phase) + ", without waiting for that phase; " +
                   (last < -1 ? "it has not waited there" : "its last wait there was for " + phaseName(last)),
               "the copy is here");
  }
  case Filled::ByWrite:
    if (state.writer != agent && state.epoch > heardOf(agent, slot)[state.writer])
      return bad(", which " + agents[state.writer].name + " may still write" +
                     unfenced(agent, state.writer, state.epoch),
                 agents[state.writer].thread < 0 ? "the write is here" : "the MMA is here");
    if (async && (state.published < 0 || (state.writer != agent && state.published > self.clock[state.writer])))
      return bad(" before what was written there has been published", "the write is here");
    return Step::Done;
  }
  llvm_unreachable("all kinds of filling are above");
}

void BarrierModel::startRead(int agent, int slot, int site) {
  Reader &reader = slotStates[slot].readers[agent];
  reader.site = site;
  fills[fillOf(slot, slotStates[slot].site)].isRead = true;
  for (int earlier : slotStates[slot].continued)
    fills[fillOf(slot, earlier)].isRead = true;
  if (reader.pending++ == 0)
    reader.pendingSince = agentStates[agent].clock[agent];
}

void BarrierModel::endRead(int agent, int slot, int32_t since) {
  Reader &reader = slotStates[slot].readers[agent];
  if (reader.pending > 0)
    --reader.pending;
  reader.since = since;
  reader.until = agentStates[agent].clock[agent];
}

Step BarrierModel::read(int agent, int slot, int site) {
  if (Step step = checkFilled(agent, slot, site, /*async=*/false); step != Step::Done)
    return step;
  startRead(agent, slot, site);
  endRead(agent, slot, agentStates[agent].clock[agent]);
  return Step::Done;
}

//===----------------------------------------------------------------------===//
// Asynchronous stores and ends
//===----------------------------------------------------------------------===//

Step BarrierModel::store(int agent, int slot, int site) {
  if (Step step = checkFilled(agent, slot, site, /*async=*/true); step != Step::Done)
    return step;
  startRead(agent, slot, site);
  agentStates[agent].storing.push_back(slot);
  return Step::Done;
}

/// The thread that stored knows at once, its worker only after the next barrier.
Step BarrierModel::drain(int agent, int) {
  AgentState &self = agentStates[agent];
  self.draining.append(self.storing);
  self.storing.clear();
  if (agents[agent].oneThread)
    drained(agent);
  return Step::Done;
}

void BarrierModel::drained(int agent) {
  AgentState &self = agentStates[agent];
  for (int slot : self.draining)
    endRead(agent, slot, self.clock[agent]);
  self.draining.clear();
}

Step BarrierModel::finish(int agent, int site) {
  AgentState &self = agentStates[agent];
  if (!self.inFlight.empty())
    return fail(self.started[self.inFlight.front().number].site, agents[agent].name + " ends with this MMA in flight");
  for (const Started &mma : self.started)
    if (mma.taken < 0)
      return fail(mma.site, agents[agent].name + " never awaits this MMA: its registers are free for other tiles "
                                                 "while it writes them");
  if (!self.storing.empty()) {
    int slot = self.storing.front();
    return fail(slotStates[slot].readers[agent].site,
                agents[agent].name + " ends before its store from " + slots[slot].name + " has been drained");
  }
  return Step::Done;
}

Step BarrierModel::finishAll() {
  for (auto [slot, state] : enumerate(slotStates)) {
    if (state.filled != Filled::ByCopy)
      continue;
    bool isSeen =
        any_of(agentStates, [&](AgentState &agent) { return known(agent.clock, state.barrier) > state.phase; });
    if (!isSeen)
      return fail(state.site, "nothing waits for this copy to " + slots[slot].name + " in " +
                                  phaseText(state.barrier, state.phase) + ": the kernel may end before it does");
  }
  for (auto [pipe, state] : enumerate(agentStates)) {
    auto isWaiter = [&, pipe = pipe, &state = state](size_t other) {
      return other != pipe && agentStates[other].clock[pipe] >= state.mmaEpoch;
    };
    if (state.mmaEpoch > 0 && none_of(seq<size_t>(agents.size()), isWaiter))
      return fail(state.mmaSite, "nothing waits for " + agents[pipe].name +
                                     " to complete: the kernel may end with this one in flight");
  }
  return Step::Done;
}

/// Who should read such a slot reads another, or nothing. In one run that need not
/// be wrong: the loop that reads may run 0 times.
Step BarrierModel::checkFillsRead() {
  for (auto [number, fill] : enumerate(fills))
    if (fill.slot >= 0 && !fill.isRead)
      return fail(number / ctas, Twine("nothing ever reads what is ") + (fill.isCopy ? "copied" : "written") +
                                     " here to " + slots[fill.slot].name);
  return Step::Done;
}

} // namespace girih
