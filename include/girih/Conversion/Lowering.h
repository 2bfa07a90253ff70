// Building blocks for patterns that lower tiles to the values of one thread.
#ifndef GIRIH_CONVERSION_LOWERING_H
#define GIRIH_CONVERSION_LOWERING_H

#include "dialects/Tile/Fragment.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/DialectConversion.h"

namespace girih {

using tile::kWarpsPerWorker;
inline constexpr int64_t kThreadsPerWorker = 32 * kWarpsPerWorker;

/// A tile in registers becomes, per thread, the 32-bit registers that hold it:
/// one value an element, or a vector of as many narrow elements as fit, in the
/// order of the fragment's register number. A tile in shared memory, a buffer of such
/// and an array of barriers become a 32-bit shared-memory address; one in tensor memory
/// becomes an address there, the lane in the upper half and the column in the lower.
class TileTypeConverter : public mlir::TypeConverter {
public:
  TileTypeConverter();
};

/// Whether elements are floats of 8 bits: four of them are an i32, for LLVM has no such type.
bool isByteFloat(mlir::Type elementType);

/// How many elements of a tile share one register.
int64_t elementsPerRegister(mlir::Type elementType);

/// The elements of a tile, one scalar each, out of its registers, and back.
llvm::SmallVector<mlir::Value> unpackRegisters(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange registers,
                                               mlir::Type elementType);
llvm::SmallVector<mlir::Value> packRegisters(mlir::ImplicitLocOpBuilder &b, mlir::ValueRange elements,
                                             mlir::Type elementType);

/// On an op that a whole warp comes to: it happens once, in the lane that the warp elects.
inline constexpr llvm::StringLiteral kElectedAttr = "elected";
/// PTX that sets `one` in that lane, which is the same each time (PTX ISA, "elect.sync").
inline constexpr llvm::StringLiteral kElect = ".reg .pred one; elect.sync _|one, -1; ";

/// On a commit of threads, and the arrival that it becomes: what stands behind it is computed
/// behind it, though it could be before.
inline constexpr llvm::StringLiteral kEarlyAttr = "early";

/// PTX that LLVM may neither move across memory accesses nor duplicate.
/// `constraints` are LLVM's; the memory clobber is added.
mlir::LLVM::InlineAsmOp emitPtx(mlir::ImplicitLocOpBuilder &b, mlir::TypeRange results, llvm::StringRef ptx,
                                llvm::StringRef constraints, mlir::ValueRange operands);

/// An i32 constant.
mlir::Value constantI32(mlir::ImplicitLocOpBuilder &b, int64_t value);

/// The lane in its warp and the warp in its worker, as i32.
mlir::Value laneId(mlir::ImplicitLocOpBuilder &b);
mlir::Value warpInWorker(mlir::ImplicitLocOpBuilder &b);

/// The part of an element's index along `dim` that depends on the lane and on the
/// warp, as i32; the register's part is a constant to add.
mlir::Value threadOffset(mlir::ImplicitLocOpBuilder &b, const tile::Fragment &layout, unsigned dim);

/// A shared-memory address as a pointer.
mlir::Value sharedPointer(mlir::ImplicitLocOpBuilder &b, mlir::Value address);

/// Bytes of a barrier in shared memory (PTX ISA, "mbarrier object": 64 bits).
inline constexpr int64_t kBarrierBytes = 8;

/// The address of one barrier of a converted array.
mlir::Value barrierAddress(mlir::ImplicitLocOpBuilder &b, mlir::Value barriers, mlir::Value index);

} // namespace girih

#endif // GIRIH_CONVERSION_LOWERING_H
