// Blackwell, private to its folder.
#ifndef GIRIH_LIB_TARGET_SM100A_SM100A_H
#define GIRIH_LIB_TARGET_SM100A_SM100A_H

#include "../Common/Mma.h"

namespace girih {
const Target *getSM100aTarget();
}

namespace girih::sm100a {

/// An MMA of one CTA: a row is a lane of tensor memory (PTX ISA, "tcgen05 matrix shapes";
/// 64 rows would leave half of the lanes idle).
inline constexpr MmaShape kMma = {
    .rows = 128, .columnStep = 16, .maxColumns = 256, .depth = 16, .hasScales = true, .pairsCtas = true};

/// One CTA's part of an MMA of a pair: it loads half of the columns, of which there are as many
/// as an MMA of its own could have.
inline constexpr MmaShape kMmaOfPair = {
    .rows = 128, .columnStep = 32, .maxColumns = 256, .depth = 16, .pairsCtas = true};

/// The columns that one load or store of tensor memory moves: of one with 128, ptxas
/// says that registers do not suffice (its error C7602), whatever setmaxnreg allows.
inline constexpr int64_t kMaxMoveColumns = 64;

/// As Target has it; `exp2Polynomial` is the default of the knob, in which siblings differ.
tile::Schedule completeSchedule(attn::ForwardOp op, const tile::Schedule &given, const Target &target, Missing &missing,
                                int64_t exp2Polynomial);

/// The layout in which a load of tensor memory gives a worker a tile.
tile::Fragment rowsOfLanes(int64_t columns);

/// LLVM's intrinsics; the ops of the nvvm dialect are for sm_100a alone.
void callIntrinsic(mlir::ImplicitLocOpBuilder &b, llvm::StringRef name, mlir::ValueRange operands);

/// The form of an intrinsic for so many CTAs, which all of a kernel have (PTX ISA, ".cta_group").
std::string ofGroup(llvm::StringRef intrinsic, int64_t cluster);

/// As Target has them.
void reserveColumns(mlir::ImplicitLocOpBuilder &b, mlir::Value sharedAddress, int64_t columns, int64_t cluster);
void releaseColumns(mlir::ImplicitLocOpBuilder &b, mlir::Value address, int64_t columns, int64_t cluster);
void fenceTensorMemory(mlir::ImplicitLocOpBuilder &b, Target::Fence fence);

/// mma_into and mma_commit.
void populateMmaPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Arithmetic on pairs of registers.
void populatePairPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Moves between tensor memory and registers.
void populateTensorMemoryPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);

} // namespace girih::sm100a

#endif // GIRIH_LIB_TARGET_SM100A_SM100A_H
