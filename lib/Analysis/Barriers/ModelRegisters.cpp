// Registers: what MMAs in flight read and write.
#include "Model.h"

using namespace llvm;

namespace girih {

/// A result that is still being written has one taker, the await or the next MMA
/// that accumulates into it: whoever else wants it needs a copy, made too early.
Step BarrierModel::takeResult(int agent, int64_t number, int site) {
  AgentState &self = agentStates[agent];
  Started &mma = self.started[number];
  auto bad = [&](const Twine &text, int other, StringRef note) {
    fail(site, agents[agent].name + " takes the result of an MMA " + text);
    fault.notes.push_back({mma.site, "the MMA is here"});
    fault.notes.push_back({other, note.str()});
    return Step::Failed;
  };
  if (mma.taken >= 0)
    return bad("a second time: the copy that this needs would be made of registers that the MMA writes", mma.taken,
               "it was taken first here");
  if (int64_t newest = self.newest[mma.result]; newest != number)
    return bad("after another has started in the same registers", self.started[newest].site, "the other is here");
  mma.taken = site;
  return Step::Done;
}

Step BarrierModel::startMma(int agent, MmaStart mma, int site, int64_t &number) {
  AgentState &self = agentStates[agent];
  for (int slot : mma.slots) {
    if (Step step = checkFilled(agent, slot, site, /*async=*/true); step != Step::Done)
      return step;
    startRead(agent, slot, site);
  }
  if (mma.accumulator >= 0) {
    if (Step step = takeResult(agent, mma.accumulator, site); step != Step::Done)
      return step;
  } else if (Step step = put(agent, -1, mma.result, site); step != Step::Done) {
    return step;
  }
  number = self.started.size();
  if (static_cast<int>(self.newest.size()) <= mma.result)
    self.newest.resize(mma.result + 1, -1);
  self.newest[mma.result] = number;
  self.started.push_back({site, mma.result});
  self.inFlight.push_back({number, self.clock[agent], std::move(mma)});
  return Step::Done;
}

/// All but the newest `inFlight` MMAs of the agent are over.
Step BarrierModel::await(int agent, int64_t number, int64_t inFlight, int site) {
  AgentState &self = agentStates[agent];
  int64_t after = self.started.size() - 1 - number;
  if (inFlight < 0 || after < inFlight) {
    fail(site, agents[agent].name + " awaits an MMA after which it has started " + std::to_string(after) +
                   ", but allows " + std::to_string(inFlight) + " in flight: it may not be over");
    fault.notes.push_back({self.started[number].site, "the MMA is here"});
    return Step::Failed;
  }
  if (Step step = takeResult(agent, number, site); step != Step::Done)
    return step;
  while (static_cast<int64_t>(self.inFlight.size()) > inFlight) {
    for (int slot : self.inFlight.front().start.slots)
      endRead(agent, slot, self.inFlight.front().epoch);
    self.inFlight.erase(self.inFlight.begin());
  }
  return Step::Done;
}

Step BarrierModel::put(int agent, int value, int registers, int site) {
  for (const Mma &mma : agentStates[agent].inFlight) {
    bool isLeft = mma.start.leftRegisters == registers && mma.start.left != value;
    if (!isLeft && mma.start.result != registers)
      continue;
    fail(site, agents[agent].name + " writes registers that an MMA in flight " +
                   (isLeft ? "reads its left operand from" : "accumulates in"));
    fault.notes.push_back({agentStates[agent].started[mma.number].site, "the MMA is here"});
    return Step::Failed;
  }
  return Step::Done;
}

} // namespace girih
