// What the passes may know about a chip.
#ifndef GIRIH_TARGET_TARGET_H
#define GIRIH_TARGET_TARGET_H

#include "dialects/Attn/Attn.h"
#include "dialects/Tile/Fragment.h"
#include "dialects/Tile/Schedule.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Transforms/DialectConversion.h"

namespace girih {

/// Sizes of a chip, from NVIDIA's CUDA C++ programming guide, "compute capabilities".
struct Limits {
  int64_t sharedBytes;           ///< shared memory of one CTA
  int64_t registersPerThread;    ///< the most that one thread can address
  int64_t registersPerProcessor; ///< register file of a multiprocessor
  int64_t registerGranularity;   ///< the register count of a thread is a multiple of this
};

/// A chip: its limits, and the choices that only it can make. Passes ask for
/// abilities and never for the name.
class Target {
public:
  virtual ~Target() = default;

  virtual llvm::StringRef chip() const = 0;
  /// The PTX version LLVM shall write, as an LLVM feature string.
  virtual llvm::StringRef ptxFeature() const = 0;
  virtual Limits limits() const = 0;

  /// Fills in the open knobs for an attention problem, or says on `op` why the
  /// chip cannot run it.
  virtual mlir::FailureOr<tile::Schedule> completeSchedule(attn::ForwardOp op, const tile::Schedule &given) const = 0;

  /// The register layout of a rows x columns accumulator of one worker, or a
  /// diagnostic on `op` when no MMA makes such a tile.
  virtual mlir::FailureOr<tile::Fragment> accumulatorLayout(mlir::Operation *op, int64_t rows,
                                                            int64_t columns) const = 0;

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

  /// How many values a kernel's code in a cubin moves to uniform registers because
  /// ptxas could not see that they are uniform; none where that cannot be told.
  virtual std::optional<int64_t> countUniformMoves(llvm::StringRef cubin, llvm::StringRef kernel) const {
    return std::nullopt;
  }

  /// Patterns for the ops that each chip lowers in its own way: mma_async,
  /// await, and elementwise functions with a hardware instruction.
  virtual void populatePatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns) const = 0;
};

/// All chips, in the order of Targets.def.
llvm::ArrayRef<const Target *> allTargets();

/// The chip of that name, or a diagnostic that lists the known ones.
const Target *lookupTarget(llvm::StringRef chip, mlir::function_ref<mlir::InFlightDiagnostic()> emitError);

/// The chip on the enclosing gpu.module, or a diagnostic on `op`.
const Target *lookupTarget(mlir::Operation *op);

/// The name of the module attribute that carries the target before there is a
/// gpu.module.
inline constexpr llvm::StringLiteral kTargetAttr = "tile.target";

} // namespace girih

#endif // GIRIH_TARGET_TARGET_H
