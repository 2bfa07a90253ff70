// Tensor memory: MMAs that one thread starts, and that complete by themselves.
#include "Model.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace girih {

/// That news came, but no good ones for tensor memory.
std::string BarrierModel::unfenced(int agent, int other, int32_t epoch) const {
  const AgentState &self = agentStates[agent];
  if (self.tensor.empty() || epoch > self.clock[other] || epoch <= self.tensor[other])
    return "";
  return ": what it has heard of that came by an arrive or a wait without tensor_memory";
}

/// What the thread starts in its pipe comes after all that it has done or heard of. It
/// hears nothing back, unless it waits for a barrier.
void BarrierModel::startPipe(int agent, int site) {
  AgentState &self = agentStates[agent], &pipe = agentStates[agents[agent].pipe];
  join(pipe.clock, self.clock);
  join(pipe.tensor, self.tensor);
  endEpoch(agent, site);
}

/// Whether all columns of a slot are written.
Step BarrierModel::checkWhole(int agent, int slot, int64_t columns, int site) {
  if (columns == slots[slot].columns)
    return Step::Done;
  return fail(site, agents[agent].name + " writes " + std::to_string(columns) + " of the " +
                        std::to_string(slots[slot].columns) + " columns of " + slots[slot].name +
                        ": the check of barriers follows whole slots only");
}

/// There is one way to tensor memory, so nothing has to be published.
Step BarrierModel::writeTensor(int agent, int slot, int64_t columns, int site) {
  if (Step step = checkWhole(agent, slot, columns, site); step != Step::Done)
    return step;
  if (Step step = write(agent, slot, /*forAsync=*/false, site); step != Step::Done)
    return step;
  slotStates[slot].published = 0;
  return Step::Done;
}

/// MMAs of one thread complete in the order in which they start, so for the pipe each
/// is over when the next begins. For all others, those of an epoch are over once they
/// hear of it, by a commit.
Step BarrierModel::startMmaInto(int agent, const MmaInto &mma, int site) {
  startPipe(agent, site);
  int pipe = agents[agent].pipe;
  AgentState &self = agentStates[pipe];
  for (int dest : mma.dests)
    if (Step step = checkWhole(pipe, dest, mma.columns, site); step != Step::Done)
      return step;
  for (int slot : mma.operands) {
    auto isIn = [&](int dest) { return slot == dest || is_contained(overlapping[slot], dest); };
    if (any_of(mma.dests, isIn))
      return fail(site, agents[pipe].name + " reads " + slots[slot].name + ", into which it accumulates");
    if (Step step = checkFilled(pipe, slot, site, /*async=*/true); step != Step::Done)
      return step;
    startRead(pipe, slot, site);
    endRead(pipe, slot, self.clock[pipe]);
  }
  for (int dest : mma.dests)
    if (Step step = accumulate(pipe, dest, mma.accumulates, site); step != Step::Done)
      return step;
  self.mmaEpoch = self.clock[pipe];
  self.mmaSite = site;
  return Step::Done;
}

/// An MMA of a pipe writes a slot.
Step BarrierModel::accumulate(int pipe, int dest, std::optional<bool> accumulates, int site) {
  SlotState &memory = slotStates[dest];
  if (Step step = checkFree(pipe, dest, site); step != Step::Done)
    return step;

  // What is not known may be true, and then needs something to add to.
  bool continues = accumulates.value_or(true);
  if (continues && memory.filled == Filled::Lost)
    return checkFilled(pipe, dest, site, /*async=*/true);
  if (Step step = loseOverlapping(pipe, dest, site); step != Step::Done)
    return step;
  if (continues && memory.filled == Filled::Never)
    return fail(site, agents[pipe].name + " accumulates in " + slots[dest].name +
                          ", which nothing need have filled yet" +
                          (accumulates ? "" : "; whether it accumulates is not known here"));
  if (!continues)
    memory.continued.clear();
  else if (memory.site != site && !is_contained(memory.continued, memory.site))
    memory.continued.push_back(memory.site);
  noteFill(dest, site, /*isCopy=*/false);
  memory.filled = Filled::ByWrite;
  memory.writer = pipe;
  memory.site = site;
  memory.epoch = agentStates[pipe].clock[pipe];
  memory.published = 0;
  fill(memory.readers, Reader());
  return Step::Done;
}

/// The thread's own news travel too: the arrival comes after the commit. In PTX ISA,
/// "tcgen05.commit" is a fence for tensor memory by itself.
Step BarrierModel::commit(int agent, ArrayRef<int> barriers, int site) {
  startPipe(agent, site);
  for (int barrier : barriers)
    if (Step step = count(agents[agent].pipe, barrier, 1, /*isFence=*/true, site); step != Step::Done)
      return step;
  return Step::Done;
}

} // namespace girih
