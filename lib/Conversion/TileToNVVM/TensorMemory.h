// The tensor memory of a kernel: reserved before its roles, given back after them.
#ifndef GIRIH_LIB_CONVERSION_TILETONVVM_TENSORMEMORY_H
#define GIRIH_LIB_CONVERSION_TILETONVVM_TENSORMEMORY_H

#include "girih/Target/Target.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace girih {

/// What a kernel does around its roles to have tensor memory; nothing if it uses none.
class TensorMemory {
public:
  /// What the kernel asks for, by one of its warps, or a diagnostic where that does not fit.
  static mlir::FailureOr<TensorMemory> of(mlir::gpu::GPUFuncOp kernel, const Target &target, int64_t warp);

  bool isUsed() const { return static_cast<bool>(columns); }

  /// The first op that needs to know where the columns are, or `roles`.
  mlir::Operation *firstUserOr(mlir::Operation *roles) const { return firstUser ? firstUser : roles; }

  /// Before the barrier that all threads wait at, and after it.
  void reserve(mlir::ImplicitLocOpBuilder &b);
  void open(mlir::ImplicitLocOpBuilder &b);
  /// After all roles.
  void release(mlir::ImplicitLocOpBuilder &b);

private:
  TensorMemory(const Target &target, int64_t warp, int64_t cluster, int64_t group)
      : target(&target), warp(warp), cluster(cluster), group(group) {}

  void inWarp(mlir::ImplicitLocOpBuilder &b, mlir::function_ref<void()> body);
  mlir::Value loadAddress(mlir::ImplicitLocOpBuilder &b);

  const Target *target;
  int64_t warp, cluster, group; ///< of the CTA; CTAs of a cluster, and those whose tensor memory is one
  tile::TensorColumnsOp columns;
  llvm::SmallVector<tile::AllocOp> allocations;
  mlir::Operation *firstUser = nullptr; ///< the first of them
};

} // namespace girih

#endif // GIRIH_LIB_CONVERSION_TILETONVVM_TENSORMEMORY_H
