// What the passes may know about a chip.
#ifndef GIRIH_TARGET_TARGET_H
#define GIRIH_TARGET_TARGET_H

#include "dialects/Attn/Attn.h"
#include "dialects/Tile/Fragment.h"
#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"

namespace girih {

/// What a chip can hold, from NVIDIA's CUDA C++ programming guide, "compute
/// capabilities", and the PTX ISA. Every pass that lays out memory, threads or copies
/// asks here.
struct Limits {
  int64_t ctas = 1;             ///< that share a multiprocessor; what follows is for one of them
  int64_t sharedBytes;          ///< shared memory of one CTA
  int64_t threads;              ///< of one CTA
  int64_t registersPerThread;   ///< the most that one thread can address
  int64_t registersPerCta;      ///< the register file of a multiprocessor, or a share of it
  int64_t registerGranularity;  ///< the register count of a thread is a multiple of this
  int64_t minRoleRegisters;     ///< the fewest and the most that the threads of a role
  int64_t maxRoleRegisters;     ///< can ask for
  int64_t registersBesideTiles; ///< what a program of tiles needs for all else, at least
  int64_t boxSize;              ///< elements along a dimension that one TMA copy moves
  int64_t mapRank;              ///< dimensions of a tensor map
  int64_t tensorColumns;        ///< of tensor memory, in which MMAs accumulate; 0 if there is none
  bool handsOutWork;            ///< to CTAs that ask, the items of others that have not started
  bool pairsCtas;               ///< two CTAs of a cluster can run one MMA together

  /// What each of so many CTAs has that share what one has here.
  Limits sharedBy(int64_t cluster) const;
  /// For diagnostics, behind what there is of something: nothing, or for how many CTAs each.
  std::string share() const;
  /// Registers of each thread when a CTA of so many starts.
  int64_t launchRegisters(int64_t launched) const;
  /// The most rows of a tile that one TMA copy moves, so that equal copies of whole
  /// groups of `groupRows` make up the tile; 0 if there is no such number.
  int64_t copyRows(int64_t rows, int64_t groupRows) const;
};

/// What a chip does in a cycle, from its data sheet: only to order schedules before they
/// are measured. What follows the clock is of one multiprocessor.
struct Rates {
  int64_t multiprocessors;
  double megahertz;
  double mmaFlops;     ///< floating-point operations of MMAs on 16-bit operands
  double exponentials; ///< results of the special function unit
  double instructions; ///< of single threads
  double cacheBytes;   ///< that copies bring from the L2 cache
};

/// What one role takes of a CTA.
struct RoleShape {
  llvm::StringRef name;
  int64_t warps;
  int64_t registers; ///< a thread
  bool oneThread;    ///< runs the program; else all do
  llvm::StringRef registersKnob;
  bool leader = false; ///< runs in the first CTA of a cluster only

  int64_t threads() const { return 32 * warps; }
};

struct WorkerRule;

/// What a chip lacks for a request: collected, so that one diagnostic names it all.
class Missing {
public:
  void add(const llvm::Twine &text) { texts.push_back(text.str()); }
  /// Success if nothing is missing; else an error on `op`, with a note for each further text.
  mlir::LogicalResult report(mlir::Operation *op) const;
  bool isEmpty() const { return texts.empty(); }

private:
  llvm::SmallVector<std::string, 2> texts;
};

/// Weights of attention that are rounded to e4m3 are 2 to this power at most, of the 448 that
/// there are: a row's maximum may be off by 2^0.5.
inline constexpr int64_t kMaxWeightExponent = 8;

/// A chip: its limits, and the choices that only it can make. Passes ask for
/// abilities and never for the name.
class Target {
public:
  virtual ~Target() = default;

  virtual llvm::StringRef chip() const = 0;
  /// The PTX version LLVM shall write, as an LLVM feature string.
  virtual llvm::StringRef ptxFeature() const = 0;
  /// Of a CTA that has a multiprocessor to itself.
  virtual Limits limits() const = 0;
  /// Of a CTA of a kernel with this schedule.
  Limits limitsOf(const tile::Schedule &schedule) const;
  /// Of a CTA of a kernel, by the schedule that it carries.
  Limits limitsOf(mlir::Operation *kernel) const;
  virtual Rates rates() const = 0;

  /// Whether MMAs accumulate in tensor memory and are started by one thread of a role of
  /// their own; else in the registers of the workers that start them.
  bool hasTensorMemory() const { return limits().tensorColumns > 0; }

  /// The roles of a kernel with a schedule that says how many workers and registers
  /// there are, in the order of their warps; `transposes` if one is needed that transposes tiles.
  llvm::SmallVector<RoleShape> rolesOf(const tile::Schedule &schedule, bool transposes) const;

  /// Whether a CTA of these roles can run: its threads, what each role asks for, and
  /// all that they ask for together, of which the launch must bring enough, for a role
  /// that waits for registers that nobody gives back waits forever. Else a diagnostic
  /// on `op`.
  mlir::LogicalResult checkRoles(mlir::Operation *op, llvm::ArrayRef<RoleShape> roles, const Limits &has) const;
  void checkRoles(llvm::ArrayRef<RoleShape> roles, const Limits &has, Missing &missing) const;

  /// Whether a CTA has that much shared memory; else a diagnostic on `op`.
  mlir::LogicalResult checkSharedBytes(mlir::Operation *op, int64_t bytes, const Limits &has) const;

