//===- Warp.h - Registers, control flow and clocks of a warp ----*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_WARP_H
#define GIRIH_SIMULATOR_MACHINE_WARP_H

#include "../Program/Program.h"
#include "AsyncUnit.h"
#include "CommitGroups.h"
#include "Repetition.h"
#include "TensorPipe.h"
#include "WarpClock.h"

#include <memory>

namespace girih::sim {

class Cluster;

/// What a call passes or takes back: a `.param` variable of the caller's
/// frame, or a register or number.
struct ActualParameter {
  uint64_t offset = 0, size = 16;
  Operand value;
};

struct Frame {
  const CompiledFunction *function = nullptr;
  uint32_t base[4] = {0, 0, 0, 0};
  uint64_t localBase = 0;
  /// Where the caller goes on, and which results it takes back.
  uint32_t returnTo = 0;
  const std::vector<ActualParameter> *results = nullptr;

  bool operator==(const Frame &) const = default;
};

/// A lane mask as verdicts print it.
std::string describeLanes(LaneMask lanes);

/// What a group is blocked on, told when somebody asks.
struct Wait {
  /// One short phrase for the timeline ("mbarrier 1024").
  std::string what;
  std::function<std::string()> describe;
  unsigned line = 0;
  uint64_t since = 0;
  /// The warps that could end the wait, to find cycles.
  std::function<std::vector<Component>()> others;
};

/// Lanes that share a program counter. A warp has one group except while it
/// is divergent.
struct Group {
  LaneMask mask = allLanes;
  uint32_t pc = 0;
  std::vector<Frame> stack;
  bool isBlocked = false;
  uint64_t seenProgress = 0;
  Wait wait;
  /// Marks that a blocking instruction has already done its arrival.
  uint64_t ticket = 0;
  /// The last test_wait that failed, to park a polling loop.
  uint32_t failedPc = ~0u;
  uint64_t failedProgress = 0;
  /// In turns of the warp: when the group has last had one or was not ready,
  /// and until when it goes first because it has waited for too long.
  uint64_t lastTurn = 0, firstUntil = 0;

  Frame &frame() { return stack.back(); }
};

/// Per-register bookkeeping of asynchronous matrix instructions.
struct RegisterUse {
  /// The value of Warp::matrixFences when it was last touched.
  uint32_t touchedAt = 0;
  uint32_t touchedLine = 0;
  /// Operation in flight that writes (accumulator) or reads it; 0 is none.
  uint32_t writtenBy = 0, readBy = 0;
  /// Load from tensor memory in flight into it.
  uint32_t loadedBy = 0;
  uint32_t inFlightLine = 0;
};

/// A mov of registers that a tcgen05.ld, numbered within the warp, fills.
struct DeferredMove {
  const Instruction *instruction;
  LaneMask lanes;
  std::vector<Frame> stack;
  uint32_t load;
};

/// The local address at which the stack of alloca begins; it grows down, by 1
/// MiB at most.
constexpr uint32_t stackTop = 1 << 24, largestStack = 1 << 20;

class Warp : public WarpClock {
public:
  Warp(Cta &cta, unsigned index, LaneMask lanes, const CompiledFunction &entry);

  Cta &cta;
  Cluster &cluster;
  const unsigned index;
  std::string name;

  std::vector<std::unique_ptr<Group>> groups;
  LaneMask live = 0;
  std::vector<Lanes<uint32_t>> bits32;
  std::vector<Lanes<uint64_t>> bits64;
  std::vector<Lanes<unsigned __int128>> bits128;
  std::vector<LaneMask> predicates;
  std::vector<DefinedLanes> defined[4];
  /// Of 32-bit and, for what tcgen05.ld brings, of 64-bit registers.
  std::vector<RegisterUse> uses, wideUses;
  uint32_t matrixFences = 0;
  bool hasMatrixInFlight = false, hasTensorLoadInFlight = false;
  /// (operation, register) of every wgmma register in flight.
  std::vector<std::pair<uint32_t, uint32_t>> matrixInFlight;
  /// Registers (class, slot) of tcgen05.ld in flight, and the moves from them.
  std::vector<std::pair<unsigned, uint32_t>> tensorLoadsInFlight;
  std::vector<DeferredMove> deferredMoves;
  std::vector<std::vector<uint8_t>> local;
  /// Memory of alloca below `stackTop`, and the stack pointers of each frame,
  /// from the entry on.
  std::vector<std::vector<uint8_t>> stack;
  std::vector<Lanes<uint32_t>> stackPointers;
  /// The condition code of add.cc and its like.
  LaneMask carry = 0;

  uint32_t registersPerThread = 0;
  uint64_t instructions = 0;

  /// Phase of the cluster barrier that this warp has arrived for, plus one.
  uint64_t clusterPhase = 0;

  // Asynchronous work that this warp has started.
  CommitGroups copyGroups;
  std::map<unsigned, CommitGroups> bulkGroups;
  uint32_t matrixIssued = 0;
  std::deque<uint32_t> matrixGroups;
  uint32_t matrixWaited = 0;
  TensorPipe tensorPipe;
  CommitGroups tensorLoads, tensorStores;
  /// Of what tcgen05.alloc writes to shared memory.
  Component allocationComponent = 0;
  uint32_t allocations = 0;

  bool isDone() const { return groups.empty(); }
  /// Runs one instruction of one group; false when every group is blocked.
  bool step();
  /// The group that the next step runs; null when every group is blocked.
  Group *pick();
  /// True when some group may move and is not known to go round in a circle.
  bool canMove() const;
  bool isReady(const Group &group) const;
  /// Only an event elsewhere can let the warp do anything new.
  bool isCircling() const;
  /// The instructions of one round of a circling warp.
  uint64_t circleLength() const { return repetition.length(); }

  /// Makes room for a frame on top of the given one.
  Frame makeFrame(const CompiledFunction &function, const Frame &caller, bool isEntry);
  /// Bytes of a lane's local memory; null when they are not all there.
  uint8_t *localBytes(unsigned lane, uint64_t offset, uint64_t size);
  /// Ends lanes of a group.
  void exitLanes(Group &group, LaneMask lanes);
  /// Splits lanes off a group to continue elsewhere.
  void split(Group &group, LaneMask lanes, uint32_t pc);
  void block(Group &group, const Instruction &instruction, Wait wait);

  // Machine/TensorRegisters.cpp.
  void startTensorLoad(const Operand &into, const Frame &frame, uint32_t load, unsigned line);
  /// The loads up to this one are there, and these lanes know.
  void finishTensorLoads(LaneMask lanes, uint32_t last);

  std::string describe() const;
  std::string describe(LaneMask lanes) const;

private:
  /// What pick() chooses from; kept to spare its allocation.
  std::vector<Group *> readyGroups;
  uint64_t turns = 0;
  Repetition repetition;
  /// The events after which the warp has begun to repeat itself.
  std::optional<uint64_t> circlingAt;
  void mergeGroups();
  void removeEmptyGroups();
  void execute(Group &group);
  void skip(Group &group, bool endsThreads);
  /// False when the instruction has to wait for a register.
  bool checkRegisters(Group &group, const Instruction &instruction);
  RegisterUse *useOf(const Operand &operand, const Frame &frame);
  /// Puts off a mov from registers of a tcgen05.ld in flight; false for others.
  bool deferMove(Group &group, const Instruction &instruction, LaneMask lanes);
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_WARP_H
