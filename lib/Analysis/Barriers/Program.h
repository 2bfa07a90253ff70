// The role programs of a kernel, as far as barriers go, in a form that is quick to
// interpret many times.
#ifndef GIRIH_LIB_ANALYSIS_BARRIERS_PROGRAM_H
#define GIRIH_LIB_ANALYSIS_BARRIERS_PROGRAM_H

#include "Model.h"
#include "girih/Analysis/Barriers.h"

namespace girih {

struct BarrierProgram {
  enum class Code : uint8_t {
    // Scalars: registers[dest] = ...
    Constant,
    Unknown,
    Worker,
    Cta, ///< of the cluster
    Move,
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    And,
    Or,
    Xor,
    Min,
    Max,
    MinUnsigned,
    MaxUnsigned,
    Select,
    Compare,
    ZeroExtend, ///< from `value` bits
    Draw,       ///< a number that nobody else gets
    HasRun,     ///< whether the loop `target` had a round when it last ran
    FirstRound, ///< whether the loop `target` is in its first round; the contrary if `value` is 0
    // Control.
    Branch, ///< to `target` if registers[a] is 0
    Jump,
    Loop,
    EndLoop,
    End,
    // Memory and barriers.
    Slot,
    Wait,
    Arrive,
    Expect,
    Copy,
    Sync,
    Signal,
    Read,
    Mma,
    Await,
    Put, ///< a tile into registers that an MMA may be using
    Write,
    Publish,
    Store,
    Drain,
    WriteTensor, ///< `value` columns
    WriteNumber, ///< registers[b] into slot a
    ReadNumber,
    RequestNumber, ///< `value` bytes of a number that nobody else gets
    MmaInto,       ///< c += a b, or c = a b if registers[d] is 0; `value` columns; a copy, too: b and d are not there
    Commit,
  };

  /// Registers a, b, c, d, or -1; what `value` and `target` mean depends on the code.
  struct Instruction {
    Code code;
    int dest = -1, a = -1, b = -1, c = -1, d = -1;
    int64_t value = 0;
    int target = 0;           ///< an instruction, a loop or an array
    bool isPart = false;      ///< of a slot: what a copy fills
    bool isFence = false;     ///< for tensor memory: an arrive or a wait
    bool isOpen = false;      ///< a branch that may go either way: nobody is told or waited for in it
    bool isLeader = false;    ///< at the barrier of the leader; what expects, by the leader only
    bool isPair = false;      ///< an MMA, or what signals: of both CTAs
    bool isMulticast = false; ///< a copy or an arrive: in each CTA
    bool isCluster = false;   ///< a wait that hears threads of other CTAs
    int site = -1;
    int tile = -1, tileRegisters = -1; ///< what is put; the left operand of an MMA
    int scales[2] = {-1, -1};          ///< registers: slots that an MMA reads as well
    int width = 64;                    ///< bits of a scalar result
  };

  /// A register of the loop and those that it starts from, goes on from, and ends in.
  struct Carried {
    int inside, init, yield, result;
    bool isNumber;        ///< not a slot, not an MMA
    bool decides = false; ///< whether the loop goes on: every copy of it must carry the same
  };

  struct Loop {
    int64_t number = -1; ///< tile.loop, or -1
    bool isConstant = false, nonEmpty = false, isUnsigned = false;
    bool isCounted = true; ///< has the bounds of an scf.for
    int lower = -1, upper = -1, step = -1, induction = -1;
    llvm::SmallVector<Carried, 4> carried;
    int body = 0, end = 0; ///< instructions
  };

  struct Role {
    std::string name;
    int64_t workers, warps;
    bool oneThread, isLeader; ///< of the leader: in the first CTA only
    bool hasPipe = false;     ///< starts MMAs that accumulate in tensor memory
    int registers = 0;
    std::vector<Instruction> code;
    std::vector<Loop> loops;
  };

  /// Barriers or slots, numbered from `first` in the first CTA.
  struct Array {
    std::string name;
    int first;
    int64_t count;
  };

  std::vector<Array> barrierArrays, buffers;
  std::vector<BarrierModel::BarrierInfo> barriers; ///< of all CTAs of a cluster, one CTA's after another's
  std::vector<BarrierModel::SlotInfo> slots;
  int64_t ctas = 1;
  /// By how much the numbers of the next CTA are larger.
  int64_t barriersApart() const { return barriers.size() / ctas; }
  int64_t slotsApart() const { return slots.size() / ctas; }
  std::vector<Role> roles;
  std::vector<mlir::Location> sites;

  bool hasOpenBranches = false;

  int64_t depth = 1;  ///< the largest number of barriers in an array
  int64_t period = 2; ///< rounds after which every ring is back at slot 0, parity 0
};

inline constexpr int64_t kMaxPeriod = 512;   ///< rounds of a loop in one run
inline constexpr int64_t kMaxObjects = 4096; ///< barriers and slots of a kernel

/// Adds findings for memory, threads and registers that are not there.
void checkResources(mlir::gpu::GPUFuncOp kernel, llvm::SmallVectorImpl<BarrierFinding> &findings);

/// Adds a finding for what cannot be followed.
void decodeBarrierProgram(mlir::gpu::GPUFuncOp kernel, BarrierProgram &program,
                          llvm::SmallVectorImpl<BarrierFinding> &findings);

/// Whether loops of the same number run equally often, or a finding.
void checkLoopCopies(mlir::gpu::GPUFuncOp kernel, llvm::SmallVectorImpl<BarrierFinding> &findings);

} // namespace girih

#endif // GIRIH_LIB_ANALYSIS_BARRIERS_PROGRAM_H