  /// The schedule with its open knobs filled in for an attention problem; what the chip
  /// lacks for it is added to `missing`.
  virtual tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, Missing &missing) const = 0;
  /// How many workers sizes want, for a problem whose schedule is open; none where that does
  /// not follow from sizes.
  virtual std::optional<WorkerRule> workerRule(attn::ForwardOp op) const;

  /// The register layout of a rows x columns accumulator of one worker, or a
  /// diagnostic on `op` when no MMA makes such a tile.
  virtual mlir::FailureOr<tile::Fragment> accumulatorLayout(mlir::Operation *op, int64_t rows,
                                                            int64_t columns) const = 0;

  /// The register layout of a rows x columns left operand of an MMA that reads it from
  /// registers, of elements of so many bits; where it is not the accumulator's, tiles are
  /// moved there by tile.relayout. `interleaved` if the inner dimension of the right operand is.
  virtual mlir::FailureOr<tile::Fragment> leftLayout(mlir::Operation *op, int64_t rows, int64_t columns, int64_t bits,
                                                     bool interleaved) const {
    return accumulatorLayout(op, rows, columns);
  }

  /// Whether MMAs read a right operand of elements of so many bits in one order only, with the
  /// inner dimension contiguous: another one is transposed before.
  virtual bool readsTransposedOnly(int64_t bits) const { return false; }

  /// Whether a kernel for the problem has to transpose V.
  bool transposesValues(attn::ForwardOp op) const;

  /// The columns of a tile that holds rows of so many elements of 16 bits: whole panels of
  /// 128 bytes, as MMAs read them. Copies fill the rest with zeros, and stores leave it out.
  static int64_t tileColumns(int64_t columns) { return llvm::alignTo(columns, 64); }

  /// Elements of so many bits that an MMA takes of its inner dimension in one step.
  virtual int64_t innerStep(int64_t bits) const = 0;

  /// How many lanes share a row of an accumulator.
  virtual int64_t lanesPerRow() const = 0;

  /// Whether an MMA can take operands and give a result of these types; else a diagnostic on `op`.
  virtual mlir::LogicalResult checkMma(mlir::Operation *op, mlir::RankedTensorType a, mlir::RankedTensorType b,
                                       mlir::RankedTensorType result, bool transposeB) const = 0;

  /// Whether an op of arith or math, on scalars or tiles, has code in the form that
  /// its fastmath flags and rounding mode allow; else a diagnostic on it.
  virtual mlir::LogicalResult checkFunction(mlir::Operation *op) const = 0;

  /// Whether LLVM has code for a scalar op as it stands; else one of the patterns has.
  virtual bool isNative(mlir::Operation *op) const = 0;

  /// The registers a thread must have at launch, whatever its role asks for later, so
  /// that the assembler takes this MMA.
  virtual int64_t launchRegistersFor(tile::MmaAsyncOp mma) const = 0;

  /// How many values a kernel's code in a cubin moves to uniform registers because
  /// ptxas could not see that they are uniform; none where that cannot be told.
  virtual std::optional<int64_t> countUniformMoves(llvm::StringRef cubin, llvm::StringRef kernel) const {
    return std::nullopt;
  }

  /// The instructions that manage tensor memory, where there is one. A warp reserves
  /// columns, whose address it leaves in 4 bytes at a shared-memory address, and the same
  /// warp gives them back; where the CTAs of a cluster share work items, a warp of each does so together.
  virtual void reserveColumns(mlir::ImplicitLocOpBuilder &b, mlir::Value sharedAddress, int64_t columns,
                              int64_t cluster) const;
  virtual void releaseColumns(mlir::ImplicitLocOpBuilder &b, mlir::Value address, int64_t columns,
                              int64_t cluster) const;

  /// Where threads order their accesses of tensor memory by a barrier.
  enum class Fence { BeforeSignal, AfterWait };
  virtual void fenceTensorMemory(mlir::ImplicitLocOpBuilder &b, Fence fence) const;

  /// Patterns for the ops that each chip lowers in its own way: those that start or await
  /// MMAs or access tensor memory, and elementwise functions with a hardware instruction.
  virtual void populatePatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns) const = 0;
};

/// The columns of a tile of queries or keys, and of one of values or the output.
struct HeadColumns {
  explicit HeadColumns(attn::ForwardOp op)
      : keys(Target::tileColumns(op.getHeadSize())), values(Target::tileColumns(op.getValueSize())) {}

  int64_t widest() const { return std::max(keys, values); }

  int64_t keys, values;
};

/// All chips, in the order of Targets.def.
llvm::ArrayRef<const Target *> allTargets();

/// The chip of that name, or a diagnostic that lists the known ones.
const Target *lookupTarget(llvm::StringRef chip, mlir::function_ref<mlir::InFlightDiagnostic()> emitError);

/// The chip on the enclosing gpu.module, or a diagnostic on `op`.
const Target *lookupTarget(mlir::Operation *op);

/// The same chip, or null where none is named or it is unknown.
const Target *findTarget(mlir::Operation *op);

/// The name of the module attribute that carries the target before there is a
/// gpu.module.
inline constexpr llvm::StringLiteral kTargetAttr = "tile.target";

} // namespace girih

#endif // GIRIH_TARGET_TARGET_H
