// What barriers, slots of memory and asynchronous work do, as far as the order of
// things goes: a state machine that the interpreter drives. It knows nothing
// of the IR; places in the program are numbers ("sites").
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_MODEL_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_MODEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace girih {

inline constexpr int kNamedBarriers = 16; // PTX ISA, "bar": 0 to 15
inline constexpr int kThreadsPerWarp = 32;
inline constexpr int kWarpsPerWorker = 4;
inline constexpr int kMaxThreads = 1024; // of a CTA (CUDA C++ programming guide, "compute capabilities")

/// A broken rule: where, what, and what else has to do with it.
struct BarrierFault {
  struct Note {
    int site;
    std::string text;
  };
  int site = -1;
  std::string text;
  llvm::SmallVector<Note, 2> notes;
};

/// How far an operation of an agent got.
enum class Step { Done, Blocked, Failed };

/// Agents are the workers of the roles, and for a thread that starts MMAs which accumulate
/// in tensor memory, those MMAs: its pipe, which goes on by itself, one MMA after another.
/// Time is counted in epochs: an agent's epoch grows whenever it signals others, so
/// "before" is "in an epoch that the other has heard of". An agent's clock says, for each
/// agent, the newest epoch it has heard of, and for each barrier, how many phases it knows
/// to have ended. Between CTAs it may have heard how far an agent has come and nothing of memory,
/// which is another entry. Of what was done in tensor memory it has heard only if the arrive and the
/// wait by which it has heard were fences for that, so there is a second clock of such news.
///
/// Every rule here is about what must have happened before, never about what
/// happened to come first in this run. Where all hold, every other order of
/// events gives the same run (see Proof.cpp).
class BarrierModel {
public:
  struct AgentInfo {
    std::string name;
    bool oneThread;  ///< of its warps: one arrival, and no named barriers
    int64_t warps;   ///< of the CTA; a pipe has none
    int64_t cta = 0; ///< of the cluster
    int pipe = -1;   ///< the agent of the MMAs that this thread starts
    int thread = -1; ///< of a pipe: the agent that starts its MMAs
  };
  struct BarrierInfo {
    std::string name;
    int64_t arrivals;
    int64_t cta = 0; ///< of the cluster
  };
  struct SlotInfo {
    std::string name;
    int64_t columns;    ///< of tensor memory; 0 in shared memory
    int64_t column = 0; ///< the first of them
    int64_t cta = 0;    ///< of the cluster
  };

  BarrierModel(std::vector<AgentInfo> agents, std::vector<BarrierInfo> barriers, std::vector<SlotInfo> slots);

  /// Back to the start of the kernel.
  void reset();

  // Transaction barriers. `isFence`: for tensor memory; `isCluster`: for threads of other CTAs.
  Step wait(int agent, int barrier, int64_t parity, bool isFence, bool isCluster, int site);
  Step arrive(int agent, int barrier, bool isFence, int site);
  Step expect(int agent, int barrier, int64_t bytes, int site);
  /// `isPart`: of the slot, so that the rest may come by other copies of the phase.
  Step copy(int agent, int slot, bool isPart, int barrier, int64_t bytes, int site);
  /// What is asked for comes, of which the barrier tells and nobody else.
  Step answer(int agent, int slot, int barrier, int64_t bytes, int site);

  // Named barriers; `threads` is 0 if not given. A blocked sync is tried again.
  Step sync(int agent, int64_t id, int64_t threads, int site);
  Step signal(int agent, int64_t id, int64_t threads, int site);

  // Slots.
  Step read(int agent, int slot, int site);
  /// For asynchronous stores and MMAs, which need it published, or only for threads that read.
  Step write(int agent, int slot, bool forAsync, int site);
  Step publish(int agent, int64_t id, int site);
  Step store(int agent, int slot, int site);
  Step drain(int agent, int site);
  /// After `drain`: every thread of the worker knows.
  void drained(int agent);

  // MMAs, and registers that they use until they complete. Values and registers are
  // those of the agent's role.
  struct MmaStart {
    llvm::SmallVector<int, 2> slots;   ///< operands in shared memory
    int result;                        ///< registers of the accumulator
    int left = -1, leftRegisters = -1; ///< the operand in registers, a value
    int64_t accumulator = -1;          ///< the MMA whose result it takes, if that has not been awaited
  };
  Step startMma(int agent, MmaStart mma, int site, int64_t &number);
  Step await(int agent, int64_t number, int64_t inFlight, int site);
  /// Registers are written: a value is computed (-1) or moved there.
  Step put(int agent, int value, int registers, int site);

  // MMAs that accumulate in tensor memory.
  struct MmaInto {
    llvm::SmallVector<int, 2> dests;    ///< slots, one of each CTA that takes part
    llvm::SmallVector<int, 4> operands; ///< slots
    int64_t columns;                    ///< of the result
    std::optional<bool> accumulates;    ///< if known
  };
  Step startMmaInto(int agent, const MmaInto &mma, int site);
  Step writeTensor(int agent, int slot, int64_t columns, int site);
  Step commit(int agent, llvm::ArrayRef<int> barriers, int site);

  // The end of an agent's program, and of all programs.
  Step finish(int agent, int site);
  Step finishAll();
  /// For after all runs: a slot that was filled in some, but read in none.
  Step checkFillsRead();
  /// For when no agent can go on: `blocked` has each agent that waits, and where.
  void reportDeadlock(llvm::ArrayRef<std::pair<int, int>> blocked);

  Step fail(int site, const llvm::Twine &text);
  const BarrierFault &getFault() const { return fault; }
  /// What a step costs, beside one that needs no clocks.
  int64_t getCost() const { return (agents.size() + barriers.size()) / 32; }
  llvm::StringRef agentName(int agent) const { return agents[agent].name; }

private:
  using Clock = llvm::SmallVector<int32_t, 40>;
  enum class SyncState { None, Waiting, Released };

  struct Mma {
    int64_t number;
    int32_t epoch;
    MmaStart start;
  };
  struct Started {
    int site, result;
    int taken = -1; ///< the site of what took the result
  };
  struct AgentState {
    Clock clock;
    Clock tensor;                                             ///< by agents: of what in tensor memory is over
    llvm::SmallVector<int32_t, 32> lastWait;                  ///< per barrier: the newest phase waited for
    llvm::SmallVector<Mma, 4> inFlight;                       ///< MMAs not known to be over, oldest first
    std::vector<Started> started;                             ///< MMAs, by number
    llvm::SmallVector<int64_t, 4> newest;                     ///< by registers: the newest MMA that writes them
    llvm::SmallVector<int, 2> storing, draining, unpublished; ///< slots
    std::vector<int> signalSites;                             ///< by epoch: the signal that ended it
    SyncState sync = SyncState::None;
    int32_t mmaEpoch = 0; ///< of a pipe: the epoch of its newest MMA, or 0
    int mmaSite = -1;
    int waitingFor = -1; ///< the barrier, or the number of barriers + id
    int64_t waitingPhase = 0;
  };
  struct Seen {
    int agent;
    int32_t epoch;
    int site;
  };
  struct BarrierState {
    int32_t phase = 0; ///< the one that has not ended
    int64_t pending = 0, expected = 0, copied = 0;
    bool hasCopies = false; ///< in this phase or one before
    Clock gathering, ended; ///< of the arrivals of this phase; of the one before
    Clock tensorGathering, tensorEnded;
    llvm::SmallVector<Seen, 4> waits; ///< that passed because the phase before ended
    int expectSite = -1;
    int remoteSite = -1, endedRemoteSite = -1; ///< of a thread of another CTA that has arrived in this phase; before
  };
  struct NamedState {
    int32_t round = 0;
    int64_t threads = 0, arrived = 0;
    Clock gathering;
    llvm::SmallVector<Seen, 4> members;
  };
  struct Reader {
    int32_t pending = 0;          ///< reads that have not ended
    int32_t pendingSince = 0;     ///< the epoch in which the oldest of them started
    int32_t since = 0, until = 0; ///< the newest of those that have ended; 0 is none
    int site = -1;
  };
  enum class Filled { Never, ByCopy, ByWrite, Lost };
  /// What a slot was filled with, and who has read that.
  struct SlotUse {
    Filled filled = Filled::Never;
    int writer = -1, site = -1; ///< where it is lost: the slot that was written, and where
    int32_t epoch = 0, phase = 0;
    int barrier = -1;
    llvm::SmallVector<Reader, 6> readers;
  };
  struct SlotState : SlotUse {
    bool isPart = false;
    int32_t published = -1;              ///< the writer's epoch in which it published, or -1
    llvm::SmallVector<int, 2> continued; ///< sites of MMAs onto which the last one accumulates
    SlotUse before;                      ///< while copies fill it in parts: for agents that copy the others
  };

  int64_t arrivalsOf(int agent) const { return agents[agent].oneThread ? 1 : kWarpsPerWorker; }
  /// The agent that runs a program, and its name.
  int threadOf(int agent) const { return agents[agent].thread < 0 ? agent : agents[agent].thread; }
  const std::string &programName(int agent) const { return agents[threadOf(agent)].name; }
  /// The epochs in which, as the agent has heard, all accesses to the slot are over.
  const Clock &heardOf(int agent, int slot) const {
    return slots[slot].columns > 0 ? agentStates[agent].tensor : agentStates[agent].clock;
  }
  std::string unfenced(int agent, int other, int32_t epoch) const;
  int32_t &known(Clock &clock, int barrier) const { return clock[agents.size() + barrier]; }
  /// The newest epoch that an agent has come to, whatever has been heard of its memory.
  int32_t &passed(Clock &clock, int agent) const {
    return clock[ctas == 1 ? agent : agents.size() + barriers.size() + namedStates.size() + agent];
  }
  /// The number of a named barrier of the agent's CTA.
  int namedOf(int agent, int64_t id) const { return agents[agent].cta * kNamedBarriers + id; }
  /// What is filled at a site of the program, in the CTA of the slot.
  size_t fillOf(int slot, int site) const { return site * ctas + slots[slot].cta; }
  static void join(Clock &into, const Clock &from);
  void endEpoch(int agent, int site);
  Step count(int agent, int barrier, int64_t arrivals, bool isFence, int site);
  void startPipe(int agent, int site);
  Step accumulate(int pipe, int dest, std::optional<bool> accumulates, int site);
  Step completeIfReady(int barrier, int site);
  Step fillByCopy(int agent, int slot, bool isPart, int barrier, int64_t bytes, int site);
  void tellByCopy(int agent, int barrier, int site);
  Step joinNamed(int agent, int64_t id, int64_t threads, int site, bool waits);
  Step checkFilled(int agent, int slot, int site, bool async);
  Step checkFree(int agent, int slot, int site) { return checkFree(agent, slot, slotStates[slot], site); }
  Step checkFree(int agent, int slot, const SlotUse &use, int site);
  Step loseOverlapping(int agent, int slot, int site);
  Step checkWhole(int agent, int slot, int64_t columns, int site);
  Step takeResult(int agent, int64_t number, int site);
  void noteFill(int slot, int site, bool isCopy, bool continues = false);
  void startRead(int agent, int slot, int site);
  void endRead(int agent, int slot, int32_t since);
  static std::string phaseName(int64_t phase);
  std::string phaseText(int barrier, int64_t phase) const;
  std::string waitText(int agent) const;

  std::vector<AgentInfo> agents;
  std::vector<BarrierInfo> barriers;
  std::vector<SlotInfo> slots;
  std::vector<llvm::SmallVector<int, 1>> overlapping; ///< by slots: others in columns of theirs

  std::vector<AgentState> agentStates;
  std::vector<BarrierState> barrierStates;
  std::vector<NamedState> namedStates;
  std::vector<SlotState> slotStates;
  struct Fill {
    int slot = -1; ///< the last one
    bool isCopy = false, isRead = false;
  };
  int64_t ctas = 1;        ///< of a cluster
  std::vector<Fill> fills; ///< by site and CTA, over all runs
  BarrierFault fault;
};

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_MODEL_H
