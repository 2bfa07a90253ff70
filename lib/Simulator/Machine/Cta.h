//===- Cta.h - Shared and tensor memory, barriers of a CTA ------*- C++ -*-===//
#ifndef GIRIH_SIMULATOR_MACHINE_CTA_H
#define GIRIH_SIMULATOR_MACHINE_CTA_H

#include "MemoryBarrier.h"
#include "Warp.h"

#include <unordered_map>

namespace girih::sim {

/// One of the sixteen barriers of `bar` and `barrier`.
struct NamedBarrier {
  /// Threads that have arrived and threads that are expected, 0 when idle.
  uint32_t arrived = 0, expected = 0;
  uint64_t generation = 0;
  Knowledge arriving, completed;
  unsigned firstLine = 0;
  /// bar.red: the combined predicate of the generation in progress and of
  /// the last one.
  uint32_t count = 0, result = 0;
  std::set<const Warp *> warps;
};

/// One asynchronous wgmma, gathered from the four warps of its warpgroup.
struct MatrixOperation;

struct Warpgroup {
  AsyncUnit *unit = nullptr;
  /// Operations by sequence number that some warp has still to issue.
  std::map<uint32_t, std::shared_ptr<MatrixOperation>> gathering;
};

/// Tensor memory of one CTA (PTX ISA, "Tensor Memory"): 128 lanes by 512
/// columns of 32 bits.
struct TensorMemory {
  static constexpr unsigned lanes = 128, columns = 512;
  std::vector<uint32_t> cells;
  std::vector<uint8_t> defined;
  std::unique_ptr<Shadow> shadow;
  /// Owner allocation of each column: its first column + 1; 0 when free.
  std::array<uint16_t, columns> owner{};
  std::map<unsigned, unsigned> allocations;
  std::map<unsigned, unsigned> allocationLines;
  bool hasRelinquished = false;
  /// What the collector buffers hold, of A and b0 to b3 of B, and the line of
  /// the fill; 0 when nothing is valid.
  struct Collector {
    uint64_t operand = 0;
    unsigned line = 0;
  };
  std::array<Collector, 5> collectors{};

  static uint64_t address(unsigned lane, unsigned column) { return (uint64_t(lane) * columns + column) * 4; }
};

class Cta {
public:
  Cta(Cluster &cluster, unsigned rank, std::array<uint32_t, 3> id, const CompiledFunction &entry);

  Cluster &cluster;
  const unsigned rank;
  const std::array<uint32_t, 3> id;

  std::vector<uint8_t> shared, sharedDefined;
  std::unique_ptr<Shadow> sharedShadow;
  std::unordered_map<uint32_t, MemoryBarrier> barriers;
  NamedBarrier named[16];
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<Warpgroup> warpgroups;
  TensorMemory tensor;
  AsyncUnit *copyEngine = nullptr;

  /// What strong stores to shared memory have released, by offset.
  std::unordered_map<uint32_t, SyncPoint> syncPoints;
  /// Last accesses of this CTA's shared memory by lanes of other CTAs.
  std::map<std::pair<Component, LaneMask>, Access> remoteAccesses;
  void noteRemote(const Access &access) { remoteAccesses[{access.component, access.lanes}] = access; }

  /// Registers of setmaxnreg's pool that no warp holds.
  int64_t freeRegisters = 0;
  uint32_t launchRegisters = 0;

  /// Where a thread of this CTA has found that clusterlaunchcontrol.try_cancel failed; 0 when none has.
  unsigned failedRequestLine = 0;

  /// The shared::cluster address of a byte of this CTA.
  uint32_t sharedAddress(uint32_t offset) const { return rank << 24 | offset; }
  bool isDone() const;
  std::string describe() const;

  /// Reads and writes of shared memory with all checks: range, races,
  /// definedness, live mbarriers. The access says who and through which proxy.
  void readShared(uint32_t offset, void *into, uint32_t size, const Access &access, const Knowledge &knowledge,
                  bool *isDefined = nullptr);
  void writeShared(uint32_t offset, const void *from, uint32_t size, const Access &access, const Knowledge &knowledge,
                   bool isDefined = true);
  void checkShared(uint32_t offset, uint64_t size, unsigned line, const char *what) const;
  /// The mbarrier at an offset, or a Stop that says what is wrong.
  MemoryBarrier &barrier(uint32_t offset, unsigned line, const char *what);
  /// Ends the barrier's phase when it is complete.
  void advance(MemoryBarrier &barrier);
  /// Checks at the exit of the CTA's last warp.
  void finish();
  /// Checks, at the end of the cluster, the copies into this shared memory.
  void checkArrivedCopies() const;
  /// What all warps know together.
  Knowledge gathered() const;
  void reportRace(const char *space, uint64_t address, const Conflict &conflict, const Access &access);
};

} // namespace girih::sim

#endif // GIRIH_SIMULATOR_MACHINE_CTA_H
