// The shared patterns of convert-tile-to-nvvm, one function per family.
#ifndef GIRIH_LIB_CONVERSION_TILETONVVM_PATTERNS_H
#define GIRIH_LIB_CONVERSION_TILETONVVM_PATTERNS_H

#include "girih/Conversion/Lowering.h"
#include "girih/Target/Target.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

void populateElementwisePatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// What CTAs of a cluster do together.
void populateClusterPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
void populateReductionPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Random numbers.
void populateRandomPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Tiles that move between registers.
void populateRelayoutPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Tiles between registers and shared memory by instructions for matrices.
void populateSharedMatrixPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Tiles that are transposed in shared memory.
void populateTransposePatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
void populateMemoryPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Tiles between registers and shared memory for which there is no instruction for matrices.
void populateSharedVectorPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
/// Elements of global tensors.
void populateGatherPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);
void populateBarrierPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns,
                             const Target &target);

/// Work items and other numbers that roles tell each other.
void populateWorkPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);

/// On ops that all threads of a warp run, or one thread: this is in a role with one_thread.
/// lowerRoles puts it there, as no role is left to ask.
inline constexpr llvm::StringLiteral kOneThreadAttr = "one_thread";

/// Replaces the roles of a kernel by branches on the warp number, and sets up the
/// barriers before them.
mlir::LogicalResult lowerRoles(mlir::gpu::GPUFuncOp kernel, const Target &target);

/// Turns the kernel, whose body is converted, into an llvm.func.
mlir::LogicalResult lowerKernel(mlir::gpu::GPUFuncOp kernel);

/// Converts the types of the kernel's arguments.
void populateKernelPatterns(const mlir::TypeConverter &converter, mlir::RewritePatternSet &patterns);

/// The address of the byte at `offset` of the kernel's shared memory, as i32.
mlir::Value sharedAddress(mlir::ImplicitLocOpBuilder &b, int64_t offset);

/// Waits at a hardware barrier. `nvvm.barrier` would do it, but MLIR 22 cannot parse
/// the op back when it is printed with a location.
void syncThreads(mlir::ImplicitLocOpBuilder &b, mlir::Value barrier, mlir::Value threads);

/// Waits until the barrier's phase of that parity has completed; `hearsCluster` if threads of other CTAs arrive there.
void awaitPhase(mlir::ImplicitLocOpBuilder &b, mlir::Value barrier, mlir::Value parity, bool hearsCluster);

/// All threads of the cluster wait for each other, or those of the CTA if it is one alone.
void syncAll(mlir::ImplicitLocOpBuilder &b, int64_t cluster);

/// Whether this is the first CTA of its cluster.
mlir::Value isLeader(mlir::ImplicitLocOpBuilder &b);

/// The assembler may not unroll the loop.
void keepRolled(mlir::Operation *loop);

/// Two elements as a reduction combines them.
mlir::Value combine(mlir::ImplicitLocOpBuilder &b, tile::ReduceKind kind, mlir::Value x, mlir::Value y);

/// The address in the cluster of what a CTA, or the leader, has at an address of its shared memory.
mlir::Value inCta(mlir::ImplicitLocOpBuilder &b, mlir::Value address, int64_t cta);
mlir::Value inLeader(mlir::ImplicitLocOpBuilder &b, mlir::Value address);

/// An address of the cluster's shared memory as a pointer.
mlir::Value clusterPointer(mlir::ImplicitLocOpBuilder &b, mlir::Value address);

/// The symbol that names the start of a kernel's shared memory.
inline constexpr llvm::StringLiteral kSharedSymbol = "shared_memory";

} // namespace girih

#endif // GIRIH_LIB_CONVERSION_TILETONVVM_PATTERNS_H
