// The proof of a kernel's barrier protocol, for passes and tools:
//
//   BarrierProof proof(kernel);
//   for (const BarrierFinding &finding : proof.run())
//     emit(finding);
//
// docs/passes/tile-verify-barriers.md says what is proven, and how.
#ifndef GIRIH_ANALYSIS_BARRIERS_H
#define GIRIH_ANALYSIS_BARRIERS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Diagnostics.h"

#include <memory>
#include <string>

namespace girih {

/// What keeps a kernel from being proven right: a broken rule, or what the model
/// does not understand.
struct BarrierFinding {
  struct Note {
    mlir::Location place;
    std::string text;
  };
  mlir::Location place;
  std::string text;
  llvm::SmallVector<Note, 2> notes;
};

/// Reports the finding as an error with notes.
void emit(const BarrierFinding &finding);

/// The model of one kernel. It changes nothing of the kernel, which must outlive it.
class BarrierProof {
public:
  /// Builds the model of a kernel on explicit barriers, as after
  /// tile-lower-channels.
  explicit BarrierProof(mlir::gpu::GPUFuncOp kernel);
  ~BarrierProof();

  /// Runs it. The kernel is proven right if there are no findings; a run ends at
  /// the first broken rule, as what comes after means nothing.
  llvm::ArrayRef<BarrierFinding> run();

private:
  struct Model;
  std::unique_ptr<Model> model;
  llvm::SmallVector<BarrierFinding> findings;
};

} // namespace girih

#endif // GIRIH_ANALYSIS_BARRIERS_H
